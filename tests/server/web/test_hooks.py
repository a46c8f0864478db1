"""The webhooks' part of the node: nothing without hooks, and hooks that come and go while it runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from config.webhooks import Hook
from records.database import Database
from records.webhooks import Deliveries, Delivery, WebhookOutbox
from router.rows import Entry, Turn
from server.tasks import TaskOwner
from server.web.hooks import HookService
from tests.databases import migrated
from tests.records.turns import START, opened, turn

HOOKS = {"crm": Hook("crm", "http://127.0.0.1:9/", frozenset({"interaction.opened"}), "HOOKS_TEST_SECRET")}


class Journal:
    def __init__(self) -> None:
        self.turns: list[Turn] = []

    async def read_journal(self, after: int, limit: int) -> Sequence[Entry]:
        return [each for each in self.turns if each.sequence > after][:limit]

    async def trim_journal(self, upto: int) -> int:
        return 0


class Rig:
    def __init__(self, database: Database) -> None:
        self.journal = Journal()
        self.deliveries = Deliveries(database)
        self.database = database
        self.tasks = TaskOwner()

    async def service(self, hooks: Mapping[str, Hook], applied: int = 0) -> HookService:
        made = HookService(self.database, self.deliveries, hooks, lambda: START)
        await made.attach(self.journal, applied)
        made.begin(self.tasks)
        return made

    def happens(self, service: HookService, sequence: int) -> None:
        self.journal.turns.append(turn(sequence, sequence, opened(f"i{sequence}")))
        service.observe(self.journal.turns[-1])

    async def told(self, count: int) -> list[str]:
        async with asyncio.timeout(30):
            while len(found := await self.deliveries.page(10)) < count:
                await asyncio.sleep(0)
        return sorted(_about(each) for each in found)


def _about(delivery: Delivery) -> str:
    return f"{delivery.hook} {delivery.id.partition('-')[0]}"


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setenv("HOOKS_TEST_SECRET", "s")
    database = await migrated(tmp_path / "records.sqlite")
    rig = Rig(database)
    yield rig
    await rig.tasks.aclose()
    await database.close()


async def test_hooks_that_come_are_told_what_happens_from_then_on(rig: Rig) -> None:
    service = await rig.service({})
    assert len(rig.tasks) == 0
    rig.happens(service, 1)
    await service.follow(HOOKS)
    assert rig.tasks.names == ["webhook_outbox", "webhooks"]
    rig.happens(service, 2)
    assert await rig.told(1) == ["crm 2"]
    await service.follow({})
    rig.happens(service, 3)
    position = WebhookOutbox(rig.database, {}).position
    async with asyncio.timeout(30):
        while await position() < 3:
            await asyncio.sleep(0)
    assert await rig.told(1) == ["crm 2"]
    service.close()


async def test_what_happened_while_it_was_away_is_told(rig: Rig) -> None:
    service = await rig.service(HOOKS)
    rig.happens(service, 1)
    assert await rig.told(1) == ["crm 1"]
    service.close()
    await rig.tasks.aclose()
    rig.journal.turns.append(turn(2, 2, opened("i2")))
    again = await rig.service(HOOKS, applied=2)
    assert await rig.told(2) == ["crm 1", "crm 2"]
    again.close()
