"""The view of all shards: what is answered, and to whom."""

from http_api.shards_api import NowhereExit, ShardQueue, ShardsApi, ShardSums, ShardView
from tests.http_api.conftest import MakeSite

QUEUE = ShardQueue(queue="far", medium="chat", title="Far", waiting=2, oldest_queued_at=5, closed=False)
SOUTH = ShardView(
    shard="south",
    here=False,
    reached=True,
    pages=("http://b",),
    sums=ShardSums(waiting=2, oldest_queued_at=5, signed_in=3, ready=1, queues=(QUEUE,)),
    nowhere=(NowhereExit("farther", "there is no such queue"),),
)


class Shards:
    async def all(self) -> tuple[ShardView, ...]:
        return (SOUTH,)


async def test_supervisors_see_all_shards(make_site: MakeSite) -> None:
    site = await make_site(ShardsApi(Shards()).routes())
    status, seen = await site.send("sam", "GET", "/api/v1/shards")
    (south,) = seen["shards"]
    assert (status, south["shard"], south["pages"], south["sums"]["ready"]) == (200, "south", ["http://b"], 1)
    assert south["sums"]["queues"][0]["waiting"] == 2
    assert south["nowhere"] == [{"queue": "farther", "reason": "there is no such queue"}]
    assert (await site.send("crm", "GET", "/api/v1/shards"))[0] == 403
