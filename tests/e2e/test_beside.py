"""The server as compose.yaml runs it: Redis beside it, records in PostgreSQL; a call, and its story after a restart."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.office import Office, kinds
from tests.e2e.server import ROOT, Server
from tests.postgres import fresh_database
from tests.valkey import tcp_server

CALL_S = 120
REDIS_OPTIONS = ("--appendonly", "yes", "--maxmemory-policy", "noeviction")


@pytest.fixture
def server(tmp_path: Path, postgres_server: str) -> Iterator[Server]:
    database = asyncio.run(fresh_database(postgres_server))
    with tcp_server(tmp_path / "redis", *REDIS_OPTIONS) as (_, port):
        flags = [f"--redis-url=redis://127.0.0.1:{port}/0", f"--database-url={database}"]
        server = Server(tmp_path, arguments=flags)
        try:
            yield server
            assert server.errors() == []
        finally:
            server.close()


async def test_a_call_and_its_story_after_a_restart(server: Server) -> None:
    server.start()
    command = [sys.executable, "-m", "tools.call", f"--http-port={server.http_port}", f"--sip-port={server.sip_port}"]
    call = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=CALL_S)
    assert call.returncode == 0, call.stderr
    number = "demo-" + call.stdout.split(" as demo-")[1].split()[0]
    async with Office(server) as office:
        before = await office.interaction(number)
    assert before["record"]["outcome"] == "handled"
    assert server.interrupt() == 0
    assert not (server.data_dir / "valkey").exists(), "nothing is embedded"
    assert not list(server.data_dir.glob("*.db"))
    server.start()
    async with Office(server) as office:
        after = await office.interaction(number)
    assert (after["record"], kinds(after), after["notes"]) == (before["record"], kinds(before), before["notes"])
    assert server.interrupt() == 0
