"""Interaction ids: sortable by time, not guessable, short enough to read out."""

import secrets
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U


def interaction_ids(now: Callable[[], int]) -> Callable[[], str]:
    """A maker of ids: nine digits of milliseconds, eight of chance (40 bits). `now` gives microseconds."""
    return lambda: _digits(now() // 1000, 9) + _digits(secrets.randbits(40), 8)


def _digits(number: int, length: int) -> str:
    out = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        out.append(_ALPHABET[digit])
    return "".join(reversed(out))
