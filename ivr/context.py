"""What a flow asks of the world, beside its caller."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IvrContext:
    """`is_open(calendar, now)`, `holiday(...)` its title, "" on other days; `now` in microseconds since 1970, UTC."""

    is_open: Callable[[str, int], bool]
    holiday: Callable[[str, int], str] = lambda _calendar, _now: ""
