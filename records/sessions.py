"""Sessions: a random token for the client, of which only the SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from records.accounts import Account, Accounts, Role
from records.database import Database
from records.tables import accounts, sessions

TOKEN_BYTES = 32
DEFAULT_LIFETIME_US = 12 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request; `expires_at` in microseconds since the epoch."""

    account: str
    role: Role
    agent_id: str | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is shown here only; it cannot be read back."""

    token: str
    caller: Caller


class Sessions:
    """Opens, finds and ends sessions. A session's life is fixed at its beginning (12 hours by default)."""

    def __init__(self, database: Database, lifetime_us: int = DEFAULT_LIFETIME_US) -> None:
        self._database = database
        self._lifetime_us = lifetime_us

    async def open(self, account: Account, now: int) -> SignedIn:
        """A session of an account that exists; sessions that have expired are swept out on the way."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        expires_at = now + self._lifetime_us
        row = {
            "token_hash": _hash(token),
            "account": account.name,
            "created_at": now,
            "expires_at": expires_at,
        }
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            await connection.execute(insert(sessions).values(**row))
        return SignedIn(token, Caller(account.name, account.role, account.agent_id, expires_at))

    async def find(self, token: str, now: int) -> Caller | None:
        """Whose token it is, None when it is unknown, revoked or expired. Role and agent are those of now."""
        query = (
            select(accounts.c.name, accounts.c.role, accounts.c.agent_id, sessions.c.expires_at)
            .join(accounts, accounts.c.name == sessions.c.account)
            .where(sessions.c.token_hash == _hash(token), sessions.c.expires_at > now)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Caller(row.name, Role(row.role), row.agent_id, row.expires_at)

    async def revoke(self, token: str) -> None:
        """Ends one session; an unknown token is without effect."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token)))

    async def revoke_all(self, account: str) -> None:
        """Ends every session of an account."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.account == account))


class SignIn:
    """Accounts and sessions together: what the HTTP API and the agents' WebSocket ask."""

    def __init__(self, accounts_: Accounts, sessions_: Sessions) -> None:
        self._accounts = accounts_
        self._sessions = sessions_

    async def sign_in(self, name: str, password: str, now: int) -> SignedIn | None:
        """A session when the password is right, else None."""
        account = await self._accounts.verify(name, password)
        return None if account is None else await self._sessions.open(account, now)

    async def authenticate(self, token: str, now: int) -> Caller | None:
        """Whose token it is, None when it is not valid."""
        return await self._sessions.find(token, now)

    async def sign_out(self, token: str) -> None:
        """Ends that session."""
        await self._sessions.revoke(token)


def _hash(token: str) -> str:
    # A plain hash is enough: 256 random bits cannot be guessed from it, unlike a password.
    return hashlib.sha256(token.encode()).hexdigest()
