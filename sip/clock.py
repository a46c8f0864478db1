"""The usual sources of time and of ids for `Settings`; the one place of this package that reads a clock."""

import itertools
import secrets
import time
from collections.abc import Callable, Iterator

_AT_ONCE = 64


def monotonic_us() -> int:
    """The monotonic clock in microseconds."""
    return time.monotonic_ns() // 1000


def random_ids() -> Callable[[], str]:
    """A maker of unguessable ids: hex words, 64 bits of chance and a counter, so unique in the process."""
    return itertools.chain.from_iterable(_batches()).__next__


def _batches() -> Iterator[list[str]]:
    """The system is asked for many at a time: a call has some ten of them."""
    counter = itertools.count()
    while True:
        chance = secrets.token_hex(8 * _AT_ONCE)
        yield [f"{chance[at : at + 16]}{next(counter):x}" for at in range(0, len(chance), 16)]
