"""What supervisors are told of the floor, when, how long, and what is kept of it."""

import asyncio
from dataclasses import replace

import pytest

from config.site import Channel
from records.accounts import Role
from records.database import Database
from records.roles import Action, Scope
from router.events import PresenceSet, TimePassed
from router.vocabulary import Presence
from server.floor.alerts import ENOUGH
from tests.records.turns import SECOND
from tests.server.floor_rig import Floor, open_floor

SAM = Scope(Role.SUPERVISOR, "sam", frozenset({"line1"}), frozenset({"anna"}), frozenset({"orders"}))
BOSS = Scope(Role.ADMINISTRATOR, None)
BREACH, BACKLOG, CHANNEL = ("breach", "orders"), ("backlog", "orders"), ("backlog", "line")


@pytest.fixture
async def floor(database: Database) -> Floor:
    return await open_floor(database)


async def test_a_breach_is_told_and_over_when_nobody_waits_too_long(floor: Floor) -> None:
    work = floor.arrive()
    assert BREACH not in await floor.look(9)
    assert BREACH in await floor.look(2)
    floor.leave(work)
    assert BREACH in await floor.look(1)
    assert BREACH not in await floor.look(10)
    # The one abandon of the day is no level yet.
    assert await floor.look(1) == set()


async def test_a_backlog_of_a_queue_and_of_a_channel(floor: Floor) -> None:
    work = [floor.arrive() for _ in range(4)]
    assert await floor.look() == set()
    work.append(floor.arrive("elsewhere"))
    assert await floor.look(1) == {BACKLOG}
    work.append(floor.arrive())
    assert await floor.look(1) == {BACKLOG, CHANNEL}
    line = Channel("line", 1, "", "voice", "", "line1", "", "", 0, "", backlog=9)
    queue = replace(floor.site.queues["orders"], backlog=9)
    floor.site = replace(floor.site, channels={"line": line}, queues={"orders": queue})
    await floor.look(1)
    assert BACKLOG not in await floor.look(20)


async def test_a_missed_target_after_enough_waits(floor: Floor) -> None:
    for number in range(ENOUGH):
        floor.leave(floor.arrive(), after=1)
        expected = {("target_missed", "orders")} if number == ENOUGH - 1 else set()
        assert await floor.look() == expected
    (alert,) = floor.desk.overviews()
    assert alert.detail == {"target": 0.8, "minutes": 30, "waiting": 0, "level": 0.0}


async def test_a_target_at_risk_before_it_is_missed(floor: Floor) -> None:
    """Ten answered in time, then as many wait that nobody will answer in time: the level is good, and will not be."""
    floor.ready("anna")
    for _ in range(10):
        work = floor.arrive()
        floor.answer(work, "anna")
        floor.leave(work, after=1)
        floor.now = floor.dispatcher.next_deadline() or floor.now
        floor.post(TimePassed())
    for _ in range(4):
        floor.arrive()
    assert ("target_at_risk", "orders") not in await floor.look(11)
    found = await floor.look(6)
    assert ("target_at_risk", "orders") in found
    assert ("target_missed", "orders") not in found
    shown = floor.figures.ahead("orders")
    assert (shown.level, shown.expected_level, shown.over) == (1.0, 0.7692, 3)


async def test_somebody_is_away_for_too_long(floor: Floor) -> None:
    floor.ready("anna", "ben")
    floor.post(PresenceSet("anna", Presence.NOT_READY, "lunch"))
    floor.post(PresenceSet("ben", Presence.NOT_READY, "training"))
    assert await floor.look(1800) == set()
    assert await floor.look(1) == {("presence", "anna")}
    floor.site = replace(floor.site, alerts=replace(floor.site.alerts, not_ready_us=60 * SECOND))
    assert await floor.look(1) == {("presence", "anna"), ("presence", "ben")}
    floor.post(PresenceSet("anna", Presence.READY))
    assert await floor.look() == {("presence", "ben")}


async def test_the_history_a_restart_and_an_acknowledgement(floor: Floor) -> None:
    work = floor.arrive()
    await floor.look(11)
    (alert,) = floor.desk.overviews()
    assert floor.hooks.woken == 1
    assert ("alerts", str(alert.id)) in floor.touched
    assert floor.desk.counts() == {"breach": 1}
    await floor.desk.acknowledge(alert.id, "sam")
    with pytest.raises(ValueError, match=str(alert.id)):
        await floor.desk.acknowledge(alert.id, "sue")
    floor.desk = floor.make_desk()
    await floor.desk.begin()
    assert await floor.look(1) == {BREACH}
    (again,) = floor.desk.overviews()
    assert (again.id, again.acknowledged_by, again.raised_at) == (alert.id, "sam", alert.raised_at)
    floor.leave(work)
    await floor.look(1)
    assert await floor.look(10) == set()
    (past,) = await floor.desk.page(BOSS, 10, None, open_only=False)
    assert (past.id, past.acknowledged_by, past.cleared_at) == (alert.id, "sam", floor.now)
    assert await floor.desk.page(BOSS, 10, None, open_only=True) == []
    assert floor.desk.open(alert.id) is None


async def test_whom_it_concerns(floor: Floor) -> None:
    for _ in range(8):
        floor.arrive()
    floor.ready("anna", "ben")
    for name in ("anna", "ben"):
        floor.post(PresenceSet(name, Presence.NOT_READY, "lunch"))
    await floor.look(1801)
    everything = {alert.subject for alert in await floor.desk.page(BOSS, 50, None, open_only=True)}
    assert everything == {"orders", "line", "anna", "ben"}
    seen = await floor.desk.page(SAM, 50, None, open_only=True)
    assert {alert.subject for alert in seen} == {"orders", "anna", "line"}  # whose owner is the first line
    covered = [floor.desk.covers(SAM, Action.SEE_ALERTS, alert) for alert in floor.desk._alerts.open.values()]
    assert covered.count(True) == len(seen)


async def test_a_database_that_is_away_is_tried_again(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.floor.alerts.EVERY_S", 0.005)
    floor.arrive()
    floor.now += 11 * SECOND
    failures = 0
    save = floor.store.save

    async def broken(*what: object) -> None:
        nonlocal failures
        failures += 1
        raise OSError("away")

    monkeypatch.setattr(floor.store, "save", broken)
    task = asyncio.create_task(floor.desk.run())
    async with asyncio.timeout(30):
        while failures < 3:
            await asyncio.sleep(0.005)
        monkeypatch.setattr(floor.store, "save", save)
        while not await floor.desk.page(BOSS, 9, None, open_only=False):
            await asyncio.sleep(0.005)
    floor.desk.close()
    await asyncio.wait_for(task, 30)
