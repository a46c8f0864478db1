"""The demo site as a whole: it loads, and it is the site that the documents promise."""

from collections import Counter
from collections.abc import MutableMapping
from dataclasses import FrozenInstanceError

import pytest

import config
from config.site import Site
from router.expression import ALWAYS, all_of, unmet
from router.expression_parser import parse
from router.vocabulary import Requirement
from tests.config.conftest import DEMO


@pytest.fixture(scope="module")
def site() -> Site:
    return config.load(DEMO)


def test_durations_are_microseconds(site: Site) -> None:
    orders = site.queues["orders"]
    assert (orders.offer_timeout_us, orders.wrap_up_us) == (20_000_000, 30_000_000)
    assert orders.service_level.threshold_us == 10_000_000
    assert orders.announce_place_every_us == 30_000_000


def test_six_agents_two_of_them_with_phones_a_supervisor_and_an_administrator(site: Site) -> None:
    roles = Counter(agent.role for agent in site.agents.values())
    assert roles == {"agent": 5, "expert": 1, "supervisor": 1, "operations": 1}
    phones = {agent.sip_user for agent in site.agents.values() if agent.station == "sip"}
    assert phones == {"2001", "2002"}
    assert site.demo_password.startswith("demo-")
    assert site.agents["agent1"].capacity == {"voice": 1, "chat": 3}
    assert site.agents["agent1"].total_units == 3


def test_every_queue_can_be_served_in_both_languages(site: Site) -> None:
    for queue in site.queues.values():
        demand = all_of([*queue.requirements, parse(queue.condition or "True")])
        for extra in (ALWAYS, Requirement("mandarin", 1)):
            assert [
                agent.agent_id
                for agent in site.agents.values()
                if unmet(all_of([demand, extra]), agent.skills, agent.team) is None
            ], queue.name


def test_the_channel_register_has_the_five_sample_rows(site: Site) -> None:
    rows = [(row.sequence, row.medium, row.hours, row.daily_volume) for row in site.channels.values()]
    assert rows == [
        (1, "voice", "phone_hours", 200),
        (2, "chat", "office_hours", 150),
        (3, "chat", "always", 100),
        (4, "chat", "office_hours", 80),
        (5, "email", "always", 50),
    ]


def test_entries_lead_to_flows_and_channels(site: Site) -> None:
    assert {entry.user for entry in site.entries.values()} == {"4000", "400", "4001"}
    for entry in site.entries.values():
        assert entry.flow in site.flows
        assert entry.channel in site.channels


def test_it_is_open_by_name(site: Site) -> None:
    assert site.is_open("always", 0)
    assert site.is_open("phone_hours", 0), "1970-01-01 08:00 in Shanghai"
    with pytest.raises(KeyError):
        site.is_open("never", 0)


def test_nothing_in_it_can_be_changed(site: Site) -> None:
    with pytest.raises(FrozenInstanceError):
        site.name = "x"  # type: ignore[misc]
    for mapping in (site.entries, site.queues, site.agents, site.flows, site.calendars, site.agents["agent1"].skills):
        assert not isinstance(mapping, MutableMapping)
