import msgspec

from agents_ws.parts import Caller, ChatCard


def test_what_has_its_default_is_left_out() -> None:
    assert msgspec.json.encode(ChatCard()) == b"{}"
    assert b"verified" not in msgspec.json.encode(Caller(display="Vera", number=""))
