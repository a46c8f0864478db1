"""Pieces that server messages are made of. Pure."""

from typing import Literal

from msgspec import Struct

Label = dict[str, str]


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a server message."""


class AgentIdentity(Part, frozen=True, kw_only=True):
    """Who the token belongs to. `station` is how the agent speaks: in the browser or on a registered SIP phone."""

    id: str
    name: str
    role: str
    team: str
    station: Literal["webrtc", "sip"]


class Today(Part, frozen=True, kw_only=True):
    """An agent's own day, since the site's midnight. Times in microseconds; `occupancy` as docs/statistics.md has it.

    `ratings` and their mean (1-5) are what customers gave to the agent's chats.
    """

    handled: int = 0
    missed: int = 0
    mean_handle_us: int | None = None
    occupancy: float | None = None
    ratings: int = 0
    mean_rating: float | None = None


class SkillDemand(Part, frozen=True, kw_only=True):
    """A requirement of the work: `skill` at proficiency `minimum` (1-10) or better, with its `title`."""

    skill: str
    minimum: int
    title: Label = {}


class Caller(Part, frozen=True, kw_only=True):
    """What is known of the customer. `verified` is true only for a number that a trunk vouched for."""

    display: str
    number: str
    verified: bool = False


class CallParty(Part, frozen=True, kw_only=True):
    """Somebody in a call. `id` is `customer`, the name of the work item by which an agent came (or comes), or of a call
    to a `number`.

    `state`: coming (queued, offered or ringing), here, held, away (their leg is lost and may come back). `agent` and
    `name` once it is known who, `queue` where the work item waits. `you` marks your own. A supervisor has a `mode`:
    `listen` (heard by nobody), `whisper` (heard by the party `beside`) or `barge` (heard by all).
    """

    id: str
    kind: Literal["customer", "agent", "number", "supervisor"]
    state: Literal["coming", "here", "held", "away"]
    agent: str | None = None
    name: str = ""
    queue: str | None = None
    number: str | None = None
    muted: bool = False
    you: bool = False
    mode: Literal["listen", "whisper", "barge"] | None = None
    beside: str | None = None


class Recording(Part, frozen=True, kw_only=True):
    """The recording of a call. `on`: what the customer and who speaks with them say is recorded; `silent`: nobody
    speaks with them now (hold, consult), the file has silence; `paused`: somebody wants it so, until `until_us` at the
    latest, `by` (an agent or an account) with their `name`; `failed`: the call is not recorded any more.
    """

    state: Literal["on", "silent", "paused", "failed"]
    by: str | None = None
    name: str = ""
    until_us: int | None = None
    may_pause: bool = False


class Why(Part, frozen=True, kw_only=True):
    """The terms of the winner's score in the order in which they decide, and who came second.

    `strategy` is `directed`, without terms, for work that is meant for this agent by name: a transfer to them, one that
    they took over or call back, or that a supervisor gave them.
    """

    strategy: str
    terms: dict[str, int]
    runner_up: str | None = None


class PastInteraction(Part, frozen=True, kw_only=True):
    """One earlier interaction of the same customer."""

    interaction_id: str
    at_us: int
    channel: str
    queue: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    agent: str | None = None
    note: str | None = None


class Choice(Part, frozen=True, kw_only=True):
    """A reason or a disposition to pick from."""

    id: str
    label: Label


class TargetAgent(Part, frozen=True, kw_only=True):
    """An agent who takes such work. Only one who is `free` can be asked by name."""

    agent_id: str
    name: str
    availability: Literal["free", "busy", "not_ready", "offline"]


class TargetQueue(Part, frozen=True, kw_only=True):
    """A queue of such work: who waits there now, and how many of its agents are ready without any work."""

    queue: str
    title: str
    waiting: int
    free: int
    titles: Label = {}


class FollowUp(Part, frozen=True, kw_only=True):
    """A callback, or a message that was spoken or written; the fields are those of GET /api/v1/follow-ups."""

    id: int
    kind: Literal["callback", "voicemail", "message"]
    interaction_id: str
    queue: str
    number: str
    language: str
    path: str
    created_at: int
    queue_title: str
    duration_us: int | None = None
    taken_by: str | None = None
    taken_by_name: str = ""
    taken_at: int | None = None
    done_at: int | None = None
    done_by: str | None = None
    note: str | None = None
    name: str | None = None
    text: str | None = None


Author = Literal["customer", "agent", "system"]


class ChatFile(Part, frozen=True, kw_only=True):
    """A picture or file of a chat: `size` in bytes, `media_type` by its content. `gone`: it is not kept any more.

    It is at `/api/v1/interactions/{id}/files/{file}` (docs/http-api.md).
    """

    id: str
    name: str
    media_type: str
    size: int
    gone: bool = False


class ChatLine(Part, frozen=True, kw_only=True):
    """One message of a chat: plain text, whatever markup it seems to hold. `client_id` is that of an agent's send.

    A message with a `file` has no text.
    """

    number: int
    author: Author
    name: str
    text: str
    at_us: int
    client_id: str | None = None
    file: ChatFile | None = None


class ParkedChat(Part, frozen=True, kw_only=True):
    """A chat that you parked, since when, and when it comes back at the latest; `last` is what was said last."""

    interaction_id: str
    queue: str
    name: str
    since_us: int
    until_us: int
    last: str = ""


class HandedOn(Part, frozen=True, kw_only=True):
    """Who handed the chat on, when, and what they wrote to you about it."""

    agent: str
    name: str
    at_us: int
    note: str = ""


class StaffNote(Part, frozen=True, kw_only=True):
    """An internal note: staff alone see it. `by` is an agent or an account, `name` what it is called."""

    id: int
    by: str
    name: str
    text: str
    at_us: int


class ChatListener(Part, frozen=True, kw_only=True):
    """A supervisor in a chat of yours: they read along (`listen`), whisper to you, or write to everybody (`barge`)."""

    agent: str
    name: str
    mode: Literal["listen", "whisper", "barge"]


class ChatWhisper(Part, frozen=True, kw_only=True):
    """What a supervisor says to you alone, behind the message with the number `after`."""

    id: int
    name: str
    text: str
    at_us: int
    after: int = 0


class ChatCard(Part, frozen=True, kw_only=True):
    """A chat as it stands: the newest messages (200 at most), and how far the customer and the agent are.

    `handed_on` on a chat that a colleague handed on, to whoever has or is offered it now.
    """

    lines: tuple[ChatLine, ...] = ()
    locale: str = ""
    delivered: int = 0
    read: int = 0
    own_read: int = 0
    typing: bool = False
    handed_on: HandedOn | None = None
    listeners: tuple[ChatListener, ...] = ()
    whispers: tuple[ChatWhisper, ...] = ()
