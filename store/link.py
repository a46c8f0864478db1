"""The lean connection of the commit path: what is sent while replies are awaited goes in one write for each turn of
the event loop, what is sent on an idle connection goes at once. Replies come in order, by hiredis.

redis-py costs about three times as much per commit (bench/commit.py measures both); it does all the rest.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import hiredis

from store.address import Address
from store.errors import StoreError, StoreLost, StoreUnable, refusal

Command = tuple[bytes | str | int, ...]
# hiredis' own annotation of the argument says a tuple of one item.
_pack = cast("Callable[[Command], bytes]", hiredis.pack_command)
CLOSED = "the store is closed"


class Route(Protocol):
    """Where a connection goes: asked for each new one, since after a failover it is another place."""

    async def find(self) -> Address:
        """Raises StoreLost while it is nowhere."""
        ...


class Link:
    """Sends commands in calling order and reconnects on the next call after a loss.

    Every failure that leaves the outcome unknown is StoreLost; nothing is ever sent twice by itself.
    """

    def __init__(self, route: Route, *, reply_timeout_s: float = 2.0, connect_timeout_s: float = 2.0) -> None:
        self._route = route
        self._reply_timeout_s = reply_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._wire: _Wire | None = None
        self._made = 0
        self._connecting = asyncio.Lock()
        self._callers = 0
        self._closed = False

    @property
    def standing(self) -> int:
        """The number of the connection that stands, each has another one; 0 while there is none."""
        return 0 if self._wire is None or self._wire.lost else self._made

    async def call(self, *commands: Command) -> list[Any]:
        """Send commands in one write and return their replies. Raises StoreLost, or StoreRefused for an error reply."""
        packed = [_pack(command) for command in commands]
        wire = self._wire
        if wire is None or wire.lost or self._callers:
            futures = await self._send_connecting(packed)
        else:
            futures = wire.send_all(packed)
        if len(futures) > 1:
            await asyncio.wait(futures)
            for future in futures:
                future.exception()  # the first one tells; of the others nobody asks
        return [await future for future in futures]

    def tell(self, command: Command, answered: Callable[[Any], None]) -> bool:
        """Send now, without a task: `answered` is called with the reply, or a StoreError, as soon as it is read.

        False, with nothing sent and nothing called, while no connection stands. `answered` must not raise.
        """
        wire = self._wire
        if wire is None or wire.lost or self._callers:
            return False
        wire.send(_pack(command), answered)
        return True

    def keep_to(self, address: Address) -> None:
        """Break a connection to any other server."""
        if self._wire is not None and not self._wire.lost and self._wire.address != address:
            self._wire.abort(f"the master is {address} now, not {self._wire.address}")

    async def aclose(self) -> None:
        """Close the connection for good; calls under way, and later ones, end with StoreLost."""
        self._closed = True
        if self._wire is not None:
            self._wire.abort(CLOSED)
            self._wire = None

    async def _send_connecting(self, packed: list[bytes]) -> "list[asyncio.Future[Any]]":
        # Whoever comes while a connection is made queues here too, so that calling order is sending order.
        self._callers += 1
        try:
            async with self._connecting:
                if self._wire is None or self._wire.lost:
                    self._wire = await self._connect()
                    self._made += 1
                return self._wire.send_all(packed)
        finally:
            self._callers -= 1

    async def _connect(self) -> "_Wire":
        loop = asyncio.get_running_loop()
        self._check_open()
        address = await self._route.find()
        wire = _Wire(loop, self._reply_timeout_s, address)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                if address.path is not None:
                    await loop.create_unix_connection(lambda: wire, address.path)
                else:
                    await loop.create_connection(lambda: wire, address.host, address.port)
                for command in address.login.greeting():
                    await wire.send_all([_pack(command)])[0]
            self._check_open()  # it may have been closed meanwhile, when there was no wire to abort
        except BaseException as error:
            wire.abort("it was not greeted")  # nobody else would close it
            if isinstance(error, OSError | TimeoutError):
                raise StoreLost(f"cannot connect to {address}: {error or 'timed out'}") from error
            raise
        return wire

    def _check_open(self) -> None:
        if self._closed:
            raise StoreLost(CLOSED)


class _Answer(Protocol):
    """What waits for a reply: a future, or one of those below."""

    def done(self) -> bool: ...

    def set_result(self, reply: Any, /) -> None: ...

    def set_exception(self, error: StoreError, /) -> None: ...


class _Told:
    """In a future's place: the reply is handed on where it is read, by no task and in no later turn of the loop."""

    __slots__ = ("set_exception", "set_result")

    def __init__(self, answered: Callable[[Any], None]) -> None:
        self.set_result = self.set_exception = answered

    def done(self) -> bool:
        return False


class _Wire(asyncio.Protocol):
    """One connection: a queue of replies awaited, and what is to be written when this turn of the loop ends."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reply_timeout_s: float, address: Address) -> None:
        self.lost = False
        self.address = address
        self._loop = loop
        self._timeout = reply_timeout_s
        self._reader = hiredis.Reader()
        self._awaited: deque[tuple[_Answer, float]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def send_all(self, packed: list[bytes]) -> "list[asyncio.Future[Any]]":
        futures: list[asyncio.Future[Any]] = [self._loop.create_future() for _ in packed]
        if self.lost:
            for future in futures:
                future.set_exception(StoreLost("the connection is gone"))
            return futures
        self._write(packed, futures)
        return futures

    def send(self, packed: bytes, answered: Callable[[Any], None]) -> None:
        if self._awaited or self._transport is None:
            self._write([packed], [_Told(answered)])
            return
        self._awaited.append((_Told(answered), self._loop.time()))
        self._transport.write(packed)
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._timeout, self._check_overdue)

    def _write(self, packed: list[bytes], answers: Sequence[_Answer]) -> None:
        idle = not self._awaited
        if not idle and not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += packed
        now = self._loop.time()
        for answer in answers:
            self._awaited.append((answer, now))
        if idle:
            self._flush()
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._timeout, self._check_overdue)

    def abort(self, reason: str) -> None:
        self._fail(StoreLost(reason))
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                if self._awaited:
                    self._settle(self._awaited.popleft()[0], reply)
        except hiredis.ProtocolError as error:
            self.abort(f"no Redis at the other end: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(StoreLost(f"the connection broke: {exc or 'closed by the server'}"))

    def _settle(self, future: _Answer, reply: object) -> None:
        if not isinstance(reply, hiredis.ReplyError):
            if not future.done():
                future.set_result(reply)
            return
        error = refusal(str(reply))
        if not future.done():
            future.set_exception(error)
        if isinstance(error, StoreLost) and not isinstance(error, StoreUnable):
            self.abort(str(reply))

    def _flush(self) -> None:
        if self._unsent and self._transport is not None and not self.lost:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _check_overdue(self) -> None:
        # One timer for the whole queue: replies come in order, so the oldest is the first to be overdue.
        self._alarm = None
        if not self._awaited:
            return
        left = self._awaited[0][1] + self._timeout - self._loop.time()
        if left > 0:
            self._alarm = self._loop.call_later(left, self._check_overdue)
        else:
            self.abort(f"no reply within {self._timeout} s")

    def _fail(self, error: StoreLost) -> None:
        self.lost = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        awaited, self._awaited = self._awaited, deque()
        for future, _ in awaited:
            if not future.done():
                future.set_exception(StoreLost(*error.args))
