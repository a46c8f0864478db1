"""All that a dispatcher knows, kept in step: things by id, waiting lists, timers, and which rows were touched.

Nothing here decides; `Moves` and `Dispatcher` do.
"""

from collections.abc import Mapping

from router.agent import Agent
from router.line import Line
from router.matching import Matcher
from router.offer import Reservation
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.profile import Profile
from router.queue import order_time, rank
from router.rows import Changes
from router.stages import delays
from router.timers import Timers
from router.vocabulary import WorkState
from router.work import Rank, Work

# Agents with new rules times profiles up to which the eligible sets are revised; beyond, they are built anew by use.
_REVISE = 20_000

EMPTY_POLICY = Policy(version="", queues={}, agents={})


class Shard:
    """The state of one shard in memory."""

    def __init__(self) -> None:
        self.policy = EMPTY_POLICY
        self.agents: dict[str, Agent] = {}
        self.work: dict[str, Work] = {}
        self.reservations: dict[str, Reservation] = {}
        # Parked items by who parked them, in the order in which they did.
        self.parked: dict[str, dict[str, Work]] = {}
        self.lines: dict[str, Line] = {}
        self.timers = Timers()
        self.matcher = Matcher(EMPTY_POLICY, ())
        self._shape = (EMPTY_POLICY.units, EMPTY_POLICY.interrupts, False)
        self._delays: Mapping[str, tuple[int, ...]] = {}
        self.sequence = 0
        self.clock = 0
        self._agents: dict[str, None] = {}
        self._work: dict[str, None] = {}
        self._reservations: dict[str, None] = {}

    def adopt(self, policy: Policy) -> tuple[list[Agent], list[Work]]:
        """Make the policy current: agents' rules, queues and ranks follow; nobody's work changes hands.

        Gives back the agents whose rules changed, and who waits under changed rules: these stand in their queues at
        their new places, but are bound to a profile only when somebody tries them (`settle_in`), so that the turn stays
        short however many wait. The caller has all of them tried.

        An agent who is gone from it keeps no capacity and is marked removed, and items kept for them are for all again.
        Open items of a queue that is gone from it follow a queue of that name with default rules: rows and policy alone
        say what holds, in a restored shard too.
        """
        before, self.policy = self.policy, policy
        changed = self._apply_rules(policy)
        # Units and interrupts are in every eligible set, whether agents keep lists of queues in every profile's key.
        listing = [agent for agent in policy.agents.values() if agent.queues]
        shape = (policy.units, policy.interrupts, bool(listing))
        anew = shape != self._shape or len(changed) * len(self.matcher.profiles) > _REVISE
        self._shape = shape
        if anew:
            self.matcher = Matcher(policy, self.agents.values())
            for agent in self.agents.values():
                agent.profiles = {}
        else:
            self.matcher.revise(policy, self.agents.values(), changed)
        old, kept = self.lines, {} if anew or policy.ageing_us != before.ageing_us else self.lines
        self.lines = self._new_lines(policy, delays(listing), kept)
        loose = [work for work in self.work.values() if self._is_loose(work, kept)]
        self.matcher.choose_by(self.lines, listing)
        if not anew:
            # Whether preferred agents are there to be waited for may be another question now.
            loose += [work for agent in changed for work in self.matcher.preferring(agent)]
            loose = list({work.work_id: work for work in loose}.values())
        self._loosen(loose, {} if anew else old)
        if not self.work:
            for line in self.lines.values():
                self.matcher.prepare(line)
        return changed, [work for work in loose if work.state is WorkState.WAITING]

    def _new_lines(
        self, policy: Policy, waits: Mapping[str, tuple[int, ...]], kept: Mapping[str, Line]
    ) -> dict[str, Line]:
        """A line for each queue: the one there was where nothing about it changed."""
        self._delays, lines = waits, {}
        for name, rules in policy.queues.items():
            line, wait = kept.get(name), self._delays.get(name, ())
            same = line is not None and (line.rules, line.delays, line.retired) == (rules, wait, False)
            lines[name] = line if line is not None and same else Line(rules, delays=wait, lists=self._shape[2])
        return lines

    def _is_loose(self, work: Work, kept: Mapping[str, Line]) -> bool:
        """Whether the item has to be bound anew under the new lines."""
        line = self.lines.get(work.queue)
        if line is None:
            line, wait = kept.get(work.queue), self._delays.get(work.queue, ())
            if line is None or not line.retired or line.delays != wait:
                rules = QueuePolicy(work.queue, work.medium)
                line = Line(rules, delays=wait, lists=self._shape[2], retired=True)
            self.lines[work.queue] = line
        if work.directed is not None and not self.policy.takes(work.directed, work.medium):
            work.directed = None
            self.touch_work(work)
            return True
        return line is not kept.get(work.queue)

    def _loosen(self, loose: list[Work], old: Mapping[str, Line]) -> None:
        """Take items out of their profiles, and put those who wait at their new places in their lines."""
        matcher = self.matcher
        profiles: dict[int, Profile] = {}
        lines: dict[str, list[Work]] = {}
        for work in loose:
            if work.queue in old:
                profiles[id(work.profile)] = work.profile
                matcher.unbind(work)
            work.profile = matcher.unbound
            if work.listed:
                work.rank = self._rank(work)
                lines.setdefault(work.queue, []).append(work)
        work_ids = {work.work_id for work in loose}
        for profile in profiles.values():
            profile.waiting.remove_all(work_ids)
        for name, items in lines.items():
            self.lines[name].waiting.remove_all(work_ids)
            self.lines[name].waiting.add_all(items)

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

    def bind(self, work: Work) -> int:
        """Give an open item its profile and its rank under the current rules; how many agents were looked at anew."""
        return self.matcher.bind(work, self.lines[work.queue])

    def rebind(self, work: Work) -> None:
        """The same for an item that was bound before: what decides its demand or its rank is another now."""
        listed = work.listed
        self.delist(work)
        self.matcher.unbind(work)
        self.bind(work)
        if listed:
            self.enlist(work)

    def settle_in(self, work: Work) -> int:
        """Bind an item that a change of policy left loose; how many agents were looked at anew."""
        if work.profile is not self.matcher.unbound:
            return 0
        looked_at = self.bind(work)
        if work.listed:
            self.matcher.enlist(work)
        return looked_at

    def staffed(self, work: Work) -> bool:
        """Whether an agent is present who could take the item with the rings that hold for it."""
        return self.matcher.staffed(work, self.lines[work.queue])

    def enlist(self, work: Work) -> None:
        """Put an item into the waiting lists."""
        work.listed = True
        if work.profile is self.matcher.unbound:
            work.rank = self._rank(work)
        self.lines[work.queue].waiting.add(work)
        self.matcher.enlist(work)

    def _rank(self, work: Work) -> Rank:
        line = self.lines[work.queue]
        time = order_time(line.rules, work.queued_at)
        return rank(line.priority(work), time, work.sequence, self.policy.ageing_us)

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
