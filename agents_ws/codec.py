"""The two wire forms of the same messages: JSON in text frames, msgpack in binary ones. Pure.

A subprotocol names the form; client and server agree on one for a connection (RFC 6455 s.1.9).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from agents_ws import messages
from agents_ws.messages import BadMessageError, ClientMessage, ServerMessage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Codec:
    """`binary` says which kind of frame carries it. Decoding raises BadMessageError, encoding never fails."""

    subprotocol: str
    binary: bool
    encode: Callable[[ServerMessage | ClientMessage], bytes]
    decode_client: Callable[[str | bytes], ClientMessage]
    decode_server: Callable[[str | bytes], ServerMessage]


_encoder = msgspec.msgpack.Encoder()
_client_decoder: msgspec.msgpack.Decoder[ClientMessage] = msgspec.msgpack.Decoder(ClientMessage)
_server_decoder: msgspec.msgpack.Decoder[ServerMessage] = msgspec.msgpack.Decoder(ServerMessage)


def _packed_client(data: str | bytes) -> ClientMessage:
    return _unpack(_client_decoder, data)


def _packed_server(data: str | bytes) -> ServerMessage:
    return _unpack(_server_decoder, data)


def _unpack(decoder: msgspec.msgpack.Decoder[T], data: str | bytes) -> T:
    if isinstance(data, str):
        raise BadMessageError("msgpack is spoken in binary frames")
    return messages.decoded(decoder.decode, data)


JSON: Final = Codec(messages.SUBPROTOCOL, False, messages.encode, messages.decode_client, messages.decode_server)
MSGPACK: Final = Codec("jackfield.v1.msgpack", True, _encoder.encode, _packed_client, _packed_server)
CODECS: Final = {codec.subprotocol: codec for codec in (JSON, MSGPACK)}
