"""tests.left_open: a test that leaves a connection open fails by itself and names it; what ends by itself may."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.certificates import Pair, make
from tests.left_open import goodbyes, is_ending, still_open

ROOT = Path(__file__).parents[1]
CONFTEST = "from tests.conftest import watched_loop, watched_module_loop\n"
TESTS = """import asyncio
import socket

import pytest

KEPT = []


@pytest.fixture(scope="session")
def there():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()


async def opened(there):
    _, writer = await asyncio.open_connection(*there)
    print("PORT", writer.get_extra_info("sockname")[1])
    KEPT.append(writer)
    return writer


async def test_closes(there):
    (await opened(there)).close()


async def test_has_a_task_that_closes(there):
    async def hold():
        writer = await opened(there)
        try:
            await asyncio.sleep(60)
        finally:
            writer.close()

    KEPT.append(asyncio.create_task(hold()))
    while len(KEPT) < 3:
        await asyncio.sleep(0)


async def test_leaves_one_open(there):
    await opened(there)


@pytest.mark.asyncio(loop_scope="module")
async def test_has_the_loop_of_the_module(there):
    await opened(there)
"""


def test_the_test_fails_that_leaves_one_open(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-rA"]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "4 passed, 2 errors" in done.stdout, done.stdout
    _, first, module = done.stdout.partition("short test summary")[0].split("_ ERROR at teardown of ")
    for told, test in ((first, "test_leaves_one_open"), (module, "test_has_the_loop_of_the_module")):
        assert told.startswith(test)
        (port,) = {line.split()[1] for line in told.partition("PASSES")[0].splitlines() if line.startswith("PORT ")}
        assert re.search(rf"left open:\nE +\('127.0.0.1', {port}\) to \('127.0.0.1', ", told), told
    assert "ResourceWarning" not in done.stdout + done.stderr


@pytest.fixture
def there() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


async def test_what_is_not_sent_yet_goes_first(there: socket.socket, pool: ThreadPoolExecutor) -> None:
    _, writer = await asyncio.open_connection(*there.getsockname())
    line, _ = there.accept()
    with line:
        writer.write(bytes(20_000_000))
        writer.close()
        (transport,) = still_open(asyncio.get_running_loop())
        assert is_ending(transport)

        def read_all() -> int:
            return sum(iter(lambda: len(line.recv(1_000_000)), 0))

        read = pool.submit(read_all)
        await goodbyes()
        assert still_open(asyncio.get_running_loop()) == []
        assert read.result() == 20_000_000


async def test_tls_says_goodbye(there: socket.socket, pool: ThreadPoolExecutor, tmp_path: Path) -> None:
    pair, may = make(tmp_path), Event()

    def answer(pair: Pair) -> None:
        with pair.server().wrap_socket(there.accept()[0], server_side=True) as line:
            assert may.wait(30)
            line.unwrap().close()

    answered = pool.submit(answer, pair)
    _, writer = await asyncio.open_connection(*there.getsockname(), ssl=pair.trusting())
    (transport,) = still_open(asyncio.get_running_loop())
    assert not is_ending(transport)
    writer.close()
    assert is_ending(transport)
    await asyncio.sleep(0)
    assert still_open(asyncio.get_running_loop()) == [transport]
    may.set()
    await goodbyes()
    assert still_open(asyncio.get_running_loop()) == []
    answered.result()
