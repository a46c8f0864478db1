"""How queues stand and where they go."""

import pytest

from records.database import Database
from router.events import PolicyChanged, PresenceSet
from router.policy import Policy
from router.vocabulary import Presence
from server.floor.outlook import LOOK_AT
from tests.records.turns import SECOND
from tests.server.floor_rig import Floor, open_floor


@pytest.fixture
async def floor(database: Database) -> Floor:
    return await open_floor(database)


async def test_who_serves_and_who_is_free(floor: Floor) -> None:
    floor.ready("anna", "ben")
    floor.arrive()
    await floor.outlook.look(floor.now)
    shown = floor.outlook.shown("orders")
    assert (shown.staffed, shown.ready, shown.free) == (2, 2, 1)
    floor.post(PresenceSet("ben", Presence.NOT_READY, "lunch"))
    await floor.outlook.look(floor.now)
    shown = floor.outlook.shown("orders")
    assert (shown.staffed, shown.ready, shown.free) == (2, 1, 0)


async def test_predictions_of_one_item(floor: Floor) -> None:
    row = floor.dispatcher.work(floor.arrive())
    assert row is not None
    assert await floor.outlook.look(floor.now) == []
    seen = floor.outlook.breach(row, floor.now)
    assert seen is not None
    assert (seen.due_at, seen.permille) == (row.queued_at + 10 * SECOND, None)
    floor.now += 11 * SECOND
    assert await floor.outlook.look(floor.now) == ["w1"]
    late = floor.outlook.breach(row, floor.now)
    assert late is not None
    assert late.permille == 1000


async def test_items_behind_those_that_are_looked_at_count_like_the_last_of_them(floor: Floor) -> None:
    for _ in range(LOOK_AT + 50):
        floor.arrive()
    await floor.outlook.look(floor.now + 11 * SECOND)
    sight = floor.outlook.queues["orders"]
    assert (sight.waiting, sight.over, sight.expected_level) == (LOOK_AT + 50, LOOK_AT + 50, 0)


async def test_a_queue_that_is_gone(floor: Floor) -> None:
    await floor.outlook.look(floor.now)
    assert "orders" in floor.outlook.queues
    floor.post(PolicyChanged(Policy("none", {}, {})))
    await floor.outlook.look(floor.now)
    assert floor.outlook.queues == {}
    assert floor.outlook.shown("orders").staffed == 0
