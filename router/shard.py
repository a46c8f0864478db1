"""All that a dispatcher knows, kept in step: things by id, waiting lists, timers, and which rows were touched.

Nothing here decides; `Moves` and `Dispatcher` do.
"""

from router.agent import Agent
from router.matching import Matcher
from router.offer import Reservation
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.queue import WaitingList, rank
from router.rows import Changes
from router.timers import Timers
from router.work import Work

# When at most one agent in so many has new rules, the eligible sets are revised instead of built anew.
_FEW = 4

EMPTY_POLICY = Policy(version="", queues={}, agents={})


class Line:
    """One queue's rules and those who wait in it. `retired`: the policy no longer has it, open items remain."""

    __slots__ = ("retired", "rules", "waiting")

    def __init__(self, rules: QueuePolicy, retired: bool = False) -> None:
        self.rules = rules
        self.retired = retired
        self.waiting = WaitingList()


class Shard:
    """The state of one shard in memory."""

    def __init__(self) -> None:
        self.policy = EMPTY_POLICY
        self.agents: dict[str, Agent] = {}
        self.work: dict[str, Work] = {}
        self.reservations: dict[str, Reservation] = {}
        self.lines: dict[str, Line] = {}
        self.timers = Timers()
        self.matcher = Matcher(EMPTY_POLICY, ())
        self.sequence = 0
        self.clock = 0
        self._agents: dict[str, None] = {}
        self._work: dict[str, None] = {}
        self._reservations: dict[str, None] = {}

    def adopt(self, policy: Policy) -> None:
        """Make the policy current: agents' rules, queues, profiles and ranks follow; nobody's work changes hands.

        An agent who is gone from it keeps no capacity and is marked removed, and items kept for them are for all again.
        Open items of a queue that is gone from it follow a queue of that name with default rules: rows and policy alone
        say what holds, in a restored shard too.
        """
        same_units = policy.units == self.policy.units
        self.policy = policy
        changed = self._apply_rules(policy)
        self.lines = {name: Line(queue) for name, queue in policy.queues.items()}
        if same_units and len(changed) * _FEW <= len(self.agents):
            self.matcher.revise(self.agents.values(), changed)
        else:
            for agent in self.agents.values():
                agent.profiles = {}
            self.matcher = Matcher(policy, self.agents.values())
        for queue in policy.queues.values():
            self.matcher.compile(queue.medium, queue, ())
        for work in self.work.values():
            if work.directed is not None and not policy.takes(work.directed, work.medium):
                work.directed = None
                self.touch_work(work)
            if work.queue not in self.lines:
                self.lines[work.queue] = Line(QueuePolicy(work.queue, work.medium), retired=True)
            self.bind(work)
            if work.listed:
                self.enlist(work)

    def _apply_rules(self, policy: Policy) -> list[Agent]:
        """Give every agent their rules; the agents whose rules are new."""
        changed: list[Agent] = []
        for agent in self.agents.values():
            rules = policy.agents.get(agent.agent_id)
            removed = rules is None
            rules = rules or AgentPolicy(agent.agent_id, team="", capacity={}, total_units=0)
            if (removed, rules) != (agent.removed, agent.rules):
                agent.removed, agent.rules = removed, rules
                changed.append(agent)
        for agent_id, rules in policy.agents.items():
            if agent_id not in self.agents:
                agent = self.agents[agent_id] = Agent(agent_id, rules)
                changed.append(agent)
        return changed

    def bind(self, work: Work) -> None:
        """Give an open item its profile and its rank under the current rules."""
        rules = self.lines[work.queue].rules
        self.matcher.bind(work, rules)
        work.rank = rank(rules.priority + work.priority, work.queued_at, work.sequence)

    def enlist(self, work: Work) -> None:
        """Put an item into the waiting lists."""
        work.listed = True
        self.lines[work.queue].waiting.add(work)
        self.matcher.enlist(work)

    def delist(self, work: Work) -> None:
        """Take an item out of the waiting lists; without effect when it is not there."""
        if work.listed:
            work.listed = False
            self.lines[work.queue].waiting.remove(work)
            self.matcher.delist(work)

    def touch_agent(self, agent: Agent) -> None:
        """The agent's row is to be written (or deleted, when the agent is gone by the next drain)."""
        self._agents[agent.agent_id] = None

    def touch_work(self, work: Work) -> None:
        """The item's row is to be written or deleted."""
        self._work[work.work_id] = None

    def touch_reservation(self, reservation: Reservation) -> None:
        """The reservation's row is to be written or deleted."""
        self._reservations[reservation.reservation_id] = None

    def drain(self) -> Changes:
        """Rows touched since the last drain."""
        agents, work, reservations = self._agents, self._work, self._reservations
        self._agents, self._work, self._reservations = {}, {}, {}
        return Changes(
            agents=tuple([self.agents[key].row() for key in agents if key in self.agents]),
            work=tuple([self.work[key].row() for key in work if key in self.work]),
            reservations=tuple([self.reservations[key].row() for key in reservations if key in self.reservations]),
            work_closed=tuple([key for key in work if key not in self.work]),
            reservations_closed=tuple([key for key in reservations if key not in self.reservations]),
            agents_removed=tuple([key for key in agents if key not in self.agents]),
        )
