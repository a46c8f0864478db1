"""What must hold after every turn. Dense on purpose: it recounts everything and trusts no index."""

from collections import Counter
from collections.abc import Iterable

from router.agent import Agent
from router.commands import Command, SendOffer
from router.dispatcher import Dispatcher
from router.errors import InvariantError
from router.explain import Case, without
from router.offer import Reservation
from router.queue import order_time, rank
from router.restore import WORK_STATE
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import Medium, OfferState, Presence, WorkState
from router.work import Work


def check(dispatcher: Dispatcher) -> None:
    """Raise InvariantError with what is wrong at the first rule that is broken. To be called between turns."""
    shard = dispatcher.shard
    _check_places(shard)
    _check_reservations(shard)
    for agent in shard.agents.values():
        _check_agent(shard, agent)
    _check_deadlines(shard)
    _check_stages(dispatcher)
    _check_parked(shard)
    _check_leaving(shard)
    _check_indexes(shard)
    _check_cases(shard, dispatcher.unfinished)


def check_order(dispatcher: Dispatcher, commands: Iterable[Command]) -> None:
    """Raise InvariantError when a turn gave an agent an item while one that comes before it for them still waits.

    What comes before: of the queues to which the agent gives the best turn, what stands first. Where that is of a queue
    with a ratio, the ratio decides among those that have one. To be called after the turn that gave the commands.
    """
    shard = dispatcher.shard
    commands = list(commands)
    for index, command in enumerate(commands):
        held = shard.reservations.get(command.reservation_id) if isinstance(command, SendOffer) else None
        if held is None or dispatcher.unfinished:
            continue
        # As the agent was when the offer was made, or freer.
        agent = without(held.agent, held.work)
        given = min((_turn(agent, one), one.rank) for one in _stood_for(shard, held, commands[index:]))
        for work in shard.work.values():
            if work.listed and (_turn(agent, work), work.rank) < given and not _by_ratio(shard, work, held.work):
                left = Case(shard, work).first_failed(agent) is None
                what = f"agent {agent.agent_id} was given {held.work.work_id} although {work.work_id} comes before it"
                _require(not left, what)


def _stood_for(shard: Shard, held: Reservation, later: list[Command]) -> list[Work]:
    """The item itself and those in whose place the ratio may have chosen it: given later in the turn, or left over."""
    offers = (shard.reservations.get(one.reservation_id) for one in later if isinstance(one, SendOffer))
    given = [one.work for one in offers if one is not None and one.agent is held.agent]
    # As the agent was when the offer was made: what they were given after it in the turn was not theirs yet.
    before = held.agent
    for one in given:
        before = without(before, one)
    others = [work for work in (*given, *shard.work.values()) if _by_ratio(shard, work, held.work)]
    left = [one for one in others if one.listed and Case(shard, one).first_failed(before) is None]
    return [held.work, *(one for one in others if not one.listed and one in given), *left]


def _turn(agent: Agent, work: Work) -> int:
    """The turn that the agent gives to the item's queue."""
    taken = agent.rules.queues.get(work.queue) if work.directed is None else None
    return 1 if taken is None else taken.priority


def _by_ratio(shard: Shard, first: Work, second: Work) -> bool:
    """Whether a ratio decides between the two."""
    rules = (shard.lines[first.queue].rules, shard.lines[second.queue].rules)
    return all(one.ratio > 0 for one in rules) and first.directed is None and second.directed is None


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvariantError(message)


