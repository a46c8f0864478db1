"""Messages name their kind, and leave out what is as usual."""

import msgspec

from agents_ws.numbered import Numbered


class SomethingHappened(Numbered, frozen=True, kw_only=True):
    what: str = ""


def test_a_message_has_its_kind_and_what_is_not_as_usual() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SomethingHappened(seq=7))) == {
        "type": "something_happened",
        "seq": 7,
    }


def test_what_a_client_does_not_know_is_passed_over() -> None:
    told = b'{"type": "something_happened", "seq": 7, "what": "rain", "newer": 1}'
    assert msgspec.json.decode(told, type=SomethingHappened) == SomethingHappened(seq=7, what="rain")
