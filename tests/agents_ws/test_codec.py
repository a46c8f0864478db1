"""Both wire forms of every message; msgpack against the package of that name as an independent implementation."""

from typing import Any

import aiohttp
import msgpack
import msgspec
import pytest

from agents_ws.codec import CODECS, JSON, MSGPACK, Codec
from agents_ws.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from agents_ws.messages import BadMessageError
from tests.agents_ws.scripted import stage


@pytest.mark.parametrize("codec", CODECS.values(), ids=sorted(CODECS))
def test_every_message_survives(codec: Codec) -> None:
    for client in CLIENT_EXAMPLES:
        assert codec.decode_client(codec.encode(client)) == client
    for server in SERVER_EXAMPLES:
        assert codec.decode_server(codec.encode(server)) == server


@pytest.mark.parametrize("example", [*CLIENT_EXAMPLES, *SERVER_EXAMPLES], ids=lambda example: type(example).__name__)
def test_both_forms_say_the_same(example: Any) -> None:
    assert msgpack.unpackb(MSGPACK.encode(example)) == msgspec.json.decode(JSON.encode(example))


@pytest.mark.parametrize("example", CLIENT_EXAMPLES, ids=lambda example: type(example).__name__)
def test_what_the_package_packs_is_understood(example: Any) -> None:
    for single in (True, False):
        packed = msgpack.packb(msgspec.json.decode(JSON.encode(example)), use_single_float=single)
        assert MSGPACK.decode_client(packed) == example


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "truncated"),
        (b"\xc1", "invalid"),
        (msgpack.packb([]), "object"),
        (msgpack.packb({"type": "dance"}), "dance"),
        (msgpack.packb({"type": "ack"}), "seq"),
        (msgpack.packb({"type": "ack", "seq": -1}), ">= 0"),
        (msgpack.packb({"type": "ack", "seq": 1, "extra": 2}), "extra"),
        (msgpack.packb({"type": "ping", "ref": b"1"}), "str"),
        (msgpack.packb({"type": "ping"}) + b"\x00", "trailing"),
        (b"\x82\xa4type\xa4ping\xa3ref\xa1\xff", "utf"),
        (b"\x91" * 60_000, "object"),
        (b"\x82\xa4type\xa4ping\xa3ref" + b"\x91" * 60_000, "str"),
        (b"\xdf\xff\xff\xff\xff", ""),
        ("text", "binary frames"),
    ],
)
def test_bad_messages_are_named(data: bytes | str, says: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        MSGPACK.decode_client(data)
    assert says in str(caught.value).lower()


async def test_an_independent_client_gets_through() -> None:
    """A program that knows msgpack and the documents, and none of our code."""
    async with (
        stage() as place,
        aiohttp.ClientSession() as http,
        http.ws_connect(place.url, protocols=("jackfield.v1.msgpack",)) as ws,
    ):
        await ws.send_bytes(msgpack.packb({"type": "hello", "token": "token:ann"}))
        welcome = msgpack.unpackb(await ws.receive_bytes(timeout=5))
        assert (welcome["type"], welcome["agent"]["id"], welcome["resumed"]) == ("welcome", "ann", False)
        snapshot = msgpack.unpackb(await ws.receive_bytes(timeout=5))
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 1)
        await ws.send_bytes(msgpack.packb({"type": "set_presence", "ref": "1", "presence": "ready"}))
        assert msgpack.unpackb(await ws.receive_bytes(timeout=5)) == {"type": "done", "seq": 2, "ref": "1"}
        await ws.send_bytes(msgpack.packb({"type": "ack", "seq": 2}))
        assert place.gateway.calls[-1] == ("set_presence", "ann", "ready", None)


@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        ((), None),
        (("graphql-ws", "jackfield.v1.msgpack"), "jackfield.v1.msgpack"),
        (("jackfield.v1.msgpack", "jackfield.v1.json"), "jackfield.v1.msgpack"),
        (("jackfield.v1.json", "jackfield.v1.msgpack"), "jackfield.v1.json"),
    ],
)
async def test_the_client_chooses(offered: tuple[str, ...], spoken: str | None) -> None:
    async with (
        stage() as place,
        aiohttp.ClientSession() as http,
        http.ws_connect(place.url, protocols=offered) as ws,
    ):
        assert ws.protocol == spoken
        codec = JSON if spoken is None else CODECS[spoken]
        await ws.send_frame(
            codec.encode(CLIENT_EXAMPLES[0]), aiohttp.WSMsgType.BINARY if codec.binary else aiohttp.WSMsgType.TEXT
        )
        answer = await ws.receive(timeout=5)
        assert "unauthorized" in str(codec.decode_server(answer.data))
