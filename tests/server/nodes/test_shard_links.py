"""Ways to nodes of other shards, over real connections."""

import asyncio
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from router.policy import Elsewhere
from router.vocabulary import Medium
from server.nodes.peer_link import PeerUnreachableError
from server.nodes.shard_links import ShardLinks, shard_of
from tests.server.nodes.test_peer_link import Site
from tests.server.sites import small_site
from tests.waiting import until


class Register:
    """The other shard's, as its nodes have written it."""

    def __init__(self, site: Site) -> None:
        self.secret, self.addresses = site.secret, site.known


def with_queues(**media: Medium) -> Any:
    site = small_site({})
    elsewhere = {name: Elsewhere("south", medium) for name, medium in media.items()}
    return replace(site, routing=replace(site.routing, elsewhere=MappingProxyType(elsewhere)))


def test_a_label_says_its_shard() -> None:
    assert (shard_of("north/a.1"), shard_of("a.1")) == ("north", "")


async def test_nodes_of_a_shard_that_may_get_work_are_reached_and_answer(caplog: pytest.LogCaptureFixture) -> None:
    south, asked = Site(), list[str]()
    gone: list[str] = []

    def register_of(shard: str) -> Any:
        asked.append(shard)
        return Register(south)

    links = ShardLinks("north/a.1", register_of, south.tasks)
    links.follow(with_queues())
    assert links.of("south") is None
    found: list[str] = []
    links.found.append(found.append)
    async with south.node("s.1") as host:
        host.left.append(gone.append)

        async def answer(node: str, body: Any) -> Any:
            return [node, body]

        host.answer["guest"] = answer
        for _ in range(2):
            links.follow(with_queues(far=Medium.VOICE))
        link = links.of("south")
        assert link is not None
        assert asked == ["south"]
        await until(lambda: link.reached == {"s.1"}, "it is reached")
        assert host.reached == frozenset(), "the other way is not needed"
        assert found == ["south"]
        assert await link.ask("s.1", "guest", 5, timeout_s=None) == ["north/a.1", 5]
        address = south.addresses.pop("s.1")
        await until(lambda: not link.reached, "who was struck off counts as gone")
        await until(lambda: gone == ["north/a.1"], "and knows whose connection it was")
        south.addresses["s.1"] = address
        await until(lambda: link.reached == {"s.1"}, "it is back")
    with pytest.raises(PeerUnreachableError):
        await link.ask("s.1", "guest")
    south.tasks.cancel("shard:south")
    await asyncio.sleep(0)
    await south.tasks.aclose(2)
