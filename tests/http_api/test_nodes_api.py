"""The list of nodes, and taking one out: what is answered, and to whom."""

from http_api.nodes_api import NodesApi, NodeView
from http_api.supervision_api import Refused
from records.sessions import Caller
from tests.http_api.conftest import MakeSite

ONE = NodeView(node="a", label="a.1", state="up", role="owner", here=True, calls=2, chats=1, agents=3)
ROW = {"node": "a", "label": "a.1", "state": "up", "role": "owner", "here": True, "calls": 2, "chats": 1, "agents": 3}


class Nodes:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.answer: NodeView | Refused | None = ONE

    async def all(self) -> tuple[NodeView, ...]:
        return (ONE,)

    async def drain(self, caller: Caller, node: str, comment: str) -> NodeView | Refused | None:
        self.asked.append((caller.account, node, comment))
        return self.answer


async def test_the_list_and_the_way_out(make_site: MakeSite) -> None:
    nodes = Nodes()
    site = await make_site(NodesApi(nodes).routes())
    assert await site.send("sam", "GET", "/api/v1/nodes") == (200, {"nodes": [ROW]})
    assert (await site.send("sam", "POST", "/api/v1/nodes/a/drain", {}))[0] == 403
    assert await site.send("ada", "POST", "/api/v1/nodes/a/drain", {"comment": "a new release"}) == (200, ROW)
    assert nodes.asked == [("ada", "a", "a new release")]
    nodes.answer = Refused("node_unreachable", "it does not answer")
    status, wrong = await site.send("ada", "POST", "/api/v1/nodes/a/drain", {})
    assert (status, wrong["type"]) == (409, "urn:jackfield:problem:node-unreachable")
    nodes.answer = None
    assert (await site.send("ada", "POST", "/api/v1/nodes/b/drain", {}))[0] == 404
