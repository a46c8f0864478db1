"""Nodes that say what they do, and one that is taken out from another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from http_api.nodes_api import NodeView
from records.accounts import Role
from records.audit import Audit
from records.database import Database, sqlite_url
from records.sessions import Caller
from server.nodes.node_desk import UNREACHABLE, NodeDesk, NodeState
from server.tasks import TaskOwner
from tests.server.two_nodes import Node, two_nodes
from tests.waiting import until

ADA = Caller("ada", Role.ADMINISTRATOR, None, 0)


class Side:
    """One node's."""

    def __init__(self, node: Node, audit: Audit, alive: set[str]) -> None:
        self.state = NodeState("up", "owner" if node.link.label == "a.1" else "follower", 2, 1, 3)
        self.alive = alive
        self.link = node.link
        self.desk = NodeDesk(node.link, self._alive, lambda: self.state, self._drain, TaskOwner(), audit, lambda: 7)

    async def _alive(self) -> set[str]:
        return set(self.alive)

    async def _drain(self) -> None:
        self.state = NodeState("draining", self.state.role, 0, 0, 0)


@asynccontextmanager
async def sides(folder: Path) -> AsyncIterator[tuple[Side, Side, Audit]]:
    database = await Database.open(sqlite_url(folder / "x.db"))
    audit, alive = Audit(database), {"a.1", "b.1"}
    async with two_nodes() as (a, b, _):
        yield Side(a, audit, alive), Side(b, audit, alive), audit
    await database.close()


def view(label: str, state: str, role: str, *, here: bool, open_: tuple[int, int, int] = (2, 1, 3)) -> NodeView:
    calls, chats, agents = open_
    return NodeView(
        node=label[0],
        label=label,
        state=state,  # type: ignore[arg-type]
        role=role,  # type: ignore[arg-type]
        here=here,
        calls=calls,
        chats=chats,
        agents=agents,
    )


async def test_each_says_what_it_does_and_who_does_not_answer_is_shown_so(tmp_path: Path) -> None:
    async with sides(tmp_path) as (a, b, _):
        first = view("a.1", "up", "owner", here=True)
        assert await a.desk.all() == (first, view("b.1", "up", "follower", here=False))
        a.alive.add("c.1")
        away = view("c.1", "unreachable", "unknown", here=False, open_=(0, 0, 0))
        assert (await b.desk.all())[2] == away
        assert await a.desk.drain(ADA, "c", "") == UNREACHABLE
        assert await a.desk.drain(ADA, "d", "") is None


async def test_a_node_is_taken_out_from_another_and_from_itself(tmp_path: Path) -> None:
    async with sides(tmp_path) as (a, b, audit):
        assert isinstance(await a.desk.drain(ADA, "b", "a new release"), NodeView)
        await until(lambda: b.state.state == "draining", "it is told")
        assert a.state.state == "up"
        assert isinstance(await a.desk.drain(ADA, "a.1", ""), NodeView)
        await until(lambda: a.state.state == "draining", "itself")
        (own, other) = await audit.page(9)
        assert (own.subject, other.subject, other.by, other.comment) == ("node:a.1", "node:b.1", "ada", "a new release")
        assert other.action == "drain"
