"""routing.toml, and which queues are closed at a time."""

import tomllib
from dataclasses import replace

import pytest

from config.calendar import Calendar
from config.policy import site_policy
from config.problems import ConfigProblems
from config.routing import check_shard, closed_queues, is_closed, read_routing
from config.site import RoutingConfig
from ivr.reading import Table
from router.policy import Elsewhere
from router.vocabulary import Medium
from tests.server.sites import ORDERS, agent, small_site

NOON = 1_767_787_200_000_000  # Wednesday, 2026-01-07 12:00 UTC
HOUR = 3_600_000_000
OFFICE = Calendar("office", "Office", "UTC", (((9 * 60, 17 * 60),),) * 5 + ((),) * 2)


def read(text: str) -> tuple[RoutingConfig, list[tuple[str, str]]]:
    table = Table(tomllib.loads(text), "", [])
    return read_routing(table), [(each.path, each.message) for each in table.problems]


def test_the_whole_file_and_none() -> None:
    routing, problems = read(
        "ageing_s = 30\nreconnect_grace_s = 5\n[units]\nvoice = 2\nchat = 1\n"
        '[interrupts]\nchat = ["voice"]\nemail = ["voice", "chat"]\n'
    )
    assert problems == []
    assert (routing.ageing_us, routing.reconnect_grace_us) == (30_000_000, 5_000_000)
    assert routing.units == {Medium.VOICE: 2, Medium.CHAT: 1}
    assert routing.interrupts[Medium.EMAIL] == (Medium.VOICE, Medium.CHAT)
    assert read("") == (RoutingConfig(), [])


def test_mistakes() -> None:
    assert read('[interrupts]\nchat = ["chat"]\n')[1] == [("interrupts.chat[0]", '"chat" is not known')]
    assert read("[units]\nfax = 1\n")[1] == [("units.fax", "is not a key of this table")]
    assert read("aging_s = 1\n")[1] == [("aging_s", "is not a key of this table")]


def test_hours_and_what_goes_over_them() -> None:
    queue = replace(ORDERS, hours="office")
    site = small_site(queue=queue, calendars={"office": OFFICE})
    for now, closed in ((NOON, False), (NOON + 6 * HOUR, True), (None, False)):
        assert is_closed(queue, site, now) is closed
        assert is_closed(replace(queue, opening="closed"), site, now)
        assert not is_closed(replace(queue, opening="open"), site, now)
    assert closed_queues(site, NOON + 6 * HOUR) == {"orders"}
    assert not is_closed(ORDERS, site, NOON + 6 * HOUR), "without hours it is always open"


def test_the_policy_follows_hours_and_the_site_wide_rules() -> None:
    office = small_site(queue=replace(ORDERS, hours="office"), calendars={"office": OFFICE})
    open_, closed = site_policy(office, NOON), site_policy(office, NOON + 6 * HOUR)
    assert (open_.queues["orders"].closed, closed.queues["orders"].closed) == (False, True)
    assert open_.version == site_policy(office, NOON + HOUR).version != closed.version
    made = site_policy(replace(office, routing=read("ageing_s = 30\n[interrupts]\nchat = ['voice']\n")[0]), NOON)
    assert (made.ageing_us, made.interrupts) == (30_000_000, {Medium.CHAT: (Medium.VOICE,)})


def test_a_call_takes_all_of_an_agent_unless_units_are_given() -> None:
    anna = agent("anna", total_units=3)
    site = small_site({"anna": anna})
    assert site_policy(site).agents["anna"].units == {Medium.VOICE: 3}
    given = replace(site, routing=RoutingConfig(units={Medium.VOICE: 2}))
    policy = site_policy(given)
    assert policy.cost(policy.agents["anna"], Medium.VOICE) == 2
    own = site_policy(small_site({"anna": replace(anna, units={Medium.VOICE: 1})}))
    assert own.agents["anna"].units == {Medium.VOICE: 1}


def test_queues_of_other_shards() -> None:
    routing, problems = read('[elsewhere.far]\nshard = "south"\nmedium = "email"\n')
    assert problems == []
    assert routing.elsewhere == {"far": Elsewhere("south", Medium.EMAIL)}
    assert site_policy(small_site(routing=routing)).elsewhere == routing.elsewhere
    assert read('[elsewhere.far]\nshard = "South!"\nmedium = "email"\n')[1] == [
        ("elsewhere.far.shard", "is not the name of a shard")
    ]


def test_a_shard_is_no_other_one_and_shares_a_store_with_those() -> None:
    site = small_site(routing=RoutingConfig(elsewhere={"far": Elsewhere("south", Medium.EMAIL)}))
    check_shard(site, "s0", "redis://store")
    check_shard(small_site(), "south", "")
    with pytest.raises(ConfigProblems, match=r'elsewhere.far.shard: "south" is this shard itself'):
        check_shard(site, "south", "redis://store")
    with pytest.raises(ConfigProblems, match=r"elsewhere: needs a store that both shards use"):
        check_shard(site, "s0", "")
