"""A real PostgreSQL for tests: a cluster in a folder of its own, on a unix socket, as an unprivileged user."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

_START_S = 60.0
_USER = "jackfield"
# What a test writes need not survive a power cut.
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "max_connections=100")
_numbers = itertools.count(1)


def postgres_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; Debian keeps them off the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


@contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """Run a fresh cluster; give the URL of its `postgres` database."""
    # Not under pytest's folder: a unix socket's path has at most 107 bytes, and another user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="jackfield-pg-"))
    process = None
    try:
        owner = _unprivileged(folder)
        initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", _USER, "--auth=trust"]
        subprocess.run(
            [*initdb, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, **owner
        )
        options = [f"-c{option}" for option in (*_FAST, "listen_addresses=", f"unix_socket_directories={folder}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(folder / "data"), *options], stdout=log, stderr=log, **owner
            )
        _wait_ready(binaries, folder, process)
        yield f"postgresql+asyncpg://{_USER}@/postgres?host={folder}"
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)  # at once, without a checkpoint
            process.wait()
        shutil.rmtree(folder)


async def fresh_database(url: str) -> str:
    """Return the URL of a new user to whom the database is empty: its tables go to a schema of its own.

    A schema takes milliseconds, a whole database a third of a second.
    """
    import asyncpg

    parsed = make_url(url)
    name = f"test{next(_numbers)}"
    connection = await asyncpg.connect(user=parsed.username, database=parsed.database, host=str(parsed.query["host"]))
    try:
        await connection.execute(f"CREATE ROLE {name} LOGIN; CREATE SCHEMA AUTHORIZATION {name}")
    finally:
        await connection.close()
    return parsed.set(username=name).render_as_string(hide_password=False)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then the folder and the processes belong to another user."""
    if os.getuid() != 0:
        return {"cwd": folder}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"cwd": folder, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no unprivileged user to run PostgreSQL as")


def _wait_ready(binaries: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    ask = [str(binaries / "pg_isready"), "-q", "-h", str(folder), "-U", _USER, "-d", "postgres"]
    while subprocess.run(ask, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)
