"""What is kept, for commands: the store of a server that runs, or of one that is stopped, without being an owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.settings import Settings
from server.persistence.embedded import EmbeddedError, EmbeddedValkey, running_url
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from store.connection import StoreConnection, open_store
from store.shard import RedisShardStore


def journal_folder(settings: Settings) -> JournalFolder:
    """Where this node's journal files are."""
    return JournalFolder(settings.data_dir / "journal", settings.shard)


@asynccontextmanager
async def attached_journal(settings: Settings) -> AsyncIterator[KeptJournal]:
    """The journal under these settings. Raises as `attached_store`."""
    async with attached_store(settings) as connection:
        yield KeptJournal(RedisShardStore(connection, settings.shard), journal_folder(settings))


@asynccontextmanager
async def attached_store(settings: Settings) -> AsyncIterator[StoreConnection]:
    """The store under these settings. The embedded one is started when its server is not running.

    Raises EmbeddedError when there is nothing in the data directory, StoreError when the store does not answer.
    """
    url, own = settings.redis_url or running_url(settings.data_dir), None
    if url is None:
        if not (settings.data_dir / "valkey").is_dir():
            raise EmbeddedError(f"no server has run with the data directory {settings.data_dir}")
        own = EmbeddedValkey(settings.data_dir)
        url = await own.start()
    try:
        connection = await open_store(url)
        try:
            yield connection
        finally:
            await connection.aclose()
    finally:
        if own is not None:
            await own.stop()
