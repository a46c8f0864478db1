"""What waiting alone changes for an item: rings, agents' delays, the patience with preferred agents. Pure.

These begin at boundaries, counted from the time at which the item's wait in its queue began (`Work.ringed_at`). What
holds for an item is what was passed when its last boundary came (`Work.ring`, `Work.waited_us`), never what the clock
says meanwhile: so a restored item stands where it stood. One timer for each item, due at `next_boundary`, is enough;
when it comes, `not_before` is over (None) or `stage_at` says what holds, and the item is bound and tried anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from router.policy import Exit, Policy, QueuePolicy
from router.work import Work


@dataclass(frozen=True, slots=True)
class Stage:
    """What holds from a boundary on: so many `ring`s and delays up to `waited_us`, or the `exit` that it takes."""

    ring: int
    waited_us: int
    exit: Exit | None = None


def delays(policy: Policy) -> Mapping[str, tuple[int, ...]]:
    """The different delays with which agents take from each queue, ascending; queues without any are left out."""
    found: dict[str, set[int]] = {}
    for agent in policy.agents.values():
        for name, taken in agent.queues.items():
            if taken.delay_us > 0:
                found.setdefault(name, set()).add(taken.delay_us)
    return {name: tuple(sorted(values)) for name, values in found.items()}


def next_boundary(rules: QueuePolicy, queue_delays: tuple[int, ...], work: Work) -> int | None:
    """The shard time of the item's next boundary, which may have passed; None when waiting changes nothing more.

    `queue_delays`: those of its queue (`delays`). An item that is not to be offered yet has that time as its boundary.
    """
    if work.not_before is not None:
        return work.not_before
    ahead = [delay for delay in queue_delays if delay > work.waited_us][:1]
    if work.preferred and rules.preferred_patience_us > work.waited_us:
        ahead.append(rules.preferred_patience_us)
    if work.ring < len(rules.rings):
        ahead.append(rules.rings[work.ring].after_us)
    return work.ringed_at + min(ahead) if ahead else None


def stage_at(rules: QueuePolicy, work: Work, now: int, staffed: Callable[[int], bool]) -> Stage:
    """What holds for the item when one of its boundaries has come.

    `staffed(n)` tells whether an agent is present who could take the item with its first n rings; a ring without one
    is passed over at once, unless it says otherwise, and the next one holds.
    """
    waited, ring = now - work.ringed_at, min(work.ring, len(rules.rings))
    skipping = False
    while ring < len(rules.rings) and (skipping or rules.rings[ring].after_us <= waited):
        entered = rules.rings[ring]
        ring += 1
        if entered.exit is not None:
            return Stage(ring, waited, entered.exit)
        skipping = entered.skip_empty and not staffed(ring)
    return Stage(ring, max(waited, work.waited_us))
