"""Why an agent gets nothing: what keeps them from any item, and for each queue the first rule that its items fail on.

Evaluated over the state on demand, without the indexes of matching. Cost grows with what waits: not for the decision
path; it goes item by item, so that a caller can let other things happen in between.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from router.explain import Case
from router.views import Views
from router.vocabulary import Medium, WorkState

# How many items of a queue are looked at, from its front: what stands behind them gets nobody sooner than they do.
LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class OwnState:
    """What holds for the agent whatever the item. `held`: (medium, items held, items allowed); units are the load."""

    agent_id: str
    presence: str
    reason: str | None
    since: int
    connected: bool
    units: int
    total_units: int
    held: tuple[tuple[Medium, int, int], ...]


@dataclass(frozen=True, slots=True)
class QueueReason:
    """A queue against one agent: of the first `looked_at` that wait, how many fail which rule first.

    `work_id`, `failed` and `detail` are of the one that stands first among those that are nearest to the agent: an item
    that the agent may take (failed None) before any other.
    """

    queue: str
    medium: Medium
    waiting: int
    looked_at: int
    failed: tuple[tuple[str, int], ...]
    work_id: str | None = None
    first_failed: str | None = None
    detail: str = ""


def own_state(views: Views, agent_id: str) -> OwnState | None:
    """The agent's own state; None for an agent whom the policy does not know."""
    agent = views.shard.agents.get(agent_id)
    if agent is None:
        return None
    return OwnState(
        agent_id,
        agent.presence.value,
        agent.reason,
        agent.presence_since,
        agent.connected,
        agent.units,
        agent.rules.total_units,
        tuple((medium, agent.held.get(medium, 0), limit) for medium, limit in agent.rules.capacity.items()),
    )


def queue_reasons(views: Views, agent_id: str) -> Iterator[QueueReason | None]:
    """Each queue in the order of the policy; nothing for an unknown agent.

    None after each item that was looked at. Whoever lets turns happen at those points is told of each item as it is
    when its own time comes.
    """
    shard = views.shard
    for name in list(shard.lines):
        line = shard.lines.get(name)
        if line is None:
            continue
        failed: Counter[str] = Counter()
        first: tuple[str, str | None, str] | None = None
        waiting = [work.work_id for work in line.waiting]
        looked_at = 0
        for work_id in islice(waiting, LOOKED_AT):
            work, agent = shard.work.get(work_id), shard.agents.get(agent_id)
            if agent is None:
                return
            if work is None or work.state is not WorkState.WAITING or work.queue not in shard.lines:
                continue
            looked_at += 1
            found = Case(shard, work).first_failed(agent)
            if found is not None:
                failed[found[0]] += 1
            if first is None or (found is None and first[1] is not None):
                first = (work_id, None, "") if found is None else (work_id, *found)
            yield None
        nearest, rule, detail = first or (None, None, "")
        counts = tuple(sorted(failed.items()))
        if agent_id in shard.agents:
            yield QueueReason(name, line.rules.medium, len(waiting), looked_at, counts, nearest, rule, detail)
