"""Why an item was offered to whom, or why it waits: every agent with the first rule that they fail and their score.

Evaluated over the state on demand, from the rules and without the indexes of matching, so that it also tells when those
were wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from router.agent import Agent
from router.choice import Choice, Key, Terms
from router.demand import attributes, demand, priority
from router.expression import Expression, render, unmet, wanted
from router.policy import Strategy
from router.shard import Shard
from router.stages import patience
from router.views import Views
from router.vocabulary import OfferState, Presence, Requirement
from router.work import Work

# Whoever fails one of these is no candidate at all, whatever happens; of the others, the score is told too.
NEVER_RULES = ("removed", "directed", "named", "queue", "team", "skill", "delay", "medium")
# Rules of the agent's moment, then those that hold the item back from everybody who could take it.
MOMENT_RULES = (
    "presence",
    "connection",
    "next_presence",
    "reach",
    "paused",
    "fresh_limit",
    "capacity",
    "interrupts",
    "total_units",
    "resting",
)
ITEM_RULES = ("not_before", "preferred", "reserve")
RULES = NEVER_RULES + MOMENT_RULES + ITEM_RULES

# Agents in one step: about a millisecond.
STEP = 25

Failure = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One agent: the first rule failed (None: may take the item) with a detail, and the score terms if qualified."""

    agent_id: str
    failed: str | None
    detail: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Explanation:
    """The state of a decision. Candidates: those who may take the item first, best first; the others by id.

    `winner` holds the offer now (None while the item waits), `runner_up` is the best of the other agents now.
    """

    work_id: str
    policy_version: str
    strategy: str
    place: int | None
    winner: str | None
    runner_up: str | None
    candidates: tuple[CandidateView, ...]


class Case:
    """One item against all agents, as the state is now. The item's own claims count as if they were not there."""

    def __init__(self, shard: Shard, work: Work) -> None:
        self._shard = shard
        self._work = work
        self._rules = rules = shard.lines[work.queue].rules
        self.demand = demand(rules, work)
        self.wanted = wanted(self.demand.expression)
        weights = rules.weights if rules.strategy is Strategy.WEIGHTED else None
        self.choice = Choice(rules.strategy, weights, self.demand.preferences)
        self.priority = work.priority + priority(rules, work.ring, attributes(work))
        self.alone = self._alone()
        self._reserve = self._held_back()

    def first_failed(self, agent: Agent) -> Failure | None:
        """The first rule that keeps the agent from this item now, with a detail."""
        found = self.never(agent) or self.moment(agent) or self.rest(agent)
        return found or self.held(agent)

    def never(self, agent: Agent) -> Failure | None:
        """The first rule that no change of the agent's state would meet."""
        work, rules, teams = self._work, agent.rules, self.demand.teams
        taken = rules.queues.get(work.queue)
        listed = work.directed is not None or not rules.queues or taken is not None
        lack = unmet(self.demand.expression, rules.skills, rules.team)
        delay = 0 if taken is None or work.directed is not None else taken.delay_us
        checks = (
            (agent.removed, "removed", "no longer in the policy"),
            (work.directed not in (None, agent.agent_id), "directed", f"kept for {work.directed}"),
            (self._not_named(agent), "named", f"only for {', '.join(work.named)}"),
            (not listed, "queue", f"takes from {', '.join(rules.queues)} only"),
            (bool(teams) and rules.team not in teams, "team", rules.team),
            (lack is not None, "skill", "" if lack is None else _lack(lack, agent)),
            (delay > work.waited_us, "delay", f"{delay} us of waiting"),
            (rules.capacity.get(work.medium, 0) == 0, "medium", f"takes no {work.medium}"),
        )
        return next(((rule, detail) for failed, rule, detail in checks if failed), None)

    def moment(self, agent: Agent) -> Failure | None:
        """The first rule that the agent fails for now, whatever rests."""
        work, policy, agent = self._work, self._shard.policy, without(agent, self._work)
        rules, medium = agent.rules, self._work.medium
        capacity, held = rules.capacity.get(medium, 0), agent.held.get(medium, 0)
        out = agent.kept_out(medium, policy.interrupts)
        counted = agent.units - agent.interrupted(medium, policy.interrupts)
        named = self._rules.units if work.units is None else work.units
        need = policy.cost(rules, medium) if named is None else named
        checks = (
            (agent.presence is not Presence.READY, "presence", f"{agent.presence} {agent.reason or ''}".strip()),
            (not agent.connected, "connection", "not connected"),
            (agent.leaving, "next_presence", f"{agent.next_presence} {agent.next_reason or ''} follows".strip()),
            (medium not in agent.media, "reach", f"reached by {', '.join(agent.media)} only"),
            (medium in agent.paused, "paused", f"takes no {medium} for now"),
            (agent.fresh_until is not None, "fresh_limit", f"until {agent.fresh_until}"),
            (held >= capacity, "capacity", f"{held} of {capacity} {medium}"),
            (out is not None, "interrupts", f"no {medium} beside {out}"),
            (counted + need > rules.total_units, "total_units", f"{counted} of {rules.total_units} units"),
        )
        return next(((rule, detail) for failed, rule, detail in checks if failed), None)

    def rest(self, agent: Agent) -> Failure | None:
        """Whether the item rests for the agent."""
        until = self._work.resting.get(agent.agent_id)
        return None if until is None else ("resting", f"until {until}")

    def held(self, agent: Agent) -> Failure | None:
        """What keeps the item from an agent who could take it: its time, its preferred agents, a reserve."""
        work = self._work
        if work.not_before is not None:
            return "not_before", f"not before {work.not_before}"
        if work.directed is not None:
            return None
        if self.alone and agent.agent_id not in self.alone:
            until = work.ringed_at + patience(self._rules, work)
            return "preferred", f"waits for {', '.join(self.alone)} until {until}"
        return self._reserve

    def key(self, agent: Agent) -> Key:
        """What the agent is ordered by among those who may take the item, preferred agents aside."""
        return self.choice.key(without(agent, self._work), self.wanted)

    def order(self, agent: Agent) -> tuple[int, Key, str]:
        """The whole order: preferred agents first, then the key, then the id."""
        return (-self._work.preference(agent.agent_id), self.key(agent), agent.agent_id)

    def terms(self, agent: Agent) -> Terms:
        """The same as (name, integer) pairs, as a Decision has them."""
        terms = self.choice.teller()(self.key(agent))
        return (("preferred", self._work.preference(agent.agent_id)), *terms) if self._work.preferred else terms

    def _not_named(self, agent: Agent) -> bool:
        work = self._work
        return work.directed is None and bool(work.named) and agent.agent_id not in work.named

    def _alone(self) -> tuple[str, ...]:
        """The preferred agents for whom alone the item waits now; none when none of them is present."""
        work, agents = self._work, self._shard.agents
        if work.directed is not None or work.waited_us >= patience(self._rules, work):
            return ()
        alone = [agent_id for agent_id in work.preferred if not work.named or agent_id in work.named]
        members = [agents[agent_id] for agent_id in alone if agent_id in agents]
        return tuple(alone) if any(work.medium in one.staffs and self.never(one) is None for one in members) else ()

    def _held_back(self) -> Failure | None:
        """The queue's reserve, where it holds the item back. It has no part in work that is for certain agents only."""
        work, reserve = self._work, self._rules.reserve
        if reserve is None or self.priority >= reserve.below or self.alone or work.named:
            return None
        agents = self._shard.agents.values()
        free = sum(1 for agent in agents if self.never(agent) is None and self.moment(agent) is None)
        return ("reserve", f"{free} free, {reserve.free} kept back") if free <= reserve.free else None


