"""`python -m server accept-empty-store`: go on with a store that has lost everything, after somebody has looked."""

import argparse

from config.settings import Settings
from config.site import Site
from records.database import Database
from records.projector import Projector, projected_as
from server.commands.attach import attached_store
from server.commands.refused import CommandError
from server.persistence.embedded import EmbeddedError
from store.errors import LeaseHeld, StoreError
from store.shard import RedisShardStore

NAME = "accept-empty-store"
LEASE_MS = 10_000


async def accept(_arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """The shard goes on after the last turn that the records have; what was open in the store is given up."""
    database = await Database.open(settings.database_url)
    try:
        recorded = await Projector(database, projected_as(settings.shard)).position()
        async with attached_store(settings) as connection:
            store = RedisShardStore(connection, settings.shard)
            lease = await store.take(NAME, LEASE_MS)
            try:
                if lease.applied:
                    raise CommandError(f"the store is not empty: it has {lease.applied} turns")
                await store.skip(lease, recorded)
            finally:
                await store.release(lease)
    except LeaseHeld as held:
        raise CommandError(f"a server runs on this store: {held}") from held
    except (EmbeddedError, StoreError) as error:
        raise CommandError(str(error)) from error
    finally:
        await database.close()
    print(f"accepted: the next server goes on after turn {recorded}, with nobody waiting and nothing open")
    return 0
