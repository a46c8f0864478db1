"""What a media worker and its owner say to each other over a unix socket.

A frame is a five-byte header (length of the body, protocol version) and a msgpack body, one tagged array. The owner
speaks first with Hello; every Request, Order and Heartbeat carries the owner's generation, and a worker refuses what
is older than the newest Hello.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from media.events import MediaEvent

VERSION: Final = 3
MAX_FRAME: Final = 4 * 1024 * 1024
_HEADER = struct.Struct("!IB")


class ProtocolError(Exception):
    """The other side speaks another version, or no protocol of ours."""


class Hello(msgspec.Struct, tag="hello", array_like=True, frozen=True):
    """Owner: I own you from now on; legs of an earlier owner go."""

    generation: int


class Welcome(msgspec.Struct, tag="welcome", array_like=True, frozen=True):
    """Worker: accepted."""

    generation: int
    pid: int


class Refused(msgspec.Struct, tag="refused", array_like=True, frozen=True):
    """Worker: your generation is older than my owner's; the connection ends."""

    generation: int


class Request(msgspec.Struct, tag="request", array_like=True, frozen=True):
    """Owner: call this method of the MediaEngine port."""

    id: int
    generation: int
    method: str
    args: Mapping[str, Any]


class Order(msgspec.Struct, tag="order", array_like=True, frozen=True):
    """Owner: call this method, which waits for nothing. It is not answered; a failure comes as an event of the leg."""

    generation: int
    method: str
    args: Mapping[str, Any]


class Reply(msgspec.Struct, tag="reply", array_like=True, frozen=True):
    """Worker: the result of a request."""

    id: int
    result: Any = None


class Failure(msgspec.Struct, tag="failure", array_like=True, frozen=True):
    """Worker: the request raised MediaError(reason, detail)."""

    id: int
    reason: str
    detail: str


class Happened(msgspec.Struct, tag="happened", array_like=True, frozen=True):
    """Worker: a media event."""

    event: MediaEvent


class Heartbeat(msgspec.Struct, tag="heartbeat", array_like=True, frozen=True):
    """Owner: I am alive."""

    generation: int


class Pulse(msgspec.Struct, tag="pulse", array_like=True, frozen=True):
    """Worker: I am alive, in answer to each heartbeat. Lateness of the 20 ms tick is p99 in microseconds."""

    legs: int
    ports_in_use: int
    ticks: int
    skipped_ticks: int
    lateness_us: int


Frame = Hello | Welcome | Refused | Request | Order | Reply | Failure | Happened | Heartbeat | Pulse

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """Header and body of one frame."""
    body = _encoder.encode(frame)
    return _HEADER.pack(len(body), VERSION) + body


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with `data`; ProtocolError for a wrong version, size or body."""
        buffer = self._rest + data if self._rest else data
        frames: list[Frame] = []
        start = 0
        while len(buffer) - start >= _HEADER.size:
            length, version = _HEADER.unpack_from(buffer, start)
            if version != VERSION:
                raise ProtocolError(f"version {version}, wanted {VERSION}")
            if length > MAX_FRAME:
                raise ProtocolError(f"a frame of {length} bytes")
            body = start + _HEADER.size
            if len(buffer) < body + length:
                break
            try:
                frames.append(_decoder.decode(memoryview(buffer)[body : body + length]))
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise ProtocolError(str(error)) from error
            start = body + length
        self._rest = buffer[start:]
        return frames
