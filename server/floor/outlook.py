"""Where each queue is heading: who will miss the target, and what that does to its level. Looked at once a second.

Of each queue the first 200 items are looked at one by one; those behind them count like the last of these. Between two
queues, and two lots of agents, everything else has its turn.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from config.site import Site
from http_api.ports import QueueOutlook
from http_api.statistics_api import share
from router.breach import CERTAIN, Breach, predict
from router.counters import Counters, ppm
from router.dispatcher import Dispatcher
from router.estimates import WaitEstimates
from router.rows import WorkRow
from router.slots import QUEUE, Subject
from router.views import PresenceView
from router.vocabulary import Medium, Presence

LOOK_AT = 200
AGENTS_AT_ONCE = 100
MINUTES = 30


@dataclass(frozen=True, slots=True)
class Sight:
    """One queue as it was looked at. Levels in millionths, None of nothing; `settled` of the last half hour."""

    waiting: int = 0
    over: int = 0
    settled: int = 0
    level: int | None = None
    expected_level: int | None = None
    shown: QueueOutlook = field(default_factory=QueueOutlook)


@dataclass(slots=True)
class Presences:
    """Agents as they were looked at: `ready` take new work of a medium, the `free` of them hold nothing.

    `away`: those who are not ready, with their row of the view.
    """

    staffed: set[str] = field(default_factory=set)
    ready: dict[Medium, set[str]] = field(default_factory=dict)
    free: dict[Medium, set[str]] = field(default_factory=dict)
    away: dict[str, PresenceView] = field(default_factory=dict)

    def add(self, agent_id: str, view: PresenceView) -> None:
        """One agent."""
        if view.presence is Presence.OFFLINE:
            return
        self.staffed.add(agent_id)
        if view.presence is Presence.NOT_READY:
            self.away[agent_id] = view
        for medium in view.takes:
            self.ready.setdefault(medium, set()).add(agent_id)
            if not view.units:
                self.free.setdefault(medium, set()).add(agent_id)


class Outlook:
    """`await look()` now and then; the rest reads what it saw. `lately`: a subject's counters of so many minutes."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        waits: WaitEstimates,
        lately: Callable[[Subject, int], Counters],
        site: Callable[[], Site],
    ) -> None:
        self._dispatcher = dispatcher
        self._waits = waits
        self._lately = lately
        self._site = site
        self._teams: dict[str, frozenset[str]] = {}
        self._policy = ""
        self._items: dict[str, dict[str, int | None]] = {}
        self.queues: dict[str, Sight] = {}
        self.present = Presences()

    def shown(self, queue: str) -> QueueOutlook:
        """For the board."""
        sight = self.queues.get(queue)
        return sight.shown if sight is not None else QueueOutlook()

    def breach(self, row: WorkRow, now: int) -> Breach | None:
        """Of one item that nobody has answered; one that waits as it was last looked at."""
        rules = self._site().queues.get(row.queue)
        if rules is None:
            return None
        found = predict(self._waits, row, None, rules.service_level.threshold_us, now)
        seen = self._items.get(row.queue, {})
        if found is None or row.work_id not in seen or found.permille == CERTAIN:
            return found
        return Breach(found.due_at, seen[row.work_id], found.joined_at)

    async def look(self, now: int) -> list[str]:
        """Returns the waiting items whose prediction has changed, in tenths."""
        await self._look_at_agents()
        waiting = self._dispatcher.queues()
        changed: list[str] = []
        for queue, overview in waiting.items():
            before = self._items.get(queue, {})
            items = self._predictions(queue, now)
            changed += [work_id for work_id, value in items.items() if _tenths(value) != _tenths(before.get(work_id))]
            self._items[queue] = items
            self.queues[queue] = self._sight(queue, overview.waiting, list(items.values()))
            await asyncio.sleep(0)
        for gone in [queue for queue in self.queues if queue not in waiting]:
            del self.queues[gone], self._items[gone]
        return changed

    def _predictions(self, queue: str, now: int) -> dict[str, int | None]:
        rules = self._site().queues.get(queue)
        found: dict[str, int | None] = {}
        if rules is None:
            return found
        for place, work_id in enumerate(self._dispatcher.waiting(queue)[:LOOK_AT], 1):
            row = self._dispatcher.work(work_id)
            breach = None if row is None else predict(self._waits, row, place, rules.service_level.threshold_us, now)
            if breach is not None:
                found[work_id] = breach.permille
        return found

    def _sight(self, queue: str, waiting: int, predicted: list[int | None]) -> Sight:
        known = [each for each in predicted if each is not None]
        if predicted and predicted[-1] is not None:
            known += [predicted[-1]] * max(0, waiting - LOOK_AT)
        over = sum(each == CERTAIN for each in known)
        counters = self._lately((QUEUE, queue), MINUTES)
        level = ppm(counters.within, counters.settled)
        kept = sum(CERTAIN - each for each in known)
        expected = ppm(counters.within * CERTAIN + kept, (counters.settled + len(known)) * CERTAIN)
        serving = self._serving(queue)
        present = self.present
        rules = self._dispatcher.policy.queues.get(queue)
        medium = rules.medium if rules is not None else Medium.VOICE
        staffed = len(serving & present.staffed)
        ready, free = (len(serving & some.get(medium, set())) for some in (present.ready, present.free))
        shown = QueueOutlook(
            over=over, level=share(level), expected_level=share(expected), staffed=staffed, ready=ready, free=free
        )
        return Sight(waiting, over, counters.settled, level, expected, shown)

    async def _look_at_agents(self) -> None:
        """Who is signed in, ready, ready without work, or away."""
        everybody = list(self._dispatcher.policy.agents)
        seen = Presences()
        for first in range(0, len(everybody), AGENTS_AT_ONCE):
            for agent_id in everybody[first : first + AGENTS_AT_ONCE]:
                view = self._dispatcher.presence(agent_id)
                if view is not None:
                    seen.add(agent_id, view)
            await asyncio.sleep(0)
        self.present = seen

    def _serving(self, queue: str) -> frozenset[str]:
        policy = self._dispatcher.policy
        if policy.version != self._policy:
            self._policy, self._teams = policy.version, {}
        if queue not in self._teams:
            self._teams[queue] = frozenset(name for name in policy.agents if self._waits.serves(name, queue))
        return self._teams[queue]


def _tenths(permille: int | None) -> int | None:
    return None if permille is None else permille // 100
