"""Alerts at a node that does not own the shard: acknowledged at the owner, known at all."""

import pytest

from http_api.alerts_api import OwnerAwayError
from records.database import Database
from router.alerts import Alerts
from server.floor.alert_nodes import AlertNodes
from server.floor.alerts import AlertDesk
from store.lease import ShardHead
from tests.server.chat_nodes import Wires
from tests.server.floor_rig import Floor, open_floor


class Pair:
    """`floor.desk` is the owner's, `there` a follower's on the same database."""

    def __init__(self, floor: Floor) -> None:
        self.floor, self.cut = floor, set[str]()
        site: dict[str, Wires] = {}
        self.there: AlertDesk = floor.make_desk()
        self.there.owning = lambda: False
        for label, desk in (("a.1", floor.desk), ("b.1", self.there)):
            AlertNodes(Wires(label, site, self.cut), self.head, desk)

    async def head(self) -> ShardHead:
        return ShardHead("a.1", 1, 1000, 0, 0, 0, True)


@pytest.fixture
async def pair(database: Database) -> Pair:
    return Pair(await open_floor(database))


async def test_what_is_acknowledged_at_a_follower_is_so_at_the_owner_and_once(pair: Pair) -> None:
    pair.floor.arrive()
    await pair.floor.look(11)
    await pair.there.look()
    (alert,) = pair.there.overviews()
    done = await pair.there.acknowledge(alert.id, "sam")
    assert done.acknowledged_by == "sam"
    (own,), (seen,) = pair.floor.desk.overviews(), pair.there.overviews()
    assert own == seen
    assert own.acknowledged_by == "sam"
    with pytest.raises(ValueError, match="already"):
        await pair.there.acknowledge(alert.id, "sue")
    with pytest.raises(KeyError):
        await pair.there.acknowledge(alert.id + 1, "sue")


async def test_an_owner_that_is_not_reached_or_none_any_more_is_said(pair: Pair) -> None:
    pair.floor.arrive()
    await pair.floor.look(11)
    await pair.there.look()
    (alert,) = pair.there.overviews()
    pair.cut.add("a.1")
    with pytest.raises(OwnerAwayError):
        await pair.there.acknowledge(alert.id, "sam")
    pair.cut.clear()
    pair.floor.desk.owning = lambda: False
    with pytest.raises(OwnerAwayError):
        await pair.there.acknowledge(alert.id, "sam")
    assert Alerts(*await pair.floor.store.load()).open[alert.id].acknowledged_by is None
