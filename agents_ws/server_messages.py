"""What the server tells an agent's program (see agents_ws.messages): one union, tagged by `type`. Pure."""

from enum import StrEnum
from typing import Final, Literal

from msgspec import field

from agents_ws.chat_messages import (
    ChatListeners,
    ChatMessage,
    ChatParked,
    ChatReceipt,
    ChatTyping,
    ChatWhispered,
    Parked,
)
from agents_ws.numbered import Numbered, ToAgent
from agents_ws.parts import (
    AgentIdentity,
    Caller,
    CallParty,
    ChatCard,
    Choice,
    FollowUp,
    Label,
    ParkedChat,
    PastInteraction,
    Recording,
    SkillDemand,
    StaffNote,
    TargetAgent,
    TargetQueue,
    Today,
    Why,
)
from router.vocabulary import EndedBy, Medium, Presence, WithdrawReason


class _Card(Numbered, frozen=True, kw_only=True):
    """What the agent's screen shows of an interaction. `data` is what the IVR collected, `ivr_path` where it led.

    `callback`: the customer is not on the line, and is called once you accept. `chat`: what was said in a chat, with no
    lines while the node that has it is not reached; absent for work that is none.
    """

    reservation_id: str
    interaction_id: str
    medium: Medium
    queue: str
    queue_title: Label
    caller: Caller
    queued_at_us: int
    waited_ms: int
    requirements: tuple[SkillDemand, ...] = ()
    ivr_path: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)
    why: Why | None = None
    history: tuple[PastInteraction, ...] = ()
    chat: ChatCard | None = None
    callback: bool = False


class Offer(_Card, frozen=True, kw_only=True):
    """An invitation that stands until `deadline_us`; `timeout_ms` is its whole length, `attempt` counts from 1.

    `due_at_us`: when the queue's target is missed if nobody has accepted; none for one whose customer waits at home.
    """

    deadline_us: int
    timeout_ms: int
    attempt: int = 1
    due_at_us: int | None = None


class Past(Numbered, frozen=True, kw_only=True):
    """What the customer of work that you hold had before, newest first, where its card came too soon to show it."""

    reservation_id: str
    interaction_id: str
    history: tuple[PastInteraction, ...]


class OfferWithdrawn(Numbered, frozen=True, kw_only=True):
    """The offer is over; take card and ringing away at once."""

    reservation_id: str
    reason: WithdrawReason


class Assignment(_Card, frozen=True, kw_only=True):
    """An accepted offer, whole, so that a reloaded page can redraw it. `since_us` is when it came to `state`."""

    state: Literal["accepted", "connected", "held", "ended"]
    since_us: int
    connected_at_us: int | None = None
    by: EndedBy | None = None


class Call(Numbered, frozen=True, kw_only=True):
    """Who is in a call of yours, and who is coming; sent again, whole, with every change.

    `recording` is absent in a call that is not recorded.
    """

    reservation_id: str
    interaction_id: str
    parties: tuple[CallParty, ...] = ()
    help_asked: bool = False
    recording: Recording | None = None


class Listening(Numbered, frozen=True, kw_only=True):
    """To a supervisor: the call that you listen to, with who is in it; no parties means that it is over for you."""

    interaction_id: str
    mode: Literal["listen", "whisper", "barge"] | None = None
    parties: tuple[CallParty, ...] = ()


class Help(Numbered, frozen=True, kw_only=True):
    """To a supervisor: an agent of your teams asks for help with this work (`on`), or does not any more."""

    interaction_id: str
    reservation_id: str
    agent: str
    name: str
    medium: Medium
    since_us: int
    on: bool = True


class AskedSupervisor(Numbered, frozen=True, kw_only=True):
    """Whether you ask for help with this work, since when, and which supervisor looks after it ("": nobody yet)."""

    reservation_id: str
    on: bool
    since_us: int
    seen_by: str = ""


class WrapUp(Numbered, frozen=True, kw_only=True):
    """After-contact work runs until `deadline_us`, then it is closed for the agent.

    `extend_s`: so many seconds more may be asked for. Said again when they were. `required`: `finish_wrap_up` needs a
    disposition.
    """

    reservation_id: str
    interaction_id: str
    deadline_us: int
    dispositions: tuple[Choice, ...] = ()
    extend_s: int = 0
    required: bool = False


class WrapUpEnded(Numbered, frozen=True, kw_only=True):
    """Wrap-up is over; no disposition means that the deadline closed it."""

    reservation_id: str
    disposition: str | None = None


class PresenceShown(Numbered, frozen=True, kw_only=True, tag="presence"):
    """What now holds, whoever set it."""

    presence: Presence
    since_us: int
    reason: str | None = None
    paused: tuple[Medium, ...] = ()
    next: Presence | None = None
    next_reason: str | None = None


class TodayShown(Numbered, frozen=True, kw_only=True, tag="today"):
    """Your day so far has changed."""

    today: Today


class NoteAdded(Numbered, frozen=True, kw_only=True):
    """A note was written about an interaction that you have in hand. Those before it: docs/http-api.md."""

    reservation_id: str
    interaction_id: str
    note: StaffNote


class Mentioned(Numbered, frozen=True, kw_only=True):
    """A note names you; you may see the interaction. What you have not seen is also in `GET /api/v1/mentions`."""

    id: int
    interaction_id: str
    note: StaffNote


