"""Interaction ids: sortable by time, not guessable, short enough to read out."""

import secrets
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U


def interaction_ids(now: Callable[[], int]) -> Callable[[], str]:
    """A maker of ids: nine digits of milliseconds, eight of chance (40 bits). `now` gives microseconds."""
    return lambda: _digits(now() // 1000, 9) + _digits(secrets.randbits(40), 8)


_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)


def _digits(number: int, length: int) -> str:
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(5 * (length + length % 2) - 10, -1, -10)]
    return "".join(pairs)[length % 2 :]
