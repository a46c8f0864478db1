"""The history of alerts, and what webhooks are told of them, written together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select

from records.database import Database, insert_replacing
from records.tables import alerts, webhook_deliveries
from records.webhooks import Wanted, delivery_rows
from router.alerts import Alert, AlertKind


class AlertStore:
    """Keeps alerts and reads them again. Times in microseconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> tuple[dict[int, Alert], int]:
        """Those that are open, by id, and the last id that was given."""
        async with self._database.read() as connection:
            last = (await connection.execute(select(func.max(alerts.c.id)))).scalar() or 0
            found = await connection.execute(_alerts().where(alerts.c.cleared_at.is_(None)))
            return {row["id"]: _alert(row) for row in found.mappings()}, last

    async def save(self, changed: Sequence[Alert], wanted: Wanted) -> None:
        """Keeps each as it is now. Hooks that asked for it are told of what was raised or cleared by this."""
        async with self._database.write() as connection:
            for alert in changed:
                row = await connection.execute(select(alerts.c.cleared_at).where(alerts.c.id == alert.id))
                before = row.one_or_none()
                await connection.execute(
                    insert_replacing(connection, alerts), {**asdict(alert), "kind": alert.kind.value}
                )
                told = list(_told(alert, before is None, before is not None and before[0] is None, wanted))
                if told:
                    await connection.execute(insert(webhook_deliveries), told)

    async def page(
        self,
        limit: int,
        before: int | None = None,
        *,
        open_only: bool = False,
        of: Mapping[str, Collection[str]] | None = None,
    ) -> tuple[Alert, ...]:
        """Newest first, with an id below `before`. `of`: only those about these names, by kind of subject."""
        query = _alerts().order_by(alerts.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(alerts.c.id < before)
        if open_only:
            query = query.where(alerts.c.cleared_at.is_(None))
        if of is not None:
            query = query.where(or_(*(_about(kind, names) for kind, names in of.items())))
        async with self._database.read() as connection:
            return tuple(_alert(row) for row in (await connection.execute(query)).mappings())


def _about(kind: str, names: Collection[str]) -> ColumnElement[bool]:
    return (alerts.c.subject_kind == kind) & alerts.c.subject.in_(sorted(names))


def _told(alert: Alert, raised: bool, was_open: bool, wanted: Wanted) -> Sequence[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    detail = {
        "alert_id": alert.id,
        "alert": alert.kind.value,
        "subject_kind": alert.subject_kind,
        "subject": alert.subject,
        "detail": dict(alert.detail),
    }
    if raised:
        rows += delivery_rows(wanted, f"alert-{alert.id}-raised", "alert.raised", alert.raised_at, detail)
    if alert.cleared_at is not None and (raised or was_open):
        rows += delivery_rows(wanted, f"alert-{alert.id}-cleared", "alert.cleared", alert.cleared_at, detail)
    return rows


def _alerts() -> Select[Any]:
    return select(alerts)


def _alert(row: Any) -> Alert:
    return replace(Alert(**row), kind=AlertKind(row["kind"]))
