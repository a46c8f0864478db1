"""What was typed: numbers as they grow, keys for later, and a terminator pressed by habit."""

import pytest

from ivr.flow import Collect
from ivr.keys import MAX_TYPED_AHEAD, Keys, Number

NODE = Collect("number", ("ask",), "order", "next", "fallback", min_length=3, max_length=5, inter_digit_us=2_000_000)


def typed(keys: Keys, digits: str) -> list[Number]:
    return [keys.gather(NODE, digit, now=0) for digit in digits]


def test_a_number_grows_until_its_terminator_or_its_greatest_length() -> None:
    keys = Keys()
    assert typed(keys, "12#") == [Number.BEGUN, Number.BEGUN, Number.COMPLETE]
    assert keys.number == "12"
    keys.number = ""
    assert typed(keys, "12345") == [Number.BEGUN] * 4 + [Number.COMPLETE]
    assert keys.number == "12345"


def test_a_key_that_is_no_digit_starts_the_number_over() -> None:
    keys = Keys()
    assert typed(keys, "12*3") == [Number.BEGUN, Number.BEGUN, Number.STARTED_OVER, Number.BEGUN]
    assert keys.number == "3"


@pytest.mark.parametrize(
    ("digit", "now", "ignored"), [("#", 1_999_999, True), ("#", 2_000_000, False), ("1", 1, False)]
)
def test_a_terminator_soon_after_a_whole_number_is_ignored_once(digit: str, now: int, ignored: bool) -> None:
    keys = Keys()
    typed(keys, "12345")
    assert keys.ignored(digit, now) is ignored
    assert not keys.ignored("#", now)


def test_a_terminator_that_was_typed_ahead_goes_with_its_number() -> None:
    keys = Keys()
    keys.ahead = "#7"
    typed(keys, "12345")
    assert keys.ahead == "7"
    assert not keys.ignored("#", 1)


def test_keys_for_later_come_out_in_order_and_are_not_endless() -> None:
    keys = Keys()
    for digit in "12" * MAX_TYPED_AHEAD:
        keys.keep(digit)
    assert len(keys.ahead) == MAX_TYPED_AHEAD
    assert [keys.next(), keys.next(), keys.next()] == ["1", "2", "1"]


def test_what_no_telephone_has_is_ignored() -> None:
    assert Keys().ignored("A", 0)
