"""The records' own process: reads the journal from the store and projects it into SQL, off the server's core.

Projecting an interaction costs more CPU than routing it. In a process of its own it cannot keep a call waiting, and
when it dies nothing is lost: the position stands in SQL, the entries in the journal. `RecordsProcess` is its parent.

Orders come as JSON lines on standard input, answers go as lines to standard output: `applied N`, `drained K`,
`saved K`. The end of the input means that the parent died: whatever this process does or waits for then, a store that
never returns among it, it is gone a few seconds later.
"""

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

import msgspec
import structlog
import uvloop

from records.database import Database
from records.projector import Projector, projected_as
from records.statistics import StatisticsStore, decode_checkpoint
from server.allocator import give_back
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from server.persistence.projection import AWAY, Projection
from server.tasks import TaskOwner
from store.connection import open_store
from store.shard import RedisShardStore
from telemetry import logs

log = structlog.get_logger(__name__)

NICENESS = 10
# A checkpoint of some 10,000 agents has a few megabytes.
LONGEST_ORDER = 1 << 27
# Less than `RecordsProcess` waits after it has closed the input.
LAST_S = 5


class Setup(msgspec.Struct, tag="setup"):
    """The first order. URLs come this way because they may hold passwords, and arguments are for all to see.

    `journal` is the folder of its files.
    """

    store: str
    database: str
    shard: str
    journal: str
    log_level: str


class Told(msgspec.Struct, tag="told"):
    """The journal has entries up to this sequence."""

    upto: int


class Drain(msgspec.Struct, tag="drain"):
    """Say `drained` with this number when all that was told is in SQL."""

    number: int


class Save(msgspec.Struct, tag="save"):
    """Write the statistics' checkpoint (records.statistics) and say `saved` with this number, or `unsaved`."""

    number: int
    checkpoint: msgspec.Raw


class Close(msgspec.Struct, tag="close"):
    """End when all that was told is in SQL."""


Order = Setup | Told | Drain | Save | Close
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def encode(order: Order) -> bytes:
    """One line."""
    return _encoder.encode(order) + b"\n"


async def serve(orders: asyncio.StreamReader) -> None:
    """Projects as told, until the end. Cancelled when any part of it fails: the parent starts another process."""
    setup = _decoder.decode(await orders.readline())
    if not isinstance(setup, Setup):
        raise TypeError(f"the first order is {type(setup).__name__}")
    logs.configure(setup.log_level)
    connection = await open_store(setup.store)
    database = Database(setup.database)
    serving = asyncio.current_task()
    assert serving is not None  # noqa: S101 - it runs now

    def failed(_name: str, _error: BaseException) -> None:
        serving.cancel()  # one that lives on and projects nothing would never be replaced

    tasks = TaskOwner(failed)
    journal = KeptJournal(RedisShardStore(connection, setup.shard), JournalFolder(Path(setup.journal), setup.shard))
    projection = Projection(
        Projector(database, projected_as(setup.shard)),
        journal,
        lambda position: _say("applied", position),
        gather_s=0,  # the parent does
    )
    try:
        await projection.catch_up(0)
        _seldom_collect()
        running = tasks.spawn(projection.run(), "projection")
        await _follow(orders, projection, StatisticsStore(database), tasks)
        await running
    finally:
        await tasks.aclose(0.0)
        await database.close()
        await connection.aclose()


def _seldom_collect() -> None:
    """What is made for a lot goes with it, by its last reference; what stays is here by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1000)


async def _follow(
    orders: asyncio.StreamReader, projection: Projection, statistics: StatisticsStore, tasks: TaskOwner
) -> None:
    """Returns after Close. Raises EOFError when the parent is gone."""
    while line := await orders.readline():
        match _decoder.decode(line):
            case Told(upto=upto):
                projection.told(upto)
            case Drain(number=number):
                tasks.spawn(_drain(projection, number), f"drain:{number}")
            case Save(number=number, checkpoint=checkpoint):
                tasks.spawn(_save(statistics, bytes(checkpoint), number), f"save:{number}")
            case Close():
                projection.close()
                return
            case Setup():
                raise TypeError("a second setup")
    raise EOFError


async def _drain(projection: Projection, number: int) -> None:
    await projection.drained()
    _say("drained", number)


async def _save(statistics: StatisticsStore, checkpoint: bytes, number: int) -> None:
    try:
        saved = await statistics.save(*decode_checkpoint(checkpoint))
    except AWAY as error:
        log.error("statistics_not_saved", error=str(error))
        saved = False
    _say("saved" if saved else "unsaved", number)


def _say(word: str, number: int) -> None:
    # A line of a few bytes: the pipe takes it at once or the parent is not reading any more.
    os.write(sys.stdout.fileno(), f"{word} {number}\n".encode())


class Input(asyncio.StreamReaderProtocol):
    """Standard input. Its end is noticed by whoever reads next, and ends the process even if nobody ever does."""

    def eof_received(self) -> bool | None:
        """The kernel's own alarm: it needs neither this loop nor an interpreter that is not waiting for a thread."""
        signal.alarm(LAST_S)
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """As above; some pipes end without a word."""
        signal.alarm(LAST_S)
        super().connection_lost(exc)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_ORDER)
    await loop.connect_read_pipe(lambda: Input(reader), sys.stdin.buffer)
    await serve(reader)


def main() -> int:
    """Exit status 1 when the parent is gone, or a part failed, which is logged."""
    # Whoever stops the server stops its whole group: the parent says when the last turn is told.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    # Records may be late by a moment, calls may not.
    os.nice(NICENESS)
    give_back()
    try:
        uvloop.run(_main())
    except (EOFError, BrokenPipeError, asyncio.CancelledError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
