"""One connection to an SQLite file in a thread of its own: one way there and back for a whole transaction, or for many.

What comes while a transaction is under way is the next one, together: each way to the thread waits for the
interpreter's lock several times, and each transaction for the file, so that one for each of some hundred in a second
would let them queue up for seconds.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from records.passage import Failed, Passage, Piece, Work, settle
from records.turns import Turns

T = TypeVar("T")

# How often a writer asks whether another process has let go of the file. SQLite's own wait asks less and less often:
# after 1, 3, 8, 18, 33, 53, 78, 103, 128, 178, 228 ms (sqliteDefaultBusyCallback), long after the other one is done.
_TURN_S = 0.001
# So many at most have one transaction: other processes wait for its end.
_TOGETHER = 64


class Near:
    """`run` what writes, in turns with all others who write by these `turns`."""

    def __init__(self, url: URL, turns: Turns, pragmas: Sequence[str], busy_ms: int, settings: dict[str, Any]) -> None:
        # These read the file, which another process may be opening; from then on `_begun` waits.
        said = (f"busy_timeout={busy_ms}", *pragmas, "busy_timeout=0")
        self._passage = Passage(url, said, settings, "records")
        self._turns = turns
        self._busy_ms = busy_ms
        self._waiting: list[Piece] = []

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Its result, once it is committed; its exception, with nothing kept, whatever becomes of the others.

        It may be run twice, where something was wrong with another one, so that it must do nothing but its statements.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if len(self._waiting) == 1:
            self._turns.enter(self._send)
        return await answer

    async def close(self) -> None:
        """Returns when the connection is closed and the thread has ended."""
        await self._passage.close()

    def _send(self) -> None:
        """Its turn has come."""
        lot, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
        if self._waiting:
            self._turns.enter(self._send)
        self._passage.send(partial(self._written, [work for work, _ in lot]), partial(self._done, lot))

    def _done(self, lot: Sequence[Piece], results: Sequence[Any]) -> None:
        self._turns.leave()
        settle(lot, results)

    # -- in the thread

    def _written(self, works: Sequence[Work]) -> list[Any]:
        results = self._tried(works)
        if len(works) > 1 and isinstance(results[0], Failed):
            results = [self._tried([work])[0] for work in works]  # what is wrong with one is nobody else's trouble
        return results

    def _tried(self, works: Sequence[Work]) -> list[Any]:
        try:
            return self._transaction(works)
        except BaseException as error:  # noqa: BLE001 - it is whoever asked who is told
            return [Failed(error)] * len(works)

    def _transaction(self, works: Sequence[Work]) -> list[Any]:
        connection = self._passage.connection()
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - it is connected
        try:
            if not self._begun(driver):
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # what is wrong is told as with any statement
            results = [work(connection) for work in works]
            # SQLAlchemy has begun nothing where all statements went past it, and need not be asked.
            (connection if connection.in_transaction() else driver).commit()
        except BaseException:
            connection.rollback()
            driver.rollback()
            raise
        return results

    def _begun(self, driver: Any) -> bool:
        """Takes the write lock, in a thread that may wait for it; False where it is not to be had."""
        for _ in range(int(self._busy_ms / 1000 / _TURN_S)):
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(_TURN_S)
            else:
                return True
        return False
