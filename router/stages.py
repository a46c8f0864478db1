"""What waiting alone changes for an item: rings, agents' delays, the patience with preferred agents. Pure.

These begin at boundaries, counted from the time at which the item's wait in its queue began (`Work.ringed_at`). What
holds for an item is what was passed when its last boundary came (`Work.ring`, `Work.waited_us`), never what the clock
says meanwhile: so a restored item stands where it stood. One timer for each item, due at `next_boundary`, is enough
(`router.waiting`).
"""

from collections.abc import Iterable, Mapping

from router.policy import AgentPolicy, QueuePolicy
from router.work import Work


def delays(agents: Iterable[AgentPolicy]) -> Mapping[str, tuple[int, ...]]:
    """The different delays with which they take from each queue, ascending; queues without any are left out."""
    found: dict[str, set[int]] = {}
    for agent in agents:
        for name, taken in agent.queues.items():
            if taken.delay_us > 0:
                found.setdefault(name, set()).add(taken.delay_us)
    return {name: tuple(sorted(values)) for name, values in found.items()}


def patience(rules: QueuePolicy, work: Work) -> int:
    """How long (microseconds) the item waits for its preferred agents alone: longer for one that was parked."""
    return rules.preferred_patience_us if work.parked_by is None else rules.park_patience_us


def next_boundary(rules: QueuePolicy, queue_delays: tuple[int, ...], work: Work) -> int | None:
    """The shard time of the item's next boundary, which may have passed; None when waiting changes nothing more.

    `queue_delays`: those of its queue (`delays`). An item that is not to be offered yet has that time as its boundary.
    """
    if work.not_before is not None:
        return work.not_before
    ahead = [delay for delay in queue_delays if delay > work.waited_us][:1]
    if work.preferred and patience(rules, work) > work.waited_us:
        ahead.append(patience(rules, work))
    if work.ring < len(rules.rings):
        ahead.append(rules.rings[work.ring].after_us)
    return work.ringed_at + min(ahead) if ahead else None
