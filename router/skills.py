"""Which agents hold a skill at all, so that a new profile looks at few."""

from collections.abc import Iterable

from router.agent import Agent
from router.expression import AllOf, Expression
from router.vocabulary import Requirement


class SkillIndex:
    """Agents by skill and by id, gathered when somebody first asks."""

    __slots__ = ("_agents", "_by_id", "_by_skill")

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents = agents
        self._by_id: dict[str, Agent] = {}
        self._by_skill: dict[str, list[Agent]] = {}

    def holders(self, demand: Expression) -> list[Agent]:
        """Those who hold the rarest of the skills that all must have, at any grade; everybody when there is none."""
        self._gather()
        parts = demand.parts if isinstance(demand, AllOf) else (demand,)
        pools = [self._by_skill.get(part.skill, []) for part in parts if isinstance(part, Requirement)]
        return min(pools, key=len) if pools else list(self._by_id.values())

    def only(self, agent_ids: Iterable[str]) -> list[Agent]:
        """These agents alone, as far as there are such."""
        self._gather()
        return [self._by_id[agent_id] for agent_id in agent_ids if agent_id in self._by_id]

    def _gather(self) -> None:
        if self._by_id:
            return
        for agent in self._agents:
            self._by_id[agent.agent_id] = agent
            for skill in agent.rules.skills:
                self._by_skill.setdefault(skill, []).append(agent)