def _check_places(shard: Shard) -> None:
    """Each waiting item stands in its queue's list once, in order, and nothing else stands there."""
    seen: dict[str, str] = {}
    for name, line in shard.lines.items():
        ranks = [entry[:3] for entry in line.waiting.entries]
        _require(ranks == sorted(ranks), f"queue {name} is out of order")
        for work in line.waiting:
            _require(work.work_id not in seen, f"work {work.work_id} waits in {seen.get(work.work_id)} and in {name}")
            seen[work.work_id] = name
            _require(shard.work.get(work.work_id) is work, f"work {work.work_id} waits in {name} but is not open")
            _require(work.queue == name, f"work {work.work_id} of queue {work.queue} waits in {name}")
    for work in shard.work.values():
        waiting = work.state is WorkState.WAITING
        listed = waiting and not work.scheduled
        _require(listed == (work.work_id in seen), f"work {work.work_id} is {work.state} against its list")
        _require(listed == work.listed, f"work {work.work_id} is {work.state} but listed={work.listed}")
        _require(waiting or not work.scheduled, f"work {work.work_id} is {work.state} before its time")
        alone = waiting or work.state is WorkState.LEAVING
        _require(alone == (not work.reservations), f"work {work.work_id} is {work.state} against its reservations")
        _require(work.state is not WorkState.CLOSED, f"work {work.work_id} is closed but kept")
        _check_claims(shard, work)
        fitting = work.directed is None or shard.policy.takes(work.directed, work.medium)
        _require(fitting, f"work {work.work_id} is kept for {work.directed}, who never takes it")


def _check_claims(shard: Shard, work: Work) -> None:
    """Several reservations only while it is offered, each to another agent, no more than its queue says."""
    claims = list(work.reservations.values())
    if len(claims) < 2:
        return
    _require(work.state is WorkState.OFFERED, f"work {work.work_id} is {work.state} by {len(claims)} agents")
    _require(len({one.agent.agent_id for one in claims}) == len(claims), f"work {work.work_id} is offered to one twice")
    if all(one.policy_version == shard.policy.version for one in claims) and not shard.lines[work.queue].retired:
        limit = shard.lines[work.queue].rules.offer_to
        _require(len(claims) <= limit, f"work {work.work_id} is offered to {len(claims)} of {limit}")


def _check_reservations(shard: Shard) -> None:
    for key, reservation in shard.reservations.items():
        work, agent = reservation.work, reservation.agent
        _require(reservation.reservation_id == key, f"reservation {key} is kept under another id")
        _require(shard.work.get(work.work_id) is work, f"reservation {key} has no open work")
        _require(shard.agents.get(agent.agent_id) is agent, f"reservation {key} has no agent")
        _require(work.reservations.get(key) is reservation, f"reservation {key} and work {work.work_id} disagree")
        _require(agent.reservations.get(key) is reservation, f"reservation {key}: agent {agent.agent_id} lacks it")
        _require(
            WORK_STATE.get(reservation.state) is work.state, f"reservation {key} {reservation.state}, work {work.state}"
        )
    total = sum(len(agent.reservations) for agent in shard.agents.values())
    _require(total == len(shard.reservations), "an agent holds a reservation that is not open")
    total = sum(len(work.reservations) for work in shard.work.values())
    _require(total == len(shard.reservations), "a work item has a reservation that is not open")


def _check_agent(shard: Shard, agent: Agent) -> None:
    name = f"agent {agent.agent_id}"
    held = list(agent.reservations.values())
    _require(agent.units == sum(one.units for one in held), f"{name}: load {agent.units} is not its reservations'")
    for medium in Medium:
        count = sum(1 for one in held if one.medium is medium)
        _require(agent.held.get(medium, 0) == count, f"{name}: {medium} count is not its reservations'")
    _require(not agent.removed or bool(held), f"{name} is removed, without work, and still there")
    if agent.presence is Presence.OFFLINE:
        _require(not agent.paused, f"{name} is offline and pauses {agent.paused}")
        _require(not held or agent.removed, f"{name} is offline and holds work")
    # Capacity that a newer policy took away may be held until that work ends.
    if all(one.policy_version == shard.policy.version for one in held):
        counted = _counted(shard, agent)
        _require(counted <= agent.rules.total_units or not held, f"{name} holds {counted} units")
        for medium, count in agent.held.items():
            limit = agent.rules.capacity.get(medium, 0)
            _require(count <= limit, f"{name} holds {count} of {limit} {medium}")


def _counted(shard: Shard, agent: Agent) -> int:
    """The units that must fit at once: those of one medium, and of all that nothing held has come on top of."""
    held, interrupts = list(agent.reservations.values()), shard.policy.interrupts
    below = {one.medium for one in held if any(other.medium in interrupts.get(one.medium, ()) for other in held)}
    alone = [sum(one.units for one in held if one.medium is medium) for medium in Medium]
    return max(*alone, sum(one.units for one in held if one.medium not in below))


