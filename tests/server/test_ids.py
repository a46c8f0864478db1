"""Interaction ids."""

import re

from server.ids import interaction_ids


def test_they_sort_by_time_and_are_not_guessable() -> None:
    now = 1_700_000_000_000_000
    clock = iter(range(now, now + 10_000_000, 1000))
    make = interaction_ids(lambda: next(clock))
    ids = [make() for _ in range(2000)]
    assert [one[:9] for one in ids] == sorted({one[:9] for one in ids}), "one a millisecond, growing"
    assert len({one[9:] for one in ids}) == 2000
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{17}", one) for one in ids)


def test_two_of_the_same_moment_differ() -> None:
    make = interaction_ids(lambda: 1)
    assert len({make() for _ in range(1000)}) == 1000


def test_the_time_can_be_read_back() -> None:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    one = interaction_ids(lambda: 1_700_000_123_456_789)()
    number = 0
    for digit in one[:9]:
        number = number * 32 + digits.index(digit)
    assert number == 1_700_000_123_456
