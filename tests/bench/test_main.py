"""Every benchmark runs, if only just, and prints what others can read."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import MODULES
from tests.browser import needs_chromium

ROOT = Path(__file__).parents[2]
KEYS = {"name", "unit", "p50", "p99", "n", "conditions"}
HELPERS = {"__init__", "__main__", "agents", "callcenter", "figures", "opus", "phones", "rings", "sessions", "stages"}
HELPERS |= {"frames", "plain_callers", "stamped", "table", "ticks"}
HELPERS |= {"decision_burst", "decision_sites", "decision_tables", "decision_turns", "decision_where", "decision_worst"}
TINY: dict[str, list[str]] = {
    "call": ["--runs", "1", "--rates", "2", "--seconds", "1", "--rings", "2", "--sizes", "2"],
    "delay": ["--calls", "1", "--bursts", "2"],
    "media": ["--legs", "6", "--seconds", "0.8"],
    "media_full": ["--calls", "3", "--callers", "3", "--seconds", "0.4"],
    "offer": ["--count", "20"],
    "webrtc": ["--legs", "2", "--seconds", "0.5"],
    "commit": ["--quick"],
    "explain": ["--quick"],
    "decision": ["--quick"],
    "sip": ["200"],
    "recording": ["5"],
    "assign": ["--agents", "20", "--rate", "500", "--count", "300", "--stages"],
    "shards": ["--agents", "20", "--count", "1000", "--runs", "1"],
    "crowd": ["--agents", "40", "--back", "20", "--pushes", "400"],
    "what_if": ["--agents", "5", "--asks", "1", "--seconds", "0.2"],
    "takeover": ["--agents", "50", "--kills", "1", "--stops", "0"],
    "page": ["--agents", "20", "--seconds", "1"],
    "simulate": ["--calls", "300", "--agents", "5", "--runs", "1"],
    "chats": ["--seconds", "1", "--turns", "100"],
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, "ONLY": "", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


Outcomes = Mapping[str, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Outcomes]:
    """Each module's run. They share the machine, because nobody reads the figures: mostly they wait for real time."""
    with ThreadPoolExecutor(2) as pool:
        yield {word: pool.submit(run, MODULES[word], *TINY[word]) for word in TINY}


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_module_is_in_the_command() -> None:
    files = {path.stem for path in (ROOT / "bench").glob("*.py")} - HELPERS
    assert {module.removeprefix("bench.") for module in MODULES.values()} == files
    assert set(TINY) == set(MODULES)


@pytest.mark.parametrize("word", [word for word in TINY if word not in ("call", "page")])
def test_each_prints_results_beside_a_floor(word: str, outcomes: Outcomes) -> None:
    check(word, lines_of(outcomes[word].result()))


@pytest.mark.sipp
def test_whole_calls_are_measured(outcomes: Outcomes) -> None:
    if shutil.which("sipp") is None:
        pytest.skip("sipp is not installed")
    results = lines_of(outcomes["call"].result())
    check("call", results)
    p50 = {result["name"]: result["p50"] for result in results}
    assert p50["call.cpu.total.2"] > p50["call.floor_refused.total.2"], "a call costs more than a refusal"
    assert p50["call.cpu.total.2"] >= p50["call.cpu.server.2"] > p50["call.cpu.store.2"] > 0
    assert p50["call.cpu.media.2"] > 0
    assert {"call.arrival_to_ring.2", "call.freed_agent_to_ring.2", "call.floor_refused_answer.2"} <= set(p50)


@needs_chromium
def test_pages_are_measured_in_a_browser(outcomes: Outcomes) -> None:
    results = lines_of(outcomes["page"].result())
    check("page", results)
    first = {each["name"]: each["p50"] for each in results if each["name"].startswith("page.first_load.")}
    assert len(first) == 4
    assert all(kilobytes <= 300 for kilobytes in first.values()), first


def check(word: str, results: list[dict[str, Any]]) -> None:
    assert results
    for result in results:
        assert set(result) >= KEYS, result
        assert result["name"].startswith(f"{word}."), result
        assert result["p50"] <= result["p99"], result
        assert result["n"] >= 1, result
        assert result["conditions"], result
    assert any("floor" in result["name"] for result in results)
    assert not all("floor" in result["name"] for result in results)


def test_without_sipp_it_says_so_and_prints_no_line() -> None:
    done = run("bench.call", PATH=str(ROOT / "bench"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "needs SIPp" in done.stderr


def test_a_prefix_picks_and_keeps_the_floors() -> None:
    results = lines_of(run("bench", "decision.rules.arrival", QUICK="1"))
    check("decision", results)
    names = {result["name"] for result in results if "floor" not in result["name"]}
    sizes = (30, 40, 50)
    assert names == {f"decision.rules.{what}.{size}" for what in ("arrival", "arrival+rows") for size in sizes}


def test_a_prefix_that_nothing_has_is_an_error() -> None:
    done = run("bench", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "decision" in done.stderr