def without(agent: Agent, work: Work) -> Agent:
    """The agent as they would be without their claims to this item."""
    own = [one for one in agent.reservations.values() if one.work is work]
    if not own:
        return agent
    accepted = sum(one.state is not OfferState.OFFERED for one in own)
    return replace(
        agent,
        units=agent.units - sum(one.units for one in own),
        held={**agent.held, work.medium: agent.held.get(work.medium, 0) - len(own)},
        reservations={key: one for key, one in agent.reservations.items() if one.work is not work},
        handled_today=max(agent.handled_today - accepted, 0),
    )


def _lack(lack: Expression, agent: Agent) -> str:
    """The demand that is not met, in words where it is a grade."""
    if not isinstance(lack, Requirement):
        return render(lack)
    low = agent.rules.skills.get(lack.skill, 0) < lack.minimum
    return f"{lack.skill} below {lack.minimum}" if low else f"{lack.skill} above {lack.maximum}"


def explain(views: Views, work_id: str) -> Explanation | None:
    """Evaluate every agent against an open item; None for unknown work.

    Cost grows with the number of agents: not for the decision path.
    """
    return next((found for found in explaining(views, work_id) if found is not None), None)


def explaining(views: Views, work_id: str) -> Iterator[Explanation | None]:
    """The same in steps of a few agents, for whoever must do other things in between: the last step gives it.

    Agents are told as they are when their step comes; turns that are made in between show in those after them.
    """
    shard = views.shard
    work = shard.work.get(work_id)
    if work is None:
        return
    line, case = shard.lines[work.queue], Case(shard, work)
    able: list[tuple[tuple[int, Key, str], CandidateView]] = []
    others: list[CandidateView] = []
    for index, agent in enumerate(list(shard.agents.values()), 1):
        failed = case.first_failed(agent)
        if failed is None:
            able.append((case.order(agent), CandidateView(agent.agent_id, None, "", case.terms(agent))))
        else:
            terms = () if failed[0] in NEVER_RULES else case.terms(agent)
            others.append(CandidateView(agent.agent_id, failed[0], failed[1], terms))
        if index % STEP == 0:
            yield None
    able.sort(key=lambda pair: pair[0])
    others.sort(key=lambda candidate: candidate.agent_id)
    candidates = (*(view for _, view in able), *others)
    winner = work.reservation.agent.agent_id if work.reservation is not None else None
    yield Explanation(
        work_id=work.work_id,
        policy_version=shard.policy.version,
        strategy=line.rules.strategy.value,
        place=line.waiting.place(work) if work.listed else None,
        winner=winner,
        runner_up=next((view.agent_id for _, view in able if view.agent_id != winner), None),
        candidates=candidates,
    )
