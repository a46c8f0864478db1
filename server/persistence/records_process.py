"""The server's side of the records' process: tells it what is committed, hears how far it is, starts it again."""

import asyncio
import itertools
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import structlog

from server.persistence.records_worker import Close, Drain, Order, Save, Setup, Told, encode

log = structlog.get_logger(__name__)

T = TypeVar("T")

_ROOT = Path(__file__).resolve().parents[2]
# Told in lots, each of which the worker takes at once: to wake it, and a transaction, cost as much for a hundred turns
# as for one. Records and stories are this late; a lot is no larger than what goes into one transaction.
TELL_S = 1.0
LOT = 500
# Doubled while it dies again and again without getting anywhere, so that it costs no core.
RESTART_S = 0.5
RESTART_LAST_S = 30.0
END_S = 10.0


class Committed(Protocol):
    """A committed turn."""

    @property
    def sequence(self) -> int: ...


class RecordsProcess:
    """`run` until `close`; `fresh` for every committed turn. It keeps no turns: the worker reads the journal.

    `position` is the last sequence that the records have.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: asyncio.subprocess.Process | None = None
        self._told = 0
        self._said = 0
        self._teller: asyncio.TimerHandle | None = None
        self._numbers = itertools.count(1)
        self._draining: dict[int, asyncio.Future[None]] = {}
        self._saving: dict[int, asyncio.Future[bool]] = {}
        self._closed = asyncio.Event()
        self.position = 0

    @property
    def pid(self) -> int | None:
        """The process id of the worker, None while there is none."""
        return None if self._process is None else self._process.pid

    async def catch_up(self, upto: int) -> None:
        """Returns when the records have all that the journal has up to the sequence `upto`; `run` must run."""
        self._told = max(self._told, upto)
        await self.drained()

    def fresh(self, entry: Committed) -> None:
        """A turn is committed."""
        self._told = entry.sequence
        if self._told - self._said >= LOT:
            self._tell()
        elif self._teller is None:
            self._teller = asyncio.get_running_loop().call_later(TELL_S, self._tell)

    async def drained(self) -> None:
        """Returns when everything told so far is in SQL."""
        number = next(self._numbers)
        done = self._draining[number] = asyncio.get_running_loop().create_future()
        self._tell()
        self._order(Drain(number))
        try:
            await done
        finally:
            del self._draining[number]

    async def save(self, checkpoint: bytes) -> bool:
        """Has the process write the statistics' checkpoint; whether it did."""
        if self._process is None or self._closed.is_set():
            return False
        number = next(self._numbers)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._saving[number] = done
        self._order(Save(number, msgspec.Raw(checkpoint)))
        try:
            return await done
        finally:
            del self._saving[number]

    async def run(self) -> None:
        """Keeps the process running until closed and everything told is projected."""
        delay_s = RESTART_S
        while True:
            before = self.position
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.persistence.records_worker"),
                cwd=_ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                self._greet()
                await self._listen(self._process)
                status = await self._process.wait()
                self._unsaved()
            except asyncio.CancelledError:
                await self._end(self._process)
                raise
            if self._closed.is_set():
                return
            delay_s = RESTART_S if self.position > before else min(2 * delay_s, RESTART_LAST_S)
            log.error("records_process_died", status=status, position=self.position, again_in_s=delay_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._closed.wait()

    def close(self) -> None:
        """`run` returns when what was told is projected. What the process cannot write any more the next start does."""
        self._closed.set()
        self._tell()
        self._order(Close())

    def _unsaved(self) -> None:
        self._process = None
        for done in self._saving.values():
            if not done.done():
                done.set_result(False)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        while line := await process.stdout.readline():
            word, _, number = line.decode().partition(" ")
            if word == "applied":
                self.position = int(number)
            elif word == "drained":
                _settle(self._draining, int(number), None)
            else:
                _settle(self._saving, int(number), word == "saved")

    def _greet(self) -> None:
        """A new process hears everything again; one that starts after `close` ends at once."""
        self._order(self._setup)
        self._order(Told(self._told))
        for number in self._draining:
            self._order(Drain(number))
        if self._closed.is_set():
            self._order(Close())

    def _tell(self) -> None:
        if self._teller is not None:
            self._teller.cancel()
            self._teller = None
        self._said = self._told
        self._order(Told(self._told))

    def _order(self, order: Order) -> None:
        """Lost when the process is dying: its successor is told again."""
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return
        self._process.stdin.write(encode(order))

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                async with asyncio.timeout(END_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _settle(waiting: Mapping[int, asyncio.Future[T]], number: int, answer: T) -> None:
    if (done := waiting.get(number)) is not None and not done.done():
        done.set_result(answer)
