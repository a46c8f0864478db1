"""One connection to an SQLite file in a thread of its own: one way there and back for a whole transaction, or for many.

What comes while a transaction is under way is the next one, together: each way to the thread waits for the
interpreter's lock several times, and each transaction for the file, so that one for each of some hundred in a second
would let them queue up for seconds.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from records.turns import Turns

T = TypeVar("T")
Work = Callable[[Connection], Any]

# How often a writer asks whether another process has let go of the file. SQLite's own wait asks less and less often:
# after 1, 3, 8, 18, 33, 53, 78, 103, 128, 178, 228 ms (sqliteDefaultBusyCallback), long after the other one is done.
_TURN_S = 0.001
# So many at most have one transaction: other processes wait for its end.
_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


_Piece = tuple[Work, asyncio.Future[Any]]


class Near:
    """`run` what writes, in turns with all others who write by these `turns`."""

    def __init__(self, url: URL, turns: Turns, pragmas: Sequence[str], busy_ms: int, settings: dict[str, Any]) -> None:
        self._url = url.set(drivername="sqlite")
        self._turns = turns
        self._pragmas = pragmas
        self._busy_ms = busy_ms
        self._settings = settings
        self._waiting: list[_Piece] = []
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        # An executor makes three locks and two futures for each way there and back.
        self._lots: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

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
        if self._thread is not None:
            self._lots.put(None)
            await asyncio.to_thread(self._thread.join)
        if self._connection is not None:
            self._connection.close()
        if self._engine is not None:
            self._engine.dispose()

    def _send(self) -> None:
        """Its turn has come."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="records", daemon=True)
            self._thread.start()
        lot, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
        if self._waiting:
            self._turns.enter(self._send)
        self._lots.put(partial(self._answer, lot, asyncio.get_running_loop()))

    def _done(self, lot: Sequence[_Piece], results: Sequence[Any]) -> None:
        self._turns.leave()
        for (_, answer), result in zip(lot, results, strict=True):
            if answer.done():  # whoever asked may have gone
                continue
            if isinstance(result, _Failed):
                answer.set_exception(result.error)
            else:
                answer.set_result(result)

    # -- in the thread

    def _run(self) -> None:
        while (lot := self._lots.get()) is not None:
            lot()

    def _answer(self, lot: Sequence[_Piece], loop: asyncio.AbstractEventLoop) -> None:
        works = [work for work, _ in lot]
        results = self._tried(works)
        if len(works) > 1 and isinstance(results[0], _Failed):
            results = [self._tried([work])[0] for work in works]  # what is wrong with one is nobody else's trouble
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
            loop.call_soon_threadsafe(self._done, lot, results)

    def _tried(self, works: Sequence[Work]) -> list[Any]:
        try:
            return self._transaction(works)
        except BaseException as error:  # noqa: BLE001 - it is whoever asked who is told
            return [_Failed(error)] * len(works)

    def _transaction(self, works: Sequence[Work]) -> list[Any]:
        if self._connection is None:
            self._engine = create_engine(self._url, pool_size=1, max_overflow=0, **self._settings)
            event.listen(self._engine, "connect", self._prepare)
            # Kept: to take it out of a pool and put it back costs as much as a statement.
            self._connection = self._engine.connect()
        connection = self._connection
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

    def _prepare(self, dbapi_connection: Any, _record: object) -> None:
        # The driver's own guesses about when to begin are left out; the write-ahead log is the file's own and stays.
        dbapi_connection.isolation_level = None
        # These read the file, which another process may be opening; from then on `_begun` waits.
        for setting in (f"busy_timeout={self._busy_ms}", *self._pragmas, "busy_timeout=0"):
            dbapi_connection.execute(f"PRAGMA {setting}")

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
