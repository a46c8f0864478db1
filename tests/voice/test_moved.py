"""Callers who are announced to another node, and calls whose phones are asked to go there."""

import asyncio

import msgspec
import pytest

from ivr import commands as ivr
from ivr.context import IvrContext
from ivr.machine import IvrMachine
from tests.waiting import until
from voice import moved as module
from voice.caller_leg import Elsewhere
from voice.moved import AwaitedCalls, MovedCall, MovingCalls, attributes_of

MOVED = MovedCall(
    word="secret",
    of="old",
    channel="line",
    entry="400",
    queue="orders",
    requirements=(("english", 3),),
    priority=2,
    attributes=(("vip", "yes"),),
    since=1_000,
    caller="0755100",
    caller_kind="phone",
    caller_name="Cai",
    data={"order": "A-{7}"},
    path=("orders", "late"),
    language="zh-CN",
)


def test_the_way_into_the_queue_is_what_the_other_node_found_out() -> None:
    again = msgspec.convert(msgspec.to_builtins(MOVED), MovedCall)
    menu = IvrMachine(again.flow(), IvrContext(lambda _calendar, _now: True), {}, "zh-CN", again.path)
    (enter,) = [command for command in menu.start(0) if isinstance(command, ivr.Enqueue)]
    assert enter == ivr.Enqueue(
        queue="orders",
        requirements=(("english", 3),),
        priority=2,
        data={"order": "A-7"},
        path=("orders", "late"),
        language="zh-CN",
        attributes={"vip": "yes"},
    )


async def test_whoever_calls_the_word_is_expected_once() -> None:
    awaited, came = AwaitedCalls(), list[str]()
    awaited.expect(MOVED, lambda: came.append(MOVED.word))
    assert (awaited.knows("secret"), awaited.knows("stranger"), awaited.take("stranger")) == (True, False, None)
    assert awaited.take("secret") is MOVED
    assert (awaited.take("secret"), came, len(awaited)) == (None, ["secret"], 0)
    awaited.expect(MOVED, lambda: None)
    awaited.close()
    assert len(awaited) == 0


async def test_who_does_not_come_is_expected_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COME_S", 0.01)
    awaited = AwaitedCalls()
    awaited.expect(MOVED, lambda: None)
    await until(lambda: len(awaited) == 0, "forgotten", 30)
    assert awaited.take("secret") is None


THERE = Elsewhere("192.0.2.2:5060", "https://b.example", "secret")


class Call:
    """A caller's call; `can`: they can be asked to call elsewhere."""

    def __init__(self, call: str = "c1", *, can: bool = True) -> None:
        self.call = call
        self.can = can
        self.asked: list[Elsewhere] = []
        self.moved = 0

    def move(self, there: Elsewhere) -> bool:
        self.asked.append(there)
        return self.can

    def move_away(self) -> None:
        self.moved += 1


async def test_a_call_is_moved_when_the_other_node_says_so() -> None:
    call = Call()
    moving = MovingCalls({"i1": call}.get)
    assert (moving.call_of("i1"), moving.call_of("i2")) == ("c1", None)
    asked = asyncio.create_task(moving.move("i1", THERE))
    await until(lambda: call.asked == [THERE])
    moving.answered("c1", 200)  # the phone's own word counts for nothing
    assert not asked.done()
    moving.came("c1")
    assert call.moved == 0
    assert await asked
    assert call.moved == 1
    moving.came("c1")
    moving.answered("c9", 603)
    assert len(moving) == 0


async def test_a_caller_who_will_not_or_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    call, deaf = Call(), Call("web:1", can=False)
    moving = MovingCalls({"i1": call, "i2": deaf}.get)
    asked = asyncio.create_task(moving.move("i1", THERE))
    await until(lambda: len(moving) == 1)
    moving.answered("c1", 603)
    assert not await asked
    assert not await moving.move("i2", THERE)
    monkeypatch.setattr(module, "COME_S", 0.01)
    for one in ("i1", "nobody"):
        assert not await moving.move(one, THERE)
    assert (len(moving), call.moved, deaf.moved) == (0, 0, 0)


def test_attributes_without_those_of_the_place() -> None:
    assert attributes_of({"vip": "yes", "channel": "line", "entry": "400", "language": "en"}) == (("vip", "yes"),)
