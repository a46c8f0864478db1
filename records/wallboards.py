"""Links of wallboards: a name, what it shows, and a random token of which only the SHA-256 is kept.

Each change goes into the audit log in the same transaction.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from records.audit import Intervention, add_entry
from records.database import Database
from records.sessions import TOKEN_BYTES
from records.tables import wallboards

PREFIX = "jfw_"


@dataclass(frozen=True, slots=True)
class WallboardLink:
    """One link: it shows the queues that it names and those of its teams, and how many agents its teams have.

    `created_at` in microseconds since the epoch.
    """

    id: int
    name: str
    teams: tuple[str, ...]
    queues: tuple[str, ...]
    created_at: int
    created_by: str


@dataclass(frozen=True, slots=True)
class Changer:
    """Who makes, names or revokes a link, and when (microseconds since the epoch)."""

    account: str
    role: str
    at: int


class Wallboards:
    """Makes, finds, names and revokes links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self, name: str, teams: Sequence[str], queues: Sequence[str], by: Changer
    ) -> tuple[WallboardLink, str]:
        """A new link and its token, which cannot be read back."""
        token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        row = {
            "name": name,
            "token_hash": _hash(token),
            "teams": list(teams),
            "queues": list(queues),
            "created_at": by.at,
            "created_by": by.account,
        }
        async with self._database.write() as connection:
            number = (
                await connection.execute(insert(wallboards).values(**row).returning(wallboards.c.id))
            ).scalar_one()
            link = WallboardLink(number, name, tuple(teams), tuple(queues), by.at, by.account)
            await connection.run_sync(add_entry, _entry("make_wallboard", link, by, {}, _shown(link)))
        return link, token

    async def list(self) -> tuple[WallboardLink, ...]:
        """All of them, in the order in which they were made."""
        async with self._database.read() as connection:
            found = await connection.execute(select(*_COLUMNS).order_by(wallboards.c.id))
            return tuple(_link(row) for row in found.mappings())

    async def find(self, token: str) -> WallboardLink | None:
        """The link of this token, None for an unknown or revoked one."""
        if not token.startswith(PREFIX):
            return None
        async with self._database.read() as connection:
            query = select(*_COLUMNS).where(wallboards.c.token_hash == _hash(token))
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _link(row)

    async def rename(self, link: WallboardLink, name: str, by: Changer) -> bool:
        """Gives it another name; False when it is gone."""
        async with self._database.write() as connection:
            changed = await connection.execute(update(wallboards).where(wallboards.c.id == link.id).values(name=name))
            if changed.rowcount:
                await connection.run_sync(
                    add_entry, _entry("name_wallboard", link, by, {"name": link.name}, {"name": name})
                )
            return changed.rowcount > 0

    async def revoke(self, link: WallboardLink, by: Changer) -> bool:
        """Ends it; False when it is gone."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(wallboards).where(wallboards.c.id == link.id))
            if gone.rowcount:
                await connection.run_sync(add_entry, _entry("revoke_wallboard", link, by, _shown(link), {}))
            return gone.rowcount > 0


_COLUMNS = tuple(wallboards.c[name] for name in ("id", "name", "teams", "queues", "created_at", "created_by"))


def _link(row: Mapping[Any, Any]) -> WallboardLink:
    return WallboardLink(
        row["id"], row["name"], tuple(row["teams"]), tuple(row["queues"]), row["created_at"], row["created_by"]
    )


def _shown(link: WallboardLink) -> dict[str, Any]:
    kept = asdict(link)
    return {key: kept[key] for key in ("name", "teams", "queues")}


def _entry(
    action: str, link: WallboardLink, by: Changer, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Intervention:
    return Intervention(
        at=by.at,
        by=by.account,
        role=by.role,
        action=action,
        subject=f"wallboard:{link.id}",
        before=before,
        after=after,
        teams=link.teams,
    )


def _hash(token: str) -> str:
    # As with sessions: 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()
