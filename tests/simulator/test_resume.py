"""A run that goes on from a shard as it is: nothing is lost, time already passed counts, two rules can be compared."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from router.events import AssignmentConnected, AssignmentEnded, CustomerLeft, OfferAccepted, WrapUpFinished
from router.policy import QueuePolicy
from router.rows import AgentRow, ReservationRow, ShardImage, WorkRow
from router.vocabulary import Medium, OfferState, Presence, WorkState
from simulator.distributions import Constant, Exponential
from simulator.replications import compare, run, simulate
from simulator.resume import Found, found_items, is_answered, mark_answered, what_follows, with_found
from simulator.scenario import Group, Scenario
from simulator.schedule import Plan, Spell
from simulator.trace import Ending
from tests.simulator.models import SECOND, agents, queue, scenario, seconds, work

NOW = 1_772_409_600_000_000
STATES = {
    None: WorkState.WAITING,
    OfferState.OFFERED: WorkState.OFFERED,
    OfferState.ACCEPTED: WorkState.ASSIGNED,
    OfferState.CONNECTED: WorkState.CONNECTED,
    OfferState.WRAP_UP: WorkState.WRAP_UP,
}


def image(*states: OfferState | None, free: int = 0, connected: bool = True) -> ShardImage:
    """An item in each state, queued 100 s ago, each with an agent of its own where it has one; `free` agents more."""
    work_rows, held, people = [], [], []
    for number, state in enumerate(states):
        name, work_state = f"w{number}", STATES[state]
        work_rows.append(
            WorkRow(
                name,
                name,
                Medium.VOICE,
                "calls",
                (),
                0,
                NOW - 100 * SECOND,
                number + 1,
                work_state,
                state is not None,
                "n",
            )
        )
        if state is not None:
            people.append(f"agents-{number:03}")
            deadline = NOW + 20 * SECOND if state in (OfferState.OFFERED, OfferState.WRAP_UP) else None
            talked = NOW - 50 * SECOND if state in (OfferState.CONNECTED, OfferState.WRAP_UP) else None
            ended = NOW - 5 * SECOND if state is OfferState.WRAP_UP else None
            held.append(
                ReservationRow(
                    f"{name}.1", name, people[-1], Medium.VOICE, 1, state, NOW - 60 * SECOND, deadline, talked, ended
                )
            )
    people += [f"agents-{len(states) + number:03}" for number in range(free)]
    rows = tuple(AgentRow(name, Presence.READY, None, NOW, 4, connected, NOW - 70 * SECOND) for name in people)
    return ShardImage(rows, tuple(work_rows), tuple(held), "model", 1, NOW)


def model(servers: int = 6, per_hour: float = 0.0, talk: float = 100.0, rules: QueuePolicy | None = None) -> Scenario:
    """Half an hour from the image on; agents stay as they were found."""
    rules = rules or replace(queue("calls"), wrap_up_us=60 * SECOND)
    calls = replace(work("calls", per_hour, seconds(talk), 0.5), wrap_up=Constant(20 * SECOND))
    people = agents("agents", servers)
    plain = scenario([rules], {"agents": people}, [calls], 0.5)
    return replace(plain, groups=(Group("agents", dict.fromkeys(people, Plan()), ring=Constant(3 * SECOND)),))


def test_everything_that_was_open_is_finished() -> None:
    start = image(None, OfferState.OFFERED, OfferState.ACCEPTED, OfferState.CONNECTED, OfferState.WRAP_UP)
    trace = run(model(), 1, start=start)
    assert trace.notes == {}
    assert len(trace.waits.end) == 2, "only who still waits is measured: the waiting one and the one it rings for"
    assert (trace.waits.ending == Ending.ANSWERED).all()
    assert trace.waits.queued.tolist() == [-100.0, -100.0]
    assert trace.waits.came.tolist() == [0.0, 0.0]
    assert not np.isnan(trace.waits.handled).any()
    assert trace.groups[0].busy.until(np.array([0.0, 0.5])).tolist() == pytest.approx([0, 2.0])


def test_time_that_has_passed_counts() -> None:
    start = image(OfferState.WRAP_UP)
    trace = run(model(), 1, start=start)
    busy = trace.groups[0].busy
    assert (busy.start.tolist(), busy.end.tolist()) == ([0.0], [15.0]), "5 of 20 seconds of wrap-up were over"


def test_a_waiting_customer_goes_to_a_free_agent_at_once() -> None:
    trace = run(model(), 1, start=image(None, free=1))
    assert trace.waits.end.tolist() == [3.0]
    assert (trace.waits.end - trace.waits.queued).tolist() == [103.0]


def test_patience_that_is_nearly_out() -> None:
    plain = model()
    patient = replace(plain, work=(replace(plain.work[0], patience=Constant(130 * SECOND)),))
    trace = run(patient, 1, start=image(None))
    assert trace.waits.ending.tolist() == [Ending.ABANDONED]
    assert trace.waits.end.tolist() == [30.0]


def test_who_was_not_connected_takes_nothing() -> None:
    trace = run(model(), 1, start=image(None, free=1, connected=False))
    assert trace.waits.ending.tolist() == [Ending.UNSERVED]


def test_plans_go_on_from_here() -> None:
    plain = model()
    plans = {
        "agents-001": Plan((Spell(-10 * SECOND, 60 * SECOND),)),
        "agents-002": Plan((Spell(90 * SECOND, None),)),
    }
    going = replace(plain, groups=(replace(plain.groups[0], plans={**plain.groups[0].plans, **plans}),))
    staffed = run(going, 1, start=image(OfferState.CONNECTED, free=1)).groups[0].staffed
    assert staffed.until(np.array([59.0, 89.0, 91.0])).tolist() == pytest.approx([118.0, 149.0, 152.0])


def test_no_agent_without_a_group_and_no_work_without_a_type() -> None:
    with pytest.raises(ValueError, match="agents-001 is there and in no group"):
        run(model(servers=1), 1, start=image(None, free=1))
    with pytest.raises(ValueError, match="agents-000 is there and in no group"):
        run(model(servers=0), 1, start=image(OfferState.CONNECTED, connected=False))
    other = replace(model(), work=(replace(model().work[0], queue="others"),))
    with pytest.raises(ValueError, match="queue calls, which has no work type"):
        run(other, 1, start=image(None))


def test_two_rules_are_compared_on_the_same_moment() -> None:
    """Ten wait for two agents; under the other policy a third may take the calls as well."""
    rules = replace(queue("calls"), wrap_up_us=0, teams=("agents",))
    old = model(servers=3, per_hour=40, talk=120, rules=rules)
    people = {**old.policy.agents, "agents-002": replace(old.policy.agents["agents-002"], team="others")}
    old = replace(old, policy=replace(old.policy, agents=people))
    start = image(OfferState.CONNECTED, OfferState.CONNECTED, *[None] * 10)
    third = AgentRow("agents-002", Presence.READY, None, NOW, 1, connected=True, idle_since=NOW)
    start = structs.replace(start, agents=(*start.agents, third))
    helped = replace(old.policy, queues={"calls": replace(rules, teams=("agents", "others"))}, version="helped")
    before = simulate(old, 3, replications=12, start=start)
    after = simulate(old, 3, replications=12, start=start, policy=helped)
    gain = compare(before, after)["all", "all", "wait_s"]
    assert gain.high is not None
    assert gain.high < 0, "the third agent shortens the wait, and the interval says that it is no chance"
    assert before.estimate("all", "all", "arrivals") == after.estimate("all", "all", "arrivals")


def test_what_follows_each_state() -> None:
    start = image(None, OfferState.OFFERED, OfferState.ACCEPTED, OfferState.CONNECTED, OfferState.WRAP_UP)
    plain = model()
    patient = replace(plain, work=(replace(plain.work[0], talk=Constant(80 * SECOND), patience=Exponential(60e6)),))
    found = tuple(found_items(start, patient, (7,)))
    assert [one.item.customer for one in found] == [7, 8, 9, 10, 11]
    assert with_found((7,), found) == (12,)

    def names(one: Found) -> list[tuple[str, int]]:
        group = patient.groups[0] if one.reservation else None
        return [
            (type(event).__name__, (at - NOW) // SECOND) for at, event in what_follows(one, group, NOW, lambda _: 0.0)
        ]

    assert [names(one) for one in found] == [
        [(CustomerLeft.__name__, 0)],
        [(CustomerLeft.__name__, 0), (OfferAccepted.__name__, 0)],
        [(AssignmentConnected.__name__, 0), (AssignmentEnded.__name__, 80)],
        [(AssignmentEnded.__name__, 30)],
        [(WrapUpFinished.__name__, 15)],
    ]
    assert [is_answered(one.reservation) for one in found] == [False, False, True, True, True]
    row = found[3].reservation
    assert row is not None
    mark_answered(found[3].item, row, NOW, 0)
    assert (found[3].item.answered_at, found[3].item.ending) == (NOW - 50 * SECOND, Ending.ANSWERED)
