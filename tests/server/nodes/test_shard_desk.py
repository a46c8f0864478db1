"""What one shard knows of another: its sums, and which exits lead nowhere there."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from http_api.shards_api import NowhereExit
from router.policy import Elsewhere
from router.rows import AgentRow
from router.vocabulary import Medium
from server.nodes.shard_desk import ShardDesk, sums_of
from server.nodes.shard_links import ShardLinks
from store.errors import StoreLost
from store.lease import ShardHead
from tests.chat.neighbours import RealRouter
from tests.server.nodes.test_peer_link import Site
from tests.server.nodes.test_shard_links import Register, with_queues
from tests.server.sites import small_site
from tests.waiting import until


def test_a_shard_counts_who_waits_and_who_is_there() -> None:
    router = RealRouter()
    router.ready("ann")
    assert isinstance(next(iter(router.dispatcher.agents())), AgentRow)
    sums = sums_of(router.dispatcher, small_site({}))
    assert (sums.waiting, sums.signed_in, sums.ready, sums.oldest_queued_at) == (0, 1, 1, None)
    (queue,) = sums.queues
    assert (queue.queue, queue.medium, queue.title, queue.closed) == ("web_chat", "chat", "web_chat", False)


async def test_the_other_shard_is_seen_and_held_against_the_exits(caplog: pytest.LogCaptureFixture) -> None:
    south, router = Site(), RealRouter()
    sums, away = sums_of(router.dispatcher, small_site({}), "it is slow"), False
    register: Any = Register(south)
    links = ShardLinks("north/a.1", lambda _shard: register, south.tasks)
    named = {"web_chat": Elsewhere("south", Medium.CHAT), "calls": Elsewhere("south", Medium.VOICE)}

    async def pages_of(shard: str) -> Iterable[str]:
        if away:
            raise StoreLost("away")
        return [f"http://{shard}"]

    async def head_of(shard: str) -> ShardHead:
        if away:
            raise StoreLost("away")
        left = 0 if shard == "south" else 900
        return ShardHead(f"{shard}.1", 3, left, now_us=0, applied=0, clock=0, served=True)

    nowhere: list[Any] = []
    async with south.node("s.1") as host, south.node("n.1") as own:
        nobody = ShardLinks("south/s.1", lambda _shard: register, south.tasks)
        ShardDesk("south", nobody, host, lambda: sums, dict, pages_of, head_of, south.tasks)
        desk = ShardDesk("north", links, own, lambda: sums, lambda: named, pages_of, head_of, south.tasks)
        here, other = await desk.all()
        assert (here.here, here.reached, here.pages) == (True, True, ("http://north",))
        assert (here.owner, here.epoch, here.sums.trouble) == ("north.1", 3, "it is slow")
        assert (other.shard, other.reached, other.nowhere) == ("south", False, ())
        assert (other.owner, other.epoch) == ("", 3), "nobody's lease lasts there"
        links.found.append(nowhere.append)
        links.follow(with_queues(web_chat=Medium.CHAT))
        link = links.of("south")
        assert link is not None
        await until(lambda: "s.1" in link.reached, "it is reached")
        del south.addresses["n.1"]  # it answers nothing of the kind
        await until(lambda: link.reached == {"s.1"}, "only the south's is left")
        south.addresses["n.1"] = "127.0.0.1:1"
        _, other = await desk.all()
        assert (other.reached, other.sums, other.pages) == (True, sums, ("http://south",))
        assert await desk.check("south") == (NowhereExit("calls", "there is no such queue"),)
        named["web_chat"] = Elsewhere("south", Medium.EMAIL)
        assert NowhereExit("web_chat", "that queue takes chat") in await desk.check("south")
        away = True
        here, other = await desk.all()
        assert (here.pages, here.owner, other.pages, other.owner) == ((), "", (), "")
    assert nowhere
    south.tasks.cancel("shard:south")
    await asyncio.sleep(0)
    await south.tasks.aclose(2)
