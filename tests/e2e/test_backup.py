"""A backup of a server that runs, everything lost, and a server from the backup that has all of it and goes on."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.persistence.backup import MANIFEST, RECORDS
from tests.e2e.kept import records
from tests.e2e.office import Office
from tests.e2e.server import ROOT, Server
from tests.e2e.site import make_site
from tests.e2e.test_journal import a_call_and_a_chat
from tests.e2e.waiting import wait_until


def command(server: Server, name: str, *more: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "server", name, f"--data-dir={server.data_dir}", f"--site={server.site}", *more]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


async def test_all_is_back_and_goes_on(tmp_path: Path) -> None:
    server, out = Server(tmp_path, make_site(tmp_path)), tmp_path / "backup"
    try:
        server.start()
        async with Office(server) as office:
            await a_call_and_a_chat(server, office, tmp_path)
            done = await asyncio.to_thread(command, server, "backup", f"--out={out}")
            assert (done.returncode, done.stderr) == (0, "")
            kept = {str(row["id"]): row["outcome"] for row in records(server)}
            assert len(kept) == 2
            again = await asyncio.to_thread(command, server, "backup", f"--out={out}")
            assert (again.returncode, again.stderr) == (2, f"{out} exists already\n")
            await a_call_and_a_chat(server, office, tmp_path)  # lost with what comes now
        server.kill()
        shutil.rmtree(server.data_dir)

        done = command(server, "restore", "--log-level=error", str(out))
        assert (done.returncode, done.stderr) == (0, "")
        assert not (server.data_dir / "valkey" / "dump.rdb").exists()
        again = command(server, "restore", str(out))
        assert (again.returncode, again.stderr) == (2, f"{server.data_dir} is not empty\n")

        server.start()
        async with Office(server) as office:
            assert {str(row["id"]): row["outcome"] for row in records(server)} == kept
            await a_call_and_a_chat(server, office, tmp_path)
            await wait_until(lambda: _count(server, 4), 30, "two more records")
        exported = command(server, "export-journal", f"--out={tmp_path / 'all.journal'}")
        assert exported.returncode == 0, exported.stderr
        replayed = [sys.executable, "-m", "server", "replay", str(tmp_path / "all.journal")]
        assert "identical" in subprocess.run(replayed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert server.interrupt() == 0
        assert not server.errors()
    finally:
        server.close()


async def _count(server: Server, count: int) -> bool:
    return len(records(server)) == count


@pytest.mark.parametrize(("damage", "said"), [("cut", f"is damaged: {RECORDS}"), ("missing", "is no backup")])
def test_what_is_damaged_is_refused(tmp_path: Path, damage: str, said: str) -> None:
    out = tmp_path / "backup"
    out.mkdir()
    (out / RECORDS).write_bytes(b"half of it")
    if damage == "cut":
        (out / MANIFEST).write_text(json.dumps({"sha256": {RECORDS: "0" * 64}}))
    words = [sys.executable, "-m", "server", "restore", str(out), f"--data-dir={tmp_path / 'data'}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("end", ["", "-wal"])
def test_a_database_that_is_there_is_not_overwritten(tmp_path: Path, end: str) -> None:
    out, there = tmp_path / "backup", tmp_path / f"records.db{end}"
    out.mkdir()
    (out / MANIFEST).write_text(json.dumps({"sha256": {}}))
    there.write_bytes(b"somebody's")
    database = f"--database-url=sqlite+aiosqlite:///{tmp_path / 'records.db'}"
    words = [sys.executable, "-m", "server", "restore", str(out), f"--data-dir={tmp_path / 'data'}", database]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, f"{there} exists already" in done.stderr) == (2, True)
    assert there.read_bytes() == b"somebody's"
    assert not (tmp_path / "data").exists()


def test_no_server_runs(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "server", "backup", f"--data-dir={tmp_path}", f"--out={tmp_path / 'b'}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "no server with an embedded store runs on" in done.stderr) == (2, True)
