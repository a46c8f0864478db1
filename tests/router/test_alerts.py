"""Raised and cleared with patience, told once, acknowledged once."""

import pytest

from router.alerts import PATIENCE, Alert, AlertKey, AlertKind, Alerts, Reading

S = 1_000_000
RISK: AlertKey = (AlertKind.TARGET_AT_RISK, "queue", "orders")
BACKLOG: AlertKey = (AlertKind.BACKLOG, "queue", "orders")


def reading(holds: bool, past: bool, waiting: int = 1) -> Reading:
    return Reading(holds, past, {"waiting": waiting})


HOLDS, BETWEEN, PAST = reading(True, False), reading(False, False), reading(False, True)


def told(alerts: Alerts, key: AlertKey, *steps: tuple[float, Reading | None]) -> list[tuple[float, str]]:
    """When what was told."""
    found: list[tuple[float, str]] = []
    for at, each in steps:
        changed = alerts.step({} if each is None else {key: each}, int(at * S))
        found += [(at, "raised" if alert.cleared_at is None else "cleared") for alert in changed]
    return found


def test_a_backlog_is_told_at_once_and_over_when_it_is_well_below() -> None:
    steps = [(0, PAST), (1, HOLDS), (2, HOLDS), (3, BETWEEN), (50, BETWEEN), (51, PAST), (60, PAST), (61, PAST)]
    assert told(Alerts({}, 0), BACKLOG, *steps) == [(1, "raised"), (61, "cleared")]


def test_one_that_comes_and_goes_does_not_flicker() -> None:
    flicker = [(float(at), HOLDS if at % 2 else PAST) for at in range(60)]
    assert told(Alerts({}, 0), BACKLOG, *flicker) == [(1.0, "raised")]
    assert told(Alerts({}, 0), RISK, *flicker) == []


def test_a_risk_must_last() -> None:
    patience = PATIENCE[AlertKind.TARGET_AT_RISK]
    steps = [(0, HOLDS), (4, HOLDS), (5, HOLDS), (20, PAST), (49, PAST), (50, PAST)]
    assert (patience.raise_us, patience.clear_us) == (5 * S, 30 * S)
    assert told(Alerts({}, 0), RISK, *steps) == [(5, "raised"), (50, "cleared")]


def test_what_is_not_read_any_more_is_past() -> None:
    assert told(Alerts({}, 0), BACKLOG, (0, HOLDS), (1, None), (10, None), (11, None)) == [
        (0, "raised"),
        (11, "cleared"),
    ]
    alerts = Alerts({}, 0)
    assert told(alerts, RISK, (0, HOLDS), (1, None)) == []
    assert alerts._since == {}


def test_figures_follow_while_it_is_open() -> None:
    alerts = Alerts({}, 7)
    alerts.step({BACKLOG: reading(True, False, 50)}, S)
    alerts.step({BACKLOG: reading(True, False, 60)}, 2 * S)
    alerts.step({BACKLOG: reading(False, False, 45)}, 3 * S)
    assert alerts.open[8] == Alert(8, *BACKLOG, raised_at=S, detail={"waiting": 60})


def test_acknowledged_once_and_only_while_open() -> None:
    alerts = Alerts({}, 0)
    alerts.step({BACKLOG: HOLDS}, S)
    assert alerts.acknowledge(1, "sam", 2 * S).acknowledged_by == "sam"
    with pytest.raises(ValueError, match="1"):
        alerts.acknowledge(1, "sue", 3 * S)
    (cleared, *_) = [each for at in (4, 14) for each in alerts.step({}, at * S)]
    assert (cleared.acknowledged_by, cleared.cleared_at) == ("sam", 14 * S)
    with pytest.raises(KeyError):
        alerts.acknowledge(1, "sam", 15 * S)


def test_open_ones_outlive_a_restart_and_are_not_raised_again() -> None:
    before = Alert(4, *BACKLOG, raised_at=S)
    alerts = Alerts({4: before}, 9)
    assert alerts.step({BACKLOG: HOLDS}, 2 * S) == []
    (other,) = alerts.step({BACKLOG: HOLDS, (AlertKind.BREACH, "queue", "vip"): HOLDS}, 3 * S)
    assert other.id == 10
