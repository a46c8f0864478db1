"""A node's way to Redis, which can break, fall silent or be slow: a TCP proxy in the harness's own process."""

import asyncio
from contextlib import suppress

CHUNK = 65536


class Way:
    """`open`, then break it as you like. `port` is what the node connects to."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._server: asyncio.Server | None = None
        self._pairs: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay_s = 0.0
        self.port = 0

    async def open(self) -> "Way":
        """Listen on any free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
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

    async def silence(self, seconds: float) -> None:
        """Connections stand, and nothing comes through; then all of it does."""
        self._flowing.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._flowing.set()

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
                back, there = await asyncio.open_connection("127.0.0.1", self._target)
                both = [asyncio.create_task(self._pour(reader, there)), asyncio.create_task(self._pour(back, writer))]
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

    async def _pour(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
