"""What the IVR machine is told (events, past tense) and what it asks for (commands, imperative)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FinishReason = Literal["completed", "stopped", "failed"]
NoteKind = Literal[
    "greeting",
    "played",
    "menu",
    "digit",
    "no_input",
    "no_match",
    "collect",
    "collected",
    "branch",
    "out_of_hours",
    "set",
    "looked_up",
    "callback",
    "recording",
    "voicemail",
    "failed",
    "left",
]


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller pressed one of 0-9, * or #."""

    digit: str


@dataclass(frozen=True, slots=True)
class PromptFinished:
    """A `Play` ended: played to its end, stopped, or failed. A stale `play_id` is ignored."""

    play_id: int
    reason: FinishReason = "completed"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A `LookUp` was answered with this JSON value. A stale `request_id` is ignored, here and below."""

    request_id: int
    answer: object


@dataclass(frozen=True, slots=True)
class RequestKept:
    """A `RequestCallback` or a `KeepMessage` is written down."""

    request_id: int


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A `LookUp`, `RequestCallback`, `Record` or `KeepMessage` came to nothing; `reason` is a word for the story."""

    request_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class CallerSilent:
    """The caller who is recorded has said nothing for the time that `Record` names."""

    request_id: int


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller hung up; legal in every state, and the last event that counts."""


IvrAnswer = LookedUp | RequestKept | RequestFailed | CallerSilent
IvrEvent = Digit | PromptFinished | IvrAnswer | CallerLeft


@dataclass(frozen=True, slots=True)
class Play:
    """Play the prompts one after the other. Names are complete (`en/welcome`): a path below `prompts/`."""

    play_id: int
    prompts: tuple[str, ...]
    barge_in: bool


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Fall silent at once; the `PromptFinished` that may follow is ignored."""

    play_id: int


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """From now on this caller is spoken to in `language`."""

    language: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """GET `path` of the look-up `service` with `query` (personal data: never logged); answered by `LookedUp`."""

    request_id: int
    service: str
    path: str
    query: Mapping[str, str]
    timeout_us: int


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Write down that `number` is to be called back; answered by `RequestKept`. The rest as in `Enqueue`."""

    request_id: int
    queue: str
    number: str
    requirements: tuple[tuple[str, int], ...]
    path: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class KeepMessage:
    """Stop the recording and keep it as a message for `queue`; answered by `RequestKept`, unless the caller left."""

    request_id: int
    queue: str
    requirements: tuple[tuple[str, int], ...]
    path: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Record:
    """Record what the caller says; `CallerSilent` after `silence_us` without speech (0: never).

    `message` is what is to be kept if nobody comes to say so: the server may die meanwhile.
    """

    request_id: int
    silence_us: int
    message: KeepMessage


@dataclass(frozen=True, slots=True)
class Enqueue:
    """The IVR is done: wait in `queue`.

    `requirements` are (skill, minimum 1-10) beside the queue's own; `priority` is added to the queue's;
    `data` is personal customer data; `path` the labels of the choices so far. `attributes` are what rules speak of,
    nothing personal.
    """

    queue: str
    requirements: tuple[tuple[str, int], ...]
    priority: int
    data: Mapping[str, str]
    path: tuple[str, ...]
    language: str
    operator: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hangup:
    """The IVR is done: end the call. `data` is what was collected, `outcome` the fact for the record."""

    outcome: str
    data: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the interaction's story. `detail` never holds personal data: of a number only its length."""

    kind: NoteKind
    node: str
    detail: str = ""


IvrRequest = LookUp | RequestCallback | Record | KeepMessage
IvrCommand = Play | StopPlay | SetLanguage | IvrRequest | Enqueue | Hangup | Note
