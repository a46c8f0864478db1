"""Calls of this node that go over to another shard: a host is found or not, and the caller is there until it ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from router import events as facts
from router.commands import HandWork
from server.tasks import TaskOwner
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.voice.test_guests import Runner
from tests.waiting import until
from voice.away import LodgingLost, LodgingOver, TakenIn
from voice.lodging import Lodgings
from voice.neighbours import VoicePorts
from voice.ports import NodeUnreachableError

LEAVE = HandWork("w", "i", "south", "far", 7, "ring")
TAKEN = TakenIn("w", "lodging:w")


class Shards:
    """One node of the other shard, s.1; its word about the end is `over`."""

    def __init__(self) -> None:
        self.there, self.known = True, True
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.lodged: list[tuple[object, ...]] = []
        self.told: list[tuple[str, ...]] = []

    def queued_at(self, work_id: str) -> int | None:
        return 3 if self.known else None

    async def lodge(
        self, work_id: str, interaction_id: str, shard: str, queue: str, at: tuple[str, int]
    ) -> tuple[str, tuple[str, int]]:
        if not self.there:
            raise NodeUnreachableError(shard)
        self.lodged.append((work_id, interaction_id, shard, queue, at))
        return "s.1", ("192.0.2.9", 9000)

    async def stay(self, shard: str, node: str, work_id: str, shown: Callable[[str, str], None]) -> str:
        shown("joined", "Anna")
        return await self.over

    def leave(self, shard: str, node: str, work_id: str, reason: str) -> None:
        self.told.append((shard, node, work_id, reason))

    def digit(self, shard: str, node: str, work_id: str, digit: str) -> None:
        self.told.append((node, work_id, digit))


class Caller(Runner):
    alone = True
    place = ("", "")

    def show(self, state: str, agent: str) -> None:
        self.place = (state, agent)

    def waits_alone(self, work_id: str) -> bool:
        return self.alone


class Digits(Media):
    def __init__(self) -> None:
        super().__init__()
        self.digits: list[str] = []

    async def send_digits(self, leg_id: str, digits: str) -> None:
        await self._do("send_digits", leg_id)
        self.digits.append(digits)


class Rig:
    def __init__(self, *, shards: bool = True) -> None:
        self.media, self.router, self.tasks, self.shards = Digits(), Router(), TaskOwner(), Shards()
        self.runner = Caller()
        self.runners: dict[str, Any] = {"i": self.runner}
        ports = VoicePorts(
            Signalling(), self.media, Sdp(), self.router, Quiet(), Quiet(), shards=self.shards if shards else None
        )
        self.lodgings = Lodgings(ports, self.tasks, self.runners.get)

    async def hosted(self) -> "Rig":
        self.lodgings.leave(LEAVE)
        await until(lambda: self.router.told == [facts.HandoffHosted("south", 7, "s.1")], "it has a host")
        assert self.shards.lodged == [("w", "i", "south", "far", ("127.0.0.1", 5000))]
        return self

    async def taken(self) -> "Rig":
        await self.hosted()
        self.lodgings.taken("i", "w")
        self.lodgings.taken("i", "w")
        assert self.runner.told == [TAKEN]
        return self

    async def empty(self, *told: str) -> None:
        await until(lambda: not len(self.tasks), "all is over")
        assert len(self.lodgings) == 0
        assert self.media.open_legs == set()
        assert self.shards.told == [("south", "s.1", "w", why) for why in told]
        assert self.tasks.failures == 0


async def test_the_call_is_over_there() -> None:
    rig = await Rig().taken()
    await until(lambda: rig.runner.place == ("joined", "Anna"), "it is shown")
    rig.shards.over.set_result("agent")
    await until(lambda: rig.runner.told[1:] == [LodgingOver("agent")], "told")
    rig.lodgings.over("i")
    await rig.empty("caller left")


@pytest.mark.parametrize("end", ["shutting down", "media: worker_lost", "unreachable", "leg"])
async def test_the_host_is_gone_and_the_caller_is_not(end: str) -> None:
    rig = await Rig().taken()
    if end == "leg":
        assert rig.lodgings.failed("lodging:w")
        rig.shards.over.set_result("over")  # it hears that they have left
    elif end == "unreachable":
        rig.shards.over.set_exception(NodeUnreachableError("s.1"))
    else:
        rig.shards.over.set_result(end)
    await until(lambda: rig.runner.told[1:] == [LodgingLost(3)], "told")
    assert not rig.lodgings.pressed("i", "1")
    await rig.empty("taken back")


async def test_a_leg_that_fails_before_the_other_shard_has_it_fails_afterwards() -> None:
    rig = await Rig().hosted()
    assert rig.lodgings.failed("lodging:w")
    assert rig.runner.told == []
    rig.lodgings.taken("i", "w")
    assert rig.runner.told == [TAKEN, LodgingLost(3)]
    await rig.empty("taken back")
    assert not rig.lodgings.failed("lodging:w")


async def test_refused_it_waits_on() -> None:
    rig = await Rig().hosted()
    rig.lodgings.refused("i", "another")
    rig.lodgings.refused("i", "w")
    assert rig.runner.told == []
    await rig.empty("refused")


async def test_the_caller_leaves_while_a_host_is_looked_for() -> None:
    rig = Rig()
    gate = rig.media.hold["lodging:w"] = asyncio.Event()
    rig.lodgings.leave(LEAVE)
    await until(lambda: "open_rtp lodging:w" in rig.media.asked, "it is looked for")
    rig.lodgings.over("i")
    gate.set()
    await rig.empty("caller left")
    assert rig.router.told == []


@pytest.mark.parametrize("why", ["no node", "no media", "not alone", "no shards", "closed"])
async def test_without_a_host_it_stays(why: str) -> None:
    rig = Rig(shards=why != "no shards")
    rig.shards.there = why != "no node"
    rig.shards.known = why != "closed"
    rig.runner.alone = why != "not alone"
    if why == "no media":
        rig.media.fail.add("set_remote")
    rig.lodgings.leave(LEAVE)
    never = why in ("not alone", "no shards", "closed")
    await until(lambda: rig.router.told == [facts.HandoffHosted("south", 7, "", never)], "there is none")
    await rig.empty(*(["no media"] if why == "no media" else []))


async def test_another_nodes_call_is_not_of_concern() -> None:
    rig = Rig()
    rig.runners.clear()
    rig.lodgings.leave(LEAVE)
    rig.lodgings.taken("i", "w")
    assert rig.router.told == []
    await rig.empty()


async def test_keys_go_both_ways() -> None:
    rig = await Rig().hosted()
    assert not rig.lodgings.pressed("i", "1"), "the item is not there yet"
    rig.lodgings.taken("i", "w")
    assert rig.lodgings.pressed("i", "2")
    assert rig.shards.told == [("s.1", "w", "2")]
    rig.lodgings.sent("caller:i", "3")
    rig.lodgings.sent("lodging:w", "4")
    await until(lambda: rig.media.digits == ["4"], "to the caller")
    rig.media.fail.add("send_digits")
    rig.lodgings.sent("lodging:w", "5")
    rig.shards.told.clear()
    rig.shards.over.set_result("shutting down")
    await rig.empty("taken back")
