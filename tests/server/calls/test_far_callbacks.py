"""Callbacks between shards: whom to call is known over there before the item is asked for, over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from records.database import DatabaseError
from router import events as facts
from router.commands import AnswerHandoff, HandWork
from router.rows import Changes, Handoff, Turn, WorkRow
from router.vocabulary import Medium, WorkState
from server.calls import far_callbacks
from server.calls.far_callbacks import FarCallbacks
from server.desks.contexts import InteractionContext
from server.nodes.shard_links import ShardLinks
from server.tasks import TaskOwner
from tests.server.calls.test_guest_calls import Pump
from tests.server.nodes.test_peer_link import Site
from tests.server.nodes.test_shard_links import Register, with_queues
from tests.waiting import until

LEAVE = HandWork("w", "i", "south", "far", 7, "moved")
LEAVING = Handoff("south", "far", 7)
ROW = WorkRow("w", "i", Medium.VOICE, "orders", (), 0, 1, 1, WorkState.LEAVING, 0, "", callback=True, handoff=LEAVING)


class Contexts:
    """What is known of a customer in the north, and what is kept of them in the south."""

    def __init__(self) -> None:
        self.number, self.broken = "0755", False
        self.kept: dict[str, InteractionContext] = {}

    async def get(self, interaction_id: str, work_id: str) -> InteractionContext:
        if self.broken:
            raise DatabaseError("away")
        return InteractionContext(interaction_id, "line", self.number, "Cai", ("main",), {"order": "7"}, "en")

    async def promised(self, context: InteractionContext) -> None:
        if self.broken:
            raise DatabaseError("away")
        self.kept[context.interaction_id] = context

    def closed(self, interaction_id: str) -> None:
        self.kept.pop(interaction_id, None)


class Rig:
    def __init__(self, south: Site, host: Any) -> None:
        self.tasks, self.owning, self.may_dial = TaskOwner(), True, True
        self.north, self.south = Contexts(), Contexts()
        self.pump = Pump(ROW)
        pump: Any = self.pump
        register: Any = Register(south)
        self.links = ShardLinks("north/a.1", lambda _shard: register, south.tasks)
        self.links.follow(with_queues(far=Medium.VOICE))
        north: Any = self.north
        there: Any = self.south
        owns, nowhere = (lambda: self.owning), ShardLinks("south/s.1", lambda _shard: register, south.tasks)
        a_link: Any = _Nobody()
        self.source = FarCallbacks(self.links, a_link, pump, north, lambda _number: True, owns, self.tasks)
        self.other = FarCallbacks(nowhere, host, pump, there, lambda _number: self.may_dial, owns, self.tasks)

    def turn(self, *commands: HandWork | AnswerHandoff) -> Turn:
        return Turn(1, 1, "t", facts.TimePassed(), commands, Changes())

    async def told(self, host: str, *, never: bool = False) -> None:
        said = facts.HandoffHosted("south", 7, host, never)
        await until(lambda: self.pump.told == [said], f"hosted by {host!r}")
        self.pump.told.clear()


class _Nobody:
    """This side answers nobody."""

    def __init__(self) -> None:
        self.answer: dict[str, object] = {}


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(far_callbacks, "AGAIN_S", 0.02)
    south = Site()
    async with south.node("s.1") as host:
        made = Rig(south, host)
        link = made.links.of("south")
        assert link is not None
        await until(lambda: link.reached == {"s.1"}, "it is reached")
        yield made
        await until(lambda: not len(made.tasks), "all is done")
    south.tasks.cancel("shard:south")
    await south.tasks.aclose(2)
    assert made.tasks.failures == south.tasks.failures == 0


async def test_the_other_shard_knows_whom_to_call_before_it_is_asked(rig: Rig) -> None:
    rig.source.observe(rig.turn(LEAVE))
    await rig.told("s.1")
    kept = rig.south.kept["i"]
    assert (kept.number, kept.caller_name, kept.channel, kept.data) == ("0755", "Cai", "line", {"order": "7"})
    assert (kept.path, kept.language) == (("main",), "en")
    rig.other.observe(rig.turn(AnswerHandoff("north", 7, "w", "i", "", ended=False, first=True)))
    assert (len(rig.other), list(rig.south.kept)) == (0, ["i"])


async def test_one_that_does_not_come_is_forgotten(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.source.observe(rig.turn(LEAVE))
    await rig.told("s.1")
    rig.other.observe(rig.turn(AnswerHandoff("north", 7, "w", "i", "queue_full", ended=False, first=True)))
    assert rig.south.kept == {}
    monkeypatch.setattr(far_callbacks, "COMES_S", 0.0)
    rig.source.observe(rig.turn(LEAVE))
    await rig.told("s.1")
    await until(lambda: rig.south.kept == {}, "its time is over")


async def test_a_new_owner_begins_again_and_nobody_else_does(rig: Rig) -> None:
    rig.owning = False
    rig.source.observe(rig.turn(LEAVE))
    assert not len(rig.tasks)
    rig.source.take_up()
    await rig.told("s.1")
    for row in (replace(ROW, callback=False, node="a.1"), replace(ROW, handoff=Handoff("south", "far", 7, host="s.1"))):
        rig.pump.rows["w"] = row
        rig.source.take_up()
    rig.owning = True
    rig.source.observe(rig.turn(replace(LEAVE, why="ended")))
    assert not len(rig.tasks)


@pytest.mark.parametrize("why", ["no number", "not allowed", "not read", "not kept", "no such shard"])
async def test_a_callback_that_cannot_be_made_there_stays(rig: Rig, why: str) -> None:
    rig.north.number = "" if why == "no number" else "0755"
    rig.may_dial = why != "not allowed"
    rig.north.broken, rig.south.broken = why == "not read", why == "not kept"
    if why == "no such shard":
        rig.pump.rows["w"] = replace(ROW, handoff=Handoff("east", "far", 7))
        rig.source.observe(rig.turn(LEAVE))
        await until(lambda: rig.pump.told == [facts.HandoffHosted("east", 7, "")], "it stays")
    else:
        rig.source.observe(rig.turn(LEAVE))
        await rig.told("", never=why in ("no number", "not allowed"))
    assert rig.south.kept == {}


async def test_just_after_a_start_the_other_shard_is_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_callbacks, "TRIES", 2)
    link = rig.links.of("south")
    assert link is not None
    monkeypatch.setattr(type(link), "reached", frozenset[str]())
    rig.source.observe(rig.turn(LEAVE))
    await asyncio.sleep(0)
    await rig.told("")
