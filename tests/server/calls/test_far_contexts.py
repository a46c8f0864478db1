"""Who a customer on another node is."""

from pathlib import Path

from records.customers import Customers
from records.database import Database, sqlite_url
from records.interactions import Interactions
from records.meetings import Meetings
from server.calls.far_contexts import FarContexts
from server.desks.contexts import InteractionContexts
from server.tasks import TaskOwner
from tests.server.two_nodes import Node, two_nodes


def contexts(node: Node, database: Database) -> InteractionContexts:
    made = InteractionContexts(Customers(database), Interactions(database), Meetings(database), TaskOwner(), lambda: 1)
    FarContexts(node.link, node.pump, made)
    return made


async def test_a_customer_is_known_where_the_agent_is_before_sql_knows_them(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "x.db"))
    async with two_nodes() as (a, b, board):
        there, here = contexts(a, database), contexts(b, database)
        there.opened("i", "line", "0755100200", "Cai")
        there.collected("i", {"order": "A-7"}, ("orders",), "zh-CN")
        found = await here.get("i", "w")
        assert (found.number, found.caller_name, found.channel) == ("0755100200", "Cai", "line")
        assert (found.path, found.data, found.language) == (("orders",), {"order": "A-7"}, "zh-CN")
        assert here.cached("i") is found
        assert await here.who("i", "w") == ("0755100200", "Cai")
        assert (await there.get("i", "w")).data == {"order": "A-7"}, "its own"
        del board.works["w"]
        assert (await here.get("another", "w")).number == ""
        b.link.forget("a.1")
        assert (await here.get("third", "w")).number == ""
        await there._tasks.aclose()
        await here._tasks.aclose()
    await database.close()
