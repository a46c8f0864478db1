"""Exact values of the queues that theory has solved: the oracle of the simulator's tests.

M/M/n and M/M/n/n after Erlang (1917), M/M/n+M after Palm (1937), by summing the birth-death process itself: nothing is
approximated but the far end of the queue, which is cut where its probability is below 1e-15.
"""

from dataclasses import dataclass
from functools import cache
from math import exp

import numpy as np


def erlang_b(servers: int, load: float) -> float:
    """The share that finds all servers busy when nobody waits (M/M/n/n); `load` in erlangs."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


@dataclass(frozen=True, slots=True)
class ErlangC:
    """M/M/n with everlasting patience. Rates per second."""

    servers: int
    arrival: float
    service: float

    @property
    def load(self) -> float:
        """Erlangs."""
        return self.arrival / self.service

    @property
    def delayed(self) -> float:
        """The share that waits."""
        blocked, use = erlang_b(self.servers, self.load), self.load / self.servers
        return blocked / (1 - use * (1 - blocked))

    @property
    def wait_s(self) -> float:
        """The mean wait of all."""
        return self.delayed / (self.servers * self.service - self.arrival)

    def within(self, seconds: float) -> float:
        """The share that waits at most so long."""
        return 1 - self.delayed * exp(-(self.servers * self.service - self.arrival) * seconds)


@dataclass(frozen=True, slots=True)
class ErlangA:
    """M/M/n+M: exponential patience with rate `impatience`. Rates per second."""

    servers: int
    arrival: float
    service: float
    impatience: float

    @cache  # noqa: B019 - a handful of models live as long as the tests
    def states(self) -> list[float]:
        """The stationary probability of each number present."""
        weights = [1.0]
        while weights[-1] > 1e-15 * sum(weights) or len(weights) <= self.servers:
            number = len(weights)
            busy = min(number, self.servers)
            leave = busy * self.service + (number - busy) * self.impatience
            weights.append(weights[-1] * self.arrival / leave)
        total = sum(weights)
        return [weight / total for weight in weights]

    @property
    def delayed(self) -> float:
        """The share that waits or gives up."""
        return sum(self.states()[self.servers :])

    @property
    def queue_length(self) -> float:
        """The mean number waiting."""
        return sum(place * share for place, share in enumerate(self.states()[self.servers :]))

    @property
    def wait_s(self) -> float:
        """The mean wait of all, also of those who give up (Little's law)."""
        return self.queue_length / self.arrival

    @property
    def abandon_rate(self) -> float:
        """The share that gives up: who waits leaves at the rate of impatience."""
        return self.impatience * self.queue_length / self.arrival

    @property
    def occupancy(self) -> float:
        """The share of time in which a server is busy."""
        busy = sum(min(number, self.servers) * share for number, share in enumerate(self.states()))
        return busy / self.servers

    def _offered_wait(self, seconds: float) -> float:
        """The density of the wait that a customer with everlasting patience would have, above 0 (Baccelli and
        Hebuterne, "On Queues with Impatient Customers", Performance '81)."""
        lasting = (1 - exp(-self.impatience * seconds)) / self.impatience
        return (
            self.arrival
            * self.states()[self.servers - 1]
            * exp(self.arrival * lasting - self.servers * self.service * seconds)
        )

    def within(self, seconds: float) -> float:
        """The share that is answered within `seconds`, of all who come."""
        at = np.linspace(0.0, seconds, 2001)
        answered = [self._offered_wait(float(x)) * exp(-self.impatience * float(x)) for x in at]
        return 1 - self.delayed + _integral(answered, seconds)

    def waits_longer(self, seconds: float) -> float:
        """The share of all that still waits after `seconds`."""
        far = 60 / (self.servers * self.service)
        at = np.linspace(seconds, seconds + far, 4001)
        return exp(-self.impatience * seconds) * _integral([self._offered_wait(float(x)) for x in at], far)


def _integral(values: list[float], length: float) -> float:
    """Simpson's rule over an odd number of evenly spaced values."""
    inner = 4 * sum(values[1:-1:2]) + 2 * sum(values[2:-1:2])
    return (values[0] + inner + values[-1]) * length / (len(values) - 1) / 3
