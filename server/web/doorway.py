"""The door to the web: however many come or go at one time, each turn of the loop has to do with one or two of them.

asyncio and uvloop take in all who have knocked at once, and tell of all that was sent and of all broken lines at once.
When thousands of agents lose their connection and come back, whatever is routed would wait behind hundreds of them, a
millisecond each. Here those who knock stay in the kernel's queue; what a connection says first (its request, and on a
WebSocket its hello) and its end stay in one of ours, until the turns before theirs are done.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import cast

import structlog

from agents_ws.pace import Pace

log = structlog.get_logger(__name__)

# The kernel's queue of those who have knocked. Beyond it their SYN is lost, and they try again after a second.
BACKLOG = 4096
# In one turn of the loop: what one costs altogether is about a millisecond, spread over several turns.
LET_IN = 1
# So many pieces of what a connection says wait for their turn; from then on it is one of many that speak now and then.
FIRST_PIECES = 2
# Without descriptors nobody can be let in; it is tried again after so long.
FULL_S = 0.5
# Whoever reads nothing of what is sent to them for so long, or is gone without a word, is cut off.
UNREAD_MS = 75_000
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Doorway:
    """Listens from `open` until `close`; `make` gives the protocol of each connection."""

    def __init__(self, make: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> None:
        self._make = make
        self._tls = tls
        self._listening: list[socket.socket] = []
        self._coming: set[asyncio.Task[None]] = set()
        self._pace = Pace()
        # How many so far.
        self.let_in = 0

    async def open(self, host: str, port: int) -> None:
        """At every address of `host`. Raises OSError when one of them is taken, or unknown."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                one = socket.create_server(address[:2], family=family, backlog=BACKLOG)
                self._listening.append(one)
                one.setblocking(False)
                if hasattr(socket, "TCP_USER_TIMEOUT"):  # of Linux; whoever is let in has it too
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        except OSError:
            await self.close()
            raise
        for one in self._listening:
            self._listen(one)

    async def close(self) -> None:
        """Nobody else is let in; those who are in stay."""
        for one in self._listening:
            asyncio.get_running_loop().remove_reader(one)
            one.close()
        self._listening.clear()
        for task in self._coming:
            task.cancel()
        if self._coming:
            await asyncio.wait(self._coming)

    def _listen(self, one: socket.socket) -> None:
        if one in self._listening:
            asyncio.get_running_loop().add_reader(one, self._knocked, one)

    def _knocked(self, one: socket.socket) -> None:
        for _ in range(LET_IN):
            try:
                connection, _ = one.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                log.error("no_descriptors_left", error=str(error))
                loop = asyncio.get_running_loop()
                loop.remove_reader(one)
                loop.call_later(FULL_S, self._listen, one)
                return
            self.let_in += 1
            connection.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._let_in(connection), name="doorway")
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)

    async def _let_in(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: _Line(self._make(), self._pace), connection, ssl=self._tls
            )
        except (OSError, asyncio.CancelledError) as error:  # ssl.SSLError is an OSError
            log.debug("not_let_in", error=repr(error))
            connection.close()


class _Line(asyncio.Protocol):
    """A connection whose first pieces, and whose loss, wait for their turn."""

    __slots__ = ("_ending", "_inner", "_left", "_pace", "_transport")

    def __init__(self, inner: asyncio.Protocol, pace: Pace) -> None:
        self._inner = inner
        self._pace = pace
        # How many more pieces wait.
        self._left = FIRST_PIECES
        # It is being closed in its turn.
        self._ending = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._inner.data_received(data)
            return
        self._left -= 1
        if not self._pace.busy:
            self._pace.then(lambda: self._inner.data_received(data))
            return
        # Nothing more is read until then: it keeps its place behind this, and takes no memory of ours.
        self._transport.pause_reading()
        self._pace.then(lambda: self._go_on(data))

    def eof_received(self) -> bool | None:
        open_on = self._inner.eof_received()
        if open_on or self._transport.get_extra_info("sslcontext") is not None:
            return open_on
        # Not in the turn in which it is read: to close a socket takes longer than all else here.
        self._pace.then(self._end)
        return True

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ending:
            self._inner.connection_lost(exc)
        else:
            self._pace.then(lambda: self._inner.connection_lost(exc))

    def _end(self) -> None:
        self._ending = True
        self._transport.close()

    def _go_on(self, data: bytes) -> None:
        if self._transport.is_closing():
            return  # it broke meanwhile, which is told next: nobody waits for an answer
        try:
            self._transport.resume_reading()  # before the other side can want it paused again
        except RuntimeError as error:  # uvloop's TLS: what is below it is closed already
            log.debug("lost_while_waiting", error=repr(error))
            return
        self._inner.data_received(data)
