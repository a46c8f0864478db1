"""What is kept, on real servers: everything opens, survives the death of the embedded server, and closes."""

import asyncio
import contextlib
import os
import shutil
import signal
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from config.policy import site_policy
from config.settings import Settings, read_settings
from records.database import Database, DatabaseError
from records.projector import Projector
from router import events as facts
from router.rows import Changes, Turn
from server.commands.empty_store_command import accept
from server.commands.refused import CommandError
from server.persistence import storage as module
from server.persistence.storage import NodeDeclaredLostError, Storage, open_storage
from store.errors import StoreEmpty, StoreLost
from tests.server.sites import small_site
from tests.waiting import until


def settings(data: Path, **changes: str) -> Settings:
    given = {"DATA_DIR": str(data), "NODE": "n1", **changes}
    return read_settings(Namespace(), {f"JACKFIELD_{name}": value for name, value in given.items()})


@contextlib.asynccontextmanager
async def opened(data: Path, **changes: str) -> AsyncIterator[Storage]:
    async with AsyncExitStack() as stack:
        yield await open_storage(settings(data, **changes), stack)


async def test_each_shard_has_a_database_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await Projector(storage.database).apply([Turn(1, 1, "t", facts.InteractionNoted("i", "x"), (), Changes())])
    with pytest.raises(DatabaseError, match=r"of another shard \(main\); shard south needs one of its own"):
        async with opened(tmp_path, SHARD="south"):
            pass


async def committed(storage: Storage, kind: str) -> int:
    """One note through a pump of its own; returns the shard's sequence after it."""
    await storage.shard.restore(site_policy(small_site()), lambda _turn: None, lambda _turn, _us: None)
    pump = storage.shard.pump
    running = asyncio.create_task(pump.run())
    await asyncio.wait_for(pump.post(facts.InteractionNoted("i", kind), "t"), 30)
    pump.close()
    await running
    return pump.sequence


async def test_it_opens_on_an_empty_folder_and_finds_everything_again(tmp_path: Path) -> None:
    data = tmp_path / "not" / "yet" / "there"
    async with opened(data) as storage:
        assert storage.embedded is not None
        pid = storage.embedded.pid
        assert storage.member.label == "n1.1"
        sequence = await committed(storage, "answered")
        assert (data / "jackfield.db").is_file()
    assert not psutil.pid_exists(pid)
    async with opened(data) as storage:
        assert storage.member.label == "n1.2", "a new incarnation"
        assert storage.shard.image.applied == sequence
        assert await storage.register.lost(storage.member) == ["n1.1"]


async def test_an_outside_server_is_used_as_it_is(tmp_path: Path, store_url: str) -> None:
    async with opened(tmp_path, REDIS_URL=store_url) as storage:
        assert storage.embedded is None
        assert storage.shard.store is not None
        await storage.keep_embedded()
    assert not (tmp_path / "valkey").exists()


async def test_a_start_that_fails_closes_what_was_open(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(OSError, match="cannot open the database"):
        async with opened(tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/x.db"):
            raise AssertionError("it must not open")
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.parametrize("folder", ["data", "a-very-long-folder-name-" * 4])
async def test_an_embedded_server_that_dies_is_started_again_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Also where the folder is so long that the socket lives elsewhere: the connection must find it again."""
    monkeypatch.setattr(module, "RESTART_S", 0.02)
    async with opened(tmp_path / folder) as storage:
        keeper = asyncio.create_task(storage.keep_embedded())
        assert storage.embedded is not None
        sequence = await committed(storage, "before")
        url, pid = storage.embedded.url, storage.embedded.pid
        os.kill(pid, signal.SIGKILL)

        async def answers() -> int:
            while True:
                try:
                    return (await storage.shard.store.load(storage.shard.owner.lease)).applied
                except StoreLost:
                    await asyncio.sleep(0.01)

        await until(lambda: not psutil.pid_exists(pid), "the death of the server")
        assert await asyncio.wait_for(answers(), 30) == sequence
        assert (storage.embedded.url, storage.embedded.pid != pid) == (url, True)
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def test_the_heartbeat_keeps_the_node_and_ends_it_when_it_was_declared_lost(
    tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    async with opened(tmp_path, REDIS_URL=store_url, NODE="beating") as storage:
        beats = 0
        beat = storage.register.beat

        async def count(member: object) -> bool:
            nonlocal beats
            beats += 1
            if beats == 2:
                raise StoreLost("gone for a moment")
            return await beat(storage.member)

        monkeypatch.setattr(type(storage.register), "beat", lambda _self, member: count(member))
        task = asyncio.create_task(storage.beat())
        await until(lambda: beats > 4)
        assert not task.done(), "a store that is away for a moment is no reason to stop"
        again = await storage.register.join("beating")
        await storage.register.lost(again)
        with pytest.raises(NodeDeclaredLostError, match=storage.member.label):
            await asyncio.wait_for(task, 30)
        await storage.register.forget(again.label)
        await storage.register.forget(storage.member.label)


async def recorded(data: Path, upto: int) -> None:
    """The records have turns up to this one."""
    database = await Database.open(settings(data).database_url)
    turns = [Turn(number, number, "t", facts.InteractionNoted("i", "answered"), (), Changes()) for number in (1, upto)]
    await Projector(database).apply(turns)
    await database.close()


async def test_a_store_that_lost_its_last_turns_gives_their_numbers_to_no_others(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        sequence = await committed(storage, "answered")
    await recorded(tmp_path, sequence + 7)
    async with opened(tmp_path) as storage:
        assert storage.shard.image.applied == sequence + 7
        assert await committed(storage, "abandoned") == sequence + 8


async def test_an_empty_store_beside_records_is_refused_until_somebody_accepts_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        sequence = await committed(storage, "answered")
    await recorded(tmp_path, sequence)
    shutil.rmtree(tmp_path / "valkey")
    for _ in range(2):
        with pytest.raises(StoreEmpty, match=f"turn {sequence}.*accept-empty-store"):
            async with opened(tmp_path):
                pass
    assert await accept(Namespace(), settings(tmp_path), small_site()) == 0
    with pytest.raises(CommandError, match="not empty"):
        await accept(Namespace(), settings(tmp_path), small_site())
    async with opened(tmp_path) as storage:
        with pytest.raises(CommandError, match="a server runs"):
            await accept(Namespace(), settings(tmp_path), small_site())
        assert await committed(storage, "answered") > sequence
