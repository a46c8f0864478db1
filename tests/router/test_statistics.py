"""The fold, by hand-written turns and by random walks: nothing counted twice, nothing lost, however it is cut."""

from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from router.commands import CloseWork, Command, EndWrapUp, JoinLegs, RequeueWork, SendOffer, ShowPresence, WithdrawOffer
from router.counters import NUMBERS, Counters, total
from router.events import (
    AssignmentConnected,
    CallbackRequested,
    CustomerLeft,
    Event,
    InteractionClosed,
    InteractionNoted,
    NodeLost,
    TimePassed,
    WorkMoved,
    WorkQueued,
)
from router.rows import AgentRow, Changes, ShardImage, Turn
from router.slots import AGENT, CHANNEL, MEDIUM, QUEUE, SLOT_US, Subject
from router.statistics import Statistics
from router.statistics_state import Limits, State
from router.vocabulary import Medium, Outcome, Presence, WithdrawReason
from tests.properties.walk import Walk
from tests.records.turns import START, abandoned_call, handled_call, offer, opened, queued, turn

S = 1_000_000
EVER = 2**62


def limits(_queue: str) -> Limits:
    return Limits(target_us=20 * S, short_us=5 * S)


def counted(*turns: Turn) -> Statistics:
    made = Statistics(limits)
    for number, each in enumerate(turns, 1):
        made.observe(Turn(number, each.now, each.cause, each.event, each.commands, each.changes))
    return made


def of(statistics: Statistics, subject: Subject, now: int = START + 1000 * S) -> Counters:
    return statistics.counters(subject, 0, EVER, now)


def test_a_call_that_the_third_agent_takes() -> None:
    done = counted(*handled_call())
    for subject in ((QUEUE, "orders"), (MEDIUM, "voice"), (CHANNEL, "line-400")):
        counters = of(done, subject)
        assert (counters.arrived, counters.answered, counters.within, counters.wait_us) == (1, 1, 0, 25 * S)
        assert (counters.offers, counters.accepted, counters.rejected, counters.missed) == (3, 1, 1, 1)
        assert (counters.handled, counters.ring_us, counters.talk_us) == (1, 3 * S, 60 * S)
        assert (counters.wrap_up_us, sum(counters.waits.values())) == (10 * S, 1)
    anna, ben, cai = (of(done, (AGENT, name), START + 101 * S) for name in ("anna", "ben", "cai"))
    assert (anna.offers, anna.rejected, anna.busy_us, anna.idle_us) == (1, 1, 2 * S, 99 * S)
    assert (ben.offers, ben.missed, ben.busy_us, ben.away_us) == (1, 1, 20 * S, 73 * S)
    assert (cai.answered, cai.handled, cai.talk_us, cai.busy_us) == (1, 1, 60 * S, 73 * S)
    assert not done.state.work
    assert not done.state.reservations
    assert not done.state.channels


@pytest.mark.parametrize(("after", "short", "within"), [(4, 1, 1), (5, 0, 1), (20, 0, 1), (21, 0, 0)])
def test_abandons(after: int, short: int, within: int) -> None:
    left = turn(2, after, CustomerLeft("w1"), CloseWork("w1", "i1", Outcome.ABANDONED))
    counters = of(counted(turn(1, 0, queued()), left), (QUEUE, "orders"))
    assert (counters.abandoned, counters.short_abandoned, counters.abandoned_within) == (1, short, within)
    assert (counters.settled, counters.abandon_wait_us) == (1, after * S)


def test_an_abandon_while_it_rings_is_no_missed_offer() -> None:
    anna = of(counted(*abandoned_call()), (AGENT, "anna"))
    assert (anna.offers, anna.withdrawn, anna.missed, anna.busy_us) == (1, 1, 0, 4 * S)


def test_moved_work_is_diverted_from_one_queue_and_arrives_in_the_other() -> None:
    moved = turn(2, 3, WorkMoved("w1", "vip", "sam"), RequeueWork("w1", "i1", "vip"))
    left = turn(3, 30, CustomerLeft("w1"), CloseWork("w1", "i1", Outcome.ABANDONED))
    done = counted(turn(1, 0, queued()), moved, left)
    orders, vip, voice = of(done, (QUEUE, "orders")), of(done, (QUEUE, "vip")), of(done, (MEDIUM, "voice"))
    assert (orders.arrived, orders.diverted, orders.abandoned) == (1, 1, 0)
    assert (vip.arrived, vip.diverted, vip.abandoned, vip.abandon_wait_us) == (1, 0, 1, 30 * S)
    assert (voice.arrived, voice.diverted, voice.abandoned) == (1, 0, 1)


