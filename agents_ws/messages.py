"""Every message of the agents' WebSocket protocol, as msgspec structs: two unions, tagged by `type`.

Times are integer microseconds since the Unix epoch on the shard's clock (`*_us`); durations are milliseconds (`*_ms`)
or seconds (`*_s`). Texts meant for people come as a `Label`: language tag -> text. `docs/agents-ws.md` shows one
example of each, drawn from `agents_ws.examples`.
"""

from enum import StrEnum
from typing import Final, Literal

import msgspec
from msgspec import Struct

from agents_ws.fields import ChatText, Digit, Id, Note, Number, Ref, Sdp, Sequence, Token, Word, snake_case
from router.vocabulary import EndedBy, Medium, Presence, WithdrawReason

SUBPROTOCOL: Final = "jackfield.v1.json"
MAX_MESSAGE_BYTES: Final = 64 * 1024

Label = dict[str, str]


class _Client(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag=snake_case):
    """From the agent's program; an unknown field is an error, so that a misspelled one is noticed."""


class Hello(_Client, frozen=True):
    """First message of a connection. `session` and `last_seq` together ask to resume where the last one broke."""

    token: Token
    session: Id | None = None
    last_seq: Sequence | None = None
    language: Word | None = None


class Ack(_Client, frozen=True):
    """Everything up to and including `seq` has been taken in; the server forgets it."""

    seq: Sequence


class Ping(_Client, frozen=True):
    """Sent every `heartbeat_s` while nothing else is; answered by `pong`."""

    ref: Ref | None = None


class SetPresence(_Client, frozen=True):
    """Declare a presence. Signing out is `sign_out`, so `offline` is no choice here."""

    ref: Ref
    presence: Literal["ready", "not_ready"]
    reason: Word | None = None


class Accept(_Client, frozen=True):
    """Take the offer."""

    ref: Ref
    reservation_id: Id


class Reject(_Client, frozen=True):
    """Decline the offer."""

    ref: Ref
    reservation_id: Id
    reason: Word | None = None


class HangUp(_Client, frozen=True):
    """End the conversation; wrap-up follows."""

    ref: Ref
    reservation_id: Id


class Hold(_Client, frozen=True):
    """Put the customer on hold (`on` true) or take them back."""

    ref: Ref
    reservation_id: Id
    on: bool


class SendDigit(_Client, frozen=True):
    """Send one keypad digit to the customer's side."""

    ref: Ref
    reservation_id: Id
    digit: Digit


class FinishWrapUp(_Client, frozen=True):
    """Close wrap-up with the agent's code and note; capacity is free at once."""

    ref: Ref
    reservation_id: Id
    disposition: Word | None = None
    note: Note | None = None


class SayInChat(_Client, frozen=True, tag="chat_message"):
    """Say something in a chat. `client_id` names this send: said again with the same one, it is still one message."""

    ref: Ref
    reservation_id: Id
    client_id: Ref
    text: ChatText


class TypeInChat(_Client, frozen=True, tag="chat_typing"):
    """The agent types, or has stopped; not answered. Renew it every 5 s: it ends by itself after 8 s."""

    reservation_id: Id
    on: bool


class ReadChat(_Client, frozen=True, tag="chat_read"):
    """Everything up to `number` was on the screen; not answered."""

    reservation_id: Id
    number: Number


class OpenLeg(_Client, frozen=True):
    """Offer the browser's media leg (a whole SDP, candidates inside); answered by `leg_answer`."""

    ref: Ref
    sdp: Sdp


class SignOut(_Client, frozen=True):
    """Leave for good: presence becomes offline, the session is forgotten."""

    ref: Ref


Command = (
    SetPresence | Accept | Reject | HangUp | Hold | SendDigit | FinishWrapUp | SayInChat | OpenLeg | SignOut
)  # the ones that carry a `ref` and are answered by `done`, `refused` or `leg_answer`
ChatSignal = TypeInChat | ReadChat  # without an answer: they say what holds, and the next one wins
ClientMessage = Hello | Ack | Ping | ChatSignal | Command


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a server message."""


class AgentIdentity(Part, frozen=True, kw_only=True):
    """Who the token belongs to. `station` is how the agent speaks: in the browser or on a registered SIP phone."""

    id: str
    name: str
    role: str
    team: str
    station: Literal["webrtc", "sip"]


class SkillDemand(Part, frozen=True, kw_only=True):
    """A requirement of the work: `skill` at proficiency `minimum` (1-10) or better."""

    skill: str
    minimum: int


class Caller(Part, frozen=True, kw_only=True):
    """What is known of the customer. `verified` is true only for a number that a trunk vouched for."""

    display: str
    number: str
    verified: bool = False


class Why(Part, frozen=True, kw_only=True):
    """The terms of the winner's score in the order in which they decide, and who came second."""

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


Author = Literal["customer", "agent", "system"]


class ChatLine(Part, frozen=True, kw_only=True):
    """One message of a chat: plain text, whatever markup it seems to hold. `client_id` is that of an agent's send."""

    number: int
    author: Author
    name: str
    text: str
    at_us: int
    client_id: str | None = None


class ChatCard(Part, frozen=True, kw_only=True):
    """A chat as it stands: the newest messages (200 at most), and how far the customer and the agent are."""

    lines: tuple[ChatLine, ...] = ()
    locale: str = ""
    delivered: int = 0
    read: int = 0
    own_read: int = 0
    typing: bool = False


