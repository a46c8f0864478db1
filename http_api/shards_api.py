"""The shards of the site in one view: sums and queues of each, where its pages are, and exits that lead nowhere."""

from typing import Protocol

import msgspec
from aiohttp import web

from http_api.routes import Route, look, reply
from records.roles import Action


class ShardQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue now. `oldest_queued_at` in microseconds since the epoch, null when nobody waits."""

    queue: str
    medium: str
    title: str
    waiting: int
    oldest_queued_at: int | None
    closed: bool


class ShardSums(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard says of itself. `signed_in` and `ready` count agents; `trouble`: why routing pauses, "" if not."""

    waiting: int = 0
    oldest_queued_at: int | None = None
    signed_in: int = 0
    ready: int = 0
    trouble: str = ""
    queues: tuple[ShardQueue, ...] = ()


class NowhereExit(msgspec.Struct, frozen=True):
    """A queue of `elsewhere` in routing.toml to which nothing can go: the shard has none of that name and medium."""

    queue: str
    reason: str


class ShardView(msgspec.Struct, frozen=True, kw_only=True):
    """A shard as this one sees it. `here`: it answers this request; `pages`: where its nodes' pages are.

    `reached` is false where none of its nodes answers; its sums are 0 then. `nowhere` are exits of this shard. `owner`
    is the node that decides there, by its label, and "" where no node has the lease, or the store is away; `epoch`
    goes up with each new owner.
    """

    shard: str
    here: bool
    reached: bool
    pages: tuple[str, ...]
    sums: ShardSums
    owner: str = ""
    epoch: int = 0
    nowhere: tuple[NowhereExit, ...] = ()


class ShardList(msgspec.Struct, frozen=True):
    """This one first, then those that its routing.toml names, by name."""

    shards: tuple[ShardView, ...]


class Shards(Protocol):
    """Who knows them (server.nodes.shard_desk)."""

    async def all(self) -> tuple[ShardView, ...]: ...


class ShardsApi:
    """GET /api/v1/shards."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        summary = "This shard and those into which its work may overflow: what waits, who is ready, where the pages are"
        return (look("/api/v1/shards", self.all, "listShards", summary, Action.SEE_NODES, ShardList),)

    async def all(self, _request: web.Request) -> web.Response:
        """As they say themselves."""
        return reply(ShardList(await self._shards.all()))
