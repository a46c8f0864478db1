"""The usual sources of time and of ids for `Settings`; the one place of this package that reads a clock."""

import itertools
import secrets
import time
from collections.abc import Callable

_AT_ONCE = 64


def monotonic_us() -> int:
    """The monotonic clock in microseconds."""
    return time.monotonic_ns() // 1000


def random_ids() -> Callable[[], str]:
    """A maker of unguessable ids: hex words, 64 bits of chance and a counter, so unique in the process."""
    counter = itertools.count()
    words: list[str] = []

    def one() -> str:
        if not words:
            # The system is asked for many at a time: a call has some ten of them.
            chance = secrets.token_hex(8 * _AT_ONCE)
            words.extend(chance[at : at + 16] for at in range(0, len(chance), 16))
        return f"{words.pop()}{next(counter):x}"

    return one
