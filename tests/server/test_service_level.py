"""Today's service level: counted from turns, begun from the records, fresh at midnight."""

from records.database import Database
from records.projector import Projector
from router.commands import CloseWork, JoinLegs, Refuse
from router.events import AssignmentConnected, CustomerLeft, Event, OfferAccepted, WorkMoved, WorkQueued
from router.rows import ShardImage, Turn
from router.vocabulary import Medium, Outcome
from server.service_level import ServiceLevels
from tests.records.turns import SECOND, START, abandoned_call, handled_call, turn
from tests.server.sites import small_site

DAY = 86_400 * SECOND
EMPTY = ShardImage((), (), (), None, 0, 0)


def queued(work: str, queue: str = "orders") -> WorkQueued:
    return WorkQueued(work, f"i-{work}", Medium.VOICE, queue)


def accepted(levels: ServiceLevels, work: str, at: float, wait: float) -> None:
    """One item from queued to joined."""
    steps: list[Turn] = [
        turn(1, at, queued(work)),
        turn(2, at, OfferAccepted(f"{work}.1", "a"), JoinLegs(f"{work}.1", work, f"i-{work}", "a")),
        turn(3, at + wait, AssignmentConnected(f"{work}.1")),
    ]
    for each in steps:
        levels.observe(each)


def counts(levels: ServiceLevels, queue: str = "orders") -> tuple[int, int, int, float | None]:
    found = levels.of(queue)
    assert found is not None
    return found.answered, found.within, found.abandoned, found.level


async def begun(database: Database) -> ServiceLevels:
    levels = ServiceLevels(small_site)
    await levels.begin(database, EMPTY, START)
    return levels


async def test_counted_from_turns(database: Database) -> None:
    levels = await begun(database)
    assert counts(levels) == (0, 0, 0, None)
    accepted(levels, "w1", 0, 9)
    accepted(levels, "w2", 0, 11)
    levels.observe(turn(4, 1, queued("w3")))
    levels.observe(turn(5, 9, CustomerLeft("w3"), CloseWork("w3", "i", Outcome.ABANDONED)))
    assert counts(levels) == (2, 1, 1, round(1 / 3, 4))
    assert levels.take_changed() == {"orders"}
    assert levels.take_changed() == set()
    assert levels.of("gone") is None


async def test_refused_cancelled_and_moved_work(database: Database) -> None:
    levels = await begun(database)
    events: list[tuple[Event, Refuse | CloseWork | None]] = [
        (queued("w1"), Refuse("unknown_queue", "")),
        (queued("w2", "elsewhere"), None),
        (WorkMoved("w2", "orders", "sam"), None),
        (CustomerLeft("w2"), CloseWork("w2", "i", Outcome.ABANDONED)),
        (queued("w3"), None),
        (CustomerLeft("w3"), CloseWork("w3", "i", Outcome.CANCELLED)),
        (CustomerLeft("w1"), CloseWork("w1", "i", Outcome.ABANDONED)),
    ]
    for number, (event, command) in enumerate(events, 1):
        levels.observe(turn(number, number, event, *(() if command is None else (command,))))
    assert counts(levels)[:3] == (0, 0, 1)


async def test_a_new_day_begins_at_zero(database: Database) -> None:
    levels = await begun(database)
    accepted(levels, "w1", 0, 1)
    levels.observe(turn(9, DAY / SECOND, queued("w2")))
    assert counts(levels) == (0, 0, 0, None)
    assert levels.take_changed() == {"orders"}


async def test_begun_from_the_records(database: Database) -> None:
    await Projector(database).apply([*handled_call(), *(abandoned_call())])
    levels = await begun(database)
    answered, _, abandoned, level = counts(levels)
    assert answered + abandoned >= 1
    assert level is not None
    tomorrow = ServiceLevels(small_site)
    await tomorrow.begin(database, EMPTY, START + DAY)
    assert counts(tomorrow) == (0, 0, 0, None)
