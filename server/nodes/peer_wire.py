"""What two nodes of a site say to each other, and how each shows the other that it belongs there. Pure.

A frame is its length (four bytes) and a msgpack array. The node that was called says its label and a challenge; the
caller answers with its own and a proof that it knows the site's secret, and gets one back (HMAC-SHA-256, RFC 2104).
"""

import hashlib
import hmac
import struct
from typing import Any, Final

import msgspec

MAX_FRAME: Final = 1024 * 1024
CHALLENGE_BYTES: Final = 32
HEADER: Final = struct.Struct("!I")


class PeerProtocolError(Exception):
    """The other side speaks no protocol of ours, or does not belong to the site."""


class Greeting(msgspec.Struct, tag="greeting", array_like=True, frozen=True):
    """Who was called: this is my label, show me that you know the secret."""

    label: str
    challenge: bytes


class Proof(msgspec.Struct, tag="proof", array_like=True, frozen=True):
    """From both sides: `proof` is over the other's challenge. `challenge` is the caller's own, else empty."""

    label: str
    challenge: bytes
    proof: bytes


class Asked(msgspec.Struct, tag="asked", array_like=True, frozen=True):
    """A request; `number` names it in its answer."""

    number: int
    kind: str
    body: Any = None


class Answered(msgspec.Struct, tag="answered", array_like=True, frozen=True):
    """What came of a request; `error` says why nothing did."""

    number: int
    body: Any = None
    error: str = ""


class Told(msgspec.Struct, tag="told", array_like=True, frozen=True):
    """News, which nobody answers."""

    kind: str
    body: Any = None


Frame = Greeting | Proof | Asked | Answered | Told

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """The frame with its length. Raises PeerProtocolError when it is too long."""
    body = _encoder.encode(frame)
    if len(body) > MAX_FRAME:
        raise PeerProtocolError(f"a frame of {len(body)} bytes")
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> Frame:
    """The frame without its length. Raises PeerProtocolError."""
    try:
        frame: Frame = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise PeerProtocolError(str(error)) from error
    return frame


def proof(secret: bytes, role: str, challenge: bytes, own: str, other: str) -> bytes:
    """That `own` knows the secret, said to `other`; `role` (caller or called) keeps one from being sent back."""
    said = b"\0".join((role.encode(), own.encode(), other.encode(), challenge))
    return hmac.new(secret, said, hashlib.sha256).digest()


def proven(given: bytes, secret: bytes, role: str, challenge: bytes, own: str, other: str) -> bool:
    """Whether `given` is what `own` had to say to `other`."""
    return hmac.compare_digest(given, proof(secret, role, challenge, own, other))
