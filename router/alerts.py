"""Alerts: from readings of this moment to what is raised and cleared. Pure; time is an argument, in microseconds.

A reading says whether its condition holds, whether it is well past, or neither: between the two nothing changes, and
either must last for a while, so that an alert does not flicker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from msgspec import Struct

_SECOND = 1_000_000


class AlertKind(StrEnum):
    """What is the matter."""

    TARGET_AT_RISK = "target_at_risk"
    TARGET_MISSED = "target_missed"
    BREACH = "breach"
    BACKLOG = "backlog"
    PRESENCE = "presence"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a condition must hold before it is told, and be past before it is cleared."""

    raise_us: int
    clear_us: int


PATIENCE: Mapping[AlertKind, Patience] = {
    AlertKind.TARGET_AT_RISK: Patience(5 * _SECOND, 30 * _SECOND),
    AlertKind.TARGET_MISSED: Patience(0, 60 * _SECOND),
    AlertKind.BREACH: Patience(0, 10 * _SECOND),
    AlertKind.BACKLOG: Patience(0, 10 * _SECOND),
    AlertKind.PRESENCE: Patience(0, 0),
    AlertKind.STORE: Patience(0, 0),
}

# The kind, what it is about (queue, channel, agent, site) and its name.
AlertKey = tuple[AlertKind, str, str]


class Reading(Struct, frozen=True, gc=False):
    """`holds`: it is so. `past`: it is well past. `detail`: the figures behind it."""

    holds: bool
    past: bool
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """One that was raised. Times in microseconds since the epoch; `cleared_at` None while it is open."""

    id: int
    kind: AlertKind
    subject_kind: str
    subject: str
    raised_at: int
    detail: Mapping[str, Any] = field(default_factory=dict)
    cleared_at: int | None = None
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None

    @property
    def key(self) -> AlertKey:
        """What may be open only once."""
        return self.kind, self.subject_kind, self.subject


class Alerts:
    """`open` are those that are raised, by id. `last_id` is the last one that was given."""

    def __init__(self, open_: Mapping[int, Alert], last_id: int) -> None:
        self.open = dict(open_)
        self._ids = {alert.key: alert.id for alert in self.open.values()}
        self._last_id = last_id
        self._since: dict[AlertKey, int] = {}

    def step(self, readings: Mapping[AlertKey, Reading], now: int) -> list[Alert]:
        """Takes the readings of now, all there are; what has none is past. Returns what was raised or cleared."""
        changed = [
            self._raise(key, reading, now) for key, reading in readings.items() if self._begins(key, reading, now)
        ]
        for key, alert_id in list(self._ids.items()):
            reading = readings.get(key)
            alert = self.open[alert_id]
            if reading is not None and reading.holds and reading.detail != alert.detail:
                self.open[alert_id] = replace(alert, detail=reading.detail)
            if alert.raised_at != now and self._lasts(
                key, reading is None or reading.past, PATIENCE[key[0]].clear_us, now
            ):
                changed.append(self._clear(key, now))
        for key in [key for key in self._since if key not in self._ids and key not in readings]:
            del self._since[key]
        return changed

    def acknowledge(self, alert_id: int, by: str, now: int) -> Alert:
        """Somebody has seen it. Raises KeyError when it is not open, ValueError when somebody had before."""
        alert = self.open[alert_id]
        if alert.acknowledged_at is not None:
            raise ValueError(alert_id)
        self.open[alert_id] = replace(alert, acknowledged_at=now, acknowledged_by=by)
        return self.open[alert_id]

    def _begins(self, key: AlertKey, reading: Reading, now: int) -> bool:
        return key not in self._ids and self._lasts(key, reading.holds, PATIENCE[key[0]].raise_us, now)

    def _lasts(self, key: AlertKey, is_so: bool, patience_us: int, now: int) -> bool:
        """Whether it has been so without a break for as long as that."""
        if not is_so:
            self._since.pop(key, None)
            return False
        return now - self._since.setdefault(key, now) >= patience_us

    def _raise(self, key: AlertKey, reading: Reading, now: int) -> Alert:
        self._since.pop(key, None)
        self._last_id += 1
        alert = Alert(self._last_id, *key, raised_at=now, detail=reading.detail)
        self._ids[key] = alert.id
        self.open[alert.id] = alert
        return alert

    def _clear(self, key: AlertKey, now: int) -> Alert:
        self._since.pop(key, None)
        return replace(self.open.pop(self._ids.pop(key)), cleared_at=now)
