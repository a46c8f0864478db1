"""redis-py behind one face, for everything off the hot path: one server, a sentinel's master, or a cluster.

None of them repeats a command whose outcome is unknown: that is the caller's to decide.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from redis.asyncio import (
    BlockingConnectionPool,
    Connection,
    Redis,
    RedisCluster,
    UnixDomainSocketConnection,
)
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot

from store.address import Address, Cluster, Login, Sentinels
from store.errors import redis_errors
from store.link import Command, Route
from store.sentinels import Watch

Part = bytes | str | int


class Client(Protocol):
    """What the store needs of Redis. All raise StoreLost or StoreRefused."""

    async def run(self, *command: Part) -> Any:
        """Run one command, where its first key is."""
        ...

    async def transaction(self, *commands: Command) -> list[Any]:
        """Run commands on keys of one slot as one MULTI block."""
        ...

    async def servers(self) -> list[dict[str, Any]]:
        """INFO of every server that takes writes."""
        ...

    async def load(self, source: str) -> None:
        """Load a function library on every server that takes writes."""
        ...

    def route(self, key: bytes) -> Route:
        """Where the slot of `key` is, for a connection of one's own."""
        ...

    async def settle(self) -> Address | None:
        """Where sentinels have the master now; connections of this client to another server are broken.

        None: nobody has to be asked for it. Raises StoreLost while there is none.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class OneServer:
    """One server, which for sentinels is another one after a failover."""

    def __init__(self, redis: Redis, route: Address | Watch) -> None:
        self._redis = redis
        self._route = route

    async def run(self, *command: Part) -> Any:
        """As Client."""
        with redis_errors():
            return await cast("Any", self._redis).execute_command(*command)  # redis-py leaves it untyped

    async def transaction(self, *commands: Command) -> list[Any]:
        """As Client."""
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return list(await pipeline.execute())

    async def servers(self) -> list[dict[str, Any]]:
        """As Client."""
        with redis_errors():
            return [await self._redis.info("server")]

    async def load(self, source: str) -> None:
        """As Client."""
        await self.run("FUNCTION", "LOAD", "REPLACE", source)

    def route(self, key: bytes) -> Route:
        """As Client."""
        del key
        return self._route

    async def settle(self) -> Address | None:
        """As Client."""
        if isinstance(self._route, Address):
            return None
        address = await self._route.find()
        self._route.keep_to(address)
        return address

    async def aclose(self) -> None:
        """As Client."""
        await self._redis.aclose()
        if isinstance(self._route, Watch):
            await self._route.aclose()


class ManyServers:
    """A cluster: redis-py knows where each slot is and follows it when it moves."""

    def __init__(self, cluster: RedisCluster, login: Login) -> None:
        self._cluster = cluster
        self._login = login

    async def run(self, *command: Part) -> Any:
        """As Client."""
        with redis_errors():
            node = await self._holder(_key_of(command))
            return await cast("Any", self._cluster).execute_command(*command, target_nodes=node)

    async def transaction(self, *commands: Command) -> list[Any]:
        """As Client."""
        with redis_errors():
            await self._cluster.initialize()
            async with self._cluster.pipeline(transaction=True) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return list(await pipeline.execute())

    async def servers(self) -> list[dict[str, Any]]:
        """As Client."""
        with redis_errors():
            found = await self._cluster.info("server", target_nodes=RedisCluster.PRIMARIES)
        return list(found.values()) if "redis_version" not in found else [found]

    async def load(self, source: str) -> None:
        """As Client."""
        with redis_errors():
            await self._cluster.initialize()
            cluster = cast("Any", self._cluster)
            for node in cluster.get_primaries():
                await cluster.execute_command("FUNCTION", "LOAD", "REPLACE", source, target_nodes=node)

    def route(self, key: bytes) -> Route:
        """As Client."""
        return _Holder(self._cluster, key, self._login)

    async def settle(self) -> Address | None:
        """As Client: a master that the others have given up is told so by them, and says it."""
        return None

    async def aclose(self) -> None:
        """As Client."""
        await self._cluster.aclose()

    async def _holder(self, key: bytes) -> ClusterNode:
        await self._cluster.initialize()
        return self._cluster.nodes_manager.get_node_from_slot(key_slot(key))


class _Holder:
    """The route to the node that has a key's slot, asked anew for each connection."""

    def __init__(self, cluster: RedisCluster, key: bytes, login: Login) -> None:
        self._cluster = cluster
        self._slot = key_slot(key)
        self._login = login

    async def find(self) -> Address:
        """Raises StoreLost while nobody serves the slot."""
        with redis_errors():
            await self._cluster.nodes_manager.initialize()
            node = self._cluster.nodes_manager.get_node_from_slot(self._slot)
        return Address(None, node.host, int(node.port), self._login)


def make_client(place: Address | Sentinels | Cluster, *, reply_timeout_s: float, pool_size: int) -> Client:
    """Return the client of a place; nothing is connected yet."""
    options: dict[str, Any] = {
        "username": place.login.username,
        "password": place.login.password,
        "socket_timeout": reply_timeout_s,
        "socket_connect_timeout": reply_timeout_s,
        "protocol": 2,
        # A command whose outcome is unknown is the caller's to repeat.
        "retry": Retry(NoBackoff(), 0),
    }
    match place:
        case Address():
            return OneServer(_pooled(place, options | {"db": place.login.db}, reply_timeout_s, pool_size), place)
        case Sentinels():
            waits = {name: value for name, value in options.items() if name not in ("username", "password")}
            watch = Watch(place, waits, options | {"db": place.login.db})
            return OneServer(cast("Any", watch).master_for(place.name), watch)
        case Cluster():
            nodes = [ClusterNode(host, port) for host, port in place.nodes]
            # Slots of others may be without a node: those of the site's own shards are what counts.
            made = RedisCluster(startup_nodes=nodes, require_full_coverage=False, reinitialize_steps=1, **options)
            return ManyServers(made, place.login)


def _pooled(address: Address, options: dict[str, Any], timeout_s: float, pool_size: int) -> Redis:
    if address.path is not None:
        options |= {"connection_class": UnixDomainSocketConnection, "path": address.path}
    else:
        options |= {"connection_class": Connection, "host": address.host, "port": address.port}
    return Redis.from_pool(BlockingConnectionPool(max_connections=pool_size, timeout=timeout_s, **options))


def _key_of(command: Sequence[Part]) -> bytes:
    """The first key of one of the commands that the store uses."""
    key = command[3 if command[0] == "FCALL" else 1]
    return key if isinstance(key, bytes) else str(key).encode()
