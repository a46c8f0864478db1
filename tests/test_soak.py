"""The long runs, which no other test starts: they find the fixtures of tests/e2e, and their measures can fail."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from loadtests.result import WINDOW_S, _by_window
from soak import conftest as soak
from soak import test_steady as judged
from soak.canary import Canary
from soak.steady import ALL, CANARY, Watch
from tests.e2e import conftest as e2e

SECONDS = judged.WARM_UP_S + 1800.0


def test_every_fixture_of_a_running_server_is_there_for_the_long_runs() -> None:
    shared = {name for name, one in vars(e2e).items() if type(one).__name__ == "FixtureFunctionDefinition"}
    assert "running_server" in shared
    assert shared <= vars(soak).keys()


def watched(**amounts: Any) -> Watch:
    """Half an hour of samples, each amount a function of the second."""
    watch = Watch()
    for step in range(180):
        second = judged.WARM_UP_S + 10.0 * step
        every = {"segments": 9.0, "tasks": 100.0, "CPU s of server": 0.4 * second, ALL: 0.5 * second}
        every |= {CANARY: 20.0}
        every |= {f"MiB of {name}": 100.0 for name in judged.MIB}
        every |= {f"files of {name}": 200.0 for name in judged.MIB} | {"threads": 15.0}
        for name, amount in (every | {name: of(second) for name, of in amounts.items()}).items():
            watch.found.setdefault(name, []).append((second, amount))
    return watch


def run_with(slower: float) -> dict[str, Any]:
    """A load run whose last five minutes are so many times as slow as those before."""
    random, windows = Random(7), dict[str, Any]()
    for kind in judged.TOLD:
        moments = [random.uniform(0, SECONDS) for _ in range(40_000)]
        factor = {True: slower, False: 1.0}
        samples = [(at, random.expovariate(1 / 10.0) * factor[at >= SECONDS - WINDOW_S]) for at in moments]
        windows[kind] = _by_window(samples, SECONDS)
    return {"seconds": SECONDS, "windows": windows}


def test_the_first_five_minutes_come_after_the_warm_up_and_the_last_are_the_last() -> None:
    first, last = judged.ends_of(watched(), run_with(2.0))
    assert last["offer p50"] == pytest.approx(2 * first["offer p50"], rel=0.1)
    assert first["CPU of server"] == pytest.approx(0.4)
    assert last["others"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("amounts", "fair"),
    [
        ({}, True),
        ({ALL: lambda second: 1.2 * second}, False),
        ({CANARY: lambda second: 20.0 if second < judged.WARM_UP_S + 900 else 27.0}, False),
    ],
)
def test_a_machine_that_is_busy_for_others_or_slower_is_told_from_a_server_that_is(
    amounts: dict[str, Callable[[float], float]], fair: bool
) -> None:
    assert (judged.why_not_fair(*judged.ends_of(watched(**amounts), run_with(1.0))) is None) == fair


def test_the_canary_does_the_same_work_each_time() -> None:
    canary = Canary()
    assert 0 < canary.sing() < 10_000


@pytest.mark.parametrize(("slower", "passes"), [(1.0, True), (1.15, True), (1.6, False)])
def test_a_slower_end_is_seen(slower: float, passes: bool) -> None:
    first, last = judged.ends_of(watched(), run_with(slower))
    if passes:
        judged.assert_as_fast(first, last, print)
    else:
        with pytest.raises(AssertionError):
            judged.assert_as_fast(first, last, print)


def test_a_slow_leak_is_told_from_a_wave() -> None:
    judged.assert_flat(watched(**{"MiB of server": lambda at: 200 + math.sin(at / 60)}), print)
    judged.assert_flat(watched(**{"MiB of server": lambda at: 200 + min(at, judged.FULL_S) / 20}), print)
    with pytest.raises(AssertionError):
        judged.assert_flat(watched(**{"MiB of server": lambda at: 200 + at / 3600 * 9}), print)


def test_files_and_tasks_that_add_up_are_seen() -> None:
    judged.assert_as_many(watched(tasks=lambda at: 100 + 5 * math.sin(at / 40)))
    for name in ("tasks", "files of server"):
        with pytest.raises(AssertionError):
            judged.assert_as_many(watched(**{name: lambda at: 200 + at / 20}))
