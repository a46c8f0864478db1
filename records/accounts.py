"""Accounts of people: name, role and an argon2id hash of the password."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update

from records.database import Database, insert_replacing
from records.tables import accounts, sessions

# A hash takes 64 MiB and four threads for a while: two at a time keep a burst of sign-ins from starving the calls.
_HASHES_AT_ONCE = 2
MAX_PASSWORD = 1024


class Role(StrEnum):
    """Who an account is; `records.roles` says what that allows.

    API is a program with a key and WALLBOARD a screen with a link, neither of them a person.
    """

    AGENT = "agent"
    EXPERT = "expert"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    API = "api"
    WALLBOARD = "wallboard"


@dataclass(frozen=True, slots=True)
class Account:
    """`agent_id` is the agent that this account signs in as, None for one that takes no work."""

    name: str
    role: Role
    agent_id: str | None


class Accounts:
    """Keeps and checks accounts. `hasher` is given by tests that cannot wait; its default is argon2id, RFC 9106."""

    def __init__(self, database: Database, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._unknown_hash: str | None = None

    async def set_password(self, account: Account, password: str, now: int) -> None:
        """Makes the account or changes it; its sessions end. Raises ValueError for an empty or very long password."""
        if not password or len(password) > MAX_PASSWORD:
            raise ValueError(f"a password has 1 to {MAX_PASSWORD} characters")
        hashed = await self._hash(password)
        row = {
            "name": account.name,
            "role": account.role.value,
            "agent_id": account.agent_id,
            "password_hash": hashed,
            "changed_at": now,
        }
        async with self._database.write() as connection:
            await connection.execute(insert_replacing(connection, accounts), row)
            await connection.execute(delete(sessions).where(sessions.c.account == account.name))

    async def get(self, name: str) -> Account | None:
        """The account, None when there is none."""
        found = await self._row(name)
        return None if found is None else found[0]

    async def verify(self, name: str, password: str) -> Account | None:
        """The account when the password is right, else None, after the same work for a name that does not exist."""
        if len(password) > MAX_PASSWORD:
            return None
        found = await self._row(name)
        if found is None:
            await self._check(await self._hash_of_nobody(), password)
            return None
        account, hashed = found
        if not await self._check(hashed, password):
            return None
        if self._hasher.check_needs_rehash(hashed):
            await self._rehash(name, hashed, await self._hash(password))
        return account

    async def _row(self, name: str) -> tuple[Account, str] | None:
        query = select(accounts.c.role, accounts.c.agent_id, accounts.c.password_hash).where(accounts.c.name == name)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (Account(name, Role(row.role), row.agent_id), row.password_hash)

    async def _rehash(self, name: str, old: str, new: str) -> None:
        this = (accounts.c.name == name) & (accounts.c.password_hash == old)
        async with self._database.write() as connection:
            await connection.execute(update(accounts).where(this).values(password_hash=new))

    async def _hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _check(self, hashed: str, password: str) -> bool:
        async with self._slots:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, password)
            except (VerificationError, InvalidHashError):
                return False

    async def _hash_of_nobody(self) -> str:
        if self._unknown_hash is None:
            self._unknown_hash = await self._hash("no account has this password")
        return self._unknown_hash
