"""Draining: no new work, agents go elsewhere as soon as they can, and an end that comes in any case."""

import asyncio
from collections.abc import Iterable

import pytest

from server import draining as module
from server.draining import Draining, Handed
from tests.waiting import until


class Floor:
    """Pages of agents, and how many calls are open."""

    def __init__(self, *held: str, calls: int = 0) -> None:
        self.connected = ["anna", "ben"]
        self.held = set(held)
        self.calls = calls
        self.shut = 0
        self.stopped = False
        self.handed = 0

    def pages(self) -> Iterable[str]:
        return self.connected

    def held_here(self, agent_id: str) -> bool:
        return agent_id in self.held

    def send_away(self, agent_id: str) -> None:
        self.connected.remove(agent_id)

    def shut_door(self) -> None:
        self.shut += 1

    def stop(self) -> None:
        self.stopped = True

    def draining(self, limit_s: float = 60.0) -> Draining:
        doors = (self.shut_door, self.shut_door)
        return Draining(doors, lambda: self.calls, self, self.stop, limit_s, self.hand_over)

    async def hand_over(self) -> Handed:
        self.handed += 1
        return Handed(moved=2, called_back=1)


async def test_an_idle_node_ends_at_once() -> None:
    floor = Floor()
    draining = floor.draining()
    assert draining.check() is None
    assert await draining.command() == {"left": 0, "moved": 0, "called_back": 0}
    assert (floor.shut, floor.connected, floor.stopped) == (2, [], True)
    assert draining.check() is not None


async def test_who_is_in_a_call_stays_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.001)
    floor = Floor("anna", calls=1)
    draining = floor.draining()
    ending = asyncio.create_task(draining.command())
    await until(lambda: floor.connected == ["anna"])
    assert not floor.stopped
    floor.held.clear()
    floor.calls = 0
    assert await ending == {"left": 0, "moved": 0, "called_back": 0}
    assert (floor.connected, floor.shut, floor.stopped) == ([], 2, True)


async def test_the_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.001)
    floor = Floor("anna", calls=3)
    assert await floor.draining(0.01).command() == {"left": 3, "moved": 2, "called_back": 1}
    assert floor.stopped


async def test_whoever_asks_it_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.001)
    floor = Floor("anna", calls=1)
    draining = floor.draining(0.01)
    assert (
        list(await asyncio.gather(draining.command(), draining.command()))
        == [{"left": 1, "moved": 2, "called_back": 1}] * 2
    )
    assert (floor.shut, floor.handed) == (2, 1)


async def test_it_goes_on_when_whoever_asked_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.001)
    floor = Floor(calls=1)
    asked = asyncio.create_task(floor.draining().command())
    await until(lambda: floor.shut == 2)
    asked.cancel()
    await asyncio.wait({asked})
    assert not floor.stopped
    floor.calls = 0
    await until(lambda: floor.stopped, "the end")
