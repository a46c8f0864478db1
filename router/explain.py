"""Why an item was offered to whom, or why it waits: every agent with the first rule that they fail and their score.

Evaluated over the state on demand, without the indexes of matching, so that it also tells when those were wrong.
"""

from dataclasses import dataclass

from router.agent import Agent
from router.matching import Terms
from router.policy import QueuePolicy, Strategy
from router.shard import Shard
from router.skills import lacking, proficiency
from router.views import Views
from router.vocabulary import Presence
from router.work import Work

Score = tuple[int, int, int, str]


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


def first_failed(shard: Shard, work: Work, rules: QueuePolicy, agent: Agent) -> tuple[str, str] | None:
    """The first rule that keeps the agent from this item now, with a detail; the item's own claim counts as free."""
    capacity = agent.rules.capacity.get(work.medium, 0)
    held, units = agent.held.get(work.medium, 0), agent.units
    own = work.reservation
    if own is not None and own.agent is agent:
        held, units = held - 1, units - own.units
    need = shard.policy.cost(agent.rules, work.medium)
    missing = lacking(agent.rules.skills, work.demanded)
    directed = work.directed
    checks = (
        (agent.removed, "removed", "no longer in the policy"),
        (directed is not None and directed != agent.agent_id, "directed", f"kept for {directed}"),
        (directed is None and bool(rules.teams) and agent.rules.team not in rules.teams, "team", agent.rules.team),
        (missing is not None, "skill", "" if missing is None else f"{missing.skill} below {missing.minimum}"),
        (capacity == 0, "medium", f"takes no {work.medium}"),
        (agent.presence is not Presence.READY, "presence", f"{agent.presence} {agent.reason or ''}".strip()),
        (not agent.connected, "connection", "not connected"),
        (held >= capacity, "capacity", f"{held} of {capacity} {work.medium}"),
        (units + need > agent.rules.total_units, "total_units", f"{units} of {agent.rules.total_units} units"),
        (agent.agent_id in work.resting, "resting", f"until {work.resting.get(agent.agent_id)}"),
    )
    return next(((rule, detail) for failed, rule, detail in checks if failed), None)


def score(work: Work, rules: QueuePolicy, agent: Agent) -> Score:
    """The rule order as one tuple, smaller is better; the item's own claim does not count as load."""
    own = work.reservation
    load = agent.units - (own.units if own is not None and own.agent is agent else 0)
    skill = -proficiency(agent.rules.skills, work.demanded) if rules.strategy is not Strategy.LONGEST_IDLE else 0
    return (load, skill, agent.idle_since, agent.agent_id)


def terms(rules: QueuePolicy, value: Score) -> Terms:
    """The score as (name, integer) pairs in rule order, as a Decision has them."""
    load, skill, idle_since, _ = value
    if rules.strategy is not Strategy.LONGEST_IDLE:
        return (("load", load), ("proficiency", -skill), ("idle_since", idle_since))
    return (("load", load), ("idle_since", idle_since))


def explain(views: Views, work_id: str) -> Explanation | None:
    """Evaluate every agent against an open item; None for unknown work.

    Cost grows with the number of agents: not for the decision path.
    """
    shard = views.shard
    work = shard.work.get(work_id)
    if work is None:
        return None
    line = shard.lines[work.queue]
    rules = line.rules
    able: list[tuple[Score, CandidateView]] = []
    others: list[CandidateView] = []
    for agent in shard.agents.values():
        failed = first_failed(shard, work, rules, agent)
        qualified = failed is None or failed[0] not in ("removed", "directed", "team", "skill", "medium")
        value = score(work, rules, agent) if qualified else None
        shown = () if value is None else terms(rules, value)
        if failed is None and value is not None:
            able.append((value, CandidateView(agent.agent_id, None, "", shown)))
        elif failed is not None:
            others.append(CandidateView(agent.agent_id, failed[0], failed[1], shown))
    able.sort(key=lambda pair: pair[0])
    others.sort(key=lambda candidate: candidate.agent_id)
    winner = work.reservation.agent.agent_id if work.reservation is not None else None
    return Explanation(
        work_id=work.work_id,
        policy_version=shard.policy.version,
        strategy=rules.strategy.value,
        place=line.waiting.place(work) if work.listed else None,
        winner=winner,
        runner_up=next((candidate.agent_id for _, candidate in able if candidate.agent_id != winner), None),
        candidates=(*(candidate for _, candidate in able), *others),
    )
