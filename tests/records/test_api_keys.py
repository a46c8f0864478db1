"""Keys of programs."""

from sqlalchemy import select

from records.accounts import Role
from records.api_keys import PREFIX, ApiKeys
from records.database import Database
from records.tables import api_keys


async def test_a_key_is_found_and_only_its_hash_is_kept(database: Database) -> None:
    keys = ApiKeys(database)
    key = await keys.make("crm", 5)
    assert key.startswith(PREFIX)
    caller = await keys.find(key)
    assert caller is not None
    assert (caller.account, caller.role, caller.agent_id) == ("key:crm", Role.API, None)
    async with database.read() as connection:
        kept = (await connection.execute(select(api_keys))).one()
    assert key not in str(kept)


async def test_a_new_key_replaces_the_old_one_and_a_revoked_one_is_gone(database: Database) -> None:
    keys = ApiKeys(database)
    old, new = await keys.make("crm", 5), await keys.make("crm", 6)
    assert await keys.find(old) is None
    assert await keys.find(new) is not None
    assert await keys.revoke("crm")
    assert not await keys.revoke("crm")
    assert await keys.find(new) is None
    assert await keys.find("something else") is None
