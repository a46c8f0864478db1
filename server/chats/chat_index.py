"""Which work items a chat has, as committed turns tell: the router finds an item by its own name alone.

A program's item of medium chat is no chat of the server's: it has no node, and there is nothing to read.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from chat.ports import Held, Terms
from router.rows import ReservationRow, Turn, WorkRow
from router.vocabulary import Medium, OfferState, WorkState

_TAKEN = (OfferState.ACCEPTED, OfferState.CONNECTED)


class Board(Protocol):
    """The dispatcher's read views."""

    def works(self) -> Iterable[WorkRow]: ...

    def work(self, work_id: str) -> WorkRow | None: ...

    def holders(self, work_id: str) -> Iterable[ReservationRow]: ...


class ChatIndex:
    """One for the node. `begin` with what is open, `observe` from then on."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._items: dict[str, dict[str, None]] = {}
        self._chat_of: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._chat_of)

    def begin(self) -> None:
        """All that is open now."""
        for row in self._board.works():
            self._note(row)

    def observe(self, turn: Turn) -> None:
        """A committed turn."""
        for row in turn.changes.work:
            self._note(row)
        for work_id in turn.changes.work_closed:
            chat = self._chat_of.pop(work_id, None)
            if chat is not None:
                self._items[chat].pop(work_id, None)
                if not self._items[chat]:
                    del self._items[chat]

    def knows(self, work_id: str) -> bool:
        """Whether that item is an open one of a chat."""
        return work_id in self._chat_of

    def rows(self) -> Iterator[WorkRow]:
        """The items by which open chats go on."""
        for interaction_id in list(self._items):
            if rows := self._open(interaction_id):
                yield rows[-1]

    def held(self, interaction_id: str) -> Held | None:
        """How the router has the chat open, None when it has not: in wrap-up it is over for the customer.

        The newest item is the one by which it goes on: it was just being handed on when there are others.
        """
        rows = self._open(interaction_id)
        if not rows:
            return None
        *others, row = rows
        taken = next((one for one in self._board.holders(row.work_id) if one.state in _TAKEN), None)
        return Held(
            talking=taken is not None,
            parked=row.parked_by is not None and row.not_before is not None,
            reservation_id=taken.reservation_id if taken else "",
            agent_id=taken.agent_id if taken else "",
            work_id=row.work_id,
            queue=row.queue,
            directed=row.directed or "",
            terms=Terms(row.requirements, row.priority, row.attributes, row.node, row.origin),
            handoff=row.handoff,
            left=tuple(one.reservation_id for other in others for one in self._board.holders(other.work_id)),
        )

    def _open(self, interaction_id: str) -> list[WorkRow]:
        found = [self._board.work(work_id) for work_id in self._items.get(interaction_id, ())]
        rows = [row for row in found if row is not None and row.state not in (WorkState.WRAP_UP, WorkState.CLOSED)]
        return sorted(rows, key=lambda row: row.sequence)

    def _note(self, row: WorkRow) -> None:
        if row.medium is Medium.CHAT and row.node:
            self._items.setdefault(row.interaction_id, {})[row.work_id] = None
            self._chat_of[row.work_id] = row.interaction_id
