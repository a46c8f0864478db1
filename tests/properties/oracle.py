"""What the dispatcher should have matched, by a scan over rows and policy for each item. Shares no code with it.

Expressions are evaluated as the Python that they are, with skills as numbers; rings are applied to the agents' grades
instead of the demands.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from router.commands import Command, SendOffer
from router.policy import AgentPolicy, Order, Policy, QueuePolicy, Ring, Strategy
from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import Medium, Presence, WorkState
from tests.router.world import Store

Rank = tuple[int, int, int]


@dataclass(frozen=True)
class Match:
    work_id: str
    agent_id: str
    runner_up: str | None


class Anything:
    """Stands for a skill that is not asked for: every comparison holds."""

    def __bool__(self) -> bool:
        return True

    def _holds(self, other: object) -> bool:
        return True

    __ge__ = __gt__ = __le__ = __lt__ = __eq__ = __ne__ = _holds
    __hash__ = None  # type: ignore[assignment]


class Names(dict[str, Any]):
    """Names in an expression: skills that nobody spoke of are grade 0."""

    def __missing__(self, name: str) -> int:
        return 0


class Attributes:
    def __init__(self, values: Mapping[str, str], prefix: str) -> None:
        self.values, self.prefix = values, prefix

    def __getattr__(self, name: str) -> str | None:
        return self.values.get(self.prefix + name)


@dataclass
class Load:
    """What an agent holds in the oracle's own account of a turn."""

    units: dict[Medium, int]
    count: dict[Medium, int]

    def total(self) -> int:
        return sum(self.units.values())


