"""A node's way to Redis, which can break, fall silent, lose packets or be slow: a TCP proxy of the harness's own."""

import asyncio
import random
from collections.abc import Collection
from contextlib import suppress
from enum import StrEnum

from tests.ports import HOST

CHUNK = 65536
# What TCP does about a lost packet when nothing follows it: it is sent again after 200 ms, then twice as late.
AGAIN_S = 0.2


class Direction(StrEnum):
    """Of what is said: by the node, or to it."""

    OUT = "out"
    BACK = "back"


class Way:
    """`open`, then break it as you like. `host` and `port` are what the node connects to."""

    def __init__(self, target_port: int, host: str = HOST) -> None:
        self._target = target_port
        self._server: asyncio.Server | None = None
        self._pairs: set[asyncio.Task[None]] = set()
        self._flowing = {direction: asyncio.Event() for direction in Direction}
        for flowing in self._flowing.values():
            flowing.set()
        self._delay_s = 0.0
        self._lost, self._dice = 0.0, random.Random()
        self.host = host
        self.port = 0

    async def open(self) -> "Way":
        """Listen on any free port of the host."""
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def close(self) -> None:
        """No more."""
        assert self._server is not None
        self._server.close()
        await self.cut()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    async def cut(self) -> None:
        """Reset every connection; new ones are taken at once."""
        for pair in self._pairs:
            pair.cancel()

    async def silence(self, seconds: float, directions: Collection[Direction] = frozenset(Direction)) -> None:
        """Connections stand, and nothing comes through in these directions; then all of it does."""
        for direction in directions:
            self._flowing[direction].clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            for direction in directions:
                self._flowing[direction].set()

    async def lose(self, seconds: float, share: float, dice: random.Random) -> None:
        """Of what is said this share is lost on the way, and sent again as TCP does: what follows waits behind it."""
        self._lost, self._dice = share, dice
        try:
            await asyncio.sleep(seconds)
        finally:
            self._lost = 0.0

    async def slow(self, seconds: float, delay_s: float) -> None:
        """Everything is late by so much."""
        self._delay_s = delay_s
        try:
            await asyncio.sleep(seconds)
        finally:
            self._delay_s = 0.0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pairs.add(task)
        there: asyncio.StreamWriter | None = None
        try:
            with suppress(OSError):
                back, there = await asyncio.open_connection(HOST, self._target)
                both = [
                    asyncio.create_task(self._pour(reader, there, Direction.OUT)),
                    asyncio.create_task(self._pour(back, writer, Direction.BACK)),
                ]
                try:
                    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in both:
                        one.cancel()
                    await asyncio.gather(*both, return_exceptions=True)
        except asyncio.CancelledError:
            if self._server is None:
                raise  # else it was `cut`
        finally:
            self._pairs.discard(task)
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()

    async def _pour(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                again_s = AGAIN_S
                while self._lost and self._dice.random() < self._lost:
                    await asyncio.sleep(again_s)
                    again_s *= 2
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._flowing[direction].wait()
                sink.write(data)
                await sink.drain()
