"""A policy made current. What it changes is found by comparing it with the one before; only that is done anew.

Nobody's work changes hands. Those who wait stand in their queues at their new places when the turn is over. An item
whose takers may be others now is left loose, without a profile, and its line with it: it is bound when somebody tries
it (`Agenda`, in queue order, so many in one turn), so that the turn stays short however many wait.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from router.agent import Agent
from router.line import Line, takers
from router.matching import Matcher
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.profile import Profile
from router.shard import Shard
from router.stages import delays
from router.vocabulary import WorkState
from router.work import Work

# Agents with new rules times profiles up to which the eligible sets are revised; beyond, they are built anew by use.
_REVISE = 20_000


@dataclass(slots=True)
class Adopted:
    """The agents whose rules are new, and items that are loose alone or wait for their time in a restored shard.

    anew: all eligible sets are built anew, so that every line is loose.
    """

    changed: list[Agent]
    anew: bool
    items: list[Work] = field(default_factory=list)


def adopt(shard: Shard, policy: Policy) -> Adopted:
    """Make the policy current: agents' rules, queues and ranks follow.

    An agent who is gone from it keeps no capacity and is marked removed, and items kept for them are for all again.
    Open items of a queue that is gone from it follow a queue of that name with default rules: rows and policy alone
    say what holds, in a restored shard too.
    """
    before, lines = shard.policy, shard.lines
    shard.policy = policy
    listing = [agent for agent in policy.agents.values() if agent.queues]
    found = _take_agents(shard, policy, lists=bool(listing))
    shard.lines = _new_lines(shard, policy, delays(listing))
    loose = [line for name, line in shard.lines.items() if found.anew or not _same_takers(lines.get(name), line)]
    for line in loose:
        line.loose = True
        if found.anew:
            line.plans.forget_profiles()
    stale = _loosen(shard, found, {line.rules.name for line in loose}, lines)
    _place(shard, lines, stale, before)
    shard.matcher.choose_by(shard.lines, listing)
    if not shard.work:
        for line in shard.lines.values():
            shard.matcher.prepare(line)
    return found


def _take_agents(shard: Shard, policy: Policy, *, lists: bool) -> Adopted:
    """Agents' rules, and the eligible sets. `lists`: some agent keeps a list of queues."""
    changed = _apply_rules(shard, policy)
    # Units and interrupts are in every eligible set, whether agents keep lists of queues in every profile's key.
    shape = (policy.units, policy.interrupts, lists)
    anew = shape != shard.shape or len(changed) * len(shard.matcher.profiles) > _REVISE
    shard.shape = shape
    if anew:
        shard.matcher = Matcher(policy, shard.agents.values(), shard.matcher)
    else:
        shard.matcher.revise(policy, shard.agents.values(), changed)
    return Adopted(changed, anew)


def _apply_rules(shard: Shard, policy: Policy) -> list[Agent]:
    """Give every agent their rules; the agents whose rules are new."""
    changed: list[Agent] = []
    for agent in shard.agents.values():
        rules = policy.agents.get(agent.agent_id)
        removed = rules is None
        rules = rules or AgentPolicy(agent.agent_id, team="", capacity={}, total_units=0)
        if removed is not agent.removed or (rules is not agent.rules and rules != agent.rules):
            agent.removed, agent.rules = removed, rules
            changed.append(agent)
    for agent_id, rules in policy.agents.items():
        if agent_id not in shard.agents:
            agent = shard.agents[agent_id] = Agent(agent_id, rules)
            changed.append(agent)
    return changed


def _new_lines(shard: Shard, policy: Policy, waits: Mapping[str, tuple[int, ...]]) -> dict[str, Line]:
    """A line for each queue, and for each that is gone while items of it are open: as it was where nothing changed."""
    gone: dict[str, QueuePolicy] = {}
    if not shard.lines.keys() <= policy.queues.keys() or not shard.lines:
        media = {work.queue: work.medium for work in shard.work.values() if work.queue not in policy.queues}
        gone = {name: QueuePolicy(name, medium) for name, medium in media.items()}
    found: dict[str, Line] = {}
    for name, rules in {**policy.queues, **gone}.items():
        old, wait = shard.lines.get(name), waits.get(name, ())
        line = Line(rules, delays=wait, lists=shard.shape[2], retired=name in gone)
        if old is not None:
            line = old if (old.rules, _bounds(old)) == (rules, _bounds(line)) else line.after(old)
        found[name] = line
    return found


def _bounds(line: Line) -> tuple[object, ...]:
    """What beside its rules bounds who may take from the line."""
    return line.delays, line.by_queue, line.retired


def _same_takers(old: Line | None, line: Line) -> bool:
    """Whether the same agents may take the line's items as before, and after the same time."""
    if old is None or old is line:
        return old is line
    return _bounds(old) == _bounds(line) and takers(old.rules) == takers(line.rules)


def _loosen(shard: Shard, found: Adopted, loose: Set[str], lines: Mapping[str, Line]) -> dict[int, Profile]:
    """Take items that are loose out of their profiles; these profiles by id. Items of a restored shard are listed."""
    matcher, stale = shard.matcher, dict[int, Profile]()
    # Whether preferred agents are there to be waited for may be another question now.
    alone = {} if found.anew else {work.work_id for agent in found.changed for work in matcher.preferring(agent)}
    # Where no line is loose only few are looked at closely.
    if not loose and not found.changed:
        return stale
    asked = [work for work in shard.work.values() if loose or work.directed is not None or work.work_id in alone]
    for work in asked:
        single = work.work_id in alone
        if work.directed is not None and not shard.policy.takes(work.directed, work.medium):
            work.directed = None
            shard.touch_work(work)
            single = True
        if not single and work.queue not in loose:
            continue
        if work.queue in lines:
            if not found.anew:
                stale[id(work.profile)] = work.profile
                matcher.unbind(work)
        elif work.state is WorkState.WAITING:
            work.listed = not work.scheduled
        work.profile = matcher.unbound
        if work.state is WorkState.WAITING and (work.scheduled or work.queue not in loose):
            found.items.append(work)
    return stale


def _place(shard: Shard, lines: Mapping[str, Line], stale: dict[int, Profile], before: Policy) -> None:
    """Those who wait stand where the new rules put them, in their lines and in the profiles that they have kept."""
    ageing_us = shard.policy.ageing_us
    for work in shard.work.values() if not lines else ():
        if work.listed:
            shard.lines[work.queue].waiting.entries.append((*work.rank, work))
    for name, line in shard.lines.items():
        old = lines.get(name)
        if old is not None and before.ageing_us == ageing_us and _order(old) == _order(line):
            continue
        for work in line.reorder(ageing_us):
            stale[id(work.profile)] = work.profile
    stale.pop(id(shard.matcher.unbound), None)
    for profile in stale.values():
        profile.waiting.entries.clear()
    for line in shard.lines.values() if stale else ():
        for entry in line.waiting.entries:
            profile = entry[3].profile
            if id(profile) in stale:
                profile.waiting.entries.append(entry)
    for profile in stale.values():
        profile.waiting.entries.sort()


def _order(line: Line) -> tuple[object, ...]:
    """What of the line's rules decides its items' ranks."""
    rules = line.rules
    return rules.priority, rules.priority_rules, rules.order, rules.target_us, rules.rings
