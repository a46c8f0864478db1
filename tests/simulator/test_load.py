"""Whole scenario files: on a site, by themselves, the shipped ones, and wrong ones with every mistake at once."""

from pathlib import Path

import pytest

from config.problems import ConfigProblems
from router.policy import Strategy
from router.vocabulary import Medium, Requirement
from simulator.distributions import Exponential
from simulator.load import load_scenario
from simulator.replications import simulate
from simulator.scenario import Scenario
from tests.server.sites import DEMO
from tests.simulator.erlang import ErlangA

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "simulator" / "examples"
HOUR = 3_600_000_000
SMALL = """
skills = ["sales"]
[run]
to = "02:00"
[queues.sales]
medium = "voice"
requirements = { sales = 3 }
strategy = "longest_idle"
wrap_up_s = 0
service_level = { threshold_s = 15 }
[groups.team]
count = 3
skills = { sales = 5 }
[work.sales]
arrivals = { per_hour = 60 }
talk = { kind = "exponential", mean_s = 120 }
talk_by = { team = { kind = "exponential", mean_s = 100 } }
patience = { kind = "exponential", mean_s = 60 }
retry = { probability = 0.5, delay = { kind = "exponential", mean_s = 600 } }
attributes = { tier = "gold", channel = "phone" }
priority = 3
"""


def load(tmp_path: Path, text: str) -> Scenario:
    file = tmp_path / "model.toml"
    file.write_text(text, encoding="utf-8")
    return load_scenario(file)


def test_a_model_needs_one_file(tmp_path: Path) -> None:
    scenario = load(tmp_path, SMALL)
    assert (scenario.name, scenario.start_us, scenario.end_us, scenario.replications) == ("model", 0, 2 * HOUR, 10)
    queue = scenario.policy.queues["sales"]
    assert (queue.medium, queue.strategy, queue.wrap_up_us) == (Medium.VOICE, Strategy.LONGEST_IDLE, 0)
    assert queue.requirements == (Requirement("sales", 3),)
    assert len(scenario.policy.agents) == 3
    assert scenario.policy.version
    work = scenario.work[0]
    assert (work.queue, work.medium, work.threshold_us, work.priority) == ("sales", Medium.VOICE, 15_000_000, 3)
    assert work.attributes == (("channel", "phone"), ("tier", "gold"))
    assert work.talk_with("team") == Exponential(100e6)
    assert work.retry is not None
    assert work.retry.probability == 0.5


def test_a_site_gives_queues_and_agents(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        f"""
        site = "{DEMO.as_posix()}"
        [run]
        from = "09:00"
        to = "10:00"
        date = 2026-03-04
        replications = 1
        [work.orders]
        arrivals = {{ per_hour = 60 }}
        talk = {{ kind = "exponential", mean_s = 120 }}
        requirements = {{ mandarin = 1 }}
        [work.chats]
        queue = "web_chat"
        arrivals = {{ per_hour = 30 }}
        talk = {{ kind = "exponential", mean_s = 300 }}
        """,
    )
    assert [group.name for group in scenario.groups] == ["first_line", "second_line"]
    assert scenario.work[1].medium is Medium.CHAT
    assert scenario.epoch_us == 1_772_553_600_000_000, "midnight in Shanghai"
    result = simulate(scenario, 1)
    assert (result.estimate("work", "orders", "answered").value or 0) > 30
    assert (result.estimate("served_by", "chats", "first_line").value or 0) > 0.5


def test_a_site_may_have_more_agents_and_queues(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        f"""
        site = "{DEMO.as_posix()}"
        [queues.extra]
        medium = "voice"
        teams = ["temps"]
        [groups.first]
        pick = {{ team = "first_line" }}
        [groups.temps]
        count = 2
        skills = {{ orders = 3 }}
        [work.extra]
        arrivals = {{ per_hour = 60 }}
        talk = {{ kind = "exponential", mean_s = 120 }}
        """,
    )
    assert set(scenario.policy.queues) > {"orders", "extra"}
    assert set(scenario.policy.agents) > {"agent1", "temps-001", "temps-002"}
    assert scenario.policy.queues["extra"].teams == ("temps",)


