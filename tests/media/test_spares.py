"""What a worker's owner has in advance, against a link that answers when told to."""

import asyncio
from collections.abc import Mapping
from typing import Any

from media.errors import MediaError
from media.spares import SPARES, Spares


class Wire:
    alive = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any], asyncio.Future[Any]]] = []

    def call(self, method: str, args: Mapping[str, Any]) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked.append((method, args, answer))
        return answer

    async def answer(self, result: object) -> tuple[str, Mapping[str, Any]]:
        method, args, answer = self.asked.pop(0)
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)
        await asyncio.sleep(0)
        return method, args


class Rig:
    def __init__(self, ports: int = 1000) -> None:
        self.wire = Wire()
        self.broken: list[tuple[str, str]] = []
        self.spares = Spares(self.wire, lambda leg_id, reason: self.broken.append((leg_id, reason)), ports)

    async def filled(self) -> "Rig":
        self.spares.fill()
        for port in range(SPARES):
            await self.wire.answer(["127.0.0.1", 4000 + 2 * port])
        return self


async def test_what_is_taken_is_replaced_and_never_given_twice() -> None:
    rig = await Rig().filled()
    rig.spares.fill()
    assert rig.wire.asked == []  # it is full
    assert rig.spares.take("a") == ("127.0.0.1", 4000)
    method, asked = await rig.wire.answer(["127.0.0.1", 5000])
    assert (method, asked["leg_id"], asked["spare"]) == ("adopt", "a", "spare:1")
    rest = [rig.spares.take(f"more {n}") for n in range(SPARES + 1)]
    ports = [*(4000 + 2 * n for n in range(1, SPARES)), 5000]
    assert rest == [*(("127.0.0.1", port) for port in ports), None]
    names = [args["spare"] for _, args, _ in rig.wire.asked] + [args["fresh"] for _, args, _ in rig.wire.asked]
    assert len(set(names)) == len(names)


async def test_without_a_port_there_is_nothing_in_advance() -> None:
    rig = Rig()
    rig.spares.fill()
    for _ in range(SPARES):
        await rig.wire.answer(MediaError("ports_exhausted"))
    assert rig.spares.take("a") is None
    rig.spares.fill()
    await rig.wire.answer(["127.0.0.1", 4000])
    assert rig.spares.take("a") == ("127.0.0.1", 4000)
    for _ in range(SPARES - 1):
        await rig.wire.answer(MediaError("ports_exhausted"))
    await rig.wire.answer(None)  # the leg is there, another could not be reserved
    assert rig.broken == []
    assert rig.spares.take("b") is None


async def test_a_leg_that_could_not_be_made_is_told_but_for_those_of_a_dead_worker() -> None:
    rig = await Rig().filled()
    rig.spares.take("a")
    await rig.wire.answer(MediaError("leg_exists"))
    rig.spares.take("b")
    await rig.wire.answer(MediaError("worker_lost"))
    assert rig.broken == [("a", "leg_exists")]
    rig.wire.alive = False
    assert rig.spares.take("c") is None
    rig.spares.fill()
    assert rig.wire.asked == []


async def test_of_few_ports_few_are_in_advance() -> None:
    rig = Rig(ports=10)
    rig.spares.fill()
    assert len(rig.wire.asked) == 2
    none = Rig(ports=3)
    none.spares.fill()
    assert none.wire.asked == []
