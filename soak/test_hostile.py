"""A hundred thousand pieces of nonsense by every way in, and two thousand connections that send nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import psutil  # type: ignore[import-untyped]
import pytest

from server.web import SILENCE_S
from tests.e2e import hostile_runs as runs
from tests.e2e.hostile_runs import withstand
from tests.e2e.office import Office
from tests.e2e.server import HOST, Server
from tests.e2e.site import make_site

COUNT = 100_000
CONNECTIONS = 2_000
# The fifth before it has filled what caches there are.
MIB = 8.0

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that shuts nobody out, so that all of it is read."""
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder, make_site(folder), ["--sip-offences=0", "--log-level=warning"])
    yield server.start()
    try:
        assert server.interrupt() == 0
        assert not server.errors()
    finally:
        server.close()


async def test_sip(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.sip(running_server), COUNT, MIB))


async def test_media_ports(running_server: Server, office: Office) -> None:
    heard: list[float] = []
    print(await withstand(running_server, office, runs.media(running_server, heard), COUNT, MIB))
    heard.sort()
    assert heard[len(heard) // 100] > 45, heard[:10]


async def test_agents_web_socket(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.agent_frames(running_server), COUNT, MIB))


async def test_visitors_web_socket(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.chat_frames(running_server), COUNT, MIB))


async def test_http_bodies(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.http(running_server), COUNT, MIB))


@pytest.mark.parametrize("say", [b"", b"GET /api/v1/agents/ws HT"], ids=["nothing", "half a request"])
async def test_http_connections_that_send_nothing(running_server: Server, office: Office, say: bytes) -> None:
    attack = runs.quiet_connections(running_server, running_server.http_port, say, 20.0)
    print(await withstand(running_server, office, attack, CONNECTIONS, MIB))


@pytest.mark.parametrize("say", [b"", b"INVITE sip:4000"], ids=["nothing", "half a request"])
async def test_sip_connections_that_send_nothing(running_server: Server, office: Office, say: bytes) -> None:
    attack = runs.quiet_connections(running_server, running_server.sip_port, say, 20.0)
    print(await withstand(running_server, office, attack, CONNECTIONS, MIB))


async def test_who_never_asks_is_hung_up_on(running_server: Server) -> None:
    process = psutil.Process(running_server.pid)
    before = process.num_fds()
    writers = [(await asyncio.open_connection(HOST, running_server.http_port))[1] for _ in range(200)]
    writers[0].write(b"GET / HT")
    try:
        async with asyncio.timeout(10):
            while process.num_fds() < before + 200:
                await asyncio.sleep(0.1)
        async with asyncio.timeout(SILENCE_S + 30):
            while process.num_fds() > before + 10:
                await asyncio.sleep(1)
    finally:
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
