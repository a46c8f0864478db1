"""What many calls write at about the same time, in one transaction: to begin and end one costs more than they write."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

# As long as a line of an interaction's story waits for the store (server.core.pump).
GATHER_S = 0.05


class Writer(Protocol):
    """The database."""

    async def at_once(self, work: Callable[[Connection], T]) -> T: ...


_Piece = tuple[Callable[[Connection], Any], asyncio.Future[Any]]


class Together:
    """Pieces of work gather for `GATHER_S`, or until somebody is in a hurry."""

    def __init__(self, database: Writer) -> None:
        self._database = database
        self._gathered: list[_Piece] = []
        self._hurried = asyncio.Event()

    async def do(self, work: Callable[[Connection], T]) -> T:
        """As `Database.at_once`, a little later."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._gathered.append((work, answer))
        if len(self._gathered) == 1:
            await self._lead()
        return await answer

    def hurry(self) -> None:
        """Somebody waits for what has gathered."""
        if self._gathered:
            self._hurried.set()

    async def _lead(self) -> None:
        """The first of a lot sees to all of it. Who is cancelled takes the others along: so it is when all ends."""
        lot: list[_Piece] = []
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._hurried.wait()
            lot = self._take()
            await self._write(lot)
        finally:
            for _, answer in lot or self._take():
                if not answer.done():
                    answer.cancel()

    def _take(self) -> list[_Piece]:
        """Who comes from here on is of the next lot."""
        lot, self._gathered = self._gathered, []
        self._hurried.clear()
        return lot

    async def _write(self, lot: Sequence[_Piece]) -> None:
        try:
            results = await self._database.at_once(lambda connection: [work(connection) for work, _ in lot])
        except Exception as error:  # noqa: BLE001 - it is whoever asked who is told
            if len(lot) == 1:
                _settle(lot[0][1], error)
                return
            for piece in lot:  # what is wrong with one is nobody else's trouble
                await self._write([piece])
            return
        for (_, answer), result in zip(lot, results, strict=True):
            if not answer.done():
                answer.set_result(result)


def _settle(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
