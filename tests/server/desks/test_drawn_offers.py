"""Offers drawn ahead are shown as they would be drawn later, or not at all."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from msgspec.structs import replace

from agents_ws import messages as m
from router.rows import ReservationRow, WorkRow
from router.vocabulary import Medium, OfferState
from server.current import CurrentSite
from server.desks.cards import Cards
from server.desks.contexts import InteractionContext, InteractionContexts
from server.desks.drawn_offers import DrawnOffers
from tests.server.desks.test_cards import OFFER, ROW, WORK, context
from tests.server.sites import SECOND, small_site


class Board:
    def __init__(self) -> None:
        self.row: ReservationRow | None = ROW
        self.item: WorkRow | None = WORK

    def work(self, _work_id: str) -> WorkRow | None:
        return self.item

    def reservation(self, _reservation_id: str) -> ReservationRow | None:
        return self.row

    def offered(self, _reservation_id: str) -> bool:
        return self.row is not None and self.row.state is OfferState.OFFERED


class Known:
    def __init__(self) -> None:
        self.context: InteractionContext | None = context()

    def cached(self, _interaction_id: str) -> InteractionContext | None:
        return self.context


class Rig:
    def __init__(self) -> None:
        self.board, self.known = Board(), Known()
        self.cards = Cards(CurrentSite(small_site()))
        self.away = False
        contexts = cast("InteractionContexts", self.known)
        self.offers = DrawnOffers(self.board, self.cards, contexts, lambda: 11 * SECOND, lambda _work: self.away)

    def later(self) -> m.Offer:
        assert self.board.row is not None
        assert self.board.item is not None
        assert self.known.context is not None
        return self.cards.offer(self.board.row, self.board.item, self.known.context, 11 * SECOND)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_it_is_what_would_be_drawn_later_and_taken_once(rig: Rig) -> None:
    rig.offers.draw(OFFER)
    assert rig.offers.take(OFFER) == rig.later()
    assert rig.later().why is not None, "remembered for whoever draws it again"
    assert rig.offers.take(OFFER) is None
    assert len(rig.offers) == 0


def change(**changes: Any) -> Callable[[Rig], None]:
    def apply(rig: Rig) -> None:
        for name, value in changes.items():
            setattr(rig.known.context, name, value)

    return apply


def taken(rig: Rig) -> None:
    rig.board.row = replace(ROW, state=OfferState.ACCEPTED)


def gone(rig: Rig) -> None:
    rig.board.row = None


def forgotten(rig: Rig) -> None:
    rig.known.context = None


def read_anew(rig: Rig) -> None:
    rig.known.context = context()


def other_site(rig: Rig) -> None:
    rig.cards.current = CurrentSite(small_site())


@pytest.mark.parametrize(
    "meanwhile",
    [
        taken, gone, forgotten, read_anew, other_site,
        change(data={"order": "43"}), change(path=("sales",)), change(caller_name="Mei"), change(caller="0755456"),
        change(verified=True), change(history=()), change(kind="visitor"),
    ],
)  # fmt: skip
def test_what_has_changed_meanwhile_is_drawn_anew(rig: Rig, meanwhile: Callable[[Rig], None]) -> None:
    rig.offers.draw(OFFER)
    meanwhile(rig)
    assert rig.offers.take(OFFER) is None
    assert len(rig.offers) == 0


def a_chat(rig: Rig) -> None:
    rig.board.item = replace(WORK, medium=Medium.CHAT)
    rig.cards.chat_of = lambda _interaction: m.ChatCard()


def far(rig: Rig) -> None:
    rig.away = True


@pytest.mark.parametrize("before", [taken, gone, forgotten, a_chat, far])
def test_what_is_not_all_here_or_goes_on_is_not_drawn_ahead(rig: Rig, before: Callable[[Rig], None]) -> None:
    before(rig)
    rig.offers.draw(OFFER)
    assert len(rig.offers) == 0
    assert rig.offers.take(OFFER) is None