@pytest.mark.parametrize(
    ("outcome", "name"),
    [(Outcome.CANCELLED, "cancelled"), (Outcome.NODE_LOST, "diverted"), (Outcome.HANDLED, "diverted")],
)
def test_other_ends(outcome: Outcome, name: str) -> None:
    closed = turn(2, 3, TimePassed(), CloseWork("w1", "i1", outcome))
    counters = of(counted(turn(1, 0, queued()), closed), (QUEUE, "orders"))
    assert {each for each in NUMBERS if getattr(counters, each)} == {"arrived", name}


def test_who_is_called_back_waits_no_longer() -> None:
    asked = turn(2, 60, CallbackRequested("w1"))
    closed = turn(3, 99, TimePassed(), CloseWork("w1", "i1", Outcome.UNREACHED))
    counters = of(counted(turn(1, 0, queued()), asked, asked, closed), (QUEUE, "orders"))
    assert {each for each in NUMBERS if getattr(counters, each)} == {"arrived", "callbacks"}
    scheduled = replace(queued(), callback=True)
    counters = of(counted(turn(1, 0, scheduled)), (QUEUE, "orders"))
    assert (counters.arrived, counters.callbacks, counters.settled) == (1, 1, 0)


def test_the_wait_begins_where_the_place_counts_from_and_not_before_it_may_be_offered() -> None:
    left = turn(2, 30, CustomerLeft("w1"), CloseWork("w1", "i1", Outcome.ABANDONED))
    cases: list[tuple[dict[str, Any], int]] = [({"since": START - 10 * S}, 40), ({"not_before": START + 20 * S}, 10)]
    for changed, waited in cases:
        counters = of(counted(turn(1, 0, replace(queued(), **changed)), left), (QUEUE, "orders"))
        assert counters.abandon_wait_us == waited * S


def joined(at: float = 10) -> list[Turn]:
    return [
        turn(1, 0, queued(), offer("r1", "cai", 1, queued_at=0)),
        turn(2, at - 1, TimePassed(), JoinLegs("r1", "w1", "i1", "cai")),
        turn(3, at, AssignmentConnected("r1")),
        turn(4, at, AssignmentConnected("r1")),
    ]


def test_hold_is_not_talk() -> None:
    notes = [
        turn(5, 20, InteractionNoted("i1", "held")),
        turn(6, 50, InteractionNoted("i1", "resumed")),
        turn(7, 60, InteractionNoted("i1", "held")),
    ]
    over = turn(8, 70, TimePassed(), EndWrapUp("r1", "w1", "i1", "cai", None), CloseWork("w1", "i1", Outcome.HANDLED))
    counters = of(counted(*joined(), *notes, over), (QUEUE, "orders"))
    assert (counters.hold_us, counters.talk_us, counters.wrap_up_us) == (40 * S, 20 * S, 0)


def test_whoever_was_answered_is_not_counted_again() -> None:
    lost = turn(
        5,
        30,
        TimePassed(),
        WithdrawOffer("r1", "w1", "i1", "cai", WithdrawReason.FAILED),
        RequeueWork("w1", "i1", "orders"),
    )
    left = turn(6, 99, CustomerLeft("w1"), CloseWork("w1", "i1", Outcome.ABANDONED))
    counters = of(counted(*joined(), lost, left), (QUEUE, "orders"))
    assert (counters.arrived, counters.answered, counters.abandoned, counters.failed) == (1, 1, 0, 0)
    assert (counters.handled, counters.talk_us) == (1, 20 * S)


def test_an_offer_to_several_of_whom_one_accepts() -> None:
    both = turn(1, 0, queued(), offer("r1", "anna", 1, queued_at=0), offer("r2", "ben", 1, queued_at=0))
    taken = turn(
        2,
        2,
        TimePassed(),
        JoinLegs("r2", "w1", "i1", "ben"),
        WithdrawOffer("r1", "w1", "i1", "anna", WithdrawReason.CANCELLED),
    )
    done = counted(both, taken, turn(3, 3, AssignmentConnected("r2")))
    counters = of(done, (QUEUE, "orders"))
    assert (counters.offers, counters.accepted, counters.withdrawn, counters.answered) == (2, 1, 1, 1)
    assert done.state.work["w1"].reservations == ["r2"]


