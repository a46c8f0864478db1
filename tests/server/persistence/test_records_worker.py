"""The process by itself: its orders, its answers, and its end when nobody is left to give them."""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest

from records.database import Database, sqlite_url
from records.statistics import StatisticsStore, encode_checkpoint
from router.counters import Counters
from router.slots import QUEUE
from router.statistics_state import State
from server.persistence.records_worker import Close, Drain, Order, Save, Setup, Told, encode
from store.connection import StoreConnection
from store.keys import shard_keys
from tests.valkey import tcp_server
from tests.waiting import until

# A parent that tells of a turn when a line says so, which the store does not have any more, and then does nothing.
PARENT = """
import asyncio, sys, uvloop
from server.persistence.records_process import RecordsProcess
from server.persistence.records_worker import Told, Setup
async def main():
    process = RecordsProcess(Setup(sys.argv[1], sys.argv[2], "s0", sys.argv[3], "error"))
    running = asyncio.create_task(process.run())
    await process.drained()
    print(process.pid, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    process._order(Told(1))
    await running
uvloop.run(main())
"""
# A worker that waits for what never comes.
STUCK = """
import asyncio
from server.persistence import records_worker
async def serve(orders):
    print("stuck", flush=True)
    await asyncio.Event().wait()
records_worker.serve = serve
records_worker.LAST_S = 1
records_worker.main()
"""


async def started(*orders: Order) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.persistence.records_worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    for order in orders:
        process.stdin.write(encode(order))
    return process


async def answer(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await asyncio.wait_for(process.stdout.readline(), 30)


@pytest.fixture
def setup(tmp_path: Path, store_url: str, shard: str, database: Database) -> Setup:
    return Setup(store_url, sqlite_url(tmp_path / "records.sqlite"), shard, str(tmp_path / "journal"), "error")


async def test_it_tells_how_far_it_is_and_ends_when_told(setup: Setup) -> None:
    process = await started(setup, Drain(7))
    assert await answer(process) == b"applied 0\n"
    assert await answer(process) == b"drained 7\n"
    assert process.stdin is not None
    process.stdin.write(encode(Close()))
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_it_ends_with_its_parent(setup: Setup) -> None:
    process = await started(setup)
    await answer(process)
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) == 1


async def test_it_ends_with_a_killed_parent_while_the_store_is_gone(tmp_path: Path, database: Database) -> None:
    with tcp_server(tmp_path / "store") as (store, port):
        url, folder = sqlite_url(tmp_path / "records.sqlite"), str(tmp_path / "journal")
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PARENT, f"redis://127.0.0.1:{port}/0", url, folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,  # the worker's too
        )
        assert parent.stdin is not None
        assert parent.stderr is not None
        worker = psutil.Process(int(await answer(parent)))
        try:
            store.kill()
            parent.stdin.write(b"\n")
            while b"projection_failed" not in (line := await asyncio.wait_for(parent.stderr.readline(), 30)):
                assert line, "nothing was said of the store"
            parent.kill()
            await until(lambda: gone(worker), "its end", 60)
        finally:
            with suppress(ProcessLookupError):
                parent.kill()
            await parent.wait()
            with suppress(psutil.NoSuchProcess):
                worker.kill()


def gone(process: psutil.Process) -> bool:
    """An orphan that nobody has collected yet is gone too."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def test_with_its_parent_it_ends_whatever_it_waits_for() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STUCK), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert await answer(process) == b"stuck\n"
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGALRM


async def test_a_signal_to_the_whole_group_does_not_end_it_before_the_last_turn(setup: Setup) -> None:
    process = await started(setup)
    await answer(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    assert process.stdin is not None
    process.stdin.write(encode(Drain(1)) + encode(Close()))
    assert await answer(process) == b"drained 1\n"
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_a_journal_shorter_than_what_was_told_does_not_hold_it_up(setup: Setup) -> None:
    process = await started(setup, Told(99), Drain(1), Close())
    assert await answer(process) == b"applied 0\n"
    answers = [await answer(process), await answer(process)]
    assert b"drained 1\n" in answers
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_when_it_cannot_go_on_it_ends_so_that_another_is_started(
    setup: Setup, connection: StoreConnection, shard: str
) -> None:
    await connection.run("XADD", shard_keys(shard).journal, "1-0", "t", b"not a turn")
    process = await started(setup, Told(1))
    assert await answer(process) == b"applied 0\n"
    assert await asyncio.wait_for(process.wait(), 30) == 1


async def test_it_writes_a_checkpoint_of_the_statistics(setup: Setup, database: Database) -> None:
    counted = Counters(arrived=3, waits={7: 2})
    checkpoint = encode_checkpoint(State(position=5), [((QUEUE, "orders"), 300_000_000, counted)])
    process = await started(setup, Save(4, msgspec.Raw(checkpoint)))
    assert await answer(process) == b"applied 0\n"
    assert await answer(process) == b"saved 4\n"
    state, slots = await StatisticsStore(database).load(0)
    assert (state.position, slots) == (5, {(QUEUE, "orders"): {300_000_000: counted}})
    assert process.stdin is not None
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 30)
