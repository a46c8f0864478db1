"""The master as sentinels name it: of all that they say the word of the last failover counts.

While they fail over some name the old master and some the new one, for a second or more, and the old one may live: it
was only slow, or it was they who did not reach it. What is written to it then is thrown away when it is made a replica.
Each failover has a number of its own (`config-epoch`, given by a majority; Redis Sentinel, "Configuration epochs"):
the highest that any sentinel has heard of tells the master, and connections to another server are broken.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakSet

from redis.asyncio import Redis, Sentinel
from redis.asyncio.sentinel import MasterNotFoundError, SentinelManagedConnection

from store.address import Address, Sentinels
from store.errors import StoreError, redis_errors

# Whoever has not answered by then is not waited for, once somebody has.
ALL_S = 0.25


@dataclass(frozen=True, slots=True)
class Word:
    """What one sentinel says: the number of the last failover it knows of, and whether it sees that master up."""

    epoch: int
    up: bool
    host: str
    port: int


def newest(words: Iterable[Word]) -> Word | None:
    """Whose word counts; of several after the same failover one who sees the master up."""
    return max(words, key=lambda word: (word.epoch, word.up), default=None)


class Managed(SentinelManagedConnection):
    """A connection that can be broken while somebody waits for its reply."""

    async def connect_to(self, address: tuple[str, int]) -> None:
        """As redis-py's."""
        cast("Watch", self.connection_pool.sentinel_manager).connections.add(self)
        await cast("Any", super()).connect_to(address)

    def break_off(self) -> None:
        """Whoever waits has lost the connection, as if the server had closed it."""
        if self._writer is not None:
            self._writer.transport.abort()


class Watch(Sentinel):
    """redis-py's sentinels, but that it takes the word of the first one who answers."""

    sentinels: list[Redis]

    def __init__(self, place: Sentinels, waits: dict[str, Any], options: dict[str, Any]) -> None:
        cast("Any", super()).__init__(place.nodes, sentinel_kwargs=waits, connection_class=Managed, **options)
        self.connections: WeakSet[Managed] = WeakSet()
        self._place = place
        self._seen = 0
        self._asked: set[asyncio.Task[Word | None]] = set()

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Where the master is. Raises MasterNotFoundError."""
        asked = {asyncio.create_task(self._ask(each, service_name), name="sentinel") for each in self.sentinels}
        self._asked |= asked
        for task in asked:
            task.add_done_callback(self._asked.discard)
        await asyncio.wait(asked, timeout=ALL_S)
        if not _words(asked):
            await asyncio.wait(asked)
        words = _words(asked)
        found = newest(words)
        if found is None or not found.up:
            raise MasterNotFoundError(f"of {len(words)} sentinels that answer none sees {service_name!r} up")
        if found.epoch < self._seen and len(words) < len(asked):
            raise MasterNotFoundError(f"the sentinels that answer have not heard of failover {self._seen} yet")
        self._seen = found.epoch
        return found.host, found.port

    async def find(self) -> Address:
        """The route to the master (store.link.Route). Raises StoreLost while there is none."""
        with redis_errors():
            host, port = await self.discover_master(self._place.name)
        return Address(None, host, port, self._place.login)

    def keep_to(self, address: Address) -> None:
        """Break the connections to any other server."""
        for connection in list(self.connections):
            if (connection.host, connection.port) != (address.host, address.port):
                connection.break_off()

    async def aclose(self) -> None:
        """Nobody is asked any more."""
        for task in self._asked:
            task.cancel()
        if self._asked:
            await asyncio.wait(self._asked)
        for redis in self.sentinels:
            await redis.aclose()

    async def _ask(self, sentinel: Redis, name: str) -> Word | None:
        """The number first: should a failover happen in between, the old number stands beside the new master."""
        asking = cast("Any", sentinel)
        try:
            with redis_errors():
                state = await asking.sentinel_master(name)
                address = await asking.sentinel_get_master_addr_by_name(name)
        except StoreError:
            return None
        if address is None:
            return None
        host, port = (address[0].decode() if isinstance(address[0], bytes) else address[0]), int(address[1])
        moved = (host, port) != (state["ip"], state["port"])
        return Word(state["config-epoch"], moved or not (state["is_sdown"] or state["is_odown"]), host, port)


def _words(asked: Iterable["asyncio.Task[Word | None]"]) -> list[Word]:
    return [word for task in asked if task.done() and (word := task.result()) is not None]
