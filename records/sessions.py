"""Sessions: a random token for the client, of which only the SHA-256 is kept."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from records.accounts import Account, Accounts, Role
from records.database import Database
from records.tables import accounts, sessions

TOKEN_BYTES = 32
DEFAULT_LIFETIME_US = 12 * 3600 * 1_000_000
# So many are found by one query; SQLite takes 32,766 values.
AT_ONCE = 500
_FIND = (
    select(sessions.c.token_hash, accounts.c.name, accounts.c.role, accounts.c.agent_id, sessions.c.expires_at)
    .join(accounts, accounts.c.name == sessions.c.account)
    .where(sessions.c.token_hash.in_(bindparam("hashes", expanding=True)))
)


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
        self._found = _LookUps(database)

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
        row = await self._found.ask(_hash(token))
        if row is None or row.expires_at <= now:
            return None
        return Caller(row.name, Role(row.role), row.agent_id, row.expires_at)

    async def revoke(self, token: str) -> None:
        """Ends one session; an unknown token is without effect."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token)))


class _LookUps:
    """Whoever asks while a query is under way is answered by the next one, with all others who do.

    When thousands of agents connect at one time they would wait for a query each.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    async def ask(self, token_hash: str) -> Any:
        """The session's row, None when there is none."""
        answer = self._asked.get(token_hash)
        if answer is None:
            answer = self._asked[token_hash] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="session_look_ups")
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        try:
            while self._asked:
                taken = {key: self._asked.pop(key) for key in list(self._asked)[:AT_ONCE]}
                try:
                    async with self._database.read() as connection:
                        rows = (await connection.execute(_FIND, {"hashes": list(taken)})).all()
                except asyncio.CancelledError:
                    _fail(taken.values(), _broken_off())
                    raise
                except Exception as error:  # noqa: BLE001  each of those who asked is told
                    _fail(taken.values(), error)
                else:
                    found = {row.token_hash: row for row in rows}
                    for key, answer in taken.items():
                        answer.set_result(found.get(key))
        finally:
            self._task = None
            _fail(self._asked.values(), _broken_off())


def _broken_off() -> ConnectionAbortedError:
    return ConnectionAbortedError("the look-up was broken off")


def _fail(answers: Iterable["asyncio.Future[Any]"], error: Exception) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)
            answer.exception()  # who asked may be gone


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
