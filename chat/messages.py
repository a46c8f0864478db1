"""Every message of the visitors' protocol, as msgspec structs: two unions, tagged by `type`. Pure.

The same bodies travel over the WebSocket and, without `type`, over REST. Times are integer microseconds since the Unix
epoch. `docs/chat.md` shows one example of each, drawn from `chat.examples`.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

SUBPROTOCOL: Final = "jackfield.chat.v1"

Key = Annotated[str, Meta(min_length=22, max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
Token = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(max_length=400)]
Text = Annotated[str, Meta(max_length=32 * 1024)]
Locale = Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")]
# No line feed: an id must not look like one with attributes behind it (chat.identity.proof_of).
UserId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+\Z")]
Attribute = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*\Z")]
Value = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f]*\Z")]
Attributes = Annotated[dict[Attribute, Value], Meta(max_length=20)]
Proof = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{64}\Z")]
VisitorId = Annotated[str, Meta(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
Contact = Annotated[str, Meta(max_length=64)]
Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Score = Annotated[int, Meta(ge=1, le=5)]


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Client(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag=_snake_case):
    """From the visitor's page; an unknown field is an error, so that a misspelled one is noticed."""


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a message."""


class User(_Part, frozen=True, kw_only=True):
    """A user whom the embedding site knows. `proof` is the hex HMAC-SHA256 of `id` with the entry's secret.

    `attributes` (a tier, say) are proven with it: the HMAC is then over the id and a line `key=value` for each, sorted.
    """

    id: UserId
    proof: Proof
    attributes: Attributes = {}


class Open(_Client, frozen=True, kw_only=True):
    """Open a chat. `key` is at least 128 random bits made by the page; the same key again gives the same chat.

    `visitor_id` is a random id that the page keeps for later visits; `user` one that the embedding site proves. `data`
    is shown to the agent (an order number, a topic), and the entry's rules may look at it.
    """

    entry: Word
    key: Key
    question: Text
    name: Name = ""
    locale: Locale = "en"
    visitor_id: VisitorId | None = None
    user: User | None = None
    data: Attributes = {}


class LeaveMessage(_Client, frozen=True, kw_only=True):
    """Outside of the hours, where the entry takes messages. The same `key` again is the same message.

    `contact` is how the visitor wants to be answered: a number or a mail address.
    """

    entry: Word
    key: Key
    text: Text
    contact: Contact = ""
    name: Name = ""
    locale: Locale = "en"
    visitor_id: VisitorId | None = None
    user: User | None = None


class Resume(_Client, frozen=True, kw_only=True):
    """Come back to a chat: what was said after the message `after` follows."""

    token: Token
    after: Number = 0


class Say(_Client, frozen=True, kw_only=True, tag="message"):
    """Say something. `client_id` names this send: said again with the same one, it is still one message."""

    client_id: Word
    text: Text


class Typing(_Client, frozen=True, kw_only=True):
    """The visitor types, or has stopped. Renew it every 5 s; it ends by itself after 8 s."""

    on: bool


class Receipt(_Client, frozen=True, kw_only=True):
    """Everything up to `delivered` has arrived, and everything up to `read` was on the screen."""

    delivered: Number = 0
    read: Number = 0


class End(_Client, frozen=True, kw_only=True):
    """End the chat."""


class Rate(_Client, frozen=True, kw_only=True):
    """Rate the chat that is over, 1 (bad) to 5 (good). The first rating stands."""

    score: Score


class Ping(_Client, frozen=True, kw_only=True):
    """Answered by `pong`."""


Opening = Open | Resume
ClientMessage = Opening | Say | Typing | Receipt | End | Rate | Ping


class Status(_Part, frozen=True, kw_only=True):
    """What holds now; each one replaces the one before. `version` grows with every change.

    `place` and `expected_wait_s` are null when unknown; `agent` is the name of the agent who has (or had) the chat;
    `delivered` and `read` say how far the agent's side is; `last` is the number of the last message. `may_rate` is true
    once a chat with an agent is over and not rated. `handed_on`: it waits for a colleague who takes over.
    `parked`: the agent waits for the visitor and does other work meanwhile; a message brings them back. `diverted`: a
    rule of the queue ended it before anybody had it (too long a wait, a full or closed queue). `emergency`: what all
    who wait are told now, in the visitor's language where the site has it.
    """

    version: int
    chat_id: str
    state: Literal["waiting", "talking", "ended"]
    last: int
    place: int | None = None
    expected_wait_s: int | None = None
    agent: str | None = None
    typing: bool = False
    delivered: int = 0
    read: int = 0
    handed_on: bool = False
    parked: bool = False
    ended_by: Literal["customer", "agent", "system"] | None = None
    diverted: bool = False
    may_rate: bool = False
    rating: int | None = None
    emergency: str | None = None


class FilePart(_Part, frozen=True, kw_only=True):
    """A picture or file of the chat: `size` in bytes, `media_type` by its content. `gone`: it is not kept any more."""

    id: str
    name: str
    media_type: str
    size: int
    gone: bool = False


class FileLimits(_Part, frozen=True, kw_only=True):
    """What may be sent: media types, bytes of one file, and files of a chat."""

    types: tuple[str, ...]
    max_bytes: int
    per_chat: int


class Line(_Part, frozen=True, kw_only=True):
    """One message of the chat. `number` grows by one from 1; `client_id` comes back on the visitor's own.

    A message with a `file` has no text.
    """

    number: int
    author: Literal["customer", "agent", "system"]
    name: str
    text: str
    at_us: int
    client_id: str | None = None
    file: FilePart | None = None


class _Server(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_snake_case):
    """To the visitor's page; pages ignore fields that they do not know."""


