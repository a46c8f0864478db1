"""Who takes how long, by group."""

from dataclasses import replace

from simulator.scenario import NO_TIME
from tests.simulator.models import seconds, work


def test_a_group_has_its_own_times_or_those_of_all() -> None:
    calls = replace(work("calls", 1, seconds(100), 1), talk_by={"slow": seconds(200)}, wrap_up_by={"slow": seconds(9)})
    assert calls.talk_with("slow") == seconds(200)
    assert calls.talk_with("others") == seconds(100)
    assert calls.wrap_up_with("slow") == seconds(9)
    assert calls.wrap_up_with("others") == NO_TIME
