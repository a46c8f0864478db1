"""The web caller's messages: what is taken, and what is not."""

import pytest

from voice import web_messages as m

GOOD = [
    m.Start(entry="4000", sdp="v=0", visitor_id="visitor-1", name="Vera", locale="zh-Hant-TW"),
    m.Start(entry="4000", sdp="v=0"),
    m.Resume(token="secret", sdp="v=0"),
    m.Resume(token="secret"),
    m.PressDigit(digit="#"),
    m.HangUp(),
    m.Ping(),
]
TOLD = [
    m.Answer(sdp="v=0", call="web:1", token="secret", resume_within_s=5.0),
    m.Resumed(),
    m.Refused(code="no_such_entry"),
    m.State(state="waiting", place=3),
    m.State(state="connected", agent="Demo agent 1"),
    m.Ended(reason="agent"),
    m.Pong(),
]


@pytest.mark.parametrize("message", GOOD, ids=lambda one: type(one).__name__)
def test_client_messages_survive_the_wire(message: m.ClientMessage) -> None:
    assert m.decode_client(m.encode(message)) == message


@pytest.mark.parametrize("message", TOLD, ids=lambda one: type(one).__name__)
def test_server_messages_survive_the_wire(message: m.ServerMessage) -> None:
    assert m.decode_server(m.encode(message)) == message


def test_the_names_on_the_wire_are_snake_case() -> None:
    assert m.encode(m.PressDigit(digit="1")) == '{"type":"press_digit","digit":"1"}'
    assert m.encode(m.HangUp()) == '{"type":"hang_up"}'


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "{",
        "[]",
        '{"type":"nonsense"}',
        '{"type":"start","entry":"4000"}',
        '{"type":"start","entry":"","sdp":"v=0"}',
        '{"type":"start","entry":"4000","sdp":"v=0","extra":1}',
        '{"type":"start","entry":"4000","sdp":"v=0","visitor_id":"short"}',
        '{"type":"start","entry":"4000","sdp":"v=0","visitor_id":"<script>alert"}',
        '{"type":"start","entry":"4000","sdp":"v=0","locale":"../../etc"}',
        '{"type":"press_digit","digit":"12"}',
        '{"type":"press_digit","digit":"x"}',
        '{"type":"press_digit","digit":"1\\n"}',
        '{"type":"start","entry":"4000","sdp":"v=0","visitor_id":"visitor-1\\n"}',
        '{"type":"start","entry":"4000","sdp":"v=0","locale":"en\\n"}',
        '{"type":"answer","sdp":"v=0","call":"c","token":"t","resume_within_s":1}',
        "[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda one: str(one)[:30],
)
def test_everything_else_is_refused(bad: str | bytes) -> None:
    with pytest.raises(m.BadMessageError):
        m.decode_client(bad)


def test_long_fields_are_refused() -> None:
    with pytest.raises(m.BadMessageError):
        m.decode_client(m.encode(m.Start(entry="4000", sdp="v" * 40_000)))
    with pytest.raises(m.BadMessageError):
        m.decode_client(m.encode(m.Start(entry="4000", sdp="v", name="n" * 101)))
    with pytest.raises(m.BadMessageError):
        m.decode_server("{}")
