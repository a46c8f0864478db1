"""A thread with one connection to an SQLite file: work goes there in lots, and what came of a lot comes back as one."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

T = TypeVar("T")
Work = Callable[[Connection], Any]
# A work, and who waits for what comes of it.
Piece = tuple[Work, asyncio.Future[Any]]


@dataclass(frozen=True, slots=True)
class Failed:
    """What a work raised."""

    error: BaseException


def settle(lot: Sequence[Piece], results: Sequence[Any]) -> None:
    """Tells all who still wait what came of theirs."""
    for (_, answer), result in zip(lot, results, strict=True):
        if answer.done():  # whoever asked may have gone
            continue
        if isinstance(result, Failed):
            answer.set_exception(result.error)
        else:
            answer.set_result(result)


class Passage:
    """`pragmas` are said once, when it connects; `settings` are SQLAlchemy's."""

    def __init__(self, url: URL, pragmas: Sequence[str], settings: dict[str, Any], name: str) -> None:
        self._url = url.set(drivername="sqlite")
        self._pragmas = pragmas
        self._settings = settings
        self._name = name
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        # An executor makes three locks and two futures for each way there and back.
        self._lots: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def send(self, do: Callable[[], T], done: Callable[[T], None]) -> None:
        """Calls `do`, which raises nothing, in the thread, then `done` in this loop with what it gave."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._lots.put(partial(self._answer, do, done, asyncio.get_running_loop()))

    def connection(self) -> Connection:
        """For the thread alone. Raises sqlalchemy.exc.SQLAlchemyError."""
        if self._connection is None:
            self._engine = create_engine(self._url, pool_size=1, max_overflow=0, **self._settings)
            event.listen(self._engine, "connect", self._prepare)
            # Kept: to take it out of a pool and put it back costs as much as a statement.
            self._connection = self._engine.connect()
        return self._connection

    async def close(self) -> None:
        """Returns when the connection is closed and the thread has ended."""
        if self._thread is not None:
            self._lots.put(None)
            await asyncio.to_thread(self._thread.join)
        if self._connection is not None:
            self._connection.close()
        if self._engine is not None:
            self._engine.dispose()

    def _run(self) -> None:
        while (lot := self._lots.get()) is not None:
            lot()
            del lot  # who asked, and what came of it, is not kept until somebody else asks

    def _answer(self, do: Callable[[], T], done: Callable[[T], None], loop: asyncio.AbstractEventLoop) -> None:
        result = do()
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
            loop.call_soon_threadsafe(done, result)

    def _prepare(self, dbapi_connection: Any, _record: object) -> None:
        # The driver's own guesses about when to begin are left out; the write-ahead log is the file's own and stays.
        dbapi_connection.isolation_level = None
        for setting in self._pragmas:
            dbapi_connection.execute(f"PRAGMA {setting}")
