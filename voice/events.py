"""What a call machine is told (events, past tense) and what it asks for (commands, imperative)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ivr.commands import IvrAnswer, IvrRequest
from router.vocabulary import EndedBy

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
    """The answer to AskPlace; None while the item is offered. `wait_us` is the expected wait, None if unknown."""

    place: int | None
    wait_us: int | None = None


@dataclass(frozen=True, slots=True)
class QueueRefused:
    """The router does not take the work (a queue that vanished)."""

    code: str


@dataclass(frozen=True, slots=True)
class Requeued:
    """The offer or the assignment came to nothing, or somebody moved the work: the caller waits (on) in `queue`.

    `queue` None: where they were.
    """

    queue: str | None = None


@dataclass(frozen=True, slots=True)
class AgentReady:
    """The accept is committed and the agent's leg is there."""

    reservation_id: str
    leg_id: str


@dataclass(frozen=True, slots=True)
class AgentLegLost:
    """The agent's media is gone while joined (page reloaded, network); it may come back."""


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """The agent put the caller on hold, or took them back."""

    on: bool


@dataclass(frozen=True, slots=True)
class Parted:
    """The router released the assignment."""

    by: EndedBy


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller is gone: BYE, CANCEL, or their leg failed. Legal in every state."""

    reason: str


CallEvent = (
    Answered
    | DigitPressed
    | PlayEnded
    | IvrAnswered
    | PlaceKnown
    | QueueRefused
    | Requeued
    | AgentReady
    | AgentLegLost
    | HoldAsked
    | Parted
    | CallerLeft
)

# --- commands ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayPrompts:
    """Play prompts (names below the prompt root, without ending) to the caller; replaces what plays."""

    play_id: str
    prompts: tuple[str, ...]
    loop: bool = False


@dataclass(frozen=True, slots=True)
class StopPrompts:
    """Silence that play."""

    play_id: str


@dataclass(frozen=True, slots=True)
class EnterQueue:
    """Queue the work, with what the IVR learnt."""

    queue: str
    requirements: tuple[tuple[str, int], ...]
    priority: int
    data: Mapping[str, str]
    path: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class AskPlace:
    """Tell me the caller's place now (PlaceKnown)."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep what the IVR collected: personal data, for SQL."""

    data: Mapping[str, str]
    path: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Join:
    """Let caller and agent hear each other; `first` marks the first join of this reservation."""

    reservation_id: str
    leg_id: str
    first: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Nobody hears anybody; the legs stay."""


@dataclass(frozen=True, slots=True)
class TellHold:
    """Hold went on or off."""

    reservation_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The agent's side did not come back: tell the router that the assignment failed."""

    reservation_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """The caller left: tell the router."""


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


CallCommand = (
    PlayPrompts
    | StopPrompts
    | IvrRequest
    | EnterQueue
    | AskPlace
    | Keep
    | Join
    | Part
    | TellHold
    | GiveBack
    | LeaveQueue
    | HangUp
    | Note
    | Close
)
