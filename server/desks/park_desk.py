"""What agents have parked, on their pages: a list that follows every turn of the router."""

from collections.abc import Callable
from typing import Protocol

from agents_ws import messages as m
from agents_ws.ports import Refusal
from router.commands import ParkWork
from router.rows import Turn, WorkRow
from server.chats.chat_cards import ChatCards

SHOWN_CHARS = 120


class ParkBoard(Protocol):
    """The dispatcher's read views."""

    def parked(self, agent_id: str) -> tuple[WorkRow, ...]: ...


class ParkDesk:
    """One for the node. `send` is the hub's, `recall` tells the router that a work item is wanted back."""

    def __init__(
        self,
        board: ParkBoard,
        cards: ChatCards,
        send: Callable[[str, m.NumberedMessage], object],
        recall: Callable[[str], object],
    ) -> None:
        self._board = board
        self._cards = cards
        self._send = send
        self._recall = recall
        self._whose: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._whose)

    def of(self, agent_id: str) -> tuple[m.ParkedChat, ...]:
        """What this agent has parked, oldest first."""
        return tuple(self._shown(row) for row in self._board.parked(agent_id))

    async def fetched(self, agent_id: str) -> tuple[m.ParkedChat, ...]:
        """The same, with what other nodes know of them."""
        for row in self._board.parked(agent_id):
            await self._cards.fetch(row)
        return self.of(agent_id)

    def take_back(self, agent_id: str, interaction_id: str) -> Refusal | None:
        """The agent wants it back."""
        for row in self._board.parked(agent_id):
            if row.interaction_id == interaction_id:
                self._recall(row.work_id)
                return None
        return Refusal("not_parked", f"chat {interaction_id} is not parked by you")

    def show(self, turn: Turn) -> None:
        """Takes parked chats from their agents' hands, and tells whose list the turn changed."""
        for command in turn.commands:
            if isinstance(command, ParkWork):
                parked = m.ChatParked(reservation_id=command.reservation_id, interaction_id=command.interaction_id)
                self._send(command.agent_id, parked)
        for agent_id in self._changed(turn):
            self._send(agent_id, m.Parked(chats=self.of(agent_id)))

    def _changed(self, turn: Turn) -> list[str]:
        agents: dict[str, None] = {}
        for row in turn.changes.work:
            parked = row.parked_by if row.not_before is not None else None
            before = self._whose.pop(row.work_id, None)
            if parked is not None:
                self._whose[row.work_id] = parked
            if parked != before:
                agents.update((name, None) for name in (before, parked) if name is not None)
        for work_id in turn.changes.work_closed:
            before = self._whose.pop(work_id, None)
            if before is not None:
                agents[before] = None
        return list(agents)

    def restore(self, rows: tuple[WorkRow, ...]) -> None:
        """What was parked before this start."""
        self._whose = {row.work_id: row.parked_by for row in rows if row.parked_by and row.not_before is not None}

    def _shown(self, row: WorkRow) -> m.ParkedChat:
        chat = self._cards.of(row.interaction_id)
        last = chat.card.lines[-1].text if chat is not None and chat.card.lines else ""
        return m.ParkedChat(
            interaction_id=row.interaction_id,
            queue=row.queue,
            name=chat.name if chat is not None else "",
            since_us=row.parked_at,
            until_us=row.not_before or 0,
            last=last[:SHOWN_CHARS],
        )