class Oracle:
    """One policy's rules, evaluated without any index."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        # Turns that agents give and ratios let an agent pass over an item; then order is not by items alone.
        turns = {taken.priority for agent in policy.agents.values() for taken in agent.queues.values()} | {1}
        self.by_items = len(turns) == 1 and not any(queue.ratio for queue in policy.queues.values())
        self._eligible: dict[tuple[object, ...], tuple[str, ...]] = {}

    def matches(self, store: Store, connected: Set[str], made: list[Command]) -> list[Match]:
        """The matches of a turn whose outcome is in `store`: its own offers are undone, then made again densely."""
        undone = {command.reservation_id for command in made if isinstance(command, SendOffer)}
        held = [row for key, row in store.reservations.items() if key not in undone]
        waiting = [
            row
            for row in store.work.values()
            if (row.state is WorkState.WAITING and row.not_before is None)
            or (row.state is WorkState.OFFERED and f"{row.work_id}.{row.attempts}" in undone)
        ]
        waiting.sort(key=self.rank)
        here = {
            agent_id: row
            for agent_id, row in store.agents.items()
            if agent_id in connected and agent_id in self.policy.agents and row.presence is Presence.READY
        }
        there = {
            row.agent_id
            for row in store.agents.values()
            if row.presence is not Presence.OFFLINE and (row.agent_id in connected or row.grace_deadline is not None)
        }
        return self._greedy(waiting, held, here, there)

    def rank(self, work: WorkRow) -> Rank:
        """The order of those who wait."""
        rules, names = self._queue(work), self._names(work, None)
        priority = work.priority + rules.priority + sum(ring.priority for ring in self._rings(work))
        priority += sum(rule.priority for rule in rules.priority_rules if self._true(rule.when, names))
        time = work.queued_at + (rules.target_us if rules.order is Order.TARGET else 0)
        ageing = self.policy.ageing_us
        return (time - priority * ageing, time, work.sequence) if ageing else (-priority, time, work.sequence)

    def _greedy(
        self, waiting: list[WorkRow], held: list[ReservationRow], here: Mapping[str, AgentRow], there: Set[str]
    ) -> list[Match]:
        loads = {agent_id: Load({}, {}) for agent_id in here}
        for row in held:
            if row.agent_id in loads:
                self._take(loads[row.agent_id], row.medium, row.units)
        found: list[Match] = []
        for work in waiting:
            eligible = self.eligible(work)
            reached = [name for name in eligible if name in here and _reached(here[name], work.medium)]
            free = [name for name in reached if self._fits(work, name, loads[name])]
            alone = self._alone(work, eligible, there)
            if not alone and self._held_back(work, len(free)):
                continue
            resting = {agent_id for agent_id, _ in work.resting}
            able = [name for name in free if name not in resting and (not alone or name in alone)]
            able.sort(key=lambda name: self._key(work, here[name], loads[name]))
            if able:
                found.append(Match(work.work_id, able[0], able[1] if len(able) > 1 else None))
                self._take(loads[able[0]], work.medium, self._cost(work, self.policy.agents[able[0]]))
        return found

    @staticmethod
    def _take(load: Load, medium: Medium, units: int) -> None:
        load.units[medium] = load.units.get(medium, 0) + units
        load.count[medium] = load.count.get(medium, 0) + 1

    # -- who

    def eligible(self, work: WorkRow) -> tuple[str, ...]:
        """Those who may ever take the item, whatever they do now."""
        key = (work.sequence, work.queue, work.directed, work.ring, work.waited_us)
        if key not in self._eligible:
            agents = self.policy.agents.values()
            self._eligible[key] = tuple(agent.agent_id for agent in agents if self._may(work, agent))
        return self._eligible[key]

    def _may(self, work: WorkRow, agent: AgentPolicy) -> bool:
        if agent.capacity.get(work.medium, 0) == 0:
            return False
        if work.directed is not None:
            return agent.agent_id == work.directed
        rules, rings = self._queue(work), self._rings(work)
        teams = ([rules.teams] + [ring.teams for ring in rings if ring.teams is not None])[-1]
        taken = agent.queues.get(work.queue)
        if (
            (teams and agent.team not in teams)
            or (work.named and agent.agent_id not in work.named)
            or (agent.queues and (taken is None or taken.delay_us > work.waited_us))
        ):
            return False
        names = self._names(work, agent)
        own = next((ring.requirements for ring in reversed(rings) if ring.requirements is not None), None)
        needs = [*(rules.requirements if own is None else ()), *work.requirements]
        texts = (rules.condition if own is None else own, work.condition)
        skilled = all(need.minimum <= names[need.skill] for need in needs)
        return skilled and all(self._true(text, names) for text in texts)

    def _names(self, work: WorkRow, agent: AgentPolicy | None) -> Names:
        """What an expression may speak of: attributes, and the agent's grades as the rings make them."""
        rules, rings = self._queue(work), self._rings(work)
        values = {**dict(work.attributes), "medium": work.medium.value, "queue": work.queue}
        found = Names(work=Attributes(values, ""), customer=Attributes(values, "customer."))
        found["at_least"] = lambda count, *parts: sum(map(bool, parts)) >= count
        found["skill"] = lambda name: Anything() if name is None else found[name]
        if agent is not None:
            found.update(agent.skills)
            found["team"] = agent.team
            for ring in rings:
                for skill, grades in ring.lower:
                    if skill not in rules.hard and agent.skills.get(skill, 0):
                        found[skill] += grades
            for skill in (skill for ring in rings for skill in ring.drop if skill not in rules.hard):
                found[skill] = Anything()
        return found

    @staticmethod
    def _true(text: str, names: Names) -> bool:
        return not text or bool(eval(text, {"__builtins__": {}}, names))

    def _fits(self, work: WorkRow, agent_id: str, load: Load) -> bool:
        agent, interrupts, medium = self.policy.agents[agent_id], self.policy.interrupts, work.medium
        below = 0
        for other, count in load.count.items():
            if count and other is not medium and other in interrupts:
                if medium not in interrupts[other]:
                    return False
                below += load.units[other]
        room = load.total() - below + self._cost(work, agent) <= agent.total_units
        return room and load.count.get(medium, 0) < agent.capacity.get(medium, 0)

    def _cost(self, work: WorkRow, agent: AgentPolicy) -> int:
        for units in (work.units, self._queue(work).units, agent.units.get(work.medium)):
            if units is not None:
                return units
        return self.policy.units[work.medium]

    # -- who waits, and who comes first

    def _alone(self, work: WorkRow, eligible: tuple[str, ...], there: Set[str]) -> tuple[str, ...]:
        """The preferred agents for whom alone it waits: one is signed in, whether ready or not."""
        rules = self._queue(work)
        patience = rules.preferred_patience_us if work.parked_by is None else rules.park_patience_us
        if work.directed is not None or work.waited_us >= patience:
            return ()
        return work.preferred if any(name in eligible and name in there for name in work.preferred) else ()

    def _held_back(self, work: WorkRow, free: int) -> bool:
        reserve = self._queue(work).reserve
        if reserve is None or work.directed is not None or work.named:
            return False
        rules, names = self._queue(work), self._names(work, None)
        priority = work.priority + rules.priority + sum(ring.priority for ring in self._rings(work))
        priority += sum(rule.priority for rule in rules.priority_rules if self._true(rule.when, names))
        return priority < reserve.below and free <= reserve.free

    def _key(self, work: WorkRow, row: AgentRow, load: Load) -> tuple[object, ...]:
        """The strategy's terms, the first one leading; agents' names at the end."""
        rules, agent = self._queue(work), self.policy.agents[row.agent_id]
        used = load.total() * 1000 // max(agent.total_units, 1)
        grades = sum(agent.skills.get(skill, 0) for skill in self._asked(work))
        names = Names({**self._names(work, None), **agent.skills, "team": agent.team})
        scores = [one.score for one in rules.preferences if self._true(one.when, names) and self._true(one.want, names)]
        preferred = list(reversed(work.preferred)).index(row.agent_id) + 1 if row.agent_id in work.preferred else 0
        led = (-preferred, 0 if work.directed is not None else -sum(scores))
        match rules.strategy:
            case Strategy.BEST_PROFICIENCY:
                terms: tuple[int, ...] = (used, -grades)
            case Strategy.LEAST_LOADED:
                terms = (used,)
            case Strategy.LONGEST_IDLE:
                terms = (int(any(load.count.values())),)
            case Strategy.FEWEST_TODAY:
                terms = (used, row.handled_today)
            case Strategy.WEIGHTED:
                weights = rules.weights
                points = weights.load * used + weights.handled * row.handled_today - weights.proficiency * grades
                terms = (points * 1_000_000 + weights.idle * row.idle_since,)
        return (*led, *terms, row.idle_since, row.agent_id)

    def _asked(self, work: WorkRow) -> Set[str]:
        """The skills whose grades count. Walks ask for skills by requirements and plain conjunctions of `s1 >= 2`."""
        if work.directed is not None:
            return set()
        rules, rings = self._queue(work), self._rings(work)
        own = next((ring.requirements for ring in reversed(rings) if ring.requirements is not None), None)
        needs = [*(rules.requirements if own is None else ()), *work.requirements]
        texts = (rules.condition if own is None else own, work.condition)
        words = {word for text in texts for word in text.replace("(", " ").replace(")", " ").split()}
        asked = {need.skill for need in needs} | {word for word in words if word[0] == "s" and word[1:].isdigit()}
        return asked - {skill for ring in rings for skill in ring.drop if skill not in rules.hard}

    def _rings(self, work: WorkRow) -> tuple[Ring, ...]:
        return self._queue(work).rings[: work.ring]

    def _queue(self, work: WorkRow) -> QueuePolicy:
        return self.policy.queues.get(work.queue) or QueuePolicy(work.queue, work.medium)


def as_good(made: list[Match], scanned: list[Match], order: Callable[[str], Rank]) -> bool:
    """Whether a turn's matches are the scan's, or those of a burst that is matched as a whole.

    Then at least as many items are served, and the first in queue order of those whom only one of both serves is
    served by the turn. Where both serve the same items, they do so by the same agents.
    """
    ours, theirs = ({match.work_id for match in found} for found in (made, scanned))
    if made == scanned or ours == theirs:
        return made == scanned
    return len(ours) >= len(theirs) and min(ours ^ theirs, key=order) in ours


def made_matches(commands: list[Command]) -> list[Match]:
    """What the dispatcher did in a turn."""
    return [
        Match(command.work_id, command.agent_id, command.decision.runner_up)
        for command in commands
        if isinstance(command, SendOffer)
    ]


def _reached(row: AgentRow, medium: Medium) -> bool:
    stays = row.next_presence in (None, Presence.READY)
    return stays and medium in row.media and medium not in row.paused
