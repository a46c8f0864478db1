"""A backup of a server that runs, and a new data directory from one: SQLite, the embedded store, journal and files.

The records are copied first, then the store: turns that the records lack are in the journal still, and are projected
again at the start. What stands on a PostgreSQL or a Redis of one's own is copied by their own means (docs/deploy.md).
"""

import asyncio
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from config.settings import Settings
from server.clock import wall_us
from server.persistence.build import code_version
from server.persistence.embedded import EmbeddedValkey, running_url
from store.connection import StoreConnection, open_store

MANIFEST: Final = "backup.json"
RECORDS: Final = "jackfield.db"
STORE: Final = "store.rdb"
# Voicemail, recordings, files of chats, the journal's files: each is written once and then left as it is.
FOLDERS: Final = ("journal", "messages", "recordings", "files")
SAVED_S = 300.0
_POLL_S = 0.05


class BackupError(Exception):
    """It cannot be done; the text is for the person who asked for it."""


async def back_up(settings: Settings, out: Path) -> dict[str, Any]:
    """Writes the folder `out`, which must not exist. Returns its manifest: what is in it, with SHA-256 of each file.

    Raises BackupError and OSError; then `out` is not there.
    """
    url = running_url(settings.data_dir)
    if settings.redis_url or url is None:
        raise BackupError(f"no server with an embedded store runs on {settings.data_dir}")
    records = _sqlite_path(settings)
    draft = await asyncio.to_thread(_draft, out)
    try:
        await asyncio.to_thread(_copy_records, records, draft / RECORDS)
        await _copy_store(url, settings.data_dir / "valkey", draft / STORE)
        await asyncio.to_thread(_copy_folders, settings.data_dir, draft)
        manifest = {"at": wall_us(), "code": code_version(), "sha256": dict(await asyncio.to_thread(_sums, draft))}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1))
        draft.rename(out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


async def restore(settings: Settings, source: Path) -> dict[str, Any]:
    """Makes the data directory, which must be empty or absent, from a backup. Raises BackupError and OSError."""
    manifest = await asyncio.to_thread(_checked, source)
    target, records = settings.data_dir, _sqlite_path(settings)
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty")
    there = [path for end in ("", "-wal", "-shm") if (path := Path(f"{records}{end}")).exists()]
    if there:
        raise BackupError(f"{there[0]} exists already: move it away, or give another --database-url")
    (target / "valkey").mkdir(parents=True)
    await asyncio.to_thread(_put_back, source, target, records)
    await _load_store(target)
    return manifest


def _sqlite_path(settings: Settings) -> Path:
    url = make_url(settings.database_url)
    if not url.drivername.startswith("sqlite") or not url.database:
        raise BackupError("the records are not in SQLite: have PostgreSQL copy them (pg_dump), before the store")
    return Path(url.database)


def _draft(out: Path) -> Path:
    if out.exists():
        raise BackupError(f"{out} exists already")
    draft = out.with_name(f"{out.name}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def _copy_records(path: Path, to: Path) -> None:
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(to)) as copy:
        live.backup(copy)


async def _copy_store(url: str, folder: Path, to: Path) -> None:
    connection = await open_store(url)
    try:
        before = await connection.run("LASTSAVE")
        await asyncio.sleep(1)  # it counts whole seconds
        await connection.run("BGSAVE", "SCHEDULE")  # after a rewrite of its file, if there is one
        async with asyncio.timeout(SAVED_S):
            while await connection.run("LASTSAVE") == before:  # noqa: ASYNC110 - another process knows
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise BackupError(f"the store was not saved within {SAVED_S:.0f} s") from None
    finally:
        await connection.aclose()
    shutil.move(folder / "dump.rdb", to)


def _copy_folders(data_dir: Path, to: Path) -> None:
    for name in FOLDERS:
        if (data_dir / name).is_dir():
            shutil.copytree(data_dir / name, to / name, ignore=shutil.ignore_patterns("*.tmp"))


def _sums(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as file:
                yield path.relative_to(folder).as_posix(), hashlib.file_digest(file, "sha256").hexdigest()


def _checked(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text())
        expected = dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source} is no backup: {error}") from error
    found = dict(_sums(source))
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise BackupError(f"{source} is damaged: {', '.join(wrong[:5])}")
    return manifest


def _put_back(source: Path, target: Path, records: Path) -> None:
    records.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / RECORDS, records)
    shutil.copyfile(source / STORE, target / "valkey" / "dump.rdb")
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)


async def _load_store(target: Path) -> None:
    """The append-only file is what a start reads; made here from the snapshot."""
    async with EmbeddedValkey(target, append_only=False) as server:
        connection = await open_store(server.url)
        try:
            await connection.run("CONFIG", "SET", "appendonly", "yes")
            async with asyncio.timeout(SAVED_S):
                while await _rewriting(connection):  # noqa: ASYNC110 - another process knows
                    await asyncio.sleep(_POLL_S)
        finally:
            await connection.aclose()
    (target / "valkey" / "dump.rdb").unlink()


async def _rewriting(connection: StoreConnection) -> bool:
    state = await connection.run("INFO", "persistence")
    return bool(state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])
