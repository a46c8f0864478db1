"""What the dispatcher should have matched, by a dense scan with numpy over rows and policy. Shares no code with it."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np

from router.commands import Command, SendOffer
from router.policy import Policy, QueuePolicy, Strategy
from router.rows import ReservationRow, WorkRow
from router.vocabulary import Medium, Presence, WorkState
from tests.router.world import Store


@dataclass(frozen=True)
class Match:
    work_id: str
    agent_id: str
    runner_up: str | None


class Oracle:
    """Dense columns over one policy's agents, in order of their ids."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.ids = sorted(policy.agents)
        self.row = {agent_id: index for index, agent_id in enumerate(self.ids)}
        skills = sorted({skill for agent in policy.agents.values() for skill in agent.skills})
        self.column = {skill: index for index, skill in enumerate(skills)}
        self.skills = np.zeros((len(self.ids), len(skills) + 1), dtype=np.int64)
        for agent_id, agent in policy.agents.items():
            for skill, grade in agent.skills.items():
                self.skills[self.row[agent_id], self.column[skill]] = grade
        self.total = np.array([policy.agents[agent_id].total_units for agent_id in self.ids], dtype=np.int64)

    def matches(self, store: Store, connected: Set[str], made: list[Command]) -> list[Match]:
        """The matches of a turn whose outcome is in `store`: its own offers are undone, then made again densely."""
        undone = {command.reservation_id for command in made if isinstance(command, SendOffer)}
        held = [row for key, row in store.reservations.items() if key not in undone]
        waiting = [
            row
            for row in store.work.values()
            if row.state is WorkState.WAITING
            or (row.state is WorkState.OFFERED and f"{row.work_id}.{row.attempts}" in undone)
        ]
        waiting.sort(key=lambda row: (-row.priority - self._queue(row).priority, row.queued_at, row.sequence))
        ready = np.array(
            [
                agent_id in connected and agent_id in store.agents and store.agents[agent_id].presence is Presence.READY
                for agent_id in self.ids
            ],
            dtype=bool,
        )
        idle = np.array(
            [store.agents[agent_id].idle_since if agent_id in store.agents else 0 for agent_id in self.ids],
            dtype=np.int64,
        )
        today = np.array(
            [store.agents[agent_id].handled_today if agent_id in store.agents else 0 for agent_id in self.ids],
            dtype=np.int64,
        )
        return self._greedy(waiting, held, ready, today, idle)

    def _greedy(
        self, waiting: list[WorkRow], held: list[ReservationRow], ready: np.ndarray, today: np.ndarray, idle: np.ndarray
    ) -> list[Match]:
        load = np.zeros(len(self.ids), dtype=np.int64)
        held_any = np.zeros(len(self.ids), dtype=bool)
        count: dict[str, np.ndarray] = {}
        for row in held:
            if row.agent_id in self.row:
                held_any[self.row[row.agent_id]] = True
                load[self.row[row.agent_id]] += row.units
                self._count(count, row.medium)[self.row[row.agent_id]] += 1
        found: list[Match] = []
        for work in waiting:
            needs = self._needs(work)
            mask = ready & self._allowed(work, needs, load, self._count(count, work.medium))
            if not mask.any():
                continue
            keys = self._keys(self._queue(work), needs, load, held_any, today, idle)
            order = [int(index) for index in np.lexsort(keys[::-1]) if mask[index]]
            second = self.ids[order[1]] if len(order) > 1 else None
            found.append(Match(work.work_id, self.ids[order[0]], second))
            load[order[0]] += self._costs(work.medium)[order[0]]
            held_any[order[0]] = True
            self._count(count, work.medium)[order[0]] += 1
        return found

    def _keys(
        self,
        rules: QueuePolicy,
        needs: Mapping[str, int],
        load: np.ndarray,
        held_any: np.ndarray,
        today: np.ndarray,
        idle: np.ndarray,
    ) -> list[np.ndarray]:
        """The strategy's terms, the first one leading."""
        used = load * 1000 // np.maximum(self.total, 1)
        grades = sum((self.skills[:, self.column[name]] for name in needs), np.zeros(len(self.ids), dtype=np.int64))
        match rules.strategy:
            case Strategy.BEST_PROFICIENCY:
                return [used, -grades, idle]
            case Strategy.LEAST_LOADED:
                return [used, idle]
            case Strategy.LONGEST_IDLE:
                return [held_any, idle]
            case Strategy.FEWEST_TODAY:
                return [used, today, idle]
            case Strategy.WEIGHTED:
                weights = rules.weights
                points = weights.load * used + weights.handled * today - weights.proficiency * grades
                return [points * 1_000_000 + weights.idle * idle, idle]

    def _costs(self, medium: Medium) -> np.ndarray:
        agents = [self.policy.agents[agent_id] for agent_id in self.ids]
        return np.array([agent.units.get(medium, self.policy.units[medium]) for agent in agents], dtype=np.int64)

    def _allowed(self, work: WorkRow, needs: Mapping[str, int], load: np.ndarray, count: np.ndarray) -> np.ndarray:
        rules = self._queue(work)
        agents = [self.policy.agents[agent_id] for agent_id in self.ids]
        limit = np.array([agent.capacity.get(work.medium, 0) for agent in agents], dtype=np.int64)
        mask: np.ndarray = (count < limit) & (load + self._costs(work.medium) <= self.total)
        if work.directed is not None:
            mask &= np.array([agent_id == work.directed for agent_id in self.ids], dtype=bool)
        elif rules.teams:
            mask &= np.array([agent.team in rules.teams for agent in agents], dtype=bool)
        for name, minimum in needs.items():
            mask &= self.skills[:, self.column.get(name, -1)] >= minimum
        for agent_id, _ in work.resting:
            if agent_id in self.row:
                mask[self.row[agent_id]] = False
        return mask

    def _needs(self, work: WorkRow) -> dict[str, int]:
        needs: dict[str, int] = {}
        if work.directed is not None:
            return needs
        for requirement in (*self._queue(work).requirements, *work.requirements):
            needs[requirement.skill] = max(needs.get(requirement.skill, 0), requirement.minimum)
        return needs

    def _queue(self, work: WorkRow) -> QueuePolicy:
        return self.policy.queues.get(work.queue) or QueuePolicy(work.queue, work.medium)

    def _count(self, count: dict[str, np.ndarray], medium: str) -> np.ndarray:
        return count.setdefault(medium, np.zeros(len(self.ids), dtype=np.int64))


def made_matches(commands: list[Command]) -> list[Match]:
    """What the dispatcher did in a turn."""
    return [
        Match(command.work_id, command.agent_id, command.decision.runner_up)
        for command in commands
        if isinstance(command, SendOffer)
    ]