def test_time_goes_into_the_slots_in_which_it_lies() -> None:
    begin = START // SLOT_US * SLOT_US
    shown_ready = (ShowPresence("anna", Presence.READY, None, 0),)
    ready = Turn(1, begin + 200 * S, "", TimePassed(), shown_ready, Changes())
    done = Statistics(limits)
    done.observe(ready)
    now = begin + 1000 * S
    shown = [done.counters((AGENT, "anna"), slot, slot + SLOT_US, now).idle_us for slot in range(begin, now, SLOT_US)]
    assert shown == [100 * S, 300 * S, 300 * S, 100 * S]
    done.state.clock = now
    done.settle()
    again = [done.counters((AGENT, "anna"), slot, slot + SLOT_US, now).idle_us for slot in range(begin, now, SLOT_US)]
    assert again == shown


def test_interactions_of_a_lost_node_are_forgotten() -> None:
    done = counted(turn(1, 0, opened("a", "n1")), turn(2, 0, opened("b", "n2")), turn(3, 0, NodeLost("n1")))
    assert set(done.state.channels) == {"b"}
    done.observe(turn(4, 1, InteractionClosed("b", "handled")))
    assert not done.state.channels


def test_what_was_seen_is_skipped_and_what_changed_is_told() -> None:
    done = counted(*handled_call())
    before = of(done, (QUEUE, "orders"))
    done.observe(handled_call()[5])
    assert of(done, (QUEUE, "orders")) == before
    assert (QUEUE, "orders") in done.slots.take_changed()
    assert {subject for subject, _, _ in done.slots.take_dirty()} > {(QUEUE, "orders"), (AGENT, "cai")}


def entries(seed: int, steps: int) -> tuple[Walk, list[Turn]]:
    walk = Walk(seed, agents=6, queues=5, skills=3)
    for _ in range(steps):
        walk.step()
    found: list[Turn] = []
    for number, (event, now, commands) in enumerate(walk.trace, 1):
        said: Event = event if event is not None else TimePassed()
        found.append(Turn(number, now, "walk", said, tuple(commands), Changes()))
    return walk, found


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_random_walk_adds_up_and_agrees_with_the_rows(seed: int) -> None:
    walk, turns = entries(seed, 1500)
    done = Statistics(limits)
    for each in turns:
        done.observe(each)
    store, state = walk.world.store, done.state
    assert {name: work.queue for name, work in state.work.items()} == {n: row.queue for n, row in store.work.items()}
    assert set(state.reservations) == set(store.reservations)
    for name, row in store.reservations.items():
        kept = state.reservations[name]
        assert (kept.agent_id, kept.offered_at, kept.connected_at) == (row.agent_id, row.offered_at, row.connected_at)
    for agent_id, activity in state.agents.items():
        assert activity.held == sum(row.agent_id == agent_id for row in store.reservations.values())
    now = walk.world.now
    media = total(of(done, (MEDIUM, name), now) for name in done.subjects(MEDIUM))
    queues = total(of(done, (QUEUE, name), now) for name in done.subjects(QUEUE))
    agents = total(of(done, (AGENT, name), now) for name in done.subjects(AGENT))
    still = sum(not work.settled for work in state.work.values())
    assert media.arrived == media.settled + media.cancelled + media.callbacks + still > 50
    assert queues.arrived - queues.diverted == media.arrived - media.diverted
    commands: list[Command] = [command for each in turns for command in each.commands]
    assert queues.offers == agents.offers == sum(isinstance(each, SendOffer) for each in commands)
    assert agents.offers == agents.accepted + agents.missed + agents.rejected + agents.failed + agents.withdrawn + sum(
        not kept.accepted for kept in state.reservations.values()
    )
    assert min(min(each.numbers().values()) for each in (media, queues, agents)) >= 0
    assert media.answered == sum(media.waits.values()) > 0


