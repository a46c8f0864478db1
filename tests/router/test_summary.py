"""Explanations as far as people read them."""

from router.explain import CandidateView, Explanation
from router.summary import summary


def test_the_nearest_come_first_and_the_counts_are_complete() -> None:
    rules = ("skill", "presence", None, "resting", "skill", "reserve", None, "a rule of tomorrow")
    candidates = tuple(CandidateView(f"a{number}", rule, "", ()) for number, rule in enumerate(rules))
    found = summary(Explanation("w1", "v1", "longest_idle", 1, None, None, candidates), 5)
    assert [one.agent_id for one in found.candidates] == ["a2", "a6", "a5", "a3", "a1"]
    assert dict(found.failed) == {"a rule of tomorrow": 1, "presence": 1, "reserve": 1, "resting": 1, "skill": 2}
    assert (found.agents, found.policy_version, found.strategy) == (8, "v1", "longest_idle")
