"""What happens to a chat and what its machine asks for. Pure. Facts are past tense, commands imperative."""

from dataclasses import dataclass
from enum import StrEnum

from router.vocabulary import EndedBy


class Side(StrEnum):
    """Who of the two."""

    CUSTOMER = "customer"
    AGENT = "agent"


# --- facts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VisitorHere:
    """The visitor's page is connected (or polls)."""


@dataclass(frozen=True, slots=True)
class VisitorAway:
    """No page of the visitor is connected any more."""


@dataclass(frozen=True, slots=True)
class VisitorEnded:
    """The visitor ended the chat."""


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """The agent's accept is committed. `here`: the agent's page is connected now; `work_id`: by which work item."""

    reservation_id: str
    agent_id: str
    name: str
    here: bool
    work_id: str = ""


@dataclass(frozen=True, slots=True)
class AgentHere:
    """The page of the agent is connected; it has been sent everything."""


@dataclass(frozen=True, slots=True)
class AgentAway:
    """The page of the agent is gone."""


@dataclass(frozen=True, slots=True)
class Requeued:
    """The router took the chat's work item back to its place in the queue, or put it into another one."""

    work_id: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Parked:
    """The agent parked the chat: it waits for its customer."""

    work_id: str = ""


@dataclass(frozen=True, slots=True)
class HandedOn:
    """Another work item of the chat is queued, for whoever takes over; who has the chat leaves it, for `reason`.

    `directed`: the one agent for whom it is kept, "" for all of the queue.
    """

    next_work_id: str
    queue: str
    directed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Over:
    """The router closed the chat: who left first, and the outcome of the interaction."""

    by: EndedBy
    outcome: str
    work_id: str = ""


@dataclass(frozen=True, slots=True)
class PlaceKnown:
    """1-based place in the queue and the expected wait in seconds; None where there is none."""

    place: int | None
    expected_wait_s: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """A message is kept. `shown`: it was written to a connected page of the agent."""

    side: Side
    number: int
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """A side began or stopped typing."""

    side: Side
    on: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """A side has everything up to `delivered` and has looked at everything up to `read`."""

    side: Side
    delivered: int = 0
    read: int = 0


ChatEvent = (
    VisitorHere
    | VisitorAway
    | VisitorEnded
    | AgentJoined
    | AgentHere
    | AgentAway
    | Requeued
    | HandedOn
    | Parked
    | Over
    | PlaceKnown
    | Said
    | Typed
    | Marked
)


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connect:
    """Tell the router that customer and agent are joined, and keep the agent's name."""

    reservation_id: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The agent is gone for good: the chat is to go back to its place."""

    reservation_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class EndPart:
    """The agent's part is over, the chat goes on: their wrap-up begins."""

    reservation_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseDirection:
    """The agent for whom the chat was kept did not take it: whoever can may have it."""

    work_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Recall:
    """The customer of a parked chat said something: it is to come back."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Tell the router that the customer left; what follows from it comes back as an event."""


@dataclass(frozen=True, slots=True)
class AskPlace:
    """Find out place and expected wait."""


@dataclass(frozen=True, slots=True)
class ShowVisitor:
    """What the visitor's page shows has changed."""


@dataclass(frozen=True, slots=True)
class ShowTyping:
    """Tell the agent that the customer types, or does not any more."""

    reservation_id: str
    agent_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class ShowReceipt:
    """Tell the agent how far the customer is."""

    reservation_id: str
    agent_id: str
    delivered: int
    read: int


@dataclass(frozen=True, slots=True)
class Close:
    """Keep the end and close the interaction."""

    by: EndedBy
    outcome: str


ChatCommand = (
    Connect
    | GiveBack
    | EndPart
    | ReleaseDirection
    | Recall
    | Leave
    | AskPlace
    | ShowVisitor
    | ShowTyping
    | ShowReceipt
    | Close
)
