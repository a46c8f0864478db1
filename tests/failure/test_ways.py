"""A way carries bytes both ways, and breaks, waits and delays as it is told."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from tests.failure.ways import Direction, Way
from tests.waiting import until


@pytest.fixture
def heard() -> bytearray:
    """What came to the server."""
    return bytearray()


@pytest.fixture
async def way(heard: bytearray) -> AsyncIterator[Way]:
    """To a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.extend(data)
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    made = await Way(int(server.sockets[0].getsockname()[1])).open()
    yield made
    await made.close()
    server.close()


async def test_bytes_go_both_ways_until_it_is_cut_and_again_on_a_new_connection(way: Way) -> None:
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        await way.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


@pytest.mark.parametrize(("silent", "arrives"), [(set(Direction), b""), ({Direction.BACK}, b"hello")])
async def test_nothing_comes_through_where_a_way_is_silent_and_nothing_is_lost(
    way: Way, heard: bytearray, silent: set[Direction], arrives: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    silence = asyncio.create_task(way.silence(60, silent))
    await asyncio.sleep(0)
    writer.write(b"hello")
    await until(lambda: heard == arrives)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readexactly(5)
    assert heard == arrives
    silence.cancel()
    assert await reader.readexactly(5) == b"hello"
    writer.close()


async def test_what_is_lost_comes_later_and_once(way: Way) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    loss = asyncio.create_task(way.lose(60, 0.5, random.Random(1)))
    await asyncio.sleep(0)
    sent = b"".join(b"%d\n" % number for number in range(20))
    for piece in sent.splitlines(keepends=True):
        writer.write(piece)
    assert await reader.readexactly(len(sent)) == sent
    loss.cancel()
    writer.close()
