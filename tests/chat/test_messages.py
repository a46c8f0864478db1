"""The wire messages: examples go through, mistakes are named, a REST body is a message without its type."""

import json

import pytest

from chat import messages as c
from chat.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES


def test_examples_are_what_they_say() -> None:
    assert [c.decode_client(c.encode(example)) for example in CLIENT_EXAMPLES] == list(CLIENT_EXAMPLES)
    assert [c.decode_server(c.encode(example)) for example in SERVER_EXAMPLES] == list(SERVER_EXAMPLES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Input data was truncated"),
        ("[]", "Expected `object`"),
        ('{"type": "shout"}', "shout"),
        ('{"type": "typing", "on": true, "off": 1}', "off"),
        ('{"type": "rate", "score": 6}', "score"),
        ('{"type": "open", "entry": "web", "key": "short", "question": "x"}', "key"),
        (
            '{"type": "open", "entry": "web", "key": "kkkkkkkkkkkkkkkkkkkkkk", "question": "x", "locale": "<b>"}',
            "locale",
        ),
        ('{"type": "message", "client_id": "a", "text": "\\ud800"}', "truncated"),
        ("[" * 100_000, "Expected|recursion"),
    ],
)
def test_mistakes_are_refused(text: str, says: str) -> None:
    with pytest.raises(c.BadMessageError, match=says):
        c.decode_client(text)


def test_a_rest_body_has_no_type() -> None:
    body = json.dumps({"client_id": "a", "text": "hello"}).encode()
    assert c.decode_body(body, c.Say) == c.Say(client_id="a", text="hello")
    for bad in (b"[]", b"{", b'{"text": 1}', b"\xff"):
        with pytest.raises(c.BadMessageError):
            c.decode_body(bad, c.Say)
