"""Every scenario that is shipped can be run, and what is expected of it is possible."""

from pathlib import Path

import pytest

from config.problems import ConfigProblems
from loadtests.plan import SCENARIOS, load_plan

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.toml") if not path.stem.endswith(".load"))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_says_what_it_expects(name: str) -> None:
    plan = load_plan(name)
    assert (SCENARIOS / f"{name}.load.toml").exists()
    assert set(plan.work) == {work.name for work in plan.scenario.work}
    assert 60 <= plan.seconds <= 600
    assert all(at < plan.seconds for at in plan.reconnect_at_s)
    assert len(plan.scenario.policy.agents) <= 40, "locust drives them on one core"


def test_the_peaks_of_the_mission_are_there() -> None:
    wanted = {"ordinary_day", "crowded_line", "crowded_line_shared", "promotion_spike", "channel_outage"}
    assert wanted | {"mass_reconnect", "shift_change", "long_tail", "heavy_voice"} == set(NAMES)


def test_mistakes_are_told_with_their_place(tmp_path: Path) -> None:
    text = (SCENARIOS / "ordinary_day.toml").read_text()
    (tmp_path / "day.toml").write_text(text)
    (tmp_path / "day.load.toml").write_text("sed = 1\n[work.cals]\nlevel_min = 2.0\n")
    with pytest.raises(ConfigProblems) as caught:
        load_plan(tmp_path / "day.toml")
    told = str(caught.value)
    assert "day.load.toml" in told
    for part in ("sed", "work.cals", "calls"):
        assert part in told


def test_a_run_may_be_cut_short(tmp_path: Path) -> None:
    (tmp_path / "day.toml").write_text((SCENARIOS / "ordinary_day.toml").read_text())
    (tmp_path / "day.load.toml").write_text("only_s = 10\ncompare = false\n")
    plan = load_plan(tmp_path / "day.toml")
    assert plan.seconds == 10
    assert not plan.compare


def test_what_a_run_does_not_live_is_a_mistake(tmp_path: Path) -> None:
    text = (SCENARIOS / "ordinary_day.toml").read_text()
    calls = "[work.calls]\n"
    assert calls in text
    retry = "retry = { probability = 0.5, delay = { kind = 'constant', value_s = 1 } }\n"
    (tmp_path / "day.toml").write_text(text.replace(calls, calls + retry))
    (tmp_path / "day.load.toml").write_text(
        '[work.calls]\ncallers = "sipp"\n[work.chats]\ncallers = "fax"\nsound = true\n'
    )
    with pytest.raises(ConfigProblems) as caught:
        load_plan(tmp_path / "day.toml")
    told = str(caught.value)
    assert "work.calls.callers: is not possible" in told, "SIPp's callers wait for ever"
    assert '"fax" is not known' in told
    assert "work.chats.sound: is not possible" in told
    assert "calls has retry" in told