def _check_deadlines(shard: Shard) -> None:
    """Each thing with a deadline has its timer, and no timer is without its thing."""
    expected: dict[tuple[TimerKind, str], int] = {}
    for key, reservation in shard.reservations.items():
        timed = reservation.state in (OfferState.OFFERED, OfferState.WRAP_UP)
        _require(timed == (reservation.deadline is not None), f"reservation {key}: deadline {reservation.deadline}")
        if reservation.deadline is not None:
            offered = reservation.state is OfferState.OFFERED
            expected[TimerKind.OFFER if offered else TimerKind.WRAP_UP, key] = reservation.deadline
    for work in shard.work.values():
        if work.resting:
            expected[TimerKind.REST, work.work_id] = min(work.resting.values())
    for agent in shard.agents.values():
        if agent.grace_deadline is not None:
            expected[TimerKind.GRACE, agent.agent_id] = agent.grace_deadline
        if agent.fresh_until is not None:
            expected[TimerKind.FRESH, agent.agent_id] = agent.fresh_until
        due = agent.fresh_end()
        _require(agent.fresh_until == due, f"agent {agent.agent_id}: fresh from {agent.fresh_until}, not {due}")
        absent = agent.presence is Presence.READY and not agent.connected
        _require(not absent or agent.grace_deadline is not None, f"agent {agent.agent_id} is absent without a grace")
        _require(
            agent.next_presence is None or bool(agent.reservations), f"agent {agent.agent_id} has work to wait for"
        )
    apart = (TimerKind.MATCH, TimerKind.STAGE)
    armed = {key: due for key, due in shard.timers.armed() if key[0] not in apart}
    _require(armed == expected, f"timers {armed} are not the deadlines {expected}")


def _check_stages(dispatcher: Dispatcher) -> None:
    """Each item's timer is due when its standing next changes; one that is due already is only brought up to date.

    The timer of an item that a change of policy left loose follows when it is bound.
    """
    shard = dispatcher.shard
    stages = {name: due for (kind, name), due in shard.timers.armed() if kind is TimerKind.STAGE}
    for work in shard.work.values():
        due, boundary = stages.pop(work.work_id, None), dispatcher.boundary(work)
        loose = work.listed and work.profile is shard.matcher.unbound
        if not loose and (due is None or due > shard.clock):
            _require(due == boundary, f"work {work.work_id}: its stage ends at {boundary}, its timer at {due}")
    _require(not stages, f"stage timers without work: {stages}")


def _check_parked(shard: Shard) -> None:
    """Parked items are kept under who parked them; whoever is away or gone has none."""
    seen: dict[str, str] = {}
    for name, held in shard.parked.items():
        _require(bool(held), f"agent {name} has an empty list of parked items")
        agent = shard.agents.get(name)
        there = agent is not None and not agent.removed and agent.presence is not Presence.OFFLINE
        _require(there, f"agent {name} is not there and has parked {sorted(held)}")
        for key, work in held.items():
            _require(shard.work.get(key) is work, f"work {key} is parked but not open")
            seen[key] = name
    for work in shard.work.values():
        parked = work.parked_by if work.not_before is not None else None
        _require(seen.get(work.work_id) == parked, f"work {work.work_id}: parked by {parked}, kept otherwise")
        if parked is not None:
            _require(work.state is WorkState.WAITING, f"work {work.work_id} is parked and {work.state}")
            _require(work.directed is None, f"work {work.work_id} is parked and kept for {work.directed}")
            _require(work.preferred == (parked,), f"work {work.work_id} prefers {work.preferred}, not {parked}")
        taken = work.state not in (WorkState.WAITING, WorkState.OFFERED)
        _require(not (taken and work.parked_by), f"work {work.work_id} is {work.state} and still of who parked it")