@pytest.mark.parametrize("seed", [6, 7])
def test_however_it_is_cut_the_numbers_are_the_same(seed: int) -> None:
    """Each cut is what a checkpoint and a restart do: the state through JSON, the slots as they were saved."""
    walk, turns = entries(seed, 800)
    through = Statistics(limits)
    for each in turns:
        through.observe(each)
    random, saved = Random(seed), dict[tuple[Subject, int], Counters]()
    cut = Statistics(limits)
    for each in turns:
        cut.observe(each)
        if random.random() < 0.05:
            state = msgspec.json.decode(msgspec.json.encode(cut.settle()), type=State)
            saved.update({(subject, slot): counters for subject, slot, counters in cut.slots.take_dirty()})
            slots: dict[Subject, dict[int, Counters]] = {}
            for (subject, slot), counters in saved.items():
                slots.setdefault(subject, {})[slot] = counters
            cut = Statistics(limits, state, slots)
    now = walk.world.now + 5 * S
    subjects = {(kind, name) for kind in (QUEUE, AGENT, MEDIUM) for name in through.subjects(kind)}
    assert len(subjects) > 10
    for subject in subjects:
        assert of(cut, subject, now) == of(through, subject, now), subject
    assert cut.state == State(
        through.state.position,
        through.state.clock,
        through.state.work,
        through.state.reservations,
        cut.state.agents,
        through.state.channels,
    )


def test_rows_alone_are_enough_to_go_on() -> None:
    """A journal that was cut: what is open is taken from the rows, nothing is counted for what was not seen."""
    walk, turns = entries(9, 600)
    done = Statistics(limits)
    done.observe(turns[0])
    store = walk.world.store
    image = ShardImage(
        tuple(store.agents.values()), tuple(store.work.values()), tuple(store.reservations.values()), "v", 600, 0
    )
    done.resume(image, walk.world.now)
    assert set(done.state.work) == set(store.work)
    assert set(done.state.reservations) == set(store.reservations)
    assert done.state.position == 600
    assert all(of(done, (MEDIUM, name), walk.world.now).arrived <= 1 for name in ("voice", "chat", "email"))
    held = {row.work_id for row in store.reservations.values() if row.connected_at is not None}
    assert {name for name, work in done.state.work.items() if work.settled} >= held


def test_standing_still_is_nobody_s_time() -> None:
    done = counted(*handled_call()[:1])
    agents = walk_agents()
    done.resume(ShardImage(agents, (), (), "v", 1, 0), START + 5000 * S)
    assert of(done, (AGENT, "anna"), START + 5001 * S).idle_us == S


def walk_agents() -> tuple[AgentRow, ...]:
    return (AgentRow("anna", Presence.READY, None, START, 1, True, START),)


def test_what_is_over_is_put_away_and_nothing_else() -> None:
    done = counted(turn(1, 0, queued()), turn(2, 1000, WorkQueued("w2", "i2", Medium.VOICE, "orders")))
    done.settle()
    done.slots.take_dirty()
    done.slots.begin_day(START + 900 * S)
    done.put_away(START + 500 * S, 9)
    assert of(done, (QUEUE, "orders")).arrived == 1
    done.put_away(EVER, 9)
    assert of(done, (QUEUE, "orders")).arrived == 1


def test_a_slot_is_put_away_once_every_agents_time_in_it_is_counted() -> None:
    ready = [turn(1, 0, TimePassed(), ShowPresence(name, Presence.READY, None, START)) for name in ("anna", "ben")]
    late = turn(1, 2 * SLOT_US // S, TimePassed(), ShowPresence("cai", Presence.READY, None, START))
    done, begun = counted(*ready, late), START // SLOT_US * SLOT_US

    def put_away() -> int:
        """Returns how many agents' first slot is open then."""
        done.slots.take_dirty()
        done.put_away(0, 99)
        return sum(begun in slots for slots in done.slots._slots.values())

    done.settle_some(2)
    assert put_away() == 1, "of one of them nothing is counted yet"
    done.settle_some(2)
    assert put_away() == 2, "the next round says that this one is over"
    done.settle_some(2)
    assert put_away() == 0
    idle = [of(done, (AGENT, name), late.now).idle_us for name in ("anna", "ben", "cai")]
    assert idle == [2 * SLOT_US, 2 * SLOT_US, 0]
