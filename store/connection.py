"""Opens a server for use: redis-py's pool for everything off the hot path, the lean link for commits."""

from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from store.address import Address, parse_address
from store.errors import redis_errors
from store.library import Library, prepare_server
from store.link import Command, Link


@dataclass(frozen=True, slots=True)
class StoreConnection:
    """An opened server: its version checked, the function library loaded."""

    redis: Redis
    link: Link
    library: Library

    async def function(self, name: str, keys: tuple[bytes, ...], *args: bytes | str | int) -> Any:
        """Call a function of the library off the hot path. Raises StoreLost or StoreRefused."""
        return await self.run("FCALL", self.library.function(name), len(keys), *keys, *args)

    async def run(self, *command: bytes | str | int) -> Any:
        """Run one command off the hot path. Raises StoreLost or StoreRefused."""
        with redis_errors():
            return await cast("Any", self.redis).execute_command(*command)  # redis-py leaves it untyped

    async def transaction(self, *commands: Command) -> list[Any]:
        """Run commands as one MULTI block. Raises StoreLost or StoreRefused."""
        with redis_errors():
            async with self.redis.pipeline(transaction=True) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return list(await pipeline.execute())

    async def aclose(self) -> None:
        """Close all connections."""
        await self.link.aclose()
        await self.redis.aclose()


async def open_store(url: str, *, reply_timeout_s: float = 2.0, pool_size: int = 16) -> StoreConnection:
    """Connect to `url`. Raises ValueError (URL), StoreLost (no answer) or StoreTooOld."""
    address = parse_address(url)
    redis = _pooled_client(address, reply_timeout_s, pool_size)
    try:
        loaded = await prepare_server(redis)
    except BaseException:
        await redis.aclose()
        raise
    return StoreConnection(redis, Link(address, reply_timeout_s=reply_timeout_s), loaded)


def _pooled_client(address: Address, reply_timeout_s: float, pool_size: int) -> Redis:
    options: dict[str, Any] = {
        "db": address.db,
        "username": address.username,
        "password": address.password,
        "socket_timeout": reply_timeout_s,
        "socket_connect_timeout": reply_timeout_s,
        "protocol": 2,
        # A command whose outcome is unknown is the caller's to repeat.
        "retry": Retry(NoBackoff(), 0),
    }
    if address.path is not None:
        options |= {"connection_class": UnixDomainSocketConnection, "path": address.path}
    else:
        options |= {"connection_class": Connection, "host": address.host, "port": address.port}
    pool = BlockingConnectionPool(max_connections=pool_size, timeout=reply_timeout_s, **options)
    return Redis.from_pool(pool)