class CustomerChanged(Numbered, frozen=True, kw_only=True):
    """There is something new about the customer of work that you hold: merged, taken apart, or here a second time.

    Ask for the customer again (docs/http-api.md).
    """

    reservation_id: str
    interaction_id: str


class Targets(Numbered, frozen=True, kw_only=True):
    """To whom work of this medium can be handed on while you ask for it: first the `whole` list, then what changes.

    Without your own agent; in the order of the site's files.
    """

    medium: Medium
    agents: tuple[TargetAgent, ...] = ()
    queues: tuple[TargetQueue, ...] = ()
    whole: bool = False


class FollowUpChanged(Numbered, frozen=True, kw_only=True, tag="follow_up"):
    """A follow-up of your teams came, was taken or put back, or is done (it has `done_at`).

    The list of those that are there is GET /api/v1/follow-ups.
    """

    follow_up: FollowUp


LegState = Literal["none", "up", "phone_registered", "phone_absent"]


class Leg(Numbered, frozen=True, kw_only=True):
    """The agent's own media: the browser's leg is up or not, or the SIP phone is registered or absent."""

    state: LegState


class Snapshot(Numbered, frozen=True, kw_only=True):
    """All that the page shows; it replaces whatever the client held and settles every request still open.

    `dials`: the site has a trunk by which customers can be called back.
    """

    presence: Presence
    since_us: int
    leg: LegState
    reason: str | None = None
    media: tuple[Medium, ...] = ()
    paused: tuple[Medium, ...] = ()
    next: Presence | None = None
    next_reason: str | None = None
    today: Today = Today()
    offers: tuple[Offer, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    calls: tuple[Call, ...] = ()
    listening: Listening | None = None
    help: tuple[Help, ...] = ()
    wrap_ups: tuple[WrapUp, ...] = ()
    parked: tuple[ParkedChat, ...] = ()
    asked: tuple[AskedSupervisor, ...] = ()
    reasons: tuple[Choice, ...] = ()
    dispositions: dict[str, tuple[Choice, ...]] = field(default_factory=dict)
    dials: bool = False


class LegAnswer(Numbered, frozen=True, kw_only=True):
    """The answer to `open_leg`."""

    ref: str
    sdp: str


class Done(Numbered, frozen=True, kw_only=True):
    """The request `ref` was carried out and committed."""

    ref: str


class Refused(Numbered, frozen=True, kw_only=True):
    """The request `ref` had no effect. `code` is stable, `message` for people."""

    ref: str
    code: str
    message: str


class Welcome(ToAgent, frozen=True, kw_only=True):
    """Answer to `hello`. `resumed` false: a snapshot follows; true: the missed messages follow.

    `peers`: where other nodes of the server are reached now (URLs), for when this one is gone.
    """

    session: str
    agent: AgentIdentity
    resumed: bool
    heartbeat_s: float
    server_time_us: int
    peers: tuple[str, ...] = ()


class Pong(ToAgent, frozen=True, kw_only=True):
    """Answer to `ping`; lets the page correct its clock. `peers` as in `welcome`."""

    server_time_us: int
    ref: str | None = None
    peers: tuple[str, ...] = ()


class ByeCode(StrEnum):
    """Why the server ends a connection; `CLOSE_CODES` gives the WebSocket close code of each."""

    HELLO_TIMEOUT = "hello_timeout"
    UNAUTHORIZED = "unauthorized"
    PROTOCOL_ERROR = "protocol_error"
    HEARTBEAT_LOST = "heartbeat_lost"
    REPLACED = "replaced"
    TOO_FAST = "too_fast"
    SLOW_CLIENT = "slow_client"
    SIGNED_OUT = "signed_out"
    SHUTDOWN = "shutdown"
    INTERNAL = "internal"


CLOSE_CODES: Final[dict[ByeCode, int]] = {
    ByeCode.HELLO_TIMEOUT: 4000,
    ByeCode.UNAUTHORIZED: 4001,
    ByeCode.PROTOCOL_ERROR: 4002,
    ByeCode.HEARTBEAT_LOST: 4003,
    ByeCode.REPLACED: 4004,
    ByeCode.TOO_FAST: 4005,
    ByeCode.SLOW_CLIENT: 4006,
    ByeCode.SIGNED_OUT: 4007,
    ByeCode.SHUTDOWN: 1001,
    ByeCode.INTERNAL: 1011,
}


class Bye(ToAgent, frozen=True, kw_only=True):
    """Last message of a connection."""

    code: ByeCode
    reason: str


NumberedMessage = (
    Snapshot
    | PresenceShown
    | TodayShown
    | Offer
    | OfferWithdrawn
    | Past
    | Assignment
    | Call
    | Listening
    | Help
    | ChatListeners
    | ChatWhispered
    | AskedSupervisor
    | ChatParked
    | Parked
    | WrapUp
    | WrapUpEnded
    | ChatMessage
    | ChatTyping
    | ChatReceipt
    | NoteAdded
    | Mentioned
    | CustomerChanged
    | Targets
    | FollowUpChanged
    | Leg
    | LegAnswer
    | Done
    | Refused
)
ServerMessage = Welcome | Pong | Bye | NumberedMessage
