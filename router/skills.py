"""Requirements against skills, and which agents have a skill at all."""

from collections.abc import Iterable, Mapping

from router.agent import Agent
from router.vocabulary import Requirement


def merge(first: Iterable[Requirement], second: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Both demands in one, sorted by skill: the higher minimum of each skill counts."""
    minimum: dict[str, int] = {}
    for requirement in (*first, *second):
        minimum[requirement.skill] = max(requirement.minimum, minimum.get(requirement.skill, 0))
    return tuple(Requirement(skill, minimum[skill]) for skill in sorted(minimum))


def lacking(skills: Mapping[str, int], requirements: Iterable[Requirement]) -> Requirement | None:
    """The first requirement that the skills do not meet, or None."""
    for requirement in requirements:
        if skills.get(requirement.skill, 0) < requirement.minimum:
            return requirement
    return None


def proficiency(skills: Mapping[str, int], requirements: Iterable[Requirement]) -> int:
    """The sum of the proficiencies over the required skills."""
    return sum(skills[requirement.skill] for requirement in requirements)


class SkillIndex:
    """Agents by skill, so that a new profile looks at the holders of its rarest skill only."""

    __slots__ = ("_all", "_by_id", "_by_skill")

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._all = list(agents)
        self._by_id = {agent.agent_id: agent for agent in self._all}
        self._by_skill: dict[str, list[Agent]] = {}
        for agent in self._all:
            for skill in agent.rules.skills:
                self._by_skill.setdefault(skill, []).append(agent)

    def holders(self, requirements: tuple[Requirement, ...]) -> list[Agent]:
        """Those who hold the rarest of the required skills, at any grade; everybody when none is required."""
        pools = [self._by_skill.get(requirement.skill, []) for requirement in requirements]
        return min(pools, key=len) if pools else self._all

    def only(self, agent_id: str) -> list[Agent]:
        """That agent alone; nobody when there is no such agent."""
        agent = self._by_id.get(agent_id)
        return [] if agent is None else [agent]
