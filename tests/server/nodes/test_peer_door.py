"""A door that nobody speaks at: when it is shut for good, those who watch know."""

import asyncio
import contextlib
import sys

import pytest

from server.nodes import peer_door
from server.nodes.peer_door import PeerDoor, gone
from tests.waiting import until

HOST = "127.0.0.1"
PROCESS = """
import asyncio
from server.nodes.peer_door import PeerDoor

async def main():
    print(await PeerDoor().open("127.0.0.1", 0, "127.0.0.1"), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def connections(door: PeerDoor, count: int) -> None:
    await until(lambda: len(door._writers) == count, f"{count} connections")


async def test_a_killed_process_is_gone_at_once() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    watching = asyncio.create_task(gone(address))
    done, _ = await asyncio.wait({watching}, timeout=0.2)
    assert not done
    process.kill()
    await asyncio.wait_for(watching, 30)
    await process.wait()


async def test_who_was_watched_for_a_moment_only_is_gone_at_once_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_door, "AGAIN_S", 60.0)
    door = PeerDoor()
    watching = asyncio.create_task(gone(await door.open(HOST, 0, HOST)))
    await connections(door, 1)
    await door.close()
    await asyncio.wait_for(watching, 30)


async def test_a_closed_door_is_gone_and_an_interrupted_connection_is_not() -> None:
    door = PeerDoor()
    address = await door.open(HOST, 0, HOST)
    watching = asyncio.create_task(gone(address))
    await connections(door, 1)
    next(iter(door._writers)).close()  # the network, say
    await until(lambda: len(door._writers) == 1 and not next(iter(door._writers)).is_closing(), "it came again")
    assert not watching.done()
    await door.close()
    await asyncio.wait_for(watching, 30)
    await door.close()


async def test_where_nobody_ever_was_nobody_is_gone() -> None:
    door = PeerDoor()
    address = await door.open(HOST, 0, HOST)
    await door.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gone(address), 0.3)


async def test_what_is_said_at_the_door_is_ignored_and_too_many_are_turned_away() -> None:
    door = PeerDoor()
    host, _, port = (await door.open(HOST, 0, HOST)).rpartition(":")
    writers = []
    for _ in range(64):
        _, writer = await asyncio.open_connection(host, int(port))
        writers.append(writer)
    await connections(door, 64)
    writers[0].write(b"GET / HTTP/1.0\r\n\r\n")
    reader, late = await asyncio.open_connection(host, int(port))
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 30) == b""
    for writer in (*writers, late):
        writer.close()
    await connections(door, 0)
    await door.close()


async def test_a_door_that_shows_everybody_out_is_not_run_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_door, "AGAIN_S", 60.0)
    came = 0

    async def full(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.close()

    server = await asyncio.start_server(full, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    watching = asyncio.create_task(gone(f"{HOST}:{port}"))
    await until(lambda: came == 2, "it watches, and looks again")
    for _ in range(20):
        reader, writer = await asyncio.open_connection(HOST, port)
        await reader.read()
        writer.close()
    assert came == 22
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    server.close()
