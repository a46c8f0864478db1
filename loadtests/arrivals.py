"""Who comes in a load run: the same customers as in the simulator's first run of the seed."""

import math
from collections.abc import Iterable
from itertools import accumulate

from loadtests.plan import Plan
from loadtests.tally import Customer
from simulator.customers import customers
from simulator.luck import Luck
from simulator.streams import Streams


def drawn(plan: Plan) -> list[tuple[float, Customer]]:
    """Everybody who comes, with the second at which they do: the same customers as the simulator's first run has."""
    scenario = plan.scenario
    streams = Streams(plan.seed, 0)
    rows, counts = customers(scenario, streams, 0)
    luck = Luck(scenario, streams, counts)
    found: list[tuple[float, Customer]] = []
    for number, (at, arrival) in enumerate(rows):
        work = scenario.work[arrival.work]
        patience = None if work.patience is None else luck.patience(work, work.patience, arrival.customer, 0) / 1e6
        customer = Customer(
            key=str(600_000 + number),
            work=work.name,
            arrived_s=(at - scenario.start_us) / 1e6,
            talk_s=luck.talk(work, arrival.customer, "") / 1e6,
            wrap_up_s=luck.wrap_up(work, arrival.customer, "") / 1e6,
            patience_s=patience,
        )
        found.append((customer.arrived_s, customer))
    return found


def most_at_once(customers: Iterable[Customer]) -> int:
    """How many are there at one time at most, if each waits to the end of their patience and is talked to then."""
    steps: list[tuple[float, int]] = []
    for one in customers:
        patience_s = math.inf if one.patience_s is None else one.patience_s
        steps += [(one.arrived_s, 1), (one.arrived_s + patience_s + one.talk_s, -1)]
    return max(accumulate(step for _, step in sorted(steps)), default=0)
