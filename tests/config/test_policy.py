"""The router's policy from the site's files."""

from dataclasses import replace

import config
from config.policy import PolicyMaker, site_policy
from config.site import RoutingConfig
from router.policy import QueuePolicy, Strategy
from router.vocabulary import Medium, Requirement
from tests.server.sites import DEMO, ORDERS, SECOND, agent, small_site


def test_queues_and_agents_are_taken_over() -> None:
    queue = replace(ORDERS, priority=5, teams=("line1",), strategy=Strategy.LONGEST_IDLE, reject_rest_us=SECOND)
    policy = site_policy(small_site({"anna": agent("anna", capacity={"voice": 1, "chat": 3}, total_units=3)}, queue))
    assert policy.queues["orders"] == QueuePolicy(
        name="orders",
        medium=Medium.VOICE,
        requirements=(Requirement("english", 3),),
        priority=5,
        strategy=Strategy.LONGEST_IDLE,
        teams=("line1",),
        offer_timeout_us=20 * SECOND,
        wrap_up_us=60 * SECOND,
        reject_rest_us=SECOND,
    )
    anna = policy.agents["anna"]
    assert (anna.agent_id, anna.team, dict(anna.skills)) == ("anna", "line1", {"english": 5})
    assert dict(anna.capacity) == {Medium.VOICE: 1, Medium.CHAT: 3}
    assert anna.total_units == 3


def test_the_version_names_the_content() -> None:
    same = site_policy(small_site())
    assert same == site_policy(small_site())
    assert len(same.version) == 12
    versions = {
        same.version,
        site_policy(small_site({"anna": agent("anna", skills={"english": 6})})).version,
        site_policy(small_site({"anna": agent("anna"), "ben": agent("ben")})).version,
        site_policy(small_site(queue=replace(ORDERS, wrap_up_us=SECOND))).version,
    }
    assert len(versions) == 4


def test_the_order_of_the_files_does_not_matter() -> None:
    one = small_site({"anna": agent("anna"), "ben": agent("ben")})
    other = small_site({"ben": agent("ben"), "anna": agent("anna")})
    assert site_policy(one).version == site_policy(other).version


def test_the_demo_site_has_a_policy_for_all() -> None:
    site = config.load(DEMO)
    policy = site_policy(site)
    assert set(policy.queues) == set(site.queues)
    assert set(policy.agents) == set(site.agents)


def test_rows_that_stay_are_not_made_again() -> None:
    maker, site = PolicyMaker(), small_site({"anna": agent("anna"), "ben": agent("ben")})
    first = maker.make(site, None)
    changed = replace(site, agents={**site.agents, "ben": agent("ben", skills={"english": 6})})
    second = maker.make(changed, None)
    assert second.agents["anna"] is first.agents["anna"]
    assert second.queues["orders"] is first.queues["orders"]
    assert second == site_policy(changed)
    assert maker.make(site, None) == first
    ageing = replace(site, routing=RoutingConfig(ageing_us=1, units={Medium.VOICE: 1}))
    assert maker.make(ageing, None) == site_policy(ageing)
