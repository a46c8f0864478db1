"""The live overlay: changes over the site's files, as versions of single subjects. A version is never changed.

A patch has the keys of the subject's row in the files (`skills`, `offer_timeout_s`, ...); an empty one leaves the
files' row as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

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

    `record` gives the audit entry from the patches before and after.
    """

    subject: str
    based_on: int
    at: int
    by: str
    comment: str
    make: Callable[[Patch], Patch]
    record: Callable[[Patch, Patch], Intervention]


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

    async def edit(self, edit: Edit) -> OverlayVersion:
        """Appends a version and its audit entry in one transaction. Raises OverlayConflictError.

        What `make` raises goes through, and nothing is kept.
        """
        async with self._database.write() as connection:
            if connection.dialect.name != "sqlite":
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            last = (await connection.execute(select(func.max(overlay_versions.c.version)))).scalar() or 0
            of_subject = await _versions_of(connection, edit.subject)
            newer = tuple(each for each in of_subject if each.version > edit.based_on)
            if newer:
                raise OverlayConflictError(newer)
            before = of_subject[-1].after if of_subject else {}
            after = edit.make(before)
            version = OverlayVersion(
                version=last + 1,
                subject=edit.subject,
                at=edit.at,
                by=edit.by,
                before=before,
                after=after,
                comment=edit.comment,
            )
            row = {each.name: getattr(version, each.name) for each in fields(OverlayVersion)}
            await connection.execute(insert(overlay_versions), row)
            await add_entry(connection, edit.record(before, after))
            return version

    async def history(self, subject: str) -> tuple[OverlayVersion, ...]:
        """The versions of one subject, oldest first."""
        async with self._database.read() as connection:
            return await _versions_of(connection, subject)


async def _versions_of(connection: AsyncConnection, subject: str) -> tuple[OverlayVersion, ...]:
    query = select(overlay_versions).where(overlay_versions.c.subject == subject)
    found = await connection.execute(query.order_by(overlay_versions.c.version))
    return tuple(OverlayVersion(**row) for row in found.mappings())
