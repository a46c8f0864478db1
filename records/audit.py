"""The audit log: who intervened, when, in what, with the state before and after. Rows are added, never changed.

Each row's hash covers its content and the hash of the row before it, so that a row that was changed or taken out later
shows (`first_broken`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, insert, select, text

from records.database import Database
from records.sessions import Caller
from records.tables import audit_entries, audit_teams

# The action of an entry that takes another one back; its `after` has that one's id under this key.
UNDO, UNDOES = "undo", "undoes"
_START = "0" * 64
# PostgreSQL: one writer of the chain at a time. SQLite has one writer anyway.
_LOCK = 7292


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What somebody did. `subject` like `agent:anna`, `queue:orders`, `work:w1`; `teams` are those concerned.

    `at` in microseconds since the epoch.
    """

    at: int
    by: str
    role: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    comment: str = ""
    teams: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        caller: Caller,
        at: int,
        action: str,
        subject: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        comment: str = "",
        teams: tuple[str, ...] = (),
    ) -> Self:
        """What somebody did who is signed in."""
        return cls(
            at=at,
            by=caller.account,
            role=caller.role.value,
            action=action,
            subject=subject,
            before=before,
            after=after,
            comment=comment,
            teams=teams,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A row of the log; `id` counts from 1 without gaps."""

    id: int
    at: int
    by: str
    role: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    comment: str
    hash: str


class Audit:
    """Adds and reads entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, intervention: Intervention) -> int:
        """Keeps one intervention and returns its id."""
        return await self._database.at_once(lambda connection: add_entry(connection, intervention))

    async def page(
        self, limit: int, before: int | None = None, *, teams: Sequence[str] | None = None
    ) -> tuple[AuditEntry, ...]:
        """The newest entries first, those before the id `before`; `teams` None sees all."""
        query = select(*(audit_entries.c[each.name] for each in fields(AuditEntry)))
        if before is not None:
            query = query.where(audit_entries.c.id < before)
        if teams is not None:
            concerned = select(audit_teams.c.entry_id).where(audit_teams.c.team.in_(teams))
            query = query.where(audit_entries.c.id.in_(concerned))
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(audit_entries.c.id.desc()).limit(limit))
            return tuple(AuditEntry(**row) for row in found.mappings())

    async def find(self, entry_id: int, *, teams: Sequence[str] | None = None) -> AuditEntry | None:
        """One entry; None when there is none, or none that concerns these teams (None: whichever)."""
        found = await self.page(1, entry_id + 1, teams=teams)
        return found[0] if found and found[0].id == entry_id else None

    async def undone(self, entry_ids: Sequence[int]) -> frozenset[int]:
        """Those of the entries that were taken back since."""
        if not entry_ids:
            return frozenset()
        taken_back = (audit_entries.c.action == UNDO) & (audit_entries.c.id > min(entry_ids))
        async with self._database.read() as connection:
            found = await connection.execute(select(audit_entries.c.after).where(taken_back))
            return frozenset(after.get(UNDOES) for (after,) in found) & frozenset(entry_ids)

    async def latest(self, subject: str, actions: Sequence[str]) -> AuditEntry | None:
        """The newest entry of the subject with one of these actions."""
        query = select(*(audit_entries.c[each.name] for each in fields(AuditEntry)))
        query = query.where(audit_entries.c.subject == subject, audit_entries.c.action.in_(actions))
        async with self._database.read() as connection:
            row = (await connection.execute(query.order_by(audit_entries.c.id.desc()).limit(1))).mappings().first()
            return None if row is None else AuditEntry(**row)

    async def first_broken(self) -> int | None:
        """The id of the first entry that does not fit the one before it; None when the log is whole."""
        last, expected = _START, 1
        async with self._database.read() as connection:
            for row in (await connection.execute(select(audit_entries).order_by(audit_entries.c.id))).mappings():
                content = {each.name: row[each.name] for each in fields(Intervention)}
                if row["id"] != expected or row["hash"] != _hash(last, expected, content):
                    return expected
                last, expected = row["hash"], expected + 1
        return None


def add_entry(connection: Connection, intervention: Intervention) -> int:
    """The same within a writing transaction of the caller's."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    query = select(audit_entries.c.id, audit_entries.c.hash).order_by(audit_entries.c.id.desc()).limit(1)
    last = connection.execute(query).first()
    entry_id = 1 if last is None else last.id + 1
    content = {**asdict(intervention), "teams": list(intervention.teams)}
    row = {**content, "id": entry_id, "hash": _hash(_START if last is None else last.hash, entry_id, content)}
    connection.execute(insert(audit_entries), row)
    if intervention.teams:
        rows = [{"team": team, "entry_id": entry_id} for team in sorted(set(intervention.teams))]
        connection.execute(insert(audit_teams), rows)
    return entry_id


def _hash(last: str, entry_id: int, content: Mapping[str, Any]) -> str:
    body = msgspec.json.encode([last, entry_id, dict(content)], order="deterministic")
    return hashlib.sha256(body).hexdigest()
