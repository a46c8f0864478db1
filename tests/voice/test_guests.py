"""Callers of another shard at their host: room is made, the call begins when the item is there, and nothing is left."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from server.tasks import TaskOwner
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice.call_table import CallState
from voice.caller_leg import Elsewhere
from voice.events import CallerLeft, CallEvent, DigitPressed
from voice.guests import GuestCall, GuestCaller, Guests, NoRoomError
from voice.neighbours import VoicePorts

NODE = "north/a.1"
CALL = GuestCall(
    work_id="w",
    interaction_id="i",
    queue="far",
    at=("192.0.2.1", 4000),
    shard="north",
    channel="phone",
    entry="400",
    caller="0755",
    caller_kind="phone",
    caller_name="Cai",
    data={},
    path=(),
    language="en",
)


@dataclass
class Runner:
    """A call that has begun."""

    told: list[CallEvent] = field(default_factory=list)

    def tell(self, event: CallEvent) -> None:
        self.told.append(event)


class Contexts(Quiet):
    def __init__(self) -> None:
        self.open = set[str]()

    def opened(self, interaction_id: str, channel: str, caller: str, caller_name: str, kind: str = "phone") -> None:
        self.open.add(interaction_id)

    def closed(self, interaction_id: str) -> None:
        self.open.discard(interaction_id)


class Rig:
    def __init__(self) -> None:
        self.media, self.contexts, self.tasks = Media(), Contexts(), TaskOwner()
        self.full = False
        self.runners: dict[str, Any] = {}
        self.begun: list[GuestCaller] = []
        ports = VoicePorts(Signalling(), self.media, Sdp(), Router(), self.contexts, Quiet())
        self.guests = Guests(ports, self.tasks, self._begin, self.runners.get, lambda: self.full)

    def _begin(self, caller: GuestCaller, call: GuestCall) -> None:
        self.begun.append(caller)
        self.runners[call.interaction_id] = Runner()

    async def over(self) -> None:
        await until(lambda: not len(self.tasks), "the end")
        assert len(self.guests) == 0
        assert self.media.open_legs == self.contexts.open == set()


async def test_a_call_begins_when_the_item_is_there_and_its_end_is_told() -> None:
    rig = Rig()
    assert await rig.guests.take_in(NODE, CALL) == ("127.0.0.1", 5000)
    assert rig.begun == []
    assert rig.guests.nodes == {NODE}
    assert await rig.guests.stay(NODE, "w", "", "") == (CallState.QUEUED, "")
    staying = asyncio.create_task(rig.guests.stay(NODE, "w", "queued", ""))
    rig.guests.taken("w")
    rig.guests.taken("w")
    rig.guests.refused("w")  # said late
    (caller,) = rig.begun
    rig.guests.digit(NODE, "w", "5")
    rig.guests.digit("north/b.1", "w", "6")
    rig.guests.left("north/b.1", "w", "not theirs")
    rig.guests.left(NODE, "w", "bye")
    assert rig.runners["i"].told == [DigitPressed("5"), CallerLeft("bye")]
    caller.moved(CallState.JOINED, "anna", None)
    assert await staying == (CallState.JOINED, "anna")
    staying = asyncio.create_task(rig.guests.stay(NODE, "w", "joined", "anna"))
    await asyncio.sleep(0)
    caller.moved(CallState.JOINED, "anna", None)
    caller.moved(CallState.ENDED, None, None)
    caller.hang_up("agent")
    caller.release()
    assert await staying == (CallState.ENDED, "agent")
    assert len(rig.guests) == 0
    with pytest.raises(NoRoomError):
        await rig.guests.stay(NODE, "w", "", "")


@pytest.mark.parametrize("end", ["refused", "left", "lost", "closed"])
async def test_room_that_is_not_needed_is_put_away(end: str) -> None:
    rig = Rig()
    await rig.guests.take_in(NODE, CALL)
    match end:
        case "refused":
            rig.guests.refused("w")
        case "left":
            rig.guests.left(NODE, "w", "bye")
        case "lost":
            rig.guests.node_lost(NODE, 0.0)
            await until(lambda: not len(rig.guests), "put away")
        case _:
            rig.guests.close()
    rig.guests.taken("w")
    assert rig.begun == []
    await rig.over()


async def test_there_is_no_room_for_a_second_of_the_same_nor_beyond_the_limit_nor_without_media() -> None:
    rig = Rig()
    rig.media.fail.add("set_remote")
    with pytest.raises(NoRoomError, match="worker_lost"):
        await rig.guests.take_in(NODE, CALL)
    await rig.over()
    rig.media.fail.clear()
    rig.full = True
    with pytest.raises(NoRoomError):
        await rig.guests.take_in(NODE, CALL)
    rig.full = False
    await rig.guests.take_in(NODE, CALL)
    with pytest.raises(NoRoomError):
        await rig.guests.take_in(NODE, CALL)


async def test_a_node_that_asks_for_its_caller_again_has_not_lost_them() -> None:
    rig = Rig()
    await rig.guests.take_in(NODE, CALL)
    rig.guests.taken("w")
    rig.guests.node_lost(NODE, 60.0)
    staying = asyncio.create_task(rig.guests.stay(NODE, "w", "queued", ""))
    await asyncio.sleep(0)
    rig.guests.node_lost(NODE, 0.0)
    await until(lambda: bool(rig.runners["i"].told), "the caller has left")
    assert rig.runners["i"].told == [CallerLeft("node lost")]
    rig.begun[0].release()
    assert await staying == (CallState.ENDED, "over")


async def test_a_guest_can_neither_be_moved_nor_refused() -> None:
    caller, there = GuestCaller("guest:w"), Elsewhere("sip", "pages", "word")
    assert await caller.answer("leg")
    assert not caller.move(there)
    assert not caller.redirect(there)
    caller.media_up()
    caller.gone()
    caller.moved(CallState.QUEUED, None, "w")
    caller.shown(CallState.QUEUED, "")
    caller.refuse(503, "media: no port")
    assert caller.over.result() == "media: no port"
