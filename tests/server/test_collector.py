"""The collector's times: what is new often, everything in calm moments, and cycles are gone in the end."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from server import collector as module
from server.collector import BURST, CALM_S, FEW, LOOK_NS, LOOK_S, MEASURE_EVERY, NEVER, SOON_S, Collector
from tests.waiting import until


class Node:
    """One that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def no_other_looks() -> Iterator[None]:
    """CPython's own would count what is new from anew."""
    gc.disable()
    yield
    gc.enable()


class Rig:
    """A collector whose memory and business are set by hand."""

    def __init__(self) -> None:
        self.kept = 1000
        self.asked = 0
        self.calm = True
        self.look_ns = 0
        self._spent = 0
        self.lately: list[bool] = []
        self.collector = Collector(self._busy, lambda: self.kept, self._spends, self._decided_lately)

    def _spends(self) -> int:
        """Asked before and after a look."""
        self._spent += self.look_ns
        return self._spent

    def _busy(self) -> int:
        self.asked += not self.calm
        return self.asked

    def _decided_lately(self) -> bool:
        """Always, once nothing else is left to say."""
        return self.lately.pop() if self.lately else True

    def looks(self) -> list[int]:
        """What was looked at until it had measured again, and once more."""
        return [self.collector.look() for _ in range(MEASURE_EVERY + 1)]


def test_what_is_new_is_looked_at_while_memory_stays() -> None:
    rig = Rig()
    rig.looks()
    rig.kept = 1200
    assert set(rig.looks()) == {1}


def test_everything_is_looked_at_once_in_a_calm_moment_when_memory_has_grown() -> None:
    rig = Rig()
    rig.looks()
    rig.kept, rig.calm = 1300, False
    assert set(rig.looks()) == {1}, "not while anybody waits"
    rig.calm = True
    assert rig.looks().count(2) == 1
    assert set(rig.looks()) == {1}, "that much is kept from now on"
    rig.kept = 1100
    rig.looks()
    rig.kept = 1400
    assert 2 in rig.looks(), "measured by the least that was kept"


def test_without_any_calm_it_is_looked_at_when_twice_as_much_is_kept() -> None:
    rig = Rig()
    rig.calm = False
    rig.looks()
    rig.kept = 2000
    assert rig.looks().count(2) == 1


def test_it_looks_less_often_while_nobody_waits_and_nothing_comes(no_other_looks: None) -> None:
    rig = Rig()
    rig.calm = False
    rig.collector.look()
    assert rig.collector.pause_s == LOOK_S
    rig.calm = True
    rig.looks()
    assert rig.collector.pause_s == CALM_S
    new: list[list[object]] = [[] for _ in range(2 * FEW)]
    rig.collector.look()
    assert (rig.collector.pause_s, len(new)) == (LOOK_S, 2 * FEW)


def test_the_longer_a_look_takes_the_sooner_the_next_one_comes() -> None:
    rig = Rig()
    rig.look_ns, rig.calm = 5 * LOOK_NS, False
    rig.collector.look()
    assert rig.collector.pause_s == pytest.approx(LOOK_S / 5), "so that it will take what it should"
    rig.looks()
    assert rig.collector.pause_s == SOON_S
    rig.look_ns = 0
    rig.collector.look()
    assert rig.collector.pause_s == 2 * SOON_S, "a single short one says little"
    rig.looks()
    assert rig.collector.pause_s == LOOK_S


def test_while_much_is_new_it_is_not_calm() -> None:
    rig = Rig()
    rig.looks()
    rig.kept, rig.look_ns = 1300, 5 * LOOK_NS
    rig.collector.look()
    assert set(rig.looks()) == {1}, "nobody came between two looks, which were so close together"
    rig.look_ns = 0
    assert rig.looks().count(2) == 1


def test_a_new_cycle_is_freed_by_the_next_look() -> None:
    rig = Rig()
    gone = weakref.ref(Node())
    rig.collector.look()
    assert gone() is None


def test_an_old_cycle_is_freed_by_a_look_at_everything() -> None:
    rig, node = Rig(), Node()
    rig.looks()
    gone = weakref.ref(node)
    del node
    rig.collector.look()
    assert gone() is not None
    rig.kept = 3000
    rig.looks()
    assert gone() is None


async def test_a_look_waits_for_a_better_moment_but_not_for_ever_and_not_where_much_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0)
    rig = Rig()
    rig.lately = [True, False, True]
    await rig.collector.better_moment()
    assert rig.lately == [True], "it was asked until nothing had been decided lately"
    await rig.collector.better_moment()
    rig.lately, rig.look_ns = [False], 2 * LOOK_NS
    rig.collector.look()
    await rig.collector.better_moment()
    assert rig.lately == [False], "nobody was asked"


async def test_its_times_hold_while_it_runs() -> None:
    before = gc.get_threshold()
    task = asyncio.create_task(Collector(lambda: 0).run())
    gone = weakref.ref(Node())
    await until(lambda: gone() is None, seconds=30)
    assert gc.get_threshold() == (BURST, NEVER, NEVER)
    task.cancel()
    await asyncio.wait({task})
    assert gc.get_threshold() == before
