"""What happens to a chat and what its machine asks for. Pure. Facts are past tense, commands imperative."""

from enum import StrEnum

from msgspec import Struct

from router.vocabulary import EndedBy


class Side(StrEnum):
    """Who of the two."""

    CUSTOMER = "customer"
    AGENT = "agent"


# --- facts ------------------------------------------------------------------------------------------------------------


class VisitorHere(Struct, frozen=True, gc=False):
    """The visitor's page is connected (or polls)."""


class VisitorAway(Struct, frozen=True, gc=False):
    """No page of the visitor is connected any more."""


class VisitorEnded(Struct, frozen=True, gc=False):
    """The visitor ended the chat."""


class AgentJoined(Struct, frozen=True, gc=False):
    """The agent's accept is committed. `here`: the agent's page is connected now; `work_id`: by which work item."""

    reservation_id: str
    agent_id: str
    name: str
    here: bool
    work_id: str = ""


class AgentHere(Struct, frozen=True, gc=False):
    """The page of the agent is connected; it has been sent everything."""


class AgentAway(Struct, frozen=True, gc=False):
    """The page of the agent is gone."""


class Requeued(Struct, frozen=True, gc=False):
    """The router took the chat's work item back to its place in the queue, or put it into another one."""

    work_id: str = ""
    queue: str = ""


class Parked(Struct, frozen=True, gc=False):
    """The agent parked the chat: it waits for its customer."""

    work_id: str = ""


class HandedOn(Struct, frozen=True, gc=False):
    """Another work item of the chat is queued, for whoever takes over; who has the chat leaves it, for `reason`.

    `directed`: the one agent for whom it is kept, "" for all of the queue.
    """

    next_work_id: str
    queue: str
    directed: str
    reason: str


class Over(Struct, frozen=True, gc=False):
    """The router closed the chat: who left first, and the outcome of the interaction."""

    by: EndedBy
    outcome: str
    work_id: str = ""


class PlaceKnown(Struct, frozen=True, gc=False):
    """1-based place in the queue and the expected wait in seconds; None where there is none."""

    place: int | None
    expected_wait_s: int | None


class Said(Struct, frozen=True, gc=False):
    """A message is kept. `shown`: it was written to a connected page of the agent."""

    side: Side
    number: int
    shown: bool = False


class Typed(Struct, frozen=True, gc=False):
    """A side began or stopped typing."""

    side: Side
    on: bool


class Marked(Struct, frozen=True, gc=False):
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


class Connect(Struct, frozen=True, gc=False):
    """Tell the router that customer and agent are joined, and keep the agent's name."""

    reservation_id: str
    agent_name: str


class GiveBack(Struct, frozen=True, gc=False):
    """The agent is gone for good: the chat is to go back to its place."""

    reservation_id: str
    reason: str


class EndPart(Struct, frozen=True, gc=False):
    """The agent's part is over, the chat goes on: their wrap-up begins."""

    reservation_id: str
    reason: str


class ReleaseDirection(Struct, frozen=True, gc=False):
    """The agent for whom the chat was kept did not take it: whoever can may have it."""

    work_id: str
    agent_id: str


class Recall(Struct, frozen=True, gc=False):
    """The customer of a parked chat said something: it is to come back."""


class Leave(Struct, frozen=True, gc=False):
    """Tell the router that the customer left; what follows from it comes back as an event."""


class AskPlace(Struct, frozen=True, gc=False):
    """Find out place and expected wait."""


class ShowVisitor(Struct, frozen=True, gc=False):
    """What the visitor's page shows has changed."""


class ShowTyping(Struct, frozen=True, gc=False):
    """Tell the agent that the customer types, or does not any more."""

    reservation_id: str
    agent_id: str
    on: bool


class ShowReceipt(Struct, frozen=True, gc=False):
    """Tell the agent how far the customer is."""

    reservation_id: str
    agent_id: str
    delivered: int
    read: int


class Close(Struct, frozen=True, gc=False):
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
