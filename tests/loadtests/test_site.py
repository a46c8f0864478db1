"""The site of a load run is one that a server would start with."""

from pathlib import Path

import pytest

from config.policy import site_policy
from config.whole import load_whole
from loadtests.plan import load_plan
from loadtests.site import number_of, phone_of, to_toml, write_site
from records.webhooks import KINDS
from tests.loadtests.test_plan import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_server_has_the_scenarios_queues_and_agents(name: str, tmp_path: Path) -> None:
    plan = load_plan(name)
    whole = load_whole(write_site(plan, tmp_path), KINDS, {})
    policy, wanted = site_policy(whole.site), plan.scenario.policy
    assert set(policy.queues) == set(wanted.queues)
    for queue, rules in wanted.queues.items():
        got = policy.queues[queue]
        assert (got.medium, got.requirements, got.strategy, got.priority) == (
            rules.medium,
            rules.requirements,
            rules.strategy,
            rules.priority,
        )
        assert (got.wrap_up_us, got.offer_timeout_us) == (rules.wrap_up_us, rules.offer_timeout_us)
    for agent_id, agent in wanted.agents.items():
        got_agent = policy.agents[agent_id]
        assert (got_agent.skills, got_agent.capacity, got_agent.total_units) == (
            agent.skills,
            agent.capacity,
            agent.total_units,
        )
        assert whole.site.agents[agent_id].sip_user == phone_of(plan, agent_id)
    assert whole.site.entries[number_of(plan, "calls")].flow == "calls"


def test_toml_is_written_as_it_is_read() -> None:
    import tomllib

    table = {"a": 1, "b": [1.5, 'x"y'], "t": {"c": {"d": True, "ä-b": "n"}}}
    assert tomllib.loads(to_toml(table)) == table
