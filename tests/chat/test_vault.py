"""Files on disk: whole or not at all, under names that tell nothing, and never more of one in memory than a piece."""

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat.ports import ChatRefusedError
from chat.vault import STALE_S, Vault
from tests.chat.test_sniff import PNG


async def pieces(*parts: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if error is not None:
        raise error


def anything(_kind: str) -> bool:
    return True


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def test_a_file_is_kept_as_it_came_where_only_the_server_reads_it(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "files")
    stored = await vault.take(pieces(PNG[:5], PNG[5:]), 100, anything)
    assert (stored.kind, stored.size, stored.sha256) == ("image/png", len(PNG), hashlib.sha256(PNG).hexdigest())
    place = await vault.open(stored.id, stored.sha256)
    assert place is not None
    assert place.read_bytes() == PNG
    assert place.name == stored.id
    assert len(stored.id) == 32
    assert place.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
    assert (await vault.take(pieces(PNG), 100, anything)).id != stored.id


@pytest.mark.parametrize(
    ("parts", "error", "code"),
    [
        ((b"x" * 60, b"x" * 60), None, "file_too_big"),
        ((), None, "file_empty"),
        ((b"\x7fELF",), None, "file_type"),
        ((b"abc",), ConnectionError("gone"), None),
    ],
)
async def test_what_fails_leaves_nothing(
    tmp_path: Path, parts: tuple[bytes, ...], error: Exception | None, code: str | None
) -> None:
    vault = Vault(tmp_path / "files")
    with pytest.raises(ConnectionError if code is None else ChatRefusedError) as caught:
        await vault.take(pieces(*parts, error=error), 100, {"text/plain"}.__contains__)
    assert getattr(caught.value, "code", None) == code
    assert files(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(tmp_path: Path) -> None:
    vault, begun = Vault(tmp_path / "files"), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"abc"
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(vault.take(endless(), 100, anything))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_a_file_that_was_changed_on_disk_is_not_served(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "files")
    stored = await vault.take(pieces(b"hello"), 100, anything)
    place = await vault.open(stored.id, stored.sha256)
    assert place is not None
    place.write_bytes(b"hullo")
    assert await vault.open(stored.id, stored.sha256) is None
    await vault.remove(stored.id)
    await vault.remove(stored.id)
    assert await vault.open(stored.id, stored.sha256) is None


async def test_what_a_killed_server_left_is_found(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "files")
    assert await vault.stale() == ()
    old, young = [await vault.take(pieces(b"hello"), 100, anything) for _ in range(2)]
    (tmp_path / "files" / "incoming" / "part").write_bytes(b"half")
    for path in files(tmp_path):
        if path.name != young.id:
            os.utime(path, (path.stat().st_mtime - STALE_S - 1,) * 2)
    assert await vault.stale() == (old.id,)
    assert sorted(path.name for path in files(tmp_path)) == sorted([old.id, young.id])


async def test_a_large_file_takes_no_memory(tmp_path: Path) -> None:
    async def many() -> AsyncIterator[bytes]:
        for _ in range(512):
            yield b"x" * 65536

    tracemalloc.start()
    try:
        stored = await Vault(tmp_path / "files").take(many(), 64 * 1024 * 1024, anything)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stored.size == 32 * 1024 * 1024
    assert peak < 2 * 1024 * 1024