class _Server(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=snake_case):
    """To the agent's program; clients ignore fields that they do not know."""


class _Numbered(_Server, frozen=True, kw_only=True):
    """Delivered once and in order: `seq` grows by one; only a `snapshot` may come after a gap."""

    seq: int = 0


class _Card(_Numbered, frozen=True, kw_only=True):
    """What the agent's screen shows of an interaction. `data` is what the IVR collected, `ivr_path` where it led."""

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
    data: dict[str, str] = {}
    why: Why | None = None
    history: tuple[PastInteraction, ...] = ()
    chat: ChatCard | None = None


class Offer(_Card, frozen=True, kw_only=True):
    """An invitation that stands until `deadline_us`; `timeout_ms` is its whole length, `attempt` counts from 1."""

    deadline_us: int
    timeout_ms: int
    attempt: int = 1


class OfferWithdrawn(_Numbered, frozen=True, kw_only=True):
    """The offer is over; take card and ringing away at once."""

    reservation_id: str
    reason: WithdrawReason


class Assignment(_Card, frozen=True, kw_only=True):
    """An accepted offer, whole, so that a reloaded page can redraw it. `since_us` is when it came to `state`."""

    state: Literal["accepted", "connected", "held", "ended"]
    since_us: int
    connected_at_us: int | None = None
    by: EndedBy | None = None


class WrapUp(_Numbered, frozen=True, kw_only=True):
    """After-contact work runs until `deadline_us`, then it is closed for the agent."""

    reservation_id: str
    interaction_id: str
    deadline_us: int
    dispositions: tuple[Choice, ...] = ()


class WrapUpEnded(_Numbered, frozen=True, kw_only=True):
    """Wrap-up is over; no disposition means that the deadline closed it."""

    reservation_id: str
    disposition: str | None = None


class PresenceShown(_Numbered, frozen=True, kw_only=True, tag="presence"):
    """What now holds, whoever set it."""

    presence: Presence
    since_us: int
    reason: str | None = None


class ChatMessage(_Numbered, frozen=True, kw_only=True):
    """Somebody said something in a chat of yours, you yourself among them. `number` grows by one in each chat."""

    reservation_id: str
    number: int
    author: Author
    name: str
    text: str
    at_us: int
    client_id: str | None = None


class ChatTyping(_Numbered, frozen=True, kw_only=True):
    """The customer types, or has stopped."""

    reservation_id: str
    on: bool


class ChatReceipt(_Numbered, frozen=True, kw_only=True):
    """The customer's page has everything up to `delivered`; everything up to `read` was on its screen."""

    reservation_id: str
    delivered: int
    read: int


LegState = Literal["none", "up", "phone_registered", "phone_absent"]


class Leg(_Numbered, frozen=True, kw_only=True):
    """The agent's own media: the browser's leg is up or not, or the SIP phone is registered or absent."""

    state: LegState


class Snapshot(_Numbered, frozen=True, kw_only=True):
    """All that the page shows; it replaces whatever the client held and settles every request still open."""

    presence: Presence
    since_us: int
    leg: LegState
    reason: str | None = None
    offers: tuple[Offer, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    wrap_ups: tuple[WrapUp, ...] = ()
    reasons: tuple[Choice, ...] = ()
    dispositions: dict[str, tuple[Choice, ...]] = {}


class LegAnswer(_Numbered, frozen=True, kw_only=True):
    """The answer to `open_leg`."""

    ref: str
    sdp: str


class Done(_Numbered, frozen=True, kw_only=True):
    """The request `ref` was carried out and committed."""

    ref: str


class Refused(_Numbered, frozen=True, kw_only=True):
    """The request `ref` had no effect. `code` is stable, `message` for people."""

    ref: str
    code: str
    message: str


class Welcome(_Server, frozen=True, kw_only=True):
    """Answer to `hello`. `resumed` false: a snapshot follows; true: the missed messages follow."""

    session: str
    agent: AgentIdentity
    resumed: bool
    heartbeat_s: float
    server_time_us: int


class Pong(_Server, frozen=True, kw_only=True):
    """Answer to `ping`; lets the page correct its clock."""

    server_time_us: int
    ref: str | None = None


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


class Bye(_Server, frozen=True, kw_only=True):
    """Last message of a connection."""

    code: ByeCode
    reason: str


NumberedMessage = (
    Snapshot
    | PresenceShown
    | Offer
    | OfferWithdrawn
    | Assignment
    | WrapUp
    | WrapUpEnded
    | ChatMessage
    | ChatTyping
    | ChatReceipt
    | Leg
    | LegAnswer
    | Done
    | Refused
)
ServerMessage = Welcome | Pong | Bye | NumberedMessage

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


class BadMessageError(Exception):
    """A message that the protocol does not know; the text says which field and why."""


def encode(message: ServerMessage | ClientMessage) -> bytes:
    """One message as UTF-8 JSON."""
    return _encoder.encode(message)


def decode_client(data: str | bytes) -> ClientMessage:
    """Raises BadMessageError for anything but a well-formed client message."""
    try:
        return _client_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None


def decode_server(data: str | bytes) -> ServerMessage:
    """For programs that act as an agent, and tests. Raises BadMessageError."""
    try:
        return _server_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None