def test_the_shipped_model_gives_its_published_table() -> None:
    """Garnett, Mandelbaum and Reiman: see the file."""
    scenario = load_scenario(EXAMPLES / "impatient_calls.toml")
    exact = ErlangA(servers=50, arrival=48 / 60, service=1 / 60, impatience=1 / 120)
    assert (round(exact.abandon_rate, 3), round(exact.wait_s, 1), round(exact.occupancy, 2)) == (0.031, 3.7, 0.93)
    result = simulate(scenario, seed=5, replications=3)
    published = {"abandon_rate": 0.031, "wait_s": 3.7, "wait_p90_s": 12.5, "queue_length": 3.0}
    for measure, value in published.items():
        assert result.estimate("work", "calls", measure).holds(value), measure
    assert result.estimate("work", "calls", "level_of_settled").holds(exact.within(20))
    assert result.estimate("group", "agents", "occupancy").holds(exact.occupancy)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_runs(path: Path) -> None:
    result = simulate(load_scenario(path), seed=1, replications=1)
    assert (result.estimate("all", "all", "answered").value or 0) > 100
    assert not any(note.startswith("refused") for note in result.notes), result.notes


def mistakes(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigProblems) as raised:
        load(tmp_path, text)
    return str(raised.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    wrong = (
        SMALL.replace("count = 3", "count = 0.5")
        .replace('"longest_idle"', '"longest"')
        .replace(", mean_s = 60 }", " }")
    )
    said = mistakes(tmp_path, wrong)
    assert "3 mistakes" in said
    for part in ("groups.team.count", "queues.sales.strategy", "work.sales.patience.mean_s"):
        assert f"model.toml: {part}" in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[work.sales]", "[work.chats]", 'there is no queue "chats"'),
        ("[work.sales]", '[work.sales]\nqueue = "sails"', 'did you mean "sales"'),
        ("talk_by = { team", "talk_by = { temps", "temps"),
        ('to = "02:00"', 'to = "02:00"\nwarm_up_s = 7200', "leaves no time to be measured"),
        ('to = "02:00"', 'to = "02:00"\ndate = "today"', "is not a date"),
        ('to = "02:00"', 'to = "02:00"\nspeed = 2', "run.speed: is not a key"),
        ('skills = ["sales"]\n', "", "sales"),
        ('skills = ["sales"]', 'skills = ["sales"]\ncolour = "red"', "colour: is not a key"),
        ("[groups.team]", "[groups.team", "is not valid TOML"),
        ('medium = "voice"', 'medium = "vox"', "queues.sales.medium"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in SMALL
    assert said in mistakes(tmp_path, SMALL.replace(before, after))


def test_an_agent_is_in_one_group(tmp_path: Path) -> None:
    groups = '[groups.one]\npick = { agents = ["agent1"] }\n[groups.two]\npick = { agents = ["agent1"] }\n'
    work = '[work.orders]\narrivals = { per_hour = 1 }\ntalk = { kind = "constant", value_s = 1 }\n'
    assert "agent1, who is in one too" in mistakes(tmp_path, f'site = "{DEMO.as_posix()}"\n{groups}{work}')


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems, match="the file is missing"):
        load_scenario(tmp_path / "none.toml")


def test_a_wrong_site_tells_its_own_mistakes(tmp_path: Path) -> None:
    assert "site.toml" in mistakes(tmp_path, 'site = "nowhere"\n' + SMALL)


HOURS = """
[calendars.day]
daily = ["00:30-01:15"]
"""


def test_hours_of_queues_change_the_policy(tmp_path: Path) -> None:
    text = SMALL.replace("wrap_up_s = 0", 'wrap_up_s = 0\nhours = "day"') + HOURS
    dated = load(tmp_path, text.replace('to = "02:00"', 'to = "02:00"\ndate = 2026-03-04'))
    assert dated.policy.queues["sales"].closed
    assert [(at // 60_000_000, policy.queues["sales"].closed) for at, policy in dated.changes] == [
        (30, False),
        (75, True),
    ]
    assert len({dated.policy.version, *(policy.version for _, policy in dated.changes)}) == 2
    simulate(dated, 1, replications=1)
    undated = load(tmp_path, text)
    assert not undated.policy.queues["sales"].closed
    assert undated.changes == ()


def test_rules_of_the_whole_site_and_overflow_stand_in_the_file(tmp_path: Path) -> None:
    queue = '\n[queues.second]\nmedium = "voice"\nmax_waiting = 5\nwhen_full = { divert = "voicemail" }\n'
    text = 'flows = ["voicemail"]\n' + SMALL + queue + "[routing]\nageing_s = 30\n"
    over = text.replace("wrap_up_s = 0", 'wrap_up_s = 0\nrings = [{ after_s = 20, queue = "second" }]')
    policy = load(tmp_path, over).policy
    assert policy.ageing_us == 30_000_000
    assert policy.queues["sales"].rings[0].exit is not None
    circle = over.replace(
        'max_waiting = 5\nwhen_full = { divert = "voicemail" }', 'rings = [{ after_s = 5, queue = "sales" }]'
    )
    assert "leads in a circle" in mistakes(tmp_path, circle)
    assert "queues.second.when_full" in mistakes(tmp_path, over.replace('flows = ["voicemail"]\n', ""))