def _check_leaving(shard: Shard) -> None:
    """What is on its way to another shard is kept under its token there, which is none that is still to be given."""
    for key, work in shard.leaving.items():
        handoff = work.handoff
        kept = handoff is not None and (handoff.shard, handoff.token) == key and shard.work.get(work.work_id) is work
        _require(kept, f"work {work.work_id} is kept as leaving by {key}, its handoff is {handoff}")
        sent = shard.neighbours[key[0]].sent
        _require(key[1] <= sent, f"work {work.work_id} has token {key[1]}, the last one given is {sent}")
    for work in shard.work.values():
        leaving = work.state is WorkState.LEAVING
        _require(leaving == (work.handoff is not None), f"work {work.work_id} is {work.state} with {work.handoff}")
        known = work.handoff is None or (work.handoff.shard, work.handoff.token) in shard.leaving
        _require(known, f"work {work.work_id} is leaving and not kept as such")
        _require(not (leaving and work.rooted), f"work {work.work_id} is leaving and may not")
    for neighbour in shard.neighbours.values():
        over = [token for token in neighbour.verdicts if token <= neighbour.settled]
        _require(not over, f"shard {neighbour.shard} needs no verdicts on {over} any more")


def _check_indexes(shard: Shard) -> None:
    """Each profile's members, eligible set, counts and waiting list equal a scan over everything."""
    waiting: dict[int, list[Work]] = {}
    unbound = shard.matcher.unbound
    users = Counter(id(work.profile) for work in shard.work.values())
    for work in shard.work.values():
        if work.listed and work.profile is not unbound:
            waiting.setdefault(id(work.profile), []).append(work)
    for profile in shard.matcher.profiles.values():
        mine = sorted(waiting.pop(id(profile), []), key=lambda work: work.rank)
        _require(list(profile.waiting) == mine, f"profile {profile.key}: waiting list differs from a scan")
        _require(profile.users == users[id(profile)], f"profile {profile.key}: {profile.users} users")
        live = sorted(entry[:4] for entry in profile.heap if entry[5].stamp == entry[4])
        able = [agent for agent in profile.members.values() if shard.matcher.available(agent, profile)]
        keys = sorted((*profile.key.choice.key(agent, profile.wanted), agent.agent_id) for agent in able)
        _require(live == keys, f"profile {profile.key}: eligible set differs from a scan")
        free = len(able) if profile.key.reserve else 0
        _require(profile.free == free, f"profile {profile.key}: {profile.free} free")
        present = sum(1 for agent in profile.members.values() if profile.key.medium in agent.staffs)
        _require(profile.present == present, f"profile {profile.key}: {profile.present} present")
        members = sorted(agent.agent_id for agent in shard.agents.values() if profile.admits(agent))
        _require(sorted(profile.members) == members, f"profile {profile.key}: members differ from a scan")
        _require(len(profile.heap) <= profile.limit, f"profile {profile.key}: {len(profile.heap)} entries")
    _require(not waiting, "an item waits under a forgotten profile")


def _check_cases(shard: Shard, unfinished: bool) -> None:
    """Each waiting item against every agent by the rules alone: its place, who may take it, and that nobody may."""
    for work in shard.work.values():
        if not work.listed:
            continue
        case, line = Case(shard, work), shard.lines[work.queue]
        time = order_time(line.rules, work.queued_at)
        where = rank(case.priority, time, work.sequence, shard.policy.ageing_us)
        _require(work.rank == where, f"work {work.work_id} stands at {work.rank}, not at {where}")
        due = shard.timers.deadline(TimerKind.STAGE, work.work_id)
        if not unfinished and (due is None or due > shard.clock):
            _require(work.profile is not shard.matcher.unbound, f"work {work.work_id} is not bound")
            able = next((one for one in shard.agents.values() if case.first_failed(one) is None), None)
            what = f"work {work.work_id} waits although agent {able and able.agent_id} may take it"
            _require(able is None, what)
        if work.profile is not shard.matcher.unbound:
            _check_members(shard, work, case)


def _check_members(shard: Shard, work: Work, case: Case) -> None:
    """The members of the item's profile are those who may ever take it."""
    key = work.profile.key
    for agent in shard.agents.values():
        held = case.held(agent)
        kept_out = held is not None and held[0] != "reserve"
        fits = case.never(agent) is None and not kept_out
        member = agent.agent_id in work.profile.members
        _require(fits == member, f"work {work.work_id}: agent {agent.agent_id} member={member} of {key}")
    held_back = any((held := case.held(agent)) is not None and held[0] == "reserve" for agent in shard.agents.values())
    _require(held_back == work.profile.held_back, f"work {work.work_id}: held back={not held_back}")
