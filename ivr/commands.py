"""What the IVR machine is told (events, past tense) and what it asks for (commands, imperative)."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

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


class Digit(Struct, frozen=True, gc=False):
    """The caller pressed one of 0-9, * or #."""

    digit: str


class PromptFinished(Struct, frozen=True, gc=False):
    """A `Play` ended: played to its end, stopped, or failed. A stale `play_id` is ignored."""

    play_id: int
    reason: FinishReason = "completed"


class LookedUp(Struct, frozen=True):
    """A `LookUp` was answered with this JSON value. A stale `request_id` is ignored, here and below."""

    request_id: int
    answer: object


class RequestKept(Struct, frozen=True, gc=False):
    """A `RequestCallback` or a `KeepMessage` is written down."""

    request_id: int


class RequestFailed(Struct, frozen=True, gc=False):
    """A `LookUp`, `RequestCallback`, `Record` or `KeepMessage` came to nothing; `reason` is a word for the story."""

    request_id: int
    reason: str


class CallerSilent(Struct, frozen=True, gc=False):
    """The caller who is recorded has said nothing for the time that `Record` names."""

    request_id: int


class CallerLeft(Struct, frozen=True, gc=False):
    """The caller hung up; legal in every state, and the last event that counts."""


IvrAnswer = LookedUp | RequestKept | RequestFailed | CallerSilent
IvrEvent = Digit | PromptFinished | IvrAnswer | CallerLeft


class Play(Struct, frozen=True, gc=False):
    """Play the prompts one after the other. Names are complete (`en/welcome`): a path below `prompts/`."""

    play_id: int
    prompts: tuple[str, ...]
    barge_in: bool


class StopPlay(Struct, frozen=True, gc=False):
    """Fall silent at once; the `PromptFinished` that may follow is ignored."""

    play_id: int


class SetLanguage(Struct, frozen=True, gc=False):
    """From now on this caller is spoken to in `language`."""

    language: str


class LookUp(Struct, frozen=True):
    """GET `path` of the look-up `service` with `query` (personal data: never logged); answered by `LookedUp`."""

    request_id: int
    service: str
    path: str
    query: Mapping[str, str]
    timeout_us: int


class RequestCallback(Struct, frozen=True, gc=False):
    """Write down that `number` is to be called back; answered by `RequestKept`. The rest as in `Enqueue`."""

    request_id: int
    queue: str
    number: str
    requirements: tuple[tuple[str, int], ...]
    path: tuple[str, ...]
    language: str


class KeepMessage(Struct, frozen=True, gc=False):
    """Stop the recording and keep it as a message for `queue`; answered by `RequestKept`, unless the caller left."""

    request_id: int
    queue: str
    requirements: tuple[tuple[str, int], ...]
    path: tuple[str, ...]
    language: str


class Record(Struct, frozen=True, gc=False):
    """Record what the caller says; `CallerSilent` after `silence_us` without speech (0: never).

    `message` is what is to be kept if nobody comes to say so: the server may die meanwhile.
    """

    request_id: int
    silence_us: int
    message: KeepMessage


class Enqueue(Struct, frozen=True):
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
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


class Hangup(Struct, frozen=True):
    """The IVR is done: end the call. `data` is what was collected, `outcome` the fact for the record."""

    outcome: str
    data: Mapping[str, str] = field(default_factory=dict[str, str])
    path: tuple[str, ...] = ()


class Note(Struct, frozen=True, gc=False):
    """One line of the interaction's story. `detail` never holds personal data: of a number only its length."""

    kind: NoteKind
    node: str
    detail: str = ""


IvrRequest = LookUp | RequestCallback | Record | KeepMessage
IvrCommand = Play | StopPlay | SetLanguage | IvrRequest | Enqueue | Hangup | Note
