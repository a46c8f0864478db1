"""Opens the store for use: redis-py for everything off the hot path, the lean link for commits."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog

from store.address import Address, Sentinels, parse_address
from store.client import Client, Part, make_client
from store.errors import StoreLost, StoreRefused
from store.library import Library, prepare
from store.link import CLOSED, Command, Link

log = structlog.get_logger(__name__)

_NO_FUNCTION = "Function not found"
# How often sentinels are asked for the master: well within the half of a lease that its owner has at a new one.
WATCH_S = 0.25


@dataclass(frozen=True, slots=True)
class StoreConnection:
    """An opened store: its servers' version checked, the function library loaded."""

    client: Client
    library: Library
    reply_timeout_s: float
    _links: dict[str, Link] = field(default_factory=dict)
    _watching: list[asyncio.Task[None]] = field(default_factory=list)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def function(self, name: str, keys: tuple[bytes, ...], *args: Part) -> Any:
        """Call a function of the library off the hot path. Raises StoreLost or StoreRefused."""
        try:
            return await self.run("FCALL", self.library.function(name), len(keys), *keys, *args)
        except StoreRefused as error:
            if name in self.library.functions:
                await self.complete(error)
            raise

    async def often(self, name: str, keys: tuple[bytes, ...], *args: Part) -> Any:
        """As `function`, for what is called again and again and answered at once: it costs a fraction of that."""
        try:
            (reply,) = await self.aside(keys[0]).call(("FCALL", self.library.function(name), len(keys), *keys, *args))
        except StoreRefused as error:
            await self.complete(error)
            raise
        return reply

    async def run(self, *command: Part) -> Any:
        """Run one command off the hot path. Raises StoreLost or StoreRefused."""
        self._check_open()
        return await self.client.run(*command)

    async def transaction(self, *commands: Command) -> list[Any]:
        """Run commands as one MULTI block; their keys share a hash tag. Raises StoreLost or StoreRefused."""
        self._check_open()
        return await self.client.transaction(*commands)

    def link(self, key: bytes) -> Link:
        """The lean connection to where `key` is; the same one for all who ask for the same key.

        Raises StoreLost for a new one when the store is closed.
        """
        return self._linked(key.decode(), key)

    def aside(self, key: bytes) -> Link:
        """As `link`, another one beside it: no commit waits behind what is asked by it."""
        return self._linked(f"{key.decode()} aside", key)

    def _linked(self, name: str, key: bytes) -> Link:
        if name not in self._links:
            self._check_open()
            self._links[name] = Link(self.client.route(key), reply_timeout_s=self.reply_timeout_s)
        return self._links[name]

    async def complete(self, error: StoreRefused) -> None:
        """After a refusal of one of the library's functions: raises StoreLost when a server lacked it.

        So it is with one that was emptied, or is new to the cluster; it has the library from now on. Raises StoreTooOld
        for an old one.
        """
        if _NO_FUNCTION in str(error):
            await prepare(self.client)  # if nobody else was quicker
            raise StoreLost("the server was without its functions; they are loaded again") from error

    def watch(self) -> None:
        """From now on a server that sentinels have given up is left at once, though it may live and take writes."""
        self._watching.append(asyncio.create_task(self._watch(), name="sentinels"))

    async def _watch(self) -> None:
        known: Address | None = None
        while True:
            try:
                address = await self.client.settle()
            except StoreLost:
                address = None  # whoever needs it says so
            except Exception:
                log.exception("sentinels_not_asked")
                address = None
            if address is not None:
                if known not in (None, address):
                    log.warning("master_changed", before=str(known), now=str(address))
                known = address
                for link in self._links.values():
                    link.keep_to(address)
            await asyncio.sleep(WATCH_S)

    async def aclose(self) -> None:
        """Close all connections for good: redis-py would make new ones for a later command, and nobody close them."""
        self._closed.set()
        # Again and again: CPython's wait_for before 3.12, which redis-py writes through, can lose a cancellation.
        while watching := [task for task in self._watching if not task.done()]:
            for task in watching:
                task.cancel()
            await asyncio.wait(watching, timeout=WATCH_S)
        for link in self._links.values():
            await link.aclose()
        await self.client.aclose()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoreLost(CLOSED)


async def open_store(url: str, *, reply_timeout_s: float = 2.0, pool_size: int = 16) -> StoreConnection:
    """Connect to `url` (store.address). Raises AddressError (URL), StoreLost (no answer) or StoreTooOld."""
    place = parse_address(url)
    client = make_client(place, reply_timeout_s=reply_timeout_s, pool_size=pool_size)
    try:
        loaded = await prepare(client)
    except BaseException:
        await client.aclose()
        raise
    connection = StoreConnection(client, loaded, reply_timeout_s)
    if isinstance(place, Sentinels):
        connection.watch()
    return connection
