"""Two nodes that speak with each other over a real connection, each with the same few rows in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import Medium, OfferState, Presence, WorkState
from server.core.shard_views import ShardViews
from server.nodes.peer_link import PeerLink
from tests.server.nodes.test_peer_link import Site, together

ANNA = AgentRow("anna", Presence.READY, None, 1, 1, connected=True, idle_since=0, node="b.1")
WORK = WorkRow("w", "i", Medium.VOICE, "orders", (), 0, 1, 1, WorkState.CONNECTED, 1, "a.1")
ROW = ReservationRow("w.1", "w", "anna", Medium.VOICE, 1, OfferState.CONNECTED, 1, None, 2, None)


class Board:
    """The rows, as the dispatcher gives them."""

    def __init__(self) -> None:
        self.agents = {"anna": ANNA}
        self.works = {"w": WORK}
        self.reservations = {"w.1": ROW}

    def agent(self, agent_id: str) -> AgentRow | None:
        return self.agents.get(agent_id)

    def work(self, work_id: str) -> WorkRow | None:
        return self.works.get(work_id)

    def reservation(self, reservation_id: str) -> ReservationRow | None:
        return self.reservations.get(reservation_id)

    def reservations_of(self, agent_id: str) -> tuple[ReservationRow, ...]:
        return tuple(row for row in self.reservations.values() if row.agent_id == agent_id)

    def place(self, work_id: str) -> int | None:
        return 1 if work_id in self.works else None

    def move(self, agent_id: str, node: str) -> None:
        self.agents[agent_id] = replace(self.agents[agent_id], node=node)


class Views(ShardViews):
    """What one node sees of them: its own calls, and who is connected here."""

    def __init__(self, label: str, board: Any) -> None:
        self.label = label
        self.dispatcher = board

    def here(self, work_id: str) -> bool:
        row = self.dispatcher.work(work_id)
        return row is not None and row.node == self.label

    def agent_here(self, agent_id: str) -> bool:
        row = self.dispatcher.agent(agent_id)
        return row is not None and row.node == self.label


class Node:
    """One of them. `head` is the shard's head, as the store has it."""

    def __init__(self, link: PeerLink, board: Board) -> None:
        self.link = link
        self.pump: Any = Views(link.label, board)


@asynccontextmanager
async def two_nodes() -> AsyncIterator[tuple[Node, Node, Board]]:
    """a.1, which has the call, and b.1, which has the agent; connected."""
    site, board = Site(), Board()
    async with site.node("a.1") as a, site.node("b.1") as b:
        await together(a, b)
        yield Node(a, board), Node(b, board), board
    await site.tasks.aclose(2)
    assert site.tasks.failures == 0
