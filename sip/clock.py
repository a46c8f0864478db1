"""The usual sources of time and of ids for `Settings`; the one place of this package that reads a clock."""

import itertools
import secrets
import time
from collections.abc import Callable


def monotonic_us() -> int:
    """The monotonic clock in microseconds."""
    return time.monotonic_ns() // 1000


def random_ids() -> Callable[[], str]:
    """A maker of unguessable ids: hex words, 64 bits of chance and a counter, so unique in the process."""
    counter = itertools.count()
    return lambda: f"{secrets.token_hex(8)}{next(counter):x}"
