"""The prediction is of the run's own customers."""

from loadtests.plan import load_plan
from loadtests.predict import SameCustomers, predict
from simulator.replications import run
from simulator.streams import Streams


def test_every_draw_has_the_runs_customers_and_agents_of_its_own() -> None:
    first = Streams(7, 0)
    draws = [SameCustomers(7, draw) for draw in (0, 1)]
    for purpose in ("arrivals", "patience", "talk", "wrap_up"):
        wanted = first.uniforms(purpose, "calls", 0, 5).tolist()
        assert all(draw.uniforms(purpose, "calls", 0, 5).tolist() == wanted for draw in draws)
    assert draws[0].uniforms("ring", "calls", 0, 5).tolist() == first.uniforms("ring", "calls", 0, 5).tolist()
    assert draws[1].uniforms("ring", "calls", 0, 5).tolist() != first.uniforms("ring", "calls", 0, 5).tolist()


def test_the_first_draw_is_the_simulators_first_run_and_lies_in_the_interval() -> None:
    plan = load_plan("crowded_line_shared")
    found = predict(plan.scenario, plan.seed, 5)
    trace = run(plan.scenario, plan.seed)
    calls = trace.waits.work == 0
    in_time = trace.waits.end - trace.waits.queued <= plan.scenario.work[0].threshold_us / 1e6
    level = float((in_time & (trace.waits.ending == 1))[calls].mean())
    interval = found["work"][plan.scenario.work[0].name]["level"]
    assert interval["low"] <= level <= interval["high"]
    assert interval["high"] - interval["low"] < 0.3, "the customers are the same, so that little is left to chance"
    assert found["work"]["chats"]["wait_s"]["mean"] > 0.3, "it rings at least as long"
    assert predict(plan.scenario, plan.seed, 5) == found
