"""A hundred thousand pieces of nonsense by every way in, and two thousand connections that send nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import psutil  # type: ignore[import-untyped]
import pytest

from server.web.port import SILENCE_S
from tests.e2e.hostile_runs import CASES, Measure, patient_server, tried
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.ports import HOST

# The fifth before it has filled what caches there are.
MUCH = Measure(count=100_000, connections=2_000, mib=8.0, held_s=20.0, packets=45, slow_share=0.01)

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with patient_server(tmp_path_factory.mktemp("server"), "--log-level=warning") as server:
        yield server


@pytest.mark.parametrize("case", CASES)
async def test_nobody_notices_nonsense(running_server: Server, office: Office, case: str) -> None:
    print(await tried(running_server, office, case, MUCH))


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
