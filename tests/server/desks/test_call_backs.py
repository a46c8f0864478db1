"""Follow-ups that are called: what is queued, and who may not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.follow_ups import FollowUps
from router import events as facts
from server.clock import wall_us
from server.current import CurrentSite
from server.desks.call_backs import CallBacks
from tests.server.house import House, built
from tests.server.sites import agent


class Rig:
    def __init__(self, house: House) -> None:
        self.house = house
        self.follow_ups = FollowUps(house.database)
        self.free = True
        self.backs = CallBacks(
            self.follow_ups,
            house.interactions,
            house.contexts,
            house.pump,
            CurrentSite(house.site),
            lambda number: number.startswith("0755"),
            lambda _agent: self.free,
            node="n1.1",
            new_id=lambda: "new",
            wall=wall_us,
        )

    async def promised(self, number: str = "07551", queue: str = "orders") -> int:
        return await self.follow_ups.callback("earlier", queue, number, "en", (), 1)

    async def code(self, follow_up: int, who: str = "anna") -> str | None:
        refusal = await self.backs.call(who, follow_up)
        return refusal.code if refusal else None


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with built(tmp_path, more_agents=[agent("cai")]) as house:
        yield Rig(house)


async def test_a_new_interaction_is_queued_for_the_agent_who_asks(rig: Rig) -> None:
    follow_up = await rig.promised()
    assert await rig.code(follow_up) is None
    (queued,) = rig.house.told(facts.WorkQueued)
    assert (queued.work_id, queued.queue, queued.directed, queued.callback) == ("new", "orders", "anna", True)
    (opened,) = rig.house.told(facts.InteractionOpened)
    assert (opened.interaction_id, opened.entry) == ("new", "callback")
    assert await rig.house.contexts.number("new") == "07551"
    kept = await rig.follow_ups.get(follow_up)
    assert kept is not None
    assert kept.taken_by == "anna"
    assert "07551" not in str(rig.house.turns), "the journal holds no numbers"


async def test_who_or_what_cannot_be_called_is_refused(rig: Rig) -> None:
    assert await rig.code(4711) == "unknown_follow_up"
    assert await rig.code(await rig.promised("110")) == "number_not_allowed"
    assert await rig.code(await rig.promised(queue="gone")) == "unknown_follow_up"
    written = await rig.follow_ups.message("earlier", "orders", "07551", "Vera", "en", "please call", 1)
    assert await rig.code(written) == "number_not_allowed"
    follow_up = await rig.promised()
    assert await rig.code(follow_up, "stranger") == "unknown_follow_up"
    rig.free = False
    assert await rig.code(follow_up) == "agent_unavailable"
    await rig.follow_ups.take(follow_up, None, "cai", 2)
    assert await rig.code(follow_up) == "taken"
    await rig.follow_ups.done(follow_up, "cai", 3)
    assert await rig.code(follow_up, "cai") == "unknown_follow_up"
    assert rig.house.told(facts.WorkQueued) == []


async def test_what_the_router_refuses_leaves_nothing_behind(rig: Rig) -> None:
    object.__setattr__(rig.house.site.agents["cai"], "capacity", {})
    first, second = await rig.promised(), await rig.promised()
    assert await rig.code(first) is None
    assert await rig.code(second) == "duplicate", "the ids of this test are always the same"
    assert rig.house.outcomes == ["refused"]