class Welcome(_Server, frozen=True, kw_only=True):
    """Answer to `open` and `resume`; the messages that the page does not have follow. `token` after `open` only.

    `files`: what may be sent, none where no files are taken. `peers`: where other nodes of the server are reached now
    (URLs), for when this one is gone.
    """

    status: Status
    server_time_us: int
    token: str | None = None
    files: FileLimits | None = None
    peers: tuple[str, ...] = ()


class StatusShown(_Server, frozen=True, kw_only=True, tag="status"):
    """Something changed."""

    status: Status


class Messages(_Server, frozen=True, kw_only=True):
    """New messages, in order and without a gap, the visitor's own among them."""

    messages: tuple[Line, ...]


class Refused(_Server, frozen=True, kw_only=True):
    """A request had no effect. `code` is stable, `message` for people; `client_id` that of the refused message."""

    code: str
    message: str
    client_id: str | None = None


class Pong(_Server, frozen=True, kw_only=True):
    """Answer to `ping`. `peers` as in `welcome`."""

    server_time_us: int
    peers: tuple[str, ...] = ()


class ByeCode(StrEnum):
    """Why the server ends a connection; `CLOSE_CODES` gives the WebSocket close code of each."""

    HELLO_TIMEOUT = "hello_timeout"
    UNKNOWN_CHAT = "unknown_chat"
    REFUSED = "refused"
    PROTOCOL_ERROR = "protocol_error"
    TOO_FAST = "too_fast"
    SLOW_CLIENT = "slow_client"
    REPLACED = "replaced"
    SHUTDOWN = "shutdown"
    MOVING = "moving"
    INTERNAL = "internal"


CLOSE_CODES: Final[dict[ByeCode, int]] = {
    ByeCode.HELLO_TIMEOUT: 4000,
    ByeCode.UNKNOWN_CHAT: 4001,
    ByeCode.PROTOCOL_ERROR: 4002,
    ByeCode.REPLACED: 4004,
    ByeCode.TOO_FAST: 4005,
    ByeCode.SLOW_CLIENT: 4006,
    ByeCode.REFUSED: 4008,
    ByeCode.SHUTDOWN: 1001,
    ByeCode.MOVING: 1013,
    ByeCode.INTERNAL: 1011,
}


class Bye(_Server, frozen=True, kw_only=True):
    """Last message of a connection."""

    code: ByeCode
    reason: str


ServerMessage = Welcome | StatusShown | Messages | Refused | Pong | Bye


class OpenedChat(_Part, frozen=True, kw_only=True):
    """REST: the chat that was opened, with its token. `files` and `peers` as in `welcome`."""

    token: str
    status: Status
    messages: tuple[Line, ...]
    files: FileLimits | None = None
    peers: tuple[str, ...] = ()


class EntryState(_Part, frozen=True, kw_only=True):
    """REST: whether chats are taken now; if not, whether a message may be left, which holiday it is, and when it opens.

    `opens_at_us` in microseconds since the epoch, null when that is too far away.
    """

    open: bool
    leave_message: bool = False
    holiday: str | None = None
    opens_at_us: int | None = None


class ChatPage(_Part, frozen=True, kw_only=True):
    """REST: what holds now and the messages after the number that was asked for (100 at most; ask again for more)."""

    status: Status
    messages: tuple[Line, ...]
    files: FileLimits | None = None
    peers: tuple[str, ...] = ()


_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)
C = TypeVar("C", bound=ClientMessage | LeaveMessage)


class BadMessageError(Exception):
    """A message that the protocol does not know; the text says which field and why."""


def encode(message: Struct) -> bytes:
    """One message as UTF-8 JSON."""
    return _encoder.encode(message)


def decode_client(data: str | bytes) -> ClientMessage:
    """Raises BadMessageError for anything but a well-formed client message."""
    try:
        return _client_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None


def decode_body(data: bytes, kind: type[C]) -> C:
    """A REST body: the client message without its `type`. Raises BadMessageError."""
    try:
        fields: Any = msgspec.json.decode(data or b"{}")
        if not isinstance(fields, dict):
            raise BadMessageError("Expected `object`")
        return msgspec.convert({**fields, "type": kind.__struct_config__.tag}, kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None


def decode_server(data: str | bytes) -> ServerMessage:
    """For programs that act as a visitor, and tests. Raises BadMessageError."""
    try:
        return _server_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None
