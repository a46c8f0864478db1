"""Offers that are drawn while the store works on their turn, so that after its answer only the sending is left.

What was drawn is used only where drawing it anew would give the same, but for how long the customer has waited by then.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from agents_ws import messages as m
from config.site import Site
from router.commands import SendOffer
from router.rows import ReservationRow, WorkRow
from router.vocabulary import OfferState
from server.desks.cards import Cards
from server.desks.contexts import InteractionContext, InteractionContexts


class Board(Protocol):
    """The dispatcher's read views."""

    def work(self, work_id: str) -> WorkRow | None: ...

    def reservation(self, reservation_id: str) -> ReservationRow | None: ...

    def offered(self, reservation_id: str) -> bool: ...


class _Drawn(Struct, frozen=True):
    offer: m.Offer
    site: Site
    context: InteractionContext
    # What the offer shows of it.
    seen: tuple[object, ...]


class DrawnOffers:
    """`draw` for an offer that is decided, `take` once for each that was drawn, when it is committed.

    `away`: whether the item is a chat that has to be fetched before it is shown.
    """

    def __init__(
        self,
        board: Board,
        cards: Cards,
        contexts: InteractionContexts,
        now: Callable[[], int],
        away: Callable[[WorkRow], bool],
    ) -> None:
        self._board = board
        self._cards = cards
        self._contexts = contexts
        self._now = now
        self._away = away
        self._drawn: dict[str, _Drawn] = {}

    def __len__(self) -> int:
        return len(self._drawn)

    def draw(self, command: SendOffer) -> None:
        """Where all that it shows is here. A chat goes on meanwhile: it is drawn when it is shown."""
        context = self._contexts.cached(command.interaction_id)
        row, work = self._board.reservation(command.reservation_id), self._board.work(command.work_id)
        if context is None or row is None or work is None or row.state is not OfferState.OFFERED:
            return
        if self._away(work) or self._cards.chat_of(command.interaction_id) is not None:
            return
        self._cards.remember(command)
        offer = self._cards.offer(row, work, context, self._now())
        self._drawn[command.reservation_id] = _Drawn(offer, self._cards.site, context, _seen(context))

    def take(self, command: SendOffer) -> m.Offer | None:
        """As it was drawn; None where it was not, or would be another one now."""
        drawn = self._drawn.pop(command.reservation_id, None)
        if drawn is None or not self._board.offered(command.reservation_id):
            return None
        context = self._contexts.cached(command.interaction_id)
        if context is not drawn.context or _seen(context) != drawn.seen or self._cards.site is not drawn.site:
            return None
        return drawn.offer


def _seen(context: InteractionContext) -> tuple[object, ...]:
    return (
        context.caller,
        context.caller_name,
        context.verified,
        context.kind,
        context.path,
        context.data,
        context.history,
    )
