"""Groups of a scenario file: how many agents, when they are there, and whom they pick of a site."""

import tomllib
from pathlib import Path

import pytest

import config
from config.site import AgentConfig
from ivr.reading import Table
from simulator.distributions import Constant
from simulator.read_groups import Names, groups_of_site, read_group
from simulator.scenario import Group
from simulator.schedule import Break, Spell
from tests.server.sites import DEMO

HOUR = 3_600_000_000
SITE = config.load(DEMO)
QUEUES = {name: queue.medium.value for name, queue in SITE.queues.items()}
NAMES = Names(SITE.skills, (*SITE.teams, "extra"), SITE.agents, QUEUES)


def read(text: str, name: str = "extra") -> tuple[Group, dict[str, AgentConfig], list[str]]:
    table = Table(tomllib.loads(text), f"groups.{name}", [])
    group, hired = read_group(name, table, NAMES, Path())
    return group, hired, [f"{one.path}: {one.message}" for one in table.problems]


def test_hired_agents_are_alike() -> None:
    group, hired, problems = read(
        "count = 2\nskills = { orders = 7 }\ncapacity = { voice = 1, chat = 3, total = 3 }\n"
        'ring = { kind = "constant", value_s = 4 }\nreject = 0.1\nmiss = 0.05\nback_after_s = 90'
    )
    assert problems == []
    assert list(hired) == list(group.plans) == ["extra-001", "extra-002"]
    assert dict(hired["extra-002"].skills) == {"orders": 7}
    assert (hired["extra-001"].team, hired["extra-001"].total_units) == ("extra", 3)
    assert (group.ring, group.reject, group.miss) == (Constant(4_000_000), 0.1, 0.05)
    assert group.back_us == 90_000_000
    assert group.plans["extra-001"].spells == (Spell(0, None),)


def test_a_group_picks_agents_of_the_site() -> None:
    group, hired, problems = read('pick = { agents = ["agent4", "agent1"] }')
    assert (problems, hired, list(group.plans)) == ([], {}, ["agent4", "agent1"])
    group, _, problems = read('pick = { team = "first_line" }')
    assert problems == []
    assert list(group.plans) == ["agent1", "agent2", "agent3", "agent5", "agent6"], "the supervisor takes no work"


def test_without_groups_each_team_is_one() -> None:
    groups = groups_of_site(SITE.agents)
    assert [group.name for group in groups] == ["first_line", "second_line"]
    assert list(groups[1].plans) == ["agent4"]


def test_shifts_take_agents_in_turn_and_breaks_go_in_waves() -> None:
    group, _, problems = read("""
        shifts = [
            { from = "08:00", to = "16:00", agents = 3, breaks = [{ at = "12:00", length_s = 1800, waves = 2 }] },
            { from = "12:00", to = "20:00", agents = 1 },
        ]""")
    assert problems == []
    plans = list(group.plans.values())
    assert len(plans) == 4
    noon = 12 * HOUR
    pauses = [plan.spells[0].breaks for plan in plans]
    half = HOUR // 2
    assert pauses == [(Break(noon, half),), (Break(noon + half, half),), (Break(noon, half),), ()]
    assert plans[3].spells == (Spell(12 * HOUR, 20 * HOUR),)


def test_shifts_for_all_follow_each_other() -> None:
    text = 'count = 2\nshifts = [{ from = "13:00", to = "17:00" }, { from = "08:00", to = "12:00" }]'
    group, _, problems = read(text)
    assert problems == []
    assert group.plans["extra-002"].spells == (Spell(8 * HOUR, 12 * HOUR), Spell(13 * HOUR, 17 * HOUR))


def test_staffing_is_how_many_are_there() -> None:
    group, hired, problems = read('staffing = [{ from = "08:00", agents = 1 }, { from = "10:00", agents = 3 }]')
    assert problems == []
    assert len(hired) == 3
    assert [plan.spells[0].from_us // HOUR for plan in group.plans.values()] == [8, 10, 10]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "groups.extra.count: is missing"),
        ("count = 2\ncolour = 5", "groups.extra.colour: is not a key"),
        ("count = 2\nskills = { cooking = 5 }", "groups.extra.skills.cooking"),
        ('pick = { team = "third_line" }', '"third_line" is not known'),
        ("pick = {}", "picks nobody"),
        ('pick = { team = "first_line", agents = ["agent1"] }', "picks nobody"),
        ('pick = { team = "first_line" }\nskills = { orders = 5 }', "groups.extra.skills: is not a key"),
        ('count = 1\nshifts = [{ from = "09:00", to = "08:00" }]', "is not after from"),
        ('count = 1\nshifts = [{ from = "08:00", to = "12:00", agents = 2 }]', "ask for 2 agents, the group has 1"),
        ('count = 1\nshifts = [{ from = "08:00", to = "12:00" }, { from = "11:00", to = "13:00" }]', "overlap"),
        (
            'count = 1\nshifts = [{ from = "08:00", to = "12:00", breaks = [{ at = "11:50", length_s = 900 }] }]',
            "is not within the shift",
        ),
        ('count = 1\nstaffing = [{ from = "08:00", agents = 2 }]', "asks for more agents than the 1"),
        ('staffing = [{ from = "09:00", agents = 2 }, { from = "08:00", agents = 2 }]', "not in order of time"),
        (
            'staffing = [{ from = "09:00", agents = 2 }]\nshifts = [{ from = "08:00", to = "09:00" }]',
            "stands beside shifts",
        ),
        ("count = 1\nreject = 1.5", "groups.extra.reject: is 1.5"),
    ],
)
def test_what_is_wrong_is_told(text: str, said: str) -> None:
    assert said in "\n".join(read(text)[2])
