"""What a load run does: a scenario of the simulator, lived through in real time, and what is expected of it.

The scenario says who comes when, how patient they are, who works and for how long. So the simulator predicts the very
same run, with the same customers, and the run is judged against the prediction.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from config.problems import ConfigProblem, ConfigProblems
from ivr.reading import FlowProblem, Table
from router.vocabulary import Medium
from simulator.load import load_scenario
from simulator.scenario import Scenario, WorkType

SCENARIOS = Path(__file__).parent / "scenarios"
BOUNDS = ("level_min", "level_max", "abandoned_max")
CALLERS = ("phones", "sipp")


@dataclass(frozen=True, slots=True)
class Expected:
    """Of a work type: bounds of the service level (answered in time of all offered) and of the share who gave up.

    bounded: whether any bound was given. callers: who dials, `phones` (our own user agent) or `sipp`.
    sound: SIPp's callers send back what they hear.
    """

    level_min: float = 0.0
    level_max: float = 1.0
    abandoned_max: float = 1.0
    bounded: bool = False
    callers: str = "phones"
    sound: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    reconnect_at_s: when every agent's connection is cut at once. supervisor_every_s: how often a supervisor changes a
    rule, 0 for never. msgpack_share: how many of the agents speak msgpack. offer_p99_ms: the 99th percentile from the
    router's decision to the agent's program. compare: whether the simulator's prediction binds.
    """

    scenario: Scenario
    path: Path
    seed: int = 1
    reconnect_at_s: tuple[float, ...] = ()
    supervisor_every_s: float = 5.0
    msgpack_share: float = 0.5
    offer_p99_ms: float = 1000.0
    compare: bool = True
    work: dict[str, Expected] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """From the first customer to the last."""
        return (self.scenario.end_us - self.scenario.start_us) / 1e6

    def callers(self, work: str) -> str:
        """Who comes as this work: `phones` (chats too) or `sipp`."""
        return self.work[work].callers if work in self.work else "phones"


def path_of(name: str | Path) -> Path:
    """The file of a scenario that is named by its name in scenarios/ or by its path."""
    path = Path(name)
    return path if path.suffix == ".toml" else SCENARIOS / f"{name}.toml"


def load_plan(name: str | Path) -> Plan:
    """A scenario by its name in scenarios/, or by its path; what is expected stands beside it in `<name>.load.toml`.

    `only_s` there ends the run early. Raises ConfigProblems.
    """
    path = path_of(name)
    scenario = load_scenario(path)
    expected = path.with_suffix(".load.toml")
    problems: list[FlowProblem] = []
    table = Table(_values(expected), "", problems)
    length_us = round(table.number("only_s", 0.0, high=86_400.0) * 1e6)
    if length_us:
        scenario = replace(scenario, end_us=min(scenario.end_us, scenario.start_us + length_us))
    known = {work.name: work for work in scenario.work}
    plan = Plan(
        scenario=scenario,
        path=path,
        seed=table.integer("seed", 1),
        reconnect_at_s=_moments(table),
        supervisor_every_s=table.number("supervisor_every_s", 5.0, high=3600.0),
        msgpack_share=table.number("msgpack_share", 0.5, high=1.0),
        offer_p99_ms=table.number("offer_p99_ms", 1000.0, high=60_000.0),
        compare=table.flag("compare", default=True),
        work={name: _expected(row, known[name]) for name, row in table.tables("work") if _known(table, name, known)},
    )
    table.finish()
    _only_what_is_lived(scenario, table)
    if problems:
        found = tuple(ConfigProblem(expected.name, one.path, one.message, one.suggestion) for one in problems)
        raise ConfigProblems(str(expected), found)
    return plan


def _values(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _moments(table: Table) -> tuple[float, ...]:
    rows = table.rows("reconnect") if table.has("reconnect") else []
    moments = tuple(row.number("at_s", high=86_400.0) for row in rows)
    for row in rows:
        row.finish()
    return moments


def _known(table: Table, name: str, known: Mapping[str, WorkType]) -> bool:
    return table.known(f"work.{name}", name, known)


def _expected(row: Table, work: WorkType) -> Expected:
    expected = Expected(
        bounded=any(row.has(key) for key in BOUNDS),
        level_min=row.number("level_min", 0.0, high=1.0),
        level_max=row.number("level_max", 1.0, high=1.0),
        abandoned_max=row.number("abandoned_max", 1.0, high=1.0),
        callers=row.choice("callers", CALLERS, "phones"),
        sound=row.flag("sound", default=False),
    )
    row.finish()
    if expected.callers == "sipp" and (work.medium is not Medium.VOICE or work.patience is not None):
        row.problem("callers", "is not possible", "SIPp dials voice work whose customers wait for ever (no patience)")
    if expected.sound and expected.callers != "sipp":
        row.problem("sound", "is not possible", "only SIPp's callers make sound")
    return expected


def _only_what_is_lived(scenario: Scenario, table: Table) -> None:
    """The run does not know all that the simulator knows; what it would leave out is a mistake."""
    for work in scenario.work:
        if work.medium not in (Medium.VOICE, Medium.CHAT):
            table.problem("work", f"{work.name} is {work.medium.value}: a load run has calls and chats only")
        if work.retry is not None or work.talk_by or work.wrap_up_by:
            table.problem("work", f"{work.name} has retry, talk_by or wrap_up_by, which a load run does not know")
    if any(group.reject or group.miss for group in scenario.groups):
        table.problem("work", "groups that reject or miss offers are not known to a load run")
