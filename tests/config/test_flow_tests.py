"""The demo's flow tests pass, each kind of failure is told clearly, and mistakes in the files are found."""

from collections.abc import Callable
from pathlib import Path

import pytest

import config
from config.flow_tests import Result, load_flow_tests, run_flow_tests
from config.problems import ConfigProblems
from tests.config.conftest import DEMO

SITE = config.load(DEMO)
MAIN = """
[[test]]
title = "orders"
steps = [{ at = "main", press = "1" }, { at = "order-number", press = "4711#" }]
[test.expect]
queue = "orders"
"""


@pytest.mark.parametrize("result", run_flow_tests(SITE), ids=str)
def test_the_demos_own_tests_pass(result: Result) -> None:
    assert result.failure == "", str(result)
    assert str(result).endswith(": passed")


def test_the_demos_tests_reach_every_node() -> None:
    for name, flow in SITE.flows.items():
        told = "\n".join(line for result in run_flow_tests(SITE) if result.test.flow == name for line in result.story)
        expected = [node for result in run_flow_tests(SITE) for node in result.test.expected.nodes]
        seen = {node for node in flow.nodes if f"{node}: " in told or node in expected}
        speechless = {node.name for node in flow.nodes.values() if type(node).__name__ in ("Queue", "Goodbye")}
        assert set(flow.nodes) - seen - speechless <= {"closed", "pickup"}, name


def results(site_copy: Path, text: str, name: str = "main") -> tuple[Result, ...]:
    folder = site_copy / "flows" / "tests"
    for path in folder.glob("*.toml"):
        path.unlink()
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return run_flow_tests(config.load(site_copy))


def test_a_test_that_passes_says_so(site_copy: Path) -> None:
    (result,) = results(site_copy, MAIN)
    assert result.failure == ""
    assert result.story[-1] == "waits in orders"


@pytest.mark.parametrize(
    ("old", "new", "failure"),
    [
        ('queue = "orders"', 'queue = "operator"', 'queue is "orders", expected "operator"'),
        ('queue = "orders"', 'outcome = "goodbye"', 'outcome is nothing, expected "goodbye"'),
        ('queue = "orders"', 'path = ["after-sales"]', "path is orders, expected after-sales"),
        ('queue = "orders"', "priority = 3", "priority is 5, expected 3"),
        ('queue = "orders"', "requirements = { mandarin = 1 }", "requirements is {}, expected {'mandarin': 1}"),
        ('queue = "orders"', 'nodes = ["urgent", "main"]', 'nodes: "main" is missing, or not in this order'),
        ('queue = "orders"', 'said = ["en/pickup"]', 'said: "en/pickup" is missing'),
        ('queue = "orders"', 'language = "zh"', 'language is "en", expected "zh"'),
        ('at = "main"', 'at = "self-service"', 'step 1 is at "self-service", but the caller is at "main"'),
        ('press = "4711#" }', 'press = "4711#" }, { at = "more", silence = true }', "over before step 3"),
        ('{ at = "main", press = "1" }', '{ at = "main", fails = "x" }', 'step 1: "main" does not wait for that'),
    ],
)
def test_a_failure_says_what_is_otherwise(site_copy: Path, old: str, new: str, failure: str) -> None:
    (result,) = results(site_copy, MAIN.replace(old, new))
    assert failure in result.failure
    assert str(result).startswith("flows/tests/main.toml: orders: FAILED: ")
    assert "main: menu" in str(result)


def test_a_look_up_without_an_answer_is_told(site_copy: Path) -> None:
    steps = '[{ at = "language", press = "1" }, { at = "order-number", press = "4711#" }]'
    text = f'[[test]]\ntitle = "x"\nsteps = {steps}\n[test.expect]\nqueue = "orders"\n'
    (result,) = results(site_copy, text, "services")
    assert result.failure == '"order-state" looks something up, and the test does not answer it'


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (lambda text: text.replace('"main", press', '"mian", press'), "test[0].steps[0].at", '"mian" is not known'),
        (lambda text: text.replace('press = "1"', 'press = "a"'), "test[0].steps[0].press", "keys of a telephone"),
        (lambda text: text.replace(', press = "1"', ""), "test[0].steps[0]", "says nothing of what happens"),
        (
            lambda text: text.replace('press = "1"', 'press = "1", silence = true'),
            "test[0].steps[0]",
            "two things at once",
        ),
        (lambda text: text.replace('press = "1"', "answer = {}"), "test[0].steps[0].answer", "looks nothing up"),
        (lambda text: text.replace('queue = "orders"', ""), "test[0].expect", "expects nothing"),
        (lambda text: text.replace('queue = "orders"', 'queue = "order"'), "test[0].expect.queue", "not known"),
        (lambda text: text.replace('title = "orders"', 'titel = "orders"'), "test[0].titel", "not a key"),
        (lambda text: text.replace('title = "orders"', 'title = "a"\nat = "noon"'), "test[0].at", "not a time"),
        (lambda text: text.replace('title = "orders"', 'title = "a"\nflow = "mian"'), "test[0].flow", "not known"),
        (lambda text: text.replace("[[test]]", "[[tests]]").replace("[test.e", "[tests.e"), "test", "is missing"),
        (lambda text: text + "=", "", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_file_is_found(site_copy: Path, change: Callable[[str], str], path: str, message: str) -> None:
    with pytest.raises(ConfigProblems) as caught:
        results(site_copy, change(MAIN))
    found = [one for one in caught.value.problems if one.path == path and message in one.message]
    assert found, caught.value.problems
    assert found[0].file == "flows/tests/main.toml"


def test_a_site_without_tests_has_none(site_copy: Path) -> None:
    for path in (site_copy / "flows" / "tests").glob("*.toml"):
        path.unlink()
    assert load_flow_tests(config.load(site_copy)) == ()
