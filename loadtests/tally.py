"""What a run saw, as it happened: shared by all users of the one load process. Times in seconds from its beginning."""

import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gevent.event import Event


@dataclass(slots=True)
class Customer:
    """One customer. `connected` is set when an agent has them; `talk_s` and `wrap_up_s` are what the agent takes.

    `waited_s`: from the router's queue to the conversation, by the server's own clock; None for who gave up.
    """

    key: str
    work: str
    arrived_s: float
    talk_s: float
    wrap_up_s: float
    patience_s: float | None
    connected: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    waited_s: float | None = None
    error: str = ""


class Samples:
    """(second, milliseconds) of each sample, in order.

    Numbers without objects: a collector that looked through a million pairs, as half an hour has of them, would make
    the generator late, and later and later.
    """

    __slots__ = ("_milliseconds", "_seconds")

    def __init__(self, pairs: Iterable[tuple[float, float]] = ()) -> None:
        self._seconds, self._milliseconds = array("d"), array("d")
        for second, milliseconds in pairs:
            self.add(second, milliseconds)

    def add(self, second: float, milliseconds: float) -> None:
        """One more."""
        self._seconds.append(second)
        self._milliseconds.append(milliseconds)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return zip(self._seconds, self._milliseconds, strict=True)

    def __len__(self) -> int:
        return len(self._seconds)


@dataclass(slots=True)
class Tally:
    """`began` is the monotonic time of second 0."""

    began: float = 0.0
    customers: dict[str, Customer] = field(default_factory=dict)
    samples: defaultdict[str, Samples] = field(default_factory=lambda: defaultdict(Samples))
    errors: Counter[str] = field(default_factory=Counter)
    ready: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    # Requests that a broken connection left open and that were said again, and what could not be said for a moment.
    repeated: int = 0
    unsaid: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    # What SIPp counted, by its own names.
    sipp: dict[str, int] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def sample(self, kind: str, milliseconds: float) -> None:
        """One measurement; what comes before the beginning (sign-in) is none."""
        if self.began and (now := self.now()) >= 0:
            self.samples[kind].add(now, milliseconds)

    def joined(self, key: str, waited_s: float) -> Customer | None:
        """An agent has this customer; None for one whom nobody knows here."""
        customer = self.customers.get(key)
        if customer is not None:
            customer.waited_s = waited_s
            customer.connected.set()
        return customer

    def stuck(self, grace_s: float) -> int:
        """Customers whose conversation should have ended so long ago, and who have not been let go."""
        now = self.now()
        return sum(
            1
            for one in self.customers.values()
            if one.waited_s is not None
            and not one.over.is_set()
            and one.arrived_s + one.waited_s + one.talk_s + grace_s < now
        )
