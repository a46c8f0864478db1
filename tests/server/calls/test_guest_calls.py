"""A caller's node and the host of the call, with a real connection between them; what either does is in tests/voice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from router import events as facts
from router.rows import WorkRow
from router.vocabulary import Medium, WorkState
from server.calls import guest_calls
from server.calls.guest_calls import LOOKS, Host, Lodger
from server.desks.contexts import InteractionContext
from server.nodes.peer_link import PeerLink
from server.nodes.shard_links import ShardLinks
from tests.server.nodes.test_peer_link import Site
from tests.server.nodes.test_shard_links import Register, with_queues
from tests.voice.test_guests import Rig
from tests.waiting import until
from voice.call_table import CallState
from voice.events import CallerLeft, DigitPressed
from voice.ports import NodeUnreachableError

WORK = WorkRow(
    "w", "i", Medium.VOICE, "orders", (), 0, 77, 1, WorkState.LEAVING, 1, "a.1", attributes=(("entry", "400"),)
)
GUEST = replace(WORK, state=WorkState.WAITING, node="s.1", origin="north")
AT = ("192.0.2.1", 4000)


class Pump:
    """The rows of one shard, and what was told."""

    def __init__(self, *rows: WorkRow) -> None:
        self.rows = {row.work_id: row for row in rows}
        self.told: list[facts.Event] = []
        self.dispatcher = self

    def work(self, work_id: str) -> WorkRow | None:
        return self.rows.get(work_id)

    def guests(self) -> tuple[WorkRow, ...]:
        return tuple(row for row in self.rows.values() if row.origin)

    def leaving(self) -> tuple[WorkRow, ...]:
        return tuple(row for row in self.rows.values() if row.handoff is not None)

    def tell(self, event: facts.Event, cause: str) -> None:
        self.told.append(event)


class Contexts:
    async def get(self, interaction_id: str) -> InteractionContext:
        return InteractionContext(interaction_id, "phone_line", "0755", "Cai", path=("main",), data={"order": "7"})


class Shards:
    """The north's node a.1 and the south's s.1."""

    def __init__(self, south: Site, host: PeerLink) -> None:
        self.rig, self.site = Rig(), south
        self.alive = {"a.1": "somewhere"}
        self.known, self.owning, self.goes_on = {"s.1"}, True, True
        self.pump = Pump()
        self.shown: list[tuple[str, str]] = []
        pump: Any = self.pump
        of_south = (self._register_of, self._known, lambda: self.owning, lambda _interaction: self.goes_on, str.upper)
        self.host = Host("s.1", host, pump, self.rig.guests, *of_south)
        self.links = ShardLinks("north/a.1", self._south, south.tasks)
        self.links.follow(with_queues(far=Medium.VOICE))
        contexts: Any = Contexts()
        north: Any = Pump(WORK)
        self.lodger = Lodger("north", self.links, north, contexts)

    def _south(self, _shard: str) -> Any:
        return Register(self.site)

    def _register_of(self, shard: str) -> Any:
        assert shard == "north"
        return self

    async def addresses(self) -> dict[str, str]:
        return self.alive

    async def _known(self) -> set[str]:
        return self.known

    async def stay(self) -> str:
        return await self.lodger.stay("south", "s.1", "w", lambda state, name: self.shown.append((state, name)))

    async def lodge(self) -> None:
        link = self.links.of("south")
        assert link is not None
        await until(lambda: link.reached == {"s.1"}, "it is reached")
        assert await self.lodger.lodge("w", "i", "south", "far", AT) == ("s.1", ("127.0.0.1", 5000))


@pytest.fixture
async def shards() -> AsyncIterator[Shards]:
    async with two_shards() as made:
        yield made


@asynccontextmanager
async def two_shards() -> AsyncIterator[Shards]:
    south = Site()
    async with south.node("s.1") as host:
        yield Shards(south, host)
    south.tasks.cancel("shard:south")
    await south.tasks.aclose(2)
    assert south.tasks.failures == 0


async def test_the_caller_is_taken_in_with_what_is_known_of_them(shards: Shards) -> None:
    await shards.lodge()
    shards.rig.guests.taken("w")
    ((_, guest),) = shards.rig.guests._guests.items()
    call = guest.call
    assert (call.queue, call.at, call.shard, call.entry, call.channel) == ("far", AT, "north", "400", "phone_line")
    assert (call.caller, call.caller_name, call.data, call.path) == ("0755", "Cai", {"order": "7"}, ("main",))
    assert shards.lodger.queued_at("w") == 77
    assert shards.lodger.queued_at("gone") is None
    staying = asyncio.create_task(shards.stay())
    shards.lodger.digit("south", "s.1", "w", "5")
    shards.lodger.leave("south", "s.1", "w", "bye")
    await until(lambda: len(shards.rig.runners["i"].told) == 2, "both are told")
    assert shards.rig.runners["i"].told == [DigitPressed("5"), CallerLeft("bye")]
    shards.rig.begun[0].moved(CallState.JOINED, "anna", None)
    await until(lambda: shards.shown == [("queued", ""), ("joined", "ANNA")], "the caller's page is told")
    shards.rig.begun[0].hang_up("agent")
    assert await staying == "agent"


async def test_where_nobody_makes_room_there_is_no_host(shards: Shards) -> None:
    with pytest.raises(NodeUnreachableError, match="no node of shard elsewhere"):
        await shards.lodger.lodge("w", "i", "elsewhere", "far", AT)
    await shards.lodge()
    with pytest.raises(NodeUnreachableError, match="no room"):
        await shards.lodger.lodge("w", "i", "south", "far", AT)
    with pytest.raises(NodeUnreachableError, match="no such call"):
        await shards.lodger.stay("south", "s.1", "another", print)
    with pytest.raises(NodeUnreachableError):
        await shards.lodger.stay("elsewhere", "s.1", "w", print)


async def test_a_way_that_breaks_for_a_moment_ends_nothing(shards: Shards) -> None:
    await shards.lodge()
    shards.rig.guests.taken("w")
    staying = asyncio.create_task(shards.stay())
    link = shards.links.of("south")
    assert link is not None
    link.forget("s.1")
    await until(lambda: shards.rig.guests._guests["w"].missed is not None, "the host has noticed")
    await until(lambda: shards.rig.guests._guests["w"].missed is None, "the caller's node is back")
    shards.rig.begun[0].hang_up("agent")
    assert await staying == "agent"
    assert shards.rig.runners["i"].told == []


async def test_a_host_that_is_gone_is_given_up(shards: Shards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_calls, "GRACE_S", 0.0)
    await shards.lodge()
    staying = asyncio.create_task(shards.stay())
    shards.site.addresses["s.1"], before = "127.0.0.1:1", shards.site.addresses["s.1"]
    link = shards.links.of("south")
    assert link is not None
    link.forget("s.1")
    with pytest.raises(NodeUnreachableError, match="is gone"):
        await staying
    shards.site.addresses["s.1"] = before


async def test_callers_of_a_node_that_is_struck_off_have_left(shards: Shards) -> None:
    await shards.lodge()
    shards.rig.guests.taken("w")
    for _ in range(LOOKS):
        await shards.host.look()
    del shards.alive["a.1"]
    for _ in range(LOOKS):
        assert shards.rig.runners["i"].told == []
        await shards.host.look()
    await until(lambda: shards.rig.runners["i"].told == [CallerLeft("node lost")], "they have left")


@pytest.mark.parametrize("why", ["node unknown", "call over", "well", "somebody else's", "served"])
async def test_an_item_whose_caller_nobody_has_is_cancelled(shards: Shards, why: str) -> None:
    shards.pump.rows["w"] = GUEST
    match why:
        case "node unknown":
            shards.pump.rows["w"] = replace(GUEST, node="dead.1")
        case "call over":
            shards.goes_on = False
        case "somebody else's":
            shards.pump.rows["w"] = replace(GUEST, node="dead.1")
            shards.owning = False
        case "served":
            shards.pump.rows["w"] = replace(GUEST, node="dead.1", state=WorkState.WRAP_UP)
        case _:
            pass
    for _ in range(LOOKS - 1):
        await shards.host.look()
    assert shards.pump.told == []
    for _ in range(2):
        await shards.host.look()
    gone = [facts.WorkCancelled("w", "node")] if why in ("node unknown", "call over") else []
    assert shards.pump.told == gone
