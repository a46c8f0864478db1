"""Keys of programs: a random text that is shown once, of which only the SHA-256 is kept."""

import hashlib
import secrets

from sqlalchemy import delete, select

from records.accounts import Role
from records.database import Database, insert_replacing
from records.sessions import TOKEN_BYTES, Caller
from records.tables import api_keys

PREFIX = "jfk_"
# A key has no end of its own; it is revoked by name.
_NEVER = 2**63 - 1


class ApiKeys:
    """Makes, finds and revokes keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, name: str, now: int) -> str:
        """A new key under this name, in place of an earlier one. It cannot be read back."""
        key = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        async with self._database.write() as connection:
            row = {"name": name, "key_hash": _hash(key), "created_at": now}
            await connection.execute(insert_replacing(connection, api_keys), row)
        return key

    async def find(self, key: str) -> Caller | None:
        """The program as a caller (account `key:NAME`), None for an unknown or revoked key."""
        if not key.startswith(PREFIX):
            return None
        async with self._database.read() as connection:
            query = select(api_keys.c.name).where(api_keys.c.key_hash == _hash(key))
            name = (await connection.execute(query)).scalar()
        return None if name is None else Caller(f"key:{name}", Role.API, None, _NEVER)

    async def revoke(self, name: str) -> bool:
        """Ends a key at once; False when there is none of that name."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(api_keys).where(api_keys.c.name == name))
            return gone.rowcount > 0


def _hash(key: str) -> str:
    # As with sessions: 256 random bits need no slow hash.
    return hashlib.sha256(key.encode()).hexdigest()
