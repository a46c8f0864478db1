from typing import get_args

import msgspec
import pytest

from agents_ws.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from agents_ws.messages import (
    CLOSE_CODES,
    BadMessageError,
    ByeCode,
    ClientMessage,
    ServerMessage,
    decode_client,
    decode_server,
    encode,
)


def test_every_message_has_an_example_and_survives_the_wire() -> None:
    assert {type(example) for example in CLIENT_EXAMPLES} == set(get_args(ClientMessage))
    assert {type(example) for example in SERVER_EXAMPLES} == set(get_args(ServerMessage))
    for client in CLIENT_EXAMPLES:
        assert decode_client(encode(client)) == client
    for server in SERVER_EXAMPLES:
        assert decode_server(encode(server)) == server


def test_the_tag_is_the_wire_name() -> None:
    assert b'"type":"presence"' in encode(SERVER_EXAMPLES[2])


def test_every_bye_has_its_own_close_code() -> None:
    assert set(CLOSE_CODES) == set(ByeCode)
    assert len(set(CLOSE_CODES.values())) == len(ByeCode)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "truncated"),
        (b"[]", "object"),
        (b'{"type":"dance"}', "dance"),
        (b'{"type":"ack"}', "seq"),
        (b'{"type":"ack","seq":-1}', ">= 0"),
        (b'{"type":"ack","seq":"1"}', "int"),
        (b'{"type":"ack","seq":1,"extra":2}', "extra"),
        (b'{"type":"ping","ref":""}', "length"),
        (b'{"type":"set_presence","ref":"1","presence":"offline"}', "offline"),
        (b'{"type":"send_digit","ref":"1","reservation_id":"r","digit":"12"}', "digit"),
        (b'{"type":"finish_wrap_up","ref":"1","reservation_id":"r","note":"' + b"x" * 4001 + b'"}', "4000"),
        (b'{"type":"hello","token":"' + b"t" * 513 + b'"}', "512"),
        (b'{"type":"ping","ref":"\xff"}', "utf"),
        (b"[" * 60_000, "object"),
        (b'{"type":"ping","ref":' + b"[" * 60_000, "str"),
        (b'{"type":' + b"[" * 60_000, ""),
    ],
)
def test_bad_messages_are_named(data: bytes, says: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        decode_client(data)
    assert says in str(caught.value).lower()


def test_a_lone_surrogate_is_no_message() -> None:
    with pytest.raises(BadMessageError):
        decode_client('{"type":"ping","ref":"\ud800"}')


def test_clients_may_ignore_new_fields() -> None:
    raw = msgspec.json.decode(encode(SERVER_EXAMPLES[0])) | {"new": 1}
    assert decode_server(msgspec.json.encode(raw)) == SERVER_EXAMPLES[0]
