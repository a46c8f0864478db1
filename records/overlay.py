"""The live overlay: changes over the site's files, as versions of single subjects. A version is never changed.

A patch has the keys of the subject's row in the files (`skills`, `offer_timeout_s`, ...); an empty one leaves the
files' row as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, text

from records.audit import Intervention, add_entry
from records.database import Database
from records.tables import overlay_versions

Patch = Mapping[str, Any]
_LOCK = 7293


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayVersion:
    """One edit: `before` and `after` are the whole patch of the subject. `at` in microseconds since the epoch."""

    version: int
    subject: str
    at: int
    by: str
    before: Patch
    after: Patch
    comment: str


class OverlayConflictError(Exception):
    """Somebody else edited the subject since the version that this edit is based on; `changes` are theirs."""

    def __init__(self, changes: tuple[OverlayVersion, ...]) -> None:
        super().__init__(f"{changes[0].subject} was changed by {changes[-1].by}")
        self.changes = changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of one subject, based on the overlay's version `based_on`; `make` gives the new patch from the old one.

    `based_on` None: whatever it is now.
    """

    subject: str
    based_on: int | None
    make: Callable[[Patch], Patch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who edits, when (microseconds since the epoch) and why. `record` gives the audit entry of what was edited."""

    at: int
    by: str
    comment: str
    record: Callable[[tuple[OverlayVersion, ...]], Intervention]


@dataclass(frozen=True, slots=True)
class Edited:
    """The versions that an edit made, and the id of its audit entry."""

    versions: tuple[OverlayVersion, ...]
    entry: int


class OverlayStore:
    """Reads and appends versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self) -> tuple[int, dict[str, Patch]]:
        """The newest version's number (0 before the first) and every subject's patch, without empty ones."""
        newest = select(func.max(overlay_versions.c.version)).group_by(overlay_versions.c.subject)
        query = select(overlay_versions).where(overlay_versions.c.version.in_(newest))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(overlay_versions.c.version))).mappings().all()
        return (rows[-1]["version"] if rows else 0), {row["subject"]: row["after"] for row in rows if row["after"]}

    async def edit(self, edits: Sequence[Edit], signed: Signature) -> Edited:
        """Appends a version of each subject and one audit entry in one transaction. Raises OverlayConflictError.

        What `make` raises goes through, and nothing is kept. It may be called in another thread, and once more.
        """

        def work(connection: Connection) -> Edited:
            if connection.dialect.name != "sqlite":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            last = connection.execute(select(func.max(overlay_versions.c.version))).scalar() or 0
            versions = tuple(_append(connection, edit, signed, last + at) for at, edit in enumerate(edits, 1))
            return Edited(versions, add_entry(connection, signed.record(versions)))

        # Statement by statement all other writers would wait for some thirty ways to a thread and back.
        return await self._database.at_once(work)

    async def made_at(self, at: int, by: str) -> tuple[OverlayVersion, ...]:
        """The versions that one edit made: by whom, and at which microsecond."""
        query = select(overlay_versions).where(overlay_versions.c.at == at, overlay_versions.c.by == by)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(overlay_versions.c.version))
            return tuple(OverlayVersion(**row) for row in found.mappings())

    async def newest(self, subject: str, limit: int) -> tuple[OverlayVersion, ...]:
        """The last versions of one subject, oldest first."""
        query = _of_subject(subject).order_by(overlay_versions.c.version.desc()).limit(limit)
        async with self._database.read() as connection:
            return (await connection.run_sync(_versions, query))[::-1]

    async def since(self, subject: str, version: int) -> tuple[OverlayVersion, ...]:
        """The versions of one subject after that one, oldest first."""
        async with self._database.read() as connection:
            return await connection.run_sync(_since, subject, version)


def _append(connection: Connection, edit: Edit, signed: Signature, number: int) -> OverlayVersion:
    if edit.based_on is not None and (newer := _since(connection, edit.subject, edit.based_on)):
        raise OverlayConflictError(newer)
    last = _of_subject(edit.subject).order_by(overlay_versions.c.version.desc()).limit(1)
    before = next((each.after for each in _versions(connection, last)), {})
    version = OverlayVersion(
        version=number,
        subject=edit.subject,
        at=signed.at,
        by=signed.by,
        before=before,
        after=edit.make(before),
        comment=signed.comment,
    )
    row = {each.name: getattr(version, each.name) for each in fields(OverlayVersion)}
    connection.execute(insert(overlay_versions), row)
    return version


def _of_subject(subject: str) -> Select[Any]:
    return select(overlay_versions).where(overlay_versions.c.subject == subject)


def _since(connection: Connection, subject: str, version: int) -> tuple[OverlayVersion, ...]:
    later = _of_subject(subject).where(overlay_versions.c.version > version)
    return _versions(connection, later.order_by(overlay_versions.c.version))


def _versions(connection: Connection, query: Select[Any]) -> tuple[OverlayVersion, ...]:
    return tuple(OverlayVersion(**row) for row in connection.execute(query).mappings())
