"""What a call machine is told (events, past tense) and what it asks for (commands, imperative)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ivr.commands import IvrAnswer, IvrRequest
from ivr.machine import IvrMachine
from router.vocabulary import EndedBy
from voice.asked import Asked, SupervisorAsked
from voice.away import AwayEvent
from voice.floor import Gains
from voice.party import PartyView

# --- events -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """The caller's leg is open and the 200 is on its way."""


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """By RFC 4733 or SIP INFO."""

    digit: str


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """A play that this machine started is over."""

    play_id: str
    reason: Literal["finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class IvrAnswered:
    """What came of a request of the flow: a look-up, a callback, a recording."""

    answer: IvrAnswer


@dataclass(frozen=True, slots=True)
class PlaceKnown:
    """The answer to AskPlace; None while the item is offered. `wait_us` is the expected wait, None if unknown.

    `may_call_back`: the caller's number could be called, where that was asked.
    """

    place: int | None
    wait_us: int | None = None
    may_call_back: bool = False


@dataclass(frozen=True, slots=True)
class CallBackAnswered:
    """The answer to AskCallBack: whether the caller's number may be called."""

    work_id: str
    possible: bool


@dataclass(frozen=True, slots=True)
class CallBackSettled:
    """The answer to LeaveForCallBack: whether the router has taken it; if not, somebody is about to come."""

    work_id: str
    promised: bool


@dataclass(frozen=True, slots=True)
class QueueRefused:
    """The router does not take the work (a queue that vanished)."""

    work_id: str
    code: str


@dataclass(frozen=True, slots=True)
class Requeued:
    """The offer or the assignment came to nothing, or somebody moved the work: it waits (on) in `queue`."""

    work_id: str
    queue: str


@dataclass(frozen=True, slots=True)
class AgentReady:
    """The accept is committed and the agent's leg is there."""

    work_id: str
    reservation_id: str
    agent_id: str
    leg_id: str


@dataclass(frozen=True, slots=True)
class AgentLegLost:
    """An agent's media is gone while joined (page reloaded, network); it may come back."""

    work_id: str


@dataclass(frozen=True, slots=True)
class Parted:
    """The router released the assignment, or has closed the work item."""

    work_id: str
    by: EndedBy


@dataclass(frozen=True, slots=True)
class Diverted:
    """A rule of the queue closed the work item: whoever is left alone goes through this flow, from its beginning."""

    work_id: str
    flow: IvrMachine


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller is gone: BYE, CANCEL, or their leg failed. Legal in every state."""

    reason: str


@dataclass(frozen=True, slots=True)
class EmergenciesSet:
    """What all who wait and come are told now, by queue: a prompt's name. Legal in every state."""

    prompts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NumberReady:
    """A number that was called has answered, and its leg is there."""

    party_id: str
    leg_id: str


@dataclass(frozen=True, slots=True)
class NumberGone:
    """A number did not answer, or hung up; `reason` is a word for the agents."""

    party_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingLost:
    """The recording cannot be written (any more)."""


# What happens to the parties of a conversation, without the customer's own going.
PartyEvent = Requeued | AgentReady | AgentLegLost | Parted | NumberReady | NumberGone
ConversationEvent = PartyEvent | Asked | SupervisorAsked
CallEvent = (
    Answered
    | EmergenciesSet
    | DigitPressed
    | PlayEnded
    | IvrAnswered
    | PlaceKnown
    | CallBackAnswered
    | CallBackSettled
    | QueueRefused
    | ConversationEvent
    | Diverted
    | RecordingLost
    | AwayEvent
    | CallerLeft
)

# --- commands ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayPrompts:
    """Play prompts (names below the prompt root, without ending); replaces what plays. No leg: to the caller."""

    play_id: str
    prompts: tuple[str, ...]
    loop: bool = False
    leg_id: str = ""


@dataclass(frozen=True, slots=True)
class StopPrompts:
    """Silence that play."""

    play_id: str
    leg_id: str = ""


@dataclass(frozen=True, slots=True)
class EnterQueue:
    """Queue a work item of this call; `directed` keeps it for one agent, `attributes` are what rules speak of.

    `since`: its place counts from that shard time (microseconds), where the caller has waited before.
    """

    work_id: str
    queue: str
    requirements: tuple[tuple[str, int], ...]
    priority: int
    directed: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    since: int | None = None


@dataclass(frozen=True, slots=True)
class AskPlace:
    """Tell me the caller's place now (PlaceKnown); `call_back`: and whether they could be called back."""

    work_id: str
    call_back: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep what the IVR collected: personal data, for SQL."""

    data: Mapping[str, str]
    path: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class SetRoom:
    """Who hears whom from now on, whole; `connects` are the reservations whose agents are heard for the first time."""

    gains: Gains
    connects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetRecording:
    """Record the customer's leg from now on, whole: the first one begins the file, each later one says what changes.

    Not `heard` is silence in the file; `paused_by` says whose pause that is, "" for none. `told` is what the customer
    knows (voice.recording.Told), `agents` are all who were heard in it, in their order.
    """

    heard: bool
    queue: str
    work_id: str
    told: str
    agents: tuple[str, ...] = ()
    paused_by: str = ""


@dataclass(frozen=True, slots=True)
class ShowRecording:
    """What agents see of the recording; `until` (microseconds) is when the pause of `by` ends by itself."""

    state: Literal["on", "silent", "paused", "failed"]
    by: str = ""
    until: int | None = None
    agents_pause: bool = True


@dataclass(frozen=True, slots=True)
class TellHold:
    """Hold went on or off for this agent."""

    agent_id: str
    reservation_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class ShowParties:
    """Those who are, or come, into the conversation have changed."""

    parties: tuple[PartyView, ...]


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The agent's side did not come back: tell the router that the assignment failed."""

    reservation_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class EndAssignment:
    """This agent is done, and the conversation goes on without them (or is over)."""

    reservation_id: str
    by: EndedBy
    reason: str


@dataclass(frozen=True, slots=True)
class CancelWork:
    """Nobody needs this work item any more; `by` is the agent who called it off, empty for the call itself."""

    work_id: str
    by: str


@dataclass(frozen=True, slots=True)
class ReleaseDirection:
    """The agent for whom the item was kept does not take it: anybody may."""

    work_id: str


@dataclass(frozen=True, slots=True)
class DialNumber:
    """Call a number; it is this party of the conversation."""

    party_id: str
    number: str


@dataclass(frozen=True, slots=True)
class DropNumber:
    """Hang up on that number."""

    party_id: str


@dataclass(frozen=True, slots=True)
class AskCallBack:
    """Whether the caller could be called back in place of waiting; CallBackAnswered follows."""

    work_id: str


@dataclass(frozen=True, slots=True)
class LeaveForCallBack:
    """The caller leaves, the item keeps its place as a callback. CallBackSettled follows, unless they are `gone`."""

    work_id: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """The caller left: tell the router."""

    work_id: str


@dataclass(frozen=True, slots=True)
class Deny:
    """What was asked is not possible now. `code` is stable, `message` for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the caller's call."""

    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """A step of the story; `detail` holds no personal data."""

    kind: str
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """The call is over; release everything that it holds."""

    outcome: str


# What a command tells the router.
RouterCommand = EnterQueue | EndAssignment | GiveBack | CancelWork | ReleaseDirection | LeaveQueue | Note | Close
# What a command asks of the media engine.
MediaCommand = PlayPrompts | StopPrompts | SetRoom | SetRecording
CallCommand = (
    RouterCommand
    | MediaCommand
    | IvrRequest
    | AskPlace
    | AskCallBack
    | LeaveForCallBack
    | Keep
    | TellHold
    | ShowParties
    | ShowRecording
    | Deny
    | HangUp
    | DialNumber
    | DropNumber
)
