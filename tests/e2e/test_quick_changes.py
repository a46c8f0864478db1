"""Twenty changes by a supervisor, each as soon as the last is answered, under twenty items a second: nothing is lost.

A whole node with its real store and SQL, asked over HTTP; only the agents' pages are played from within.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from records.audit import Audit
from router.events import AgentConnected, OfferAccepted, PresenceSet
from router.invariants import check
from router.vocabulary import OfferState, Presence
from tests.e2e.waiting import wait_until
from tests.server.bureau import Bureau, bureau

AGENTS = ("agent1", "agent2", "agent3", "expert9")
ITEMS, A_SECOND, CHANGES = 120, 20, 20
TALK_S = 0.25
QUEUES = ("first_chat", "web_chat")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Bureau]:
    async with bureau(tmp_path) as office:
        for agent_id in AGENTS:
            await office.node.core.pump.post(AgentConnected(agent_id, 2**60), "test")
            await office.node.core.pump.post(PresenceSet(agent_id, Presence.READY), "test")
        yield office


class Crew:
    """Whoever is offered an item takes it, and it is over a moment later."""

    def __init__(self, office: Bureau) -> None:
        self._office = office
        self._pump = office.node.core.pump
        self.taken: list[str] = []
        self.ends: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        while True:
            for agent_id in AGENTS:
                for held in self._pump.dispatcher.reservations_of(agent_id):
                    if held.state is OfferState.OFFERED:
                        await self._pump.post(OfferAccepted(held.reservation_id, agent_id), "test")
                        now = self._pump.dispatcher.reservation(held.reservation_id)
                        if now is not None and now.state is not OfferState.OFFERED:
                            self.taken.append(held.work_id)
                            self.ends.add(asyncio.create_task(self._end(held.work_id)))
            await asyncio.sleep(0.02)

    async def _end(self, work_id: str) -> None:
        await asyncio.sleep(TALK_S)
        await self._office.ask("key:crm", "POST", f"work/{work_id}/cancel", {})


async def submitted(office: Bureau) -> list[str]:
    """Twenty items a second, to two queues in turn."""
    found: list[str] = []
    clock = asyncio.get_running_loop().time
    began = clock()
    for number in range(ITEMS):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - clock()))
        work = {"medium": "chat", "queue": QUEUES[number % 2], "channel": "shop"}
        status, answer = await office.ask("key:crm", "POST", "work", work)
        if status == 201:
            found.append(answer["interaction_id"])
        else:  # the queue was closed just then, and says so
            assert (status, answer["type"].rpartition(":")[2]) == (422, "queue-closed")
    return found


Change = Callable[[Bureau], Awaitable[tuple[int, Any]]]


def changes() -> list[Change]:
    """One of each kind, again and again: agents, queues, presences, items, several rows, undo."""

    async def version(office: Bureau) -> int:
        return int((await office.ask("ops9", "GET", "plans"))[1]["version"])

    async def rows(office: Bureau, row: dict[str, Any]) -> tuple[int, Any]:
        return await office.ask("ops9", "POST", "rules", {"based_on": await version(office), "rows": row})

    async def skills(office: Bureau) -> tuple[int, Any]:
        return await rows(office, {"agent:agent1": {"skills": {"english": 3}}})

    async def only(office: Bureau) -> tuple[int, Any]:
        return await rows(office, {f"agent:{name}": {"queues": {"first_chat": 1}} for name in ("agent2", "agent3")})

    async def priority(office: Bureau) -> tuple[int, Any]:
        body = {"based_on": await version(office), "priority": 40}
        return await office.ask("ops9", "PATCH", "queues/web_chat/rules", body)

    async def away(office: Bureau) -> tuple[int, Any]:
        status, answer = await office.ask("ops9", "POST", "agents/expert9/presence", {"presence": "not_ready"})
        await office.node.core.pump.post(PresenceSet("expert9", Presence.READY), "test")
        return (204, None) if status == 409 else (status, answer)  # in a conversation: refused, and rightly

    async def move(office: Bureau) -> tuple[int, Any]:
        _, waiting = await office.ask("ops9", "GET", "work?limit=5")
        works = [item["work_id"] for item in waiting["work"]] or ["none"]
        return await office.ask("ops9", "POST", "work/move", {"work_ids": works, "queue": "first_chat"})

    async def pull(office: Bureau) -> tuple[int, Any]:
        _, waiting = await office.ask("ops9", "GET", "work?limit=500")
        offered = [item["work_id"] for item in waiting["work"] if item["offered_to"]]
        if not offered:
            return 204, None
        status, answer = await office.ask("ops9", "POST", f"work/{offered[0]}/pull-back", {})
        return (204, None) if status in (404, 409) else (status, answer)  # taken or over meanwhile

    async def undo(office: Bureau) -> tuple[int, Any]:
        _, log = await office.ask("ops9", "GET", "audit?limit=200")
        entry = next(
            each["id"] for each in log["items"] if each["action"] == "set_rules" and each["id"] not in log["undone"]
        )
        return await office.ask("ops9", "POST", f"audit/{entry}/undo", {"anyway": True})

    async def shut(office: Bureau) -> tuple[int, Any]:
        opening = {"queue:web_chat": {"opening": "closed"}}
        status, answer = await rows(office, opening)
        await rows(office, {"queue:web_chat": {"opening": None}})
        return status, answer

    kinds = (skills, only, priority, move, away, pull, undo, shut)
    return [kind for kind, _ in zip(itertools.cycle(kinds), range(CHANGES), strict=False)]


async def test_twenty_quick_changes_under_load(office: Bureau) -> None:
    pump, crew = office.node.core.pump, Crew(office)
    working = asyncio.create_task(crew.work())
    arriving = asyncio.create_task(submitted(office))
    seen = pump.sequence
    for change in changes():
        status, answer = await change(office)
        assert status in (200, 204), (change.__name__, status, answer)
        check(pump.dispatcher)
        assert pump.dispatcher.policy.queues.keys() >= set(QUEUES)
    works = await arriving
    assert pump.sequence > seen + CHANGES
    everybody = {f"agent:{name}": {"queues": None, "skills": None} for name in AGENTS}
    body = {"based_on": 10**6, "rows": everybody}
    assert (await office.ask("ops9", "POST", "rules", body))[0] == 200

    async def over() -> bool:
        return pump.dispatcher.open_work() == 0

    await wait_until(over, 40.0, "every item ends")
    working.cancel()
    await asyncio.gather(working, *crew.ends, return_exceptions=True)
    check(pump.dispatcher)
    assert sorted(crew.taken) == sorted(set(crew.taken)), "nobody is given to two"
    assert len(set(works)) == len(works) >= ITEMS * 0.7
    assert len(crew.taken) >= len(works) * 0.5, "the rest was turned away while the queue was closed"
    await office.node.core.projection.drained()
    _, log = await office.ask("ops9", "GET", "interactions?limit=200")
    records = {each["id"]: each for each in log["items"]}
    assert all(each["ended_at"] for each in records.values()), "each has its end in the records"
    assert records.keys() >= set(works)
    assert await Audit(office.node.storage.database).first_broken() is None
    for agent_id in AGENTS:
        assert pump.dispatcher.load(agent_id) == 0
