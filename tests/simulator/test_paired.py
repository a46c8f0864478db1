"""Two sets of rules on one moment: the direction of a known effect, and nothing at all without a change."""

from dataclasses import replace

import pytest

from router.policy import Policy
from router.rows import AgentRow, ShardImage
from router.vocabulary import Presence
from simulator.estimates import Estimate
from simulator.moment import TeamBasis, moment
from simulator.paired import ENOUGH, Compared, Paired
from tests.simulator.models import SECOND, agents, queue
from tests.simulator.test_moment import HORIZON, NOW, basis

# 90 calls an hour of 100 s each are 2.5 agents' work: too much for two of them, little for four.
PEOPLE = {**agents("agents", 2), **agents("others", 2)}
RULES = Policy("now", {"calls": replace(queue("calls"), teams=("agents",))}, PEOPLE)
HELPED = replace(RULES, queues={"calls": replace(queue("calls"), teams=("agents", "others"))}, version="helped")
TEAMS = [TeamBasis(team=name, ring_us=2 * SECOND) for name in ("agents", "others")]
IMAGE = ShardImage(
    tuple(AgentRow(name, Presence.READY, None, NOW, 1, True, NOW) for name in PEOPLE), (), (), "now", 1, NOW
)


def pairs(policy: Policy, count: int) -> Paired:
    scenario = moment(RULES, IMAGE, [basis(90.0, patience_us=300 * SECOND)], TEAMS, HORIZON)
    made = Paired(scenario, IMAGE, policy, IMAGE, 7)
    for _ in range(count):
        made.run_pair()
    return made


def test_more_agents_help_a_crowded_queue_and_the_interval_says_so() -> None:
    found = pairs(HELPED, 12)
    queue_, busy = found.queue("calls"), found.team("agents")
    assert queue_["level"].verdict == "higher"
    assert queue_["wait"].verdict == "lower"
    assert queue_["abandoned"].verdict == "lower"
    assert busy.verdict == "lower"
    assert found.team("others").verdict == "higher"
    wait = queue_["wait"].difference
    assert wait.high is not None
    assert wait.high < 0
    assert queue_["arrivals"].verdict == "equal", "the same customers come"
    assert queue_["unserved"].verdict == "equal"


def test_no_change_is_exactly_no_difference() -> None:
    found = pairs(RULES, 3)
    for one in (*found.queue("calls").values(), found.team("agents"), found.team("others")):
        assert one.difference in (Estimate(0.0, 0.0), Estimate(None, None))
        assert one.verdict in ("equal", "unknown")


def test_a_single_pair_has_no_interval_and_two_no_verdict() -> None:
    one = pairs(HELPED, 1).queue("calls")["level"]
    assert one.difference.value is not None
    assert one.difference.low is None
    assert one.verdict == "unclear"
    assert pairs(HELPED, 2).queue("calls")["level"].verdict == "unclear"


@pytest.mark.parametrize(
    ("difference", "count", "verdict"),
    [
        (Estimate(None, None), 9, "unknown"),
        (Estimate(0.0, 0.0), 2, "equal"),
        (Estimate(0.0, 0.1), 9, "unclear"),
        (Estimate(0.2, 0.3), 9, "unclear"),
        (Estimate(0.2, 0.1), ENOUGH - 1, "unclear"),
        (Estimate(0.2, 0.1), ENOUGH, "higher"),
        (Estimate(-0.2, 0.1), ENOUGH, "lower"),
    ],
)
def test_verdicts(difference: Estimate, count: int, verdict: str) -> None:
    nothing = Estimate(None, None)
    assert Compared(nothing, nothing, difference, count).verdict == verdict
