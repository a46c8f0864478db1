"""The immutable rules that a decision follows: queues, agents' skills and capacity, units of each medium."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.vocabulary import Medium, Requirement


class Strategy(StrEnum):
    """How the agent is chosen among those who may take the item; load comes first in each."""

    BEST_PROFICIENCY = "best_proficiency"
    LONGEST_IDLE = "longest_idle"


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """A queue's rules. Durations in microseconds; `teams` empty means every team."""

    name: str
    medium: Medium
    requirements: tuple[Requirement, ...] = ()
    priority: int = 0
    strategy: Strategy = Strategy.BEST_PROFICIENCY
    teams: tuple[str, ...] = ()
    offer_timeout_us: int = 20_000_000
    wrap_up_us: int = 30_000_000
    reject_rest_us: int = 30_000_000


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """What an agent can do and hold: proficiency 1-10 per skill, items per medium, units in total.

    `units`: what one item of a medium takes of this agent's total where that is not the policy's own number. A call
    that takes all of an agent is `{VOICE: total_units}`: it fits none but an idle one, and nothing fits beside it.
    """

    agent_id: str
    team: str
    skills: Mapping[str, int] = field(default_factory=dict)
    capacity: Mapping[Medium, int] = field(default_factory=lambda: {Medium.VOICE: 1})
    total_units: int = 1
    units: Mapping[Medium, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rules of a shard. `units`: what one item takes of an agent's total, unless the agent says."""

    version: str
    queues: Mapping[str, QueuePolicy]
    agents: Mapping[str, AgentPolicy]
    units: Mapping[Medium, int] = field(default_factory=lambda: {Medium.VOICE: 1, Medium.CHAT: 1, Medium.EMAIL: 1})
    reconnect_grace_us: int = 15_000_000

    def cost(self, agent: AgentPolicy, medium: Medium) -> int:
        """Units that one item of the medium takes of this agent's total."""
        own = agent.units.get(medium)
        return self.units.get(medium, 1) if own is None else own

    def takes(self, agent_id: str, medium: Medium) -> bool:
        """Whether there is such an agent, with any room for the medium at all."""
        agent = self.agents.get(agent_id)
        return agent is not None and agent.capacity.get(medium, 0) > 0
