"""The policy snapshot and its defaults."""

from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy
from router.vocabulary import Medium
from tests.router.contract import assert_contract_type


def test_policy_types_are_contract_types() -> None:
    for kind in (Policy, QueuePolicy, AgentPolicy):
        assert_contract_type(kind)


def test_defaults_are_one_call_per_agent_and_every_team() -> None:
    queue, agent = QueuePolicy("q", Medium.VOICE), AgentPolicy("ann", "t1")
    assert (queue.teams, queue.strategy) == ((), Strategy.BEST_PROFICIENCY)
    assert (agent.capacity, agent.total_units) == ({Medium.VOICE: 1}, 1)
    assert Policy("v1", {}, {}).units == dict.fromkeys(Medium, 1)


def test_an_agent_s_own_units_come_before_the_policy_s() -> None:
    policy = Policy("v1", {}, {}, units={Medium.CHAT: 2})
    agent = AgentPolicy("ann", "t1", units={Medium.VOICE: 3})
    assert [policy.cost(agent, medium) for medium in Medium] == [3, 2, 1]
