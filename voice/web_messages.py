"""Every message of a web caller's WebSocket, as msgspec structs tagged by `type` (docs/media.md has examples).

The browser speaks first: `start`, or `resume` after a lost connection. Sound goes by WebRTC; the socket carries the
negotiation, where the call is, and its end.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

MAX_MESSAGE_BYTES: Final = 64 * 1024

Entry = Annotated[str, Meta(min_length=1, max_length=64)]
Sdp = Annotated[str, Meta(min_length=1, max_length=32 * 1024)]
VisitorId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")]
Name = Annotated[str, Meta(max_length=100)]
Locale = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z")]
Token = Annotated[str, Meta(min_length=1, max_length=100)]
Digit = Annotated[str, Meta(pattern=r"^[0-9*#A-D]\Z")]


def _tag(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


class _Client(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag=_tag):
    """From the browser; an unknown field is an error, so that a misspelled one is noticed."""


class Start(_Client, frozen=True):
    """Call a published entry. `sdp` is a whole offer with candidates; `visitor_id` is what the page knows them by."""

    entry: Entry
    sdp: Sdp
    visitor_id: VisitorId | None = None
    name: Name = ""
    locale: Locale | None = None


class Resume(_Client, frozen=True):
    """The same call on a new socket. With `sdp` also on a new media path (the old one need not have failed yet)."""

    token: Token
    sdp: Sdp | None = None


class PressDigit(_Client, frozen=True):
    """A digit, for browsers that send no telephone-events."""

    digit: Digit


class HangUp(_Client, frozen=True):
    """The caller leaves."""


class Ping(_Client, frozen=True):
    """Answered by `pong`; while the caller waits, a place that has changed follows."""


ClientMessage = Start | Resume | PressDigit | HangUp | Ping


class _Server(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_tag):
    """To the browser; clients ignore fields that they do not know."""


class Answer(_Server, frozen=True, kw_only=True):
    """The call is taken. Within `resume_within_s` of a lost socket, `token` gets it back."""

    sdp: str
    call: str
    token: str
    resume_within_s: float


class Resumed(_Server, frozen=True, kw_only=True):
    """Go on; `sdp` answers the offer of `resume`."""

    sdp: str | None = None


RefusedCode = Literal["no_such_entry", "unusable_offer", "unavailable", "unknown_call"]


class Refused(_Server, frozen=True, kw_only=True):
    """The call is not taken, or a `resume` had no effect. `reason` is for logs."""

    code: RefusedCode
    reason: str = ""


Place = Literal["in_ivr", "waiting", "connected", "held"]


class State(_Server, frozen=True, kw_only=True):
    """Where the call is. `place` counts those before and the caller; `agent` is the display name of whom they hear.

    `emergency` is what all who wait are told now, in the caller's language.
    """

    state: Place
    place: int | None = None
    agent: str | None = None
    emergency: str | None = None


class Ended(_Server, frozen=True, kw_only=True):
    """The call is over: `caller`, `agent`, `shutting down`, `media: ...`, or how the menu ended it."""

    reason: str


class Move(_Server, frozen=True, kw_only=True):
    """This node ends. Call `entry` at `node` (the address of its pages) at once: the caller's place is kept there.

    The call here goes on until then; it ends by itself when the other one has begun.
    """

    node: str
    entry: str


class Pong(_Server, frozen=True, kw_only=True):
    """Answer to `ping`."""


ServerMessage = Answer | Resumed | Refused | State | Ended | Move | Pong

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


class BadMessageError(Exception):
    """A message that the protocol does not know; the text says which field and why."""


def encode(message: ServerMessage | ClientMessage) -> str:
    """One message as JSON."""
    return _encoder.encode(message).decode()


def decode_client(data: str | bytes) -> ClientMessage:
    """Raises BadMessageError for anything but a well-formed client message."""
    try:
        return _client_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None


def decode_server(data: str | bytes) -> ServerMessage:
    """For programs that call as a browser does, and tests. Raises BadMessageError."""
    try:
        return _server_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None
