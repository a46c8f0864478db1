"""Checkpoints of the statistics, and sums over them, on both databases."""

from dataclasses import replace

from records.database import Database
from records.statistics import StatisticsStore
from router.counters import Counters
from router.slots import SLOT_US, Subject
from router.statistics_state import Activity, OpenReservation, OpenWork, State
from router.vocabulary import Presence

ORDERS: Subject = ("queue", "orders")
STATE = State(
    position=7,
    clock=9,
    work={"w1": OpenWork("orders", "voice", "line", 3, reservations=["r1"])},
    reservations={"r1": OpenReservation("w1", "i1", "anna", 4, accepted=True, connected_at=5, hold_us=2)},
    agents={"anna": Activity(Presence.READY, 8, 1)},
    channels={"i1": ("line", "n1")},
)


async def test_before_the_first_there_is_nothing(database: Database) -> None:
    assert await StatisticsStore(database).load(0) == (State(), {})


async def test_a_checkpoint_comes_back(database: Database) -> None:
    store = StatisticsStore(database)
    counters = Counters(arrived=2, wait_us=10**15, waits={3: 1, 40: 2})
    first = Counters(arrived=1)
    await store.save(STATE, [(ORDERS, 0, first), (ORDERS, SLOT_US, counters)])
    assert await store.load(SLOT_US) == (STATE, {ORDERS: {0: first, SLOT_US: counters}}), "more is counted in the first"
    later = replace(STATE, clock=SLOT_US, agents={"anna": Activity(Presence.READY, SLOT_US, 1)})
    await store.save(later, [])
    assert await store.load(SLOT_US) == (later, {ORDERS: {SLOT_US: counters}})
    assert await StatisticsStore(database, "other").load(9 * SLOT_US) == (State(), {})


async def test_a_slot_is_replaced(database: Database) -> None:
    store = StatisticsStore(database)
    await store.save(State(), [(ORDERS, 0, Counters(arrived=1, waits={1: 1}))])
    await store.save(STATE, [(ORDERS, 0, Counters(arrived=2))])
    assert await store.load(0) == (STATE, {ORDERS: {0: Counters(arrived=2)}})


async def test_sums_by_name(database: Database) -> None:
    store = StatisticsStore(database)
    rows = [(ORDERS, slot * SLOT_US, Counters(answered=1, talk_us=5, waits={slot: 1, 9: 1})) for slot in range(4)]
    more = [(("queue", "vip"), SLOT_US, Counters(missed=3)), (("agent", "anna"), SLOT_US, Counters(busy_us=1))]
    await store.save(State(), [*rows, *more])
    assert await store.sums("queue", SLOT_US, 3 * SLOT_US) == {
        "orders": Counters(answered=2, talk_us=10, waits={1: 1, 2: 1, 9: 2}),
        "vip": Counters(missed=3),
    }
    assert await store.sums("queue", 4 * SLOT_US, 9 * SLOT_US) == {}


async def test_more_slots_than_go_into_one_statement(database: Database) -> None:
    store = StatisticsStore(database)
    await store.save(State(), [(ORDERS, number, Counters(offers=1)) for number in range(1234)])
    assert (await store.sums("queue", 0, 2000))["orders"].offers == 1234
