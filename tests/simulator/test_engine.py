"""What a run makes of customers: answered, gone, calling again, turned away; by times that can be reckoned by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from router.policy import QueuePolicy
from router.vocabulary import Medium
from simulator.arrivals import Steps
from simulator.distributions import Constant
from simulator.engine import Engine
from simulator.scenario import Group, Retry, Scenario, WorkType
from simulator.schedule import Plan, Spell
from simulator.streams import Streams
from simulator.trace import Ending, Trace
from tests.simulator.models import HOUR, SECOND, agents, one_queue, queue, scenario, seconds, work


def run(model: Scenario, seed: int = 1) -> Trace:
    return Engine(model, Streams(seed, 0), model.policy).run()


def lasting(value: float) -> Constant:
    return Constant(round(value * SECOND))


def some_calls(count: int, **more: Any) -> WorkType:
    """So many calls in the first second, each of 100 s."""
    calls = WorkType("calls", "calls", Medium.VOICE, Steps((0, SECOND), (count,), exact=True), lasting(100))
    return replace(calls, **more)


def model(calls: WorkType, servers: int = 1, rules: QueuePolicy | None = None, hours: float = 1) -> Scenario:
    return scenario([rules or queue("calls")], {"agents": agents("agents", servers)}, [calls], hours)


def test_one_after_the_other() -> None:
    trace = run(model(some_calls(3)))
    waits = np.sort(trace.waits.end - trace.waits.queued)
    assert waits == pytest.approx([0, 100, 200], abs=1.0)
    assert (trace.waits.ending == Ending.ANSWERED).all()
    assert trace.waits.handled == pytest.approx([100.0] * 3)
    assert np.diff(trace.groups[0].busy.until(np.array([0.0, 3600.0]))) == pytest.approx(300)
    assert trace.notes == {}


def test_ringing_and_wrap_up_take_the_agent_and_only_ringing_the_customer() -> None:
    rules = replace(queue("calls"), wrap_up_us=60 * SECOND)
    plain = model(some_calls(2, wrap_up=lasting(20)), rules=rules)
    trace = run(replace(plain, groups=(replace(plain.groups[0], ring=lasting(5)),)))
    assert np.sort(trace.waits.end - trace.waits.queued) == pytest.approx([5, 130], abs=1.0)
    assert trace.waits.handled == pytest.approx([125.0] * 2)
    assert np.diff(trace.groups[0].busy.until(np.array([0.0, 3600.0]))) == pytest.approx(250)


def test_the_queue_ends_a_wrap_up_that_is_too_long_and_it_is_told() -> None:
    trace = run(model(some_calls(2, wrap_up=lasting(90)), rules=replace(queue("calls"), wrap_up_us=30 * SECOND)))
    assert trace.waits.handled == pytest.approx([130.0] * 2)
    assert trace.notes == {"wrap-ups cut short by their queue's limit": 2}


def test_who_is_out_of_patience_leaves() -> None:
    trace = run(model(some_calls(3, patience=lasting(130))))
    assert sorted(trace.waits.ending.tolist()) == [Ending.ANSWERED, Ending.ANSWERED, Ending.ABANDONED]
    gone = trace.waits.ended(Ending.ABANDONED)
    assert (trace.waits.end - trace.waits.queued)[gone] == pytest.approx([130])


def test_who_left_calls_again_so_often() -> None:
    calls = some_calls(2, patience=lasting(10), retry=Retry(1.0, lasting(20), limit=2), talk=lasting(10_000))
    trace = run(model(calls))
    assert sorted(trace.waits.attempt.tolist()) == [0, 0, 1, 2]
    assert trace.waits.queued[trace.waits.attempt == 2] == pytest.approx([60], abs=1.0)
    never = run(model(replace(calls, retry=Retry(0.0, lasting(20)))))
    assert never.waits.attempt.tolist() == [0, 0]


def test_who_gives_up_while_it_rings_is_gone() -> None:
    plain = model(some_calls(1, patience=lasting(10)))
    trace = run(replace(plain, groups=(replace(plain.groups[0], ring=lasting(15)),)))
    assert trace.waits.ending.tolist() == [Ending.ABANDONED]
    assert trace.notes == {}, "a late answer is nothing unusual"


def test_a_rejected_offer_goes_to_the_next() -> None:
    plain = model(some_calls(1), servers=2)
    trace = run(replace(plain, groups=(replace(plain.groups[0], reject=1.0, ring=lasting(2)),)))
    assert trace.waits.ending.tolist() == [Ending.UNSERVED]
    half = run(replace(plain, groups=(replace(plain.groups[0], reject=0.5, ring=lasting(2)),)), seed=3)
    assert half.waits.ending.tolist() == [Ending.ANSWERED]


def test_who_missed_an_offer_is_away_for_a_while() -> None:
    rules = replace(queue("calls"), offer_timeout_us=20 * SECOND)
    plain = model(some_calls(1), rules=rules)
    group = replace(plain.groups[0], miss=1.0, back_us=100 * SECOND)
    trace = run(replace(plain, groups=(group,), end_us=HOUR // 2))
    offers = trace.notes["offers missed"]
    assert offers == pytest.approx((HOUR // 2 + 24 * HOUR) / (120 * SECOND), rel=0.01)
    staffed = np.diff(trace.groups[0].staffed.until(np.array([120.0, 360.0])))
    assert staffed == pytest.approx([40.0], abs=2.0), "there for the ringing, away for the rest"


def test_nobody_comes_any_more_who_could_take_it() -> None:
    plain = model(some_calls(3))
    plan = Plan((Spell(0, 150 * SECOND),))
    trace = run(replace(plain, groups=(Group("agents", {"agents-000": plan}),)))
    assert sorted(trace.waits.ending.tolist()) == [Ending.UNSERVED, Ending.ANSWERED, Ending.ANSWERED]
    assert trace.waits.end.max() >= 3600


def test_a_queue_that_does_not_take_it_turns_away() -> None:
    calls = some_calls(2, queue="elsewhere", retry=Retry(1.0, lasting(60), limit=1))
    trace = run(model(calls))
    assert trace.waits.ending.tolist() == [Ending.TURNED_AWAY] * 4
    assert trace.waits.end.tolist() == trace.waits.queued.tolist()
    assert trace.notes == {"refused: unknown_queue": 4}


def test_a_chat_agent_has_several_at_a_time() -> None:
    chats = WorkType("chats", "chats", Medium.CHAT, Steps((0, SECOND), (3,), exact=True), lasting(100))
    rules = QueuePolicy("chats", Medium.CHAT, wrap_up_us=0)
    plain = scenario([rules], {"agents": agents("agents", 1)}, [chats], 1)
    one = plain.policy.agents["agents-000"]
    able = replace(one, capacity={Medium.CHAT: 2}, total_units=4)
    trace = run(replace(plain, policy=replace(plain.policy, agents={"agents-000": able})))
    assert np.sort(trace.waits.end - trace.waits.queued) == pytest.approx([0, 0, 100], abs=1.0)
    group = trace.groups[0]
    assert np.diff(group.busy.until(np.array([0.0, 3600.0]))) == pytest.approx(200, abs=1)
    assert np.diff(group.held.until(np.array([0.0, 3600.0]))) == pytest.approx(300)
    assert np.diff(group.units.until(np.array([0.0, 3600.0]))) == pytest.approx(4 * 3600)


def test_the_same_seed_is_the_same_run() -> None:
    busy = one_queue(5, 100, seconds(160), 4, 0, patience_s=60)
    first, second, other = run(busy), run(busy), run(busy, seed=2)
    assert first.waits.end.tolist() == second.waits.end.tolist()
    assert first.turns == second.turns
    assert first.waits.end.tolist() != other.waits.end.tolist()


def test_the_dispatchers_clock_may_show_any_day() -> None:
    busy = one_queue(5, 100, seconds(160), 4, 0, patience_s=60)
    later = run(replace(busy, epoch_us=1_772_409_600_000_000))
    assert later.waits.end.tolist() == pytest.approx(run(busy).waits.end.tolist(), abs=1e-5)


def test_the_progress_is_told_and_never_goes_back() -> None:
    told: list[float] = []
    busy = one_queue(20, 700, seconds(100), 5, 0)
    Engine(busy, Streams(1, 0), busy.policy, progress=told.append).run()
    assert len(told) > 3
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] <= 1


def test_each_type_has_its_own_queue_and_talk_by_group() -> None:
    types = [work(name, 20, lasting(50), 2) for name in ("one", "two")]
    types[1] = replace(types[1], talk_by={"second": lasting(80)})
    queues = [queue("one", skill="one"), queue("two", skill="two")]
    plain = scenario(queues, {"first": agents("first", 9, one=1), "second": agents("second", 9, two=1)}, types, 2)
    trace = run(plain)
    for number, talk in ((0, 50.0), (1, 80.0)):
        mine = trace.waits.work == number
        assert (trace.waits.group[mine] == number).all()
        assert trace.waits.handled[mine] == pytest.approx(np.full(mine.sum(), talk))
