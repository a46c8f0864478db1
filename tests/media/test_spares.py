"""What a worker's owner has in advance, against a link that answers when told to."""

import asyncio
from collections.abc import Mapping
from typing import Any

from media.errors import MediaError
from media.spares import SPARES, Spares


class Wire:
    alive = True

    def __init__(self) -> None:
        self.asked: list[tuple[int, asyncio.Future[Any]]] = []
        self.adopted: list[tuple[str, int, bool]] = []

    def call(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> asyncio.Future[Any]:
        assert method == "reserve"
        assert patiently
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked.append((args["count"], answer))
        return answer

    def order(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> None:
        assert method == "adopt"
        self.adopted.append((args["leg_id"], args["port"], patiently))

    async def answer(self, result: object) -> int:
        count, answer = self.asked.pop(0)
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)
        await asyncio.sleep(0)
        return count


class Rig:
    def __init__(self, ports: int = 1000) -> None:
        self.wire = Wire()
        self.spares = Spares(self.wire, ports)

    async def filled(self) -> "Rig":
        self.spares.fill()
        await self.wire.answer(["127.0.0.1", [4000 + 2 * n for n in range(SPARES)]])
        return self


async def test_what_is_taken_is_asked_for_again_in_lots_and_never_given_twice() -> None:
    rig = await Rig().filled()
    rig.spares.fill()
    assert rig.wire.asked == []  # it is full
    first = [rig.spares.take(f"first {n}") for n in range(SPARES // 2 - 1)]
    assert rig.wire.asked == []
    first.append(rig.spares.take("last"))
    assert [count for count, _ in rig.wire.asked] == [SPARES // 2]
    second = [rig.spares.take(f"second {n}") for n in range(SPARES // 2)]
    assert [count for count, _ in rig.wire.asked] == [SPARES // 2, SPARES // 2]
    assert rig.spares.take("too soon") is None
    assert await rig.wire.answer(["127.0.0.1", [5000]]) == SPARES // 2  # no more ports are left
    assert rig.spares.take("third") == ("127.0.0.1", 5000)
    assert [*first, *second] == [("127.0.0.1", 4000 + 2 * n) for n in range(SPARES)]
    assert [port for _, port, _ in rig.wire.adopted] == [*(4000 + 2 * n for n in range(SPARES)), 5000]
    assert all(patiently for _, _, patiently in rig.wire.adopted)


async def test_without_a_port_there_is_nothing_in_advance() -> None:
    rig = Rig()
    rig.spares.fill()
    await rig.wire.answer(["127.0.0.1", []])
    assert rig.spares.take("a") is None
    rig.spares.fill()
    assert await rig.wire.answer(["127.0.0.1", [4000]]) == SPARES
    assert rig.spares.take("a") == ("127.0.0.1", 4000)


async def test_of_a_dead_worker_nothing_is_taken_or_asked() -> None:
    rig = await Rig().filled()
    for n in range(SPARES // 2):
        rig.spares.take(f"leg {n}")
    await rig.wire.answer(MediaError("worker_lost"))
    rig.wire.alive = False
    assert rig.spares.take("a") is None
    rig.spares.fill()
    assert rig.wire.asked == []


async def test_of_few_ports_few_are_in_advance() -> None:
    rig = Rig(ports=10)
    rig.spares.fill()
    assert await rig.wire.answer(["127.0.0.1", [4000, 4002]]) == 2
    none = Rig(ports=3)
    none.spares.fill()
    assert none.wire.asked == []
