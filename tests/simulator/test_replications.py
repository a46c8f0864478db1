"""Several runs put together, in this process or in others."""

from dataclasses import replace

import pytest

from simulator.replications import BATCHES, compare, gather, replicate, run, simulate
from tests.simulator.models import one_queue, seconds

MODEL = replace(one_queue(4, 80, seconds(150), 2, 0, patience_s=100), replications=3)


def test_other_processes_give_the_same_result() -> None:
    here, there = simulate(MODEL, 1), simulate(MODEL, 1, processes=2)
    assert here.estimates() == there.estimates()
    assert (here.runs, here.turns, here.notes) == (there.runs, there.turns, there.notes)


def test_a_single_replication_is_cut_into_batches() -> None:
    one = simulate(MODEL, 1, replications=1)
    assert (one.runs, one.batches) == (1, BATCHES)
    assert one.estimate("all", "all", "wait_s").half_width is not None
    several = simulate(MODEL, 1, replications=2)
    assert (several.runs, several.batches) == (2, 1)


def test_a_result_can_be_refined_run_by_run() -> None:
    first = list(replicate(MODEL, 1, range(3)))
    more = list(replicate(MODEL, 1, range(3, 6)))
    assert gather(first).estimates() == simulate(MODEL, 1).estimates()
    assert gather(first + more).estimates() == simulate(MODEL, 1, replications=6).estimates()


def test_progress_goes_from_nought_to_one() -> None:
    told: list[float] = []
    simulate(MODEL, 1, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    told.clear()
    simulate(MODEL, 1, processes=2, progress=told.append)
    assert told == pytest.approx([1 / 3, 2 / 3, 1])


def test_two_policies_meet_the_same_customers() -> None:
    quicker = replace(
        MODEL.policy, queues={"calls": replace(MODEL.policy.queues["calls"], priority=7)}, version="another"
    )
    one, two = run(MODEL, 5, 1), run(MODEL, 5, 1, policy=quicker)
    assert one.waits.queued.tolist() == two.waits.queued.tolist()
    assert one.waits.end.tolist() == two.waits.end.tolist(), "a single queue's priority changes nothing"
    found = compare(simulate(MODEL, 5), simulate(MODEL, 5, policy=quicker))
    assert found["all", "all", "wait_s"].value == 0.0
    assert found["all", "all", "wait_s"].half_width == 0.0
