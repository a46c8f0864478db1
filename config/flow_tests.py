"""Tests of flows as files: what a caller does at each node, and what must come of it.

`flows/tests/*.toml` of a site holds `[[test]]` tables; config/README.md says what is in one. The real machine walks the
flow: prompts end by themselves, callbacks and messages are kept, and a caller whose steps are used up stays silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config.files import in_file, read_file
from config.flow_walk import Expected, FlowTest, Step, StepFailedError, Walk
from config.problems import ConfigProblem, ConfigProblems
from config.site import Site
from ivr.flow import DIGITS, Lookup
from ivr.reading import FlowProblem, Table

ACTIONS = ("press", "silence", "answer", "fails", "hang_up")
# A Wednesday morning that is no holiday: what most tests mean when they name no time.
USUAL_TIME = "2026-03-04 10:00"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test: `failure` "" when it passed, `story` the lines of the walk."""

    test: FlowTest
    failure: str
    story: tuple[str, ...]

    def __str__(self) -> str:
        where = f"{self.test.file}: {self.test.title}"
        if not self.failure:
            return f"{where}: passed"
        return "\n".join([f"{where}: FAILED: {self.failure}", *(f"    {line}" for line in self.story)])


def run_flow_tests(site: Site) -> tuple[Result, ...]:
    """Runs every test of the site. Raises ConfigProblems when a file of tests has mistakes."""
    return tuple(_run(test, site) for test in load_flow_tests(site))


def load_flow_tests(site: Site) -> tuple[FlowTest, ...]:
    """Reads the site's tests. Raises ConfigProblems with every mistake found."""
    tests: list[FlowTest] = []
    wrong: list[ConfigProblem] = []
    for path in sorted((site.root / "flows" / "tests").glob("*.toml")):
        name = path.relative_to(site.root).as_posix()
        problems: list[FlowProblem] = []
        file = read_file(path, problems)
        if not problems:
            tests += [_test(name, path.stem, row, site) for row in file.rows("test")]
            file.finish()
        wrong += in_file(name, problems)
    if wrong:
        raise ConfigProblems(str(site.root), tuple(wrong))
    return tuple(tests)


def _run(test: FlowTest, site: Site) -> Result:
    walk = Walk(test, site)
    try:
        walk.run()
    except StepFailedError as error:
        return Result(test, str(error), tuple(walk.story))
    return Result(test, "", tuple(walk.story))


def _test(file: str, stem: str, table: Table, site: Site) -> FlowTest:
    flow = table.choice("flow", site.flows, stem if stem in site.flows else None)
    nodes = site.flows[flow].nodes if flow in site.flows else {}
    test = FlowTest(
        file=file,
        title=table.text("title"),
        flow=flow,
        at_us=_time(table, site),
        caller=table.text("caller", "13800000000"),
        entry=table.text("entry", ""),
        locale=table.text("locale", ""),
        steps=tuple(_step(row, nodes) for row in table.rows("steps")) if table.has("steps") else (),
        expected=_expected(table.table("expect", required=True), site),
    )
    table.finish()
    return test


def _time(table: Table, site: Site) -> int:
    text = table.text("at", USUAL_TIME)
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(site.time_zone))
    except ValueError:
        table.problem("at", f'"{text}" is not a time', f'write the local time of the site as "{USUAL_TIME}"')
        return 0
    return int(moment.timestamp()) * 1_000_000


def _step(table: Table, nodes: Mapping[str, object]) -> Step:
    node = table.choice("at", nodes)
    actions = [action for action in ACTIONS if table.has(action)]
    if len(actions) != 1:
        wrong = "says nothing of what happens" if not actions else "says two things at once"
        table.problem("", wrong, f"give one of {', '.join(ACTIONS)}")
    action = actions[0] if actions else "silence"
    value: object = None
    match action:
        case "press":
            value = table.text("press")
            if set(str(value)) - set(DIGITS):
                table.problem("press", f'"{value}" has more than the keys of a telephone', "use 0-9, * and #")
        case "answer":
            value = table.values["answer"]
            if node in nodes and not isinstance(nodes[node], Lookup):
                table.problem("answer", f'"{node}" looks nothing up', "only a lookup is answered")
        case "fails":
            value = table.text("fails")
        case _:
            table.flag(action, default=True)
    table.finish()
    return Step(node, action, value)


def _expected(table: Table, site: Site) -> Expected:
    data = table.table("data")
    expected = Expected(
        queue=table.choice("queue", site.queues) if table.has("queue") else None,
        outcome=table.text("outcome") if table.has("outcome") else None,
        path=table.texts("path") if table.has("path") else None,
        nodes=table.texts("nodes", ()),
        said=table.texts("said", ()),
        language=table.choice("language", site.languages) if table.has("language") else None,
        requirements=dict(table.levels("requirements", site.skills)) if table.has("requirements") else None,
        priority=table.integer("priority") if table.has("priority") else None,
        data={key: data.text(key) for key in data.values} if table.has("data") else None,
        callback=table.text("callback") if table.has("callback") else None,
        voicemail=table.choice("voicemail", site.queues) if table.has("voicemail") else None,
    )
    if expected == Expected():
        table.problem("", "expects nothing", "give queue, outcome, path, nodes, data ...")
    table.finish()
    return expected
