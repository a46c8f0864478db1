"""What a call machine is told (events, past tense) and what it asks for (commands, imperative)."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from ivr.commands import IvrAnswer, IvrRequest
from ivr.machine import IvrMachine
from router.vocabulary import EndedBy
from voice.asked import Asked, SupervisorAsked
from voice.away import AwayEvent
from voice.floor import Gains
from voice.party import PartyView

# --- events -----------------------------------------------------------------------------------------------------


class Answered(Struct, frozen=True, gc=False):
    """The caller's leg is open and the 200 is on its way."""


class DigitPressed(Struct, frozen=True, gc=False):
    """By RFC 4733 or SIP INFO."""

    digit: str


class PlayEnded(Struct, frozen=True, gc=False):
    """A play that this machine started is over."""

    play_id: str
    reason: Literal["finished", "stopped", "failed"]


class IvrAnswered(Struct, frozen=True):
    """What came of a request of the flow: a look-up, a callback, a recording."""

    answer: IvrAnswer


class PlaceKnown(Struct, frozen=True, gc=False):
    """The answer to AskPlace; None while the item is offered. `wait_us` is the expected wait, None if unknown.

    `may_call_back`: the caller's number could be called, where that was asked.
    """

    place: int | None
    wait_us: int | None = None
    may_call_back: bool = False


class CallBackAnswered(Struct, frozen=True, gc=False):
    """The answer to AskCallBack: whether the caller's number may be called."""

    work_id: str
    possible: bool


class CallBackSettled(Struct, frozen=True, gc=False):
    """The answer to LeaveForCallBack: whether the router has taken it; if not, somebody is about to come."""

    work_id: str
    promised: bool


class QueueRefused(Struct, frozen=True, gc=False):
    """The router does not take the work (a queue that vanished)."""

    work_id: str
    code: str


class Requeued(Struct, frozen=True, gc=False):
    """The offer or the assignment came to nothing, or somebody moved the work: it waits (on) in `queue`."""

    work_id: str
    queue: str


class AgentReady(Struct, frozen=True, gc=False):
    """The accept is committed and the agent's leg is there."""

    work_id: str
    reservation_id: str
    agent_id: str
    leg_id: str


class AgentLegLost(Struct, frozen=True, gc=False):
    """An agent's media is gone while joined (page reloaded, network); it may come back."""

    work_id: str


class Parted(Struct, frozen=True, gc=False):
    """The router released the assignment, or has closed the work item."""

    work_id: str
    by: EndedBy


class Diverted(Struct, frozen=True):
    """A rule of the queue closed the work item: whoever is left alone goes through this flow, from its beginning."""

    work_id: str
    flow: IvrMachine


class CallerLeft(Struct, frozen=True, gc=False):
    """The caller is gone: BYE, CANCEL, or their leg failed. Legal in every state."""

    reason: str


class EmergenciesSet(Struct, frozen=True):
    """What all who wait and come are told now, by queue: a prompt's name. Legal in every state."""

    prompts: Mapping[str, str]


class NumberReady(Struct, frozen=True, gc=False):
    """A number that was called has answered, and its leg is there."""

    party_id: str
    leg_id: str


class NumberGone(Struct, frozen=True, gc=False):
    """A number did not answer, or hung up; `reason` is a word for the agents."""

    party_id: str
    reason: str


class RecordingLost(Struct, frozen=True, gc=False):
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


class PlayPrompts(Struct, frozen=True, gc=False):
    """Play prompts (names below the prompt root, without ending); replaces what plays. No leg: to the caller."""

    play_id: str
    prompts: tuple[str, ...]
    loop: bool = False
    leg_id: str = ""


class StopPrompts(Struct, frozen=True, gc=False):
    """Silence that play."""

    play_id: str
    leg_id: str = ""


class EnterQueue(Struct, frozen=True, gc=False):
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


class AskPlace(Struct, frozen=True, gc=False):
    """Tell me the caller's place now (PlaceKnown); `call_back`: and whether they could be called back."""

    work_id: str
    call_back: bool = False


class Keep(Struct, frozen=True):
    """Keep what the IVR collected: personal data, for SQL."""

    data: Mapping[str, str]
    path: tuple[str, ...]
    language: str


class SetRoom(Struct, frozen=True, gc=False):
    """Who hears whom from now on, whole; `connects` are the reservations whose agents are heard for the first time."""

    gains: Gains
    connects: tuple[str, ...] = ()


class SetRecording(Struct, frozen=True, gc=False):
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


class ShowRecording(Struct, frozen=True, gc=False):
    """What agents see of the recording; `until` (microseconds) is when the pause of `by` ends by itself."""

    state: Literal["on", "silent", "paused", "failed"]
    by: str = ""
    until: int | None = None
    agents_pause: bool = True


class TellHold(Struct, frozen=True, gc=False):
    """Hold went on or off for this agent."""

    agent_id: str
    reservation_id: str
    on: bool


class ShowParties(Struct, frozen=True, gc=False):
    """Those who are, or come, into the conversation have changed."""

    parties: tuple[PartyView, ...]


class GiveBack(Struct, frozen=True, gc=False):
    """The agent's side did not come back: tell the router that the assignment failed."""

    reservation_id: str
    reason: str


class EndAssignment(Struct, frozen=True, gc=False):
    """This agent is done, and the conversation goes on without them (or is over)."""

    reservation_id: str
    by: EndedBy
    reason: str


class CancelWork(Struct, frozen=True, gc=False):
    """Nobody needs this work item any more; `by` is the agent who called it off, empty for the call itself."""

    work_id: str
    by: str


class ReleaseDirection(Struct, frozen=True, gc=False):
    """The agent for whom the item was kept does not take it: anybody may."""

    work_id: str


class DialNumber(Struct, frozen=True, gc=False):
    """Call a number; it is this party of the conversation."""

    party_id: str
    number: str


class DropNumber(Struct, frozen=True, gc=False):
    """Hang up on that number."""

    party_id: str


class AskCallBack(Struct, frozen=True, gc=False):
    """Whether the caller could be called back in place of waiting; CallBackAnswered follows."""

    work_id: str


class LeaveForCallBack(Struct, frozen=True, gc=False):
    """The caller leaves, the item keeps its place as a callback. CallBackSettled follows, unless they are `gone`."""

    work_id: str
    gone: bool = False


class LeaveQueue(Struct, frozen=True, gc=False):
    """The caller left: tell the router."""

    work_id: str


class Deny(Struct, frozen=True, gc=False):
    """What was asked is not possible now. `code` is stable, `message` for people."""

    code: str
    message: str


class HangUp(Struct, frozen=True, gc=False):
    """End the caller's call."""

    reason: str


class Note(Struct, frozen=True, gc=False):
    """A step of the story; `detail` holds no personal data."""

    kind: str
    detail: tuple[tuple[str, str], ...] = ()


class Close(Struct, frozen=True, gc=False):
    """The call is over; release everything that it holds."""

    outcome: str


# What a command tells the router.
RouterCommand = EnterQueue | EndAssignment | GiveBack | CancelWork | ReleaseDirection | LeaveQueue | Close
# What a command asks of the media engine.
MediaCommand = PlayPrompts | StopPrompts | SetRoom | SetRecording
CallCommand = (
    RouterCommand
    | Note
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
