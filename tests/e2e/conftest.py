"""A running server for each module, a browser, and what tests see of them."""

import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aioice.ice
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.site import make_site
from tests.frontend.real import chromium
from tests.ports import free_port

HERE = Path(__file__).parent
PROGRAMS = ("sipp", "baresip")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this is e2e.

    The clients here lose servers on purpose, kill -9 included; a client's own socket that the collector closes while
    its loop runs is no finding. What is open when that ends is (tests.left_open), and what the server leaves open:
    `jackfield_open` and the process tree are checked for that.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture(autouse=True)
def _programs(request: pytest.FixtureRequest) -> None:
    for program in PROGRAMS:
        if request.node.get_closest_marker(program) and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    """Durations of this module's site; a module that wants others has its own fixture of this name."""
    return {}


@pytest.fixture(scope="module")
def site_edits() -> Callable[[Path], None]:
    """What a module changes in its site's folder before the server starts."""
    return lambda _site: None


@pytest.fixture(scope="module")
def fresh() -> bool:
    """Whether this module's server makes its tables itself, as at its very first start."""
    return False


@pytest.fixture(scope="module")
def trunk_port() -> int:
    """Where this module's trunk leads to."""
    return free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)


@pytest.fixture(scope="module")
def running_server(
    tmp_path_factory: pytest.TempPathFactory,
    site_times: dict[str, int],
    site_edits: Callable[[Path], None],
    fresh: bool,
) -> Iterator[Server]:
    """Ends by Ctrl-C with status 0, leaves no process behind and logs no error that was not expected."""
    folder = tmp_path_factory.mktemp("server")
    site = make_site(folder, **site_times)
    site_edits(site)
    server = Server(folder, site, fresh=fresh)
    try:
        server.start()
        yield server
        assert server.interrupt() == 0
        assert server.errors() == []
    finally:
        server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium for the pages of a module's people, each of whom has a context of their own."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def office(running_server: Server) -> AsyncIterator[Office]:
    """The supervisor's view of the module's server."""
    async with Office(running_server) as office:
        yield office
