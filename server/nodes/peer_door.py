"""How nodes notice at once that another one's process ended: a TCP connection on which a watcher says nothing.

The kernel closes a dead process's sockets, so that the connection breaks within a round trip, long before a lease runs
out. A broken connection alone may be the network: the process counts as gone when its door refuses the next one. A
machine that vanishes refuses nothing; then the lease has to run out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 64
CONNECT_TIMEOUT_S = 1.0
AGAIN_S = 0.2


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _only_watched(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        pass  # nobody has anything to say here


class PeerDoor:
    """`open` gives the address to announce; `close` when this node does not own anything any more.

    `serve` sees to what is said at the door (server.nodes.peer_link), until the connection ends.
    """

    def __init__(self, serve: Serve = _only_watched) -> None:
        self.serve = serve
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, bind: str, port: int, advertise: str) -> str:
        """Listen on `bind` (port 0: any free one); return `host:port`. Raises OSError."""
        self._server = await asyncio.start_server(self._hold, bind, port)
        return f"{advertise}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Refuse and close everything: who watches looks at once who owns the shard now."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()
        self._server = None

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._writers.add(writer)
        try:
            await self.serve(reader, writer)
        except OSError as error:
            log.debug("peer_connection_broke", error=str(error))
        finally:
            self._writers.discard(writer)
            writer.close()


async def gone(address: str) -> None:
    """Return when the process behind this door was there and is no more; wait for ever if that cannot be told."""
    host, _, port = address.rpartition(":")
    seen, hurried = False, False
    while True:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(host, int(port))
        except ConnectionRefusedError:
            if seen:
                return
            await asyncio.sleep(AGAIN_S)
            continue
        except (OSError, TimeoutError) as error:
            log.info("peer_not_reached", address=address, error=str(error) or "timed out")
            await asyncio.sleep(AGAIN_S)
            continue
        seen, began = True, asyncio.get_running_loop().time()
        try:
            with suppress(OSError):  # reset or closed: the same to us
                await reader.read()
        finally:
            writer.close()
        # Whoever is shown out at once looks again at once, as it may just have died, and then waits: a door that has no
        # room for us (MAX_CONNECTIONS) need not be run down.
        short = asyncio.get_running_loop().time() - began < AGAIN_S
        if short and hurried:
            await asyncio.sleep(AGAIN_S)
        hurried = short
