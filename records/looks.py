"""Short look-ups in an SQLite file, by a connection in a thread of its own: one way there and back for all that wait.

With a write-ahead log who reads waits for nobody who writes, neither here nor in another process.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from records.passage import Failed, Passage, Piece, Work, settle

T = TypeVar("T")


class Looks:
    """`run` what only reads, and is done soon: others wait for it."""

    def __init__(self, url: URL, pragmas: Sequence[str], busy_ms: int, settings: dict[str, Any]) -> None:
        # To wait is for the moment in which another process opens the file, or closes it as the last one.
        said = (f"busy_timeout={busy_ms}", *pragmas, "query_only=ON")
        self._passage = Passage(url, said, settings, "records that are read")
        self._waiting: list[Piece] = []
        self._under_way = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Its result, or its exception. Each statement sees what was committed when it began."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if not self._under_way:
            self._send()
        return await answer

    async def close(self) -> None:
        """Returns when the connection is closed and the thread has ended."""
        await self._passage.close()

    def _send(self) -> None:
        lot, self._waiting = self._waiting, []
        self._under_way = True
        self._passage.send(partial(self._looked, [work for work, _ in lot]), partial(self._done, lot))

    def _done(self, lot: Sequence[Piece], results: Sequence[Any]) -> None:
        self._under_way = False
        if self._waiting:
            self._send()
        settle(lot, results)

    # -- in the thread

    def _looked(self, works: Sequence[Work]) -> list[Any]:
        return [self._tried(work) for work in works]

    def _tried(self, work: Work) -> Any:
        try:
            connection = self._passage.connection()
            try:
                return work(connection)
            finally:
                if connection.in_transaction():  # as SQLAlchemy has it; SQLite has none beyond a statement
                    connection.rollback()
        except BaseException as error:  # noqa: BLE001 - it is whoever asked who is told
            return Failed(error)
