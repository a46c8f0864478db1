"""The door: everybody who knocks is let in and everybody who leaves is told of, a few in each turn of the loop."""

import asyncio
import os
import resource
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from server.web import doorway
from server.web.doorway import LET_IN, Doorway
from server.web.tls import Certificate
from tests.certificates import make
from tests.ports import free_port
from tests.waiting import until

CROWD = 60
LONG_S = 30.0


class Echo(asyncio.Protocol):
    """Sends back what it gets; keeps in which turn of the loop it was made and lost."""

    def __init__(self, house: "House") -> None:
        self.house = house
        self.said = 0
        house.came.append(house.turn)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.house.lines.append(transport)

    def data_received(self, data: bytes) -> None:
        self.said += 1
        self.house.said[self.said].append(self.house.turn)
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.house.left.append(self.house.turn)
        if self.house.fail:
            raise RuntimeError("a mistake of ours")


class House:
    """A door with echoes behind it; `turn` counts the turns of the loop."""

    def __init__(self) -> None:
        self.turn = 0
        self.came: list[int] = []
        self.left: list[int] = []
        self.lines: list[asyncio.Transport] = []
        # In which turns anybody's first piece came, their second, and so on.
        self.said: defaultdict[int, list[int]] = defaultdict(list)
        self.fail = False
        self.port = free_port()
        self.door = Doorway(lambda: Echo(self))
        self._count()

    def _count(self) -> None:
        self.turn += 1
        asyncio.get_running_loop().call_soon(self._count)

    async def echoes(self, *lines: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for line in lines:
            line.send(b"hello")  # all of them before the loop has a turn
        for line in lines:
            assert await asyncio.wait_for(loop.sock_recv(line, 100), LONG_S) == b"hello"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    await made.door.open("127.0.0.1", made.port)
    yield made
    await made.door.close()
    await until(lambda: len(made.left) == len(made.came), seconds=LONG_S)


@contextmanager
def knocking(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many who are in the kernel's queue, before the loop has had a turn."""
    lines = [socket.create_connection(("127.0.0.1", port), LONG_S) for _ in range(count)]
    for line in lines:
        line.setblocking(False)
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


async def test_who_knocks_is_let_in_a_few_in_a_turn(house: House) -> None:
    with knocking(house.port, CROWD) as lines:
        await house.echoes(*lines)
    assert len(house.came) == CROWD
    assert max(house.came.count(turn) for turn in house.came) <= LET_IN


async def test_who_leaves_is_told_of_a_few_in_a_turn_and_a_failure_keeps_nobody_from_it(house: House) -> None:
    house.fail = True
    with knocking(house.port, CROWD) as lines:
        await house.echoes(*lines)
    await until(lambda: len(house.left) == CROWD, seconds=LONG_S)
    assert max(house.left.count(turn) for turn in house.left) == 1


async def test_what_connections_say_first_has_its_turn_and_all_of_it_arrives_in_order(house: House) -> None:
    with knocking(house.port, CROWD) as lines:
        await house.echoes(*lines)
        await house.echoes(*lines)
        for nth in (1, 2):
            turns = house.said[nth]
            assert len(turns) == CROWD
            assert max(turns.count(turn) for turn in turns) == 1
        # From then on what arrives at one time may be read in one turn; a long piece comes whole, in many.
        long = bytes(range(256)) * 4_000
        loop, [first, *_] = asyncio.get_running_loop(), lines
        sending = asyncio.create_task(loop.sock_sendall(first, long))
        heard = b""
        while len(heard) < len(long):
            heard += await asyncio.wait_for(loop.sock_recv(first, 100_000), LONG_S)
        await sending
        assert heard == long


async def test_what_a_connection_said_that_broke_before_its_turn_is_not_read(house: House) -> None:
    with knocking(house.port, 2) as [first, second], capture_logs() as logs:
        await until(lambda: len(house.lines) == 2, seconds=LONG_S)
        for _ in range(200):
            house.door._pace.then(lambda: None)  # others are before it
        first.send(b"hello")
        house.door._pace.then(house.lines[0].abort)
        await house.echoes(second)
        await until(lambda: len(house.left) == 1, seconds=LONG_S)
    assert len(house.said[1]) == 1, "of the other"
    assert not logs


async def test_who_is_in_stays_when_the_door_is_closed(house: House) -> None:
    with knocking(house.port, 2) as lines:
        await house.echoes(*lines)
        await house.door.close()
        await house.echoes(*lines)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", house.port), LONG_S)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="it is an option of Linux")
async def test_who_reads_nothing_is_cut_off_and_who_is_sent_little_may_take_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doorway, "UNREAD_MS", 1_000)
    house = House()
    await house.door.open("127.0.0.1", house.port)
    try:
        with knocking(house.port, 2) as [late, deaf]:
            await house.echoes(late, deaf)
            house.lines[0].write(bytes(20_000))
            house.lines[1].write(bytes(20_000_000))
            await until(lambda: bool(house.left), seconds=LONG_S)
            assert [line.is_closing() for line in house.lines] == [False, True]
            heard = 0
            while heard < 20_000:
                heard += len(await asyncio.wait_for(asyncio.get_running_loop().sock_recv(late, 100_000), LONG_S))
            await house.echoes(late)
    finally:
        await house.door.close()
        for line in house.lines:
            line.abort()
        await until(lambda: len(house.left) == 2, seconds=LONG_S)


async def test_a_door_that_is_taken_is_told(house: House) -> None:
    other = Doorway(lambda: Echo(house))
    with pytest.raises(OSError, match="in use"):
        await other.open("127.0.0.1", house.port)


async def test_without_descriptors_it_waits_until_there_are_some(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "FULL_S", 0.01)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with knocking(house.port, 1) as lines, capture_logs() as logs:
        with Path(os.devnull).open() as highest:
            lowest = os.dup(highest.fileno())
            os.close(lowest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
            try:
                await until(lambda: any(each["event"] == "no_descriptors_left" for each in logs), seconds=LONG_S)
                assert house.came == []
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await house.echoes(*lines)


async def test_over_tls_who_speaks_plainly_is_not_let_in(tmp_path: Path) -> None:
    pair, house = make(tmp_path), House()
    door = Doorway(lambda: Echo(house), Certificate(pair.cert, pair.key).context)
    await door.open("127.0.0.1", house.port)
    try:
        with knocking(house.port, 1) as [stranger]:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(stranger, b"GET / HTTP/1.1\r\n\r\n" * 20)
            while await asyncio.wait_for(loop.sock_recv(stranger, 1000), LONG_S):
                pass  # an alert, then the end
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port, ssl=pair.trusting())
        writer.write(b"hello")
        assert await asyncio.wait_for(reader.readexactly(5), LONG_S) == b"hello"
        writer.close()
        await writer.wait_closed()
    finally:
        await door.close()
