"""Nonsense by every way in, a little of it (soak/ has 100,000 of each): nobody else notices, nothing is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import hostile_runs as runs
from tests.e2e.hostile_runs import withstand
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.site import make_site

COUNT = 1_500
CONNECTIONS = 300
# Caches, pools and the allocator's own; soak/ shows that it ends.
MIB = 24.0


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that shuts nobody out, so that all of it is read."""
    folder: Path = tmp_path_factory.mktemp("server")
    server = Server(folder, make_site(folder), ["--sip-offences=0"])
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
    assert min(heard, default=50) > 40, heard


async def test_agents_web_socket(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.agent_frames(running_server), COUNT, MIB))


async def test_visitors_web_socket(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.chat_frames(running_server), COUNT, MIB))


async def test_http_bodies(running_server: Server, office: Office) -> None:
    print(await withstand(running_server, office, runs.http(running_server), COUNT, MIB))


@pytest.mark.parametrize("say", [b"", b"GET /api/v1/agents/ws HT"], ids=["nothing", "half a request"])
async def test_http_connections_that_send_nothing(running_server: Server, office: Office, say: bytes) -> None:
    attack = runs.quiet_connections(running_server, running_server.http_port, say, 2.0)
    print(await withstand(running_server, office, attack, CONNECTIONS, MIB))


@pytest.mark.parametrize("say", [b"", b"INVITE sip:4000"], ids=["nothing", "half a request"])
async def test_sip_connections_that_send_nothing(running_server: Server, office: Office, say: bytes) -> None:
    attack = runs.quiet_connections(running_server, running_server.sip_port, say, 2.0)
    print(await withstand(running_server, office, attack, CONNECTIONS, MIB))
