"""What is kept: the embedded or outside store, the shard's lease, this incarnation in the register, the database."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from config.setting_readers import MAIN_SHARD
from config.settings import Settings
from records.database import Database, DatabaseError
from records.projector import Projector, projected_as
from server.core.member import ShardMember
from server.persistence.embedded import EmbeddedError, EmbeddedValkey
from store.connection import StoreConnection, open_store
from store.errors import StoreLost
from store.nodes import Member, NodeRegister
from store.shard import RedisShardStore

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0
RESTART_S = 0.2


class WrongDatabaseError(DatabaseError):
    """The database has the records of another shard: each shard has one of its own."""

    def __init__(self, shard: str, others: Sequence[str]) -> None:
        super().__init__(
            f"the database has the records of another shard ({', '.join(others)}); "
            f"shard {shard} needs one of its own: give another --database-url"
        )


class NodeDeclaredLostError(Exception):
    """Others count this node as lost and have closed its calls: it must not go on."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Opened stores. `embedded` is None with an outside server."""

    embedded: EmbeddedValkey | None
    store_url: str
    connection: StoreConnection
    register: NodeRegister
    member: Member
    shard: ShardMember
    database: Database

    def register_of(self, shard: str) -> NodeRegister:
        """The nodes of another shard, for reading."""
        return NodeRegister(self.connection, group=group_of(shard))

    async def beat(self) -> None:
        """Keeps this incarnation alive in the register. Raises NodeDeclaredLostError."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                if not await self.register.beat(self.member):
                    raise NodeDeclaredLostError(self.member.label)
            except StoreLost as error:
                log.warning("heartbeat_missed", error=str(error))

    async def keep_embedded(self) -> None:
        """Starts the embedded server again when it died; its append-only file has every commit that was read back."""
        if self.embedded is None:
            return
        while True:
            status = await self.embedded.wait()
            log.error("embedded_valkey_died", status=status)
            await self.embedded.stop()
            while True:
                await asyncio.sleep(RESTART_S)
                try:
                    await self.embedded.start()
                    break
                except EmbeddedError as error:
                    log.error("embedded_valkey_not_started", error=str(error))


def group_of(shard: str) -> str:
    """The group of a shard's nodes: nodes of another shard are no business of this one's."""
    return "" if shard == MAIN_SHARD else shard


async def open_storage(settings: Settings, stack: AsyncExitStack) -> Storage:
    """Opens everything, in order; `stack` closes it in the opposite one."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    embedded = (
        None
        if settings.redis_url
        else EmbeddedValkey(settings.data_dir, fsync="always" if settings.fsync == "always" else "everysec")
    )
    if embedded is not None:
        await embedded.start()
        stack.push_async_callback(embedded.stop)
    store_url = embedded.url if embedded else settings.redis_url
    connection = await open_store(store_url)
    stack.push_async_callback(connection.aclose)
    # Reads that wait for something to happen hold up nobody else on a connection of their own.
    tail = await open_store(store_url, pool_size=2)
    stack.push_async_callback(tail.aclose)
    database = await Database.open(settings.database_url)
    stack.push_async_callback(database.close)
    projector = Projector(database, projected_as(settings.shard))
    if others := await projector.others():
        raise WrongDatabaseError(settings.shard, others)
    recorded = await projector.position()
    # Last, because both promise to be renewed from now on.
    register = NodeRegister(connection, group=group_of(settings.shard))
    member = await register.join(settings.node)
    store = RedisShardStore(connection, settings.shard, replicas=settings.replicas)
    tailing = RedisShardStore(tail, settings.shard)
    shard = await ShardMember.join(store, tailing, register, member, settings.lease_us, recorded)
    stack.push_async_callback(shard.release)
    return Storage(embedded, store_url, connection, register, member, shard, database)
