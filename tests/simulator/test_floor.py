"""Agents by the clock: shifts, breaks that wait for the end of the call, overtime."""

from dataclasses import replace

import numpy as np
import pytest

from router.vocabulary import Medium
from simulator.arrivals import Steps
from simulator.distributions import Constant
from simulator.engine import Engine
from simulator.scenario import Group, Scenario, WorkType
from simulator.schedule import Break, Plan, Spell
from simulator.streams import Streams
from simulator.trace import Trace
from tests.simulator.models import HOUR, SECOND, agents, queue, scenario


def run(plan: Plan, calls: int = 0, talk_s: int = 100) -> Trace:
    """One agent with this plan; so many calls in the first second."""
    work = WorkType("calls", "calls", Medium.VOICE, Steps((0, SECOND), (calls,), exact=True), Constant(talk_s * SECOND))
    model = scenario([queue("calls")], {"agents": agents("agents", 1)}, [work], 1)
    return Engine(with_plan(model, plan), Streams(1, 0), model.policy).run()


def with_plan(model: Scenario, plan: Plan) -> Scenario:
    return replace(model, groups=(Group("agents", {"agents-000": plan}),))


def staffed(trace: Trace, start: float, end: float) -> float:
    return float(np.diff(trace.groups[0].staffed.until(np.array([start, end])))[0])


def at(minutes: float) -> int:
    return round(minutes * 60 * SECOND)


def test_there_from_sign_in_to_sign_out() -> None:
    trace = run(Plan((Spell(at(10), at(20)), Spell(at(40), at(50)))))
    assert staffed(trace, 0, 3600) == pytest.approx(1200)
    assert staffed(trace, 600, 1200) == pytest.approx(600)
    assert staffed(trace, 1200, 2400) == 0


def test_to_the_end_of_the_run_where_no_end_is_given() -> None:
    assert staffed(run(Plan((Spell(0, None),))), 0, 3600) == pytest.approx(3600)


def test_a_break_is_not_staffed() -> None:
    trace = run(Plan((Spell(0, at(60), (Break(at(20), at(10)),)),)))
    assert staffed(trace, 0, 1200) == pytest.approx(1200)
    assert staffed(trace, 1200, 1800) == 0
    assert staffed(trace, 1800, 3600) == pytest.approx(1800)


def test_a_break_begins_after_the_call_and_keeps_its_length() -> None:
    trace = run(Plan((Spell(0, at(60), (Break(at(20), at(10)),)),)), calls=1, talk_s=1500)
    assert staffed(trace, 1200, 1500) == pytest.approx(300)
    assert staffed(trace, 1500 + 1, 2100) == pytest.approx(0, abs=1.0)
    assert staffed(trace, 2101, 3600) == pytest.approx(1499)


def test_no_new_call_in_a_break() -> None:
    trace = run(Plan((Spell(0, at(60), (Break(at(1), at(10)),)),)), calls=2, talk_s=100)
    waits = np.sort(trace.waits.end - trace.waits.queued)
    assert waits == pytest.approx([0, 700], abs=1.0)


def test_who_missed_an_offer_before_a_break_is_not_back_before_its_end() -> None:
    work = WorkType("calls", "calls", Medium.VOICE, Steps((0, SECOND), (1,), exact=True), Constant(SECOND))
    model = scenario([queue("calls")], {"agents": agents("agents", 1)}, [work], 1)
    plan = Plan((Spell(0, at(60), (Break(at(2), at(10)),)),))
    group = Group("agents", {"agents-000": plan}, miss=1.0, back_us=at(5))
    trace = Engine(replace(model, groups=(group,)), Streams(1, 0), model.policy).run()
    assert staffed(trace, 120, 720) == pytest.approx(0, abs=1e-6)
    assert staffed(trace, 720, 721) > 0


def test_a_call_at_the_end_of_the_shift_is_finished() -> None:
    trace = run(Plan((Spell(0, at(10)),)), calls=2, talk_s=900)
    assert staffed(trace, 0, 3600) == pytest.approx(900, abs=1.0)
    assert sorted(trace.waits.ending.tolist()) == [0, 1]


def test_a_shift_may_end_in_a_break_or_a_break_begin_after_it() -> None:
    inside = run(Plan((Spell(0, at(20), (Break(at(15), at(10)),)),)))
    assert staffed(inside, 0, 3600) == pytest.approx(900)
    after = run(Plan((Spell(0, at(10), (Break(at(12), at(5)),)), Spell(at(30), at(40)))))
    assert staffed(after, 0, 3600) == pytest.approx(1200)


def test_plans_before_the_start_are_kept_from_then_on() -> None:
    work = WorkType("calls", "calls", Medium.VOICE, Steps((HOUR, 2 * HOUR), (0,)), Constant(1))
    model = scenario([queue("calls")], {"agents": agents("agents", 1)}, [work], 2)
    model = replace(model, start_us=HOUR, measure_from_us=HOUR)
    plan = Plan((Spell(0, HOUR // 2), Spell(HOUR // 2, at(90), (Break(at(40), at(5)),))))
    trace = Engine(with_plan(model, plan), Streams(1, 0), model.policy).run()
    assert staffed(trace, 0, 7200) == pytest.approx(1800)
