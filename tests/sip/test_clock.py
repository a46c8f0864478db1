"""Ids and time."""

from sip.clock import monotonic_us, random_ids


def test_ids_are_unique_and_hexadecimal() -> None:
    ids = random_ids()
    made = {ids() for _ in range(1000)}
    assert len(made) == 1000
    assert all(int(one, 16) >= 0 and len(one) >= 17 for one in made)
    assert random_ids()() != random_ids()()


def test_the_clock_is_whole_microseconds() -> None:
    first = monotonic_us()
    assert isinstance(first, int)
    assert monotonic_us() >= first
