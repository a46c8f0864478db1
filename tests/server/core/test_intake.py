"""What the owner takes in: each request once, in order, also when the inbox is read again from its beginning."""

import asyncio

from router.events import CustomerLeft, Event, NodeLost, TimePassed
from router.rows import Changes, Turn
from server.core.intake import KEPT_LOST, Intake
from store.errors import StoreLost
from store.lease import InboxEntry
from tests.waiting import until


class Inbox:
    """Entries by number; `away` makes the next reads fail."""

    def __init__(self) -> None:
        self.entries: list[InboxEntry] = []
        self.away = 0

    def put(self, request: str, event: Event, number: int) -> None:
        self.entries.append(InboxEntry(f"{number}-0", event, request, "t"))

    async def read_inbox(self, after: str, limit: int, block_ms: int | None = None) -> list[InboxEntry]:
        await asyncio.sleep(0 if block_ms is None else 0.001)
        if self.away:
            self.away -= 1
            raise StoreLost("away")
        last = int(after.partition("-")[0]) if after else 0
        return [entry for entry in self.entries if int(entry.id.partition("-")[0]) > last][:limit]


class Pump:
    def __init__(self) -> None:
        self.taken: list[tuple[Event, str, str]] = []
        self.told: list[Event] = []

    def take_in(self, event: Event, cause: str, entry: InboxEntry) -> None:
        self.taken.append((event, cause, entry.id))

    def tell(self, event: Event, cause: str) -> None:
        del cause
        self.told.append(event)


async def test_what_is_there_is_taken_in_with_its_request_in_the_cause() -> None:
    inbox, pump = Inbox(), Pump()
    inbox.put("n2.1/1", CustomerLeft("w1"), 5)
    inbox.put("", NodeLost("n3.1"), 6)
    intake = Intake(inbox)
    await intake.feed(pump)
    assert pump.taken == [(CustomerLeft("w1"), "n2.1/1 t", "5-0"), (NodeLost("n3.1"), "t", "6-0")]
    assert intake.taken == {"n2.1": 1}


async def test_a_request_that_was_decided_on_is_not_again_but_it_has_to_go() -> None:
    inbox, pump = Inbox(), Pump()
    intake = Intake(inbox)
    intake.heard(Turn(1, 1, "n2.1/2 t", CustomerLeft("w2"), (), Changes()))
    intake.heard(Turn(2, 2, "n2.1/x t", CustomerLeft("w2"), (), Changes()))
    intake.heard(Turn(3, 3, "lost", NodeLost("n3.1"), (), Changes()))
    inbox.put("n2.1/2", CustomerLeft("w2"), 5)
    inbox.put("n2.1/3", CustomerLeft("w3"), 6)
    await intake.feed(pump)
    assert pump.taken == [(TimePassed(), "again", "5-0"), (CustomerLeft("w3"), "n2.1/3 t", "6-0")]
    assert (intake.taken, intake.gone) == ({"n2.1": 3}, {"n3.1"})


async def test_nodes_that_were_lost_long_ago_are_forgotten() -> None:
    intake = Intake(Inbox())
    for number in range(KEPT_LOST + 50):
        intake.heard(Turn(1, 1, f"n2.{number}/7 t", CustomerLeft("w2"), (), Changes()))
        for _ in range(2):
            intake.heard(Turn(2, 2, "lost", NodeLost(f"n2.{number}"), (), Changes()))
    assert len(intake.gone) == len(intake.taken) == KEPT_LOST
    assert f"n2.{KEPT_LOST + 49}" in intake.gone


async def test_after_a_break_the_inbox_is_read_from_its_beginning() -> None:
    """New entries may have ids below those that were lost."""
    inbox, pump = Inbox(), Pump()
    inbox.put("n2.1/1", CustomerLeft("w1"), 50)
    intake = Intake(inbox)
    running = asyncio.create_task(intake.run(pump))
    await until(lambda: len(pump.taken) == 1)
    inbox.entries.clear()
    inbox.put("n2.1/1", CustomerLeft("w1"), 7)
    inbox.put("n2.1/2", CustomerLeft("w2"), 8)
    inbox.away = 2
    await until(lambda: len(pump.taken) == 3)
    assert pump.told == [TimePassed()]
    assert [event for event, _, _ in pump.taken] == [CustomerLeft("w1"), TimePassed(), CustomerLeft("w2")]
    running.cancel()
