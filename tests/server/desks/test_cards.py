"""What an agent's screen shows."""

from dataclasses import replace

import pytest
from msgspec import structs

from agents_ws import messages as m
from config.site import label
from records.interactions import InteractionRecord
from records.meetings import Earlier
from router.commands import Decision, SendOffer
from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import EndedBy, Medium, OfferState, Presence, Requirement, WorkState
from server.current import CurrentSite
from server.desks import cards as module
from server.desks.cards import Cards, choices
from server.desks.contexts import InteractionContext
from tests.server.sites import SECOND, small_site

NEEDS = (Requirement("english", 2), Requirement("orders", 4))
WORK = WorkRow("w1", "i1", Medium.VOICE, "orders", NEEDS, 0, 1 * SECOND, 1, WorkState.OFFERED, 2, "n1.1")
ROW = ReservationRow("w1.2", "w1", "anna", Medium.VOICE, 1, OfferState.OFFERED, 10 * SECOND, 30 * SECOND)
DECISION = Decision("v1", "best_proficiency", (("load", 0), ("proficiency", 5)), "ben")
OFFER = SendOffer("w1.2", "w1", "i1", "anna", "orders", Medium.VOICE, NEEDS, 1 * SECOND, 30 * SECOND, 2, DECISION)
PAST = InteractionRecord(
    id="i0", channel="line", medium="voice", entry="400", customer_id="c", queue="orders", agent_id="ben",
    opened_at=5, answered_at=None, queued_at=None, offered_at=None, connected_at=None, ended_at=None, closed_at=None,
    wait_us=None, talk_us=None, wrap_up_us=None, outcome="handled", disposition="sold", state="closed",
)  # fmt: skip


def context() -> InteractionContext:
    return InteractionContext(
        "i1", "line", "0755123", "Cai", ("orders",), {"order": "42"}, "en", (Earlier(PAST, "called twice"),)
    )


@pytest.fixture
def cards() -> Cards:
    return Cards(CurrentSite(small_site()))


def test_an_offer_shows_who_what_why_and_until_when(cards: Cards) -> None:
    cards.remember(OFFER)
    card = cards.offer(ROW, WORK, context(), 11 * SECOND)
    assert (card.reservation_id, card.interaction_id, card.queue, card.queue_title) == (
        "w1.2",
        "i1",
        "orders",
        {"en": "Orders"},
    )
    assert (card.deadline_us, card.timeout_ms, card.attempt, card.waited_ms) == (30 * SECOND, 20_000, 2, 10_000)
    assert card.caller == m.Caller(display="Cai", number="0755123", verified=False)
    assert (card.ivr_path, card.data) == (("orders",), {"order": "42"})
    assert card.why == m.Why(strategy="best_proficiency", terms={"load": 0, "proficiency": 5}, runner_up="ben")
    (past,) = card.history
    assert (past.interaction_id, past.outcome, past.disposition, past.note) == ("i0", "handled", "sold", "called twice")


def test_an_offer_says_when_the_target_is_missed(cards: Cards) -> None:
    assert cards.offer(ROW, WORK, context(), 0).due_at_us == 11 * SECOND
    scheduled = structs.replace(WORK, not_before=5 * SECOND)
    assert cards.offer(ROW, scheduled, context(), 0).due_at_us == 15 * SECOND
    assert cards.offer(ROW, structs.replace(WORK, callback=True), context(), 0).due_at_us is None


def test_the_stricter_demand_of_queue_and_caller_is_shown(cards: Cards) -> None:
    card = cards.offer(ROW, WORK, context(), 0)
    assert {need.skill: need.minimum for need in card.requirements} == {"english": 3, "orders": 4}


def test_a_card_can_be_sent(cards: Cards) -> None:
    cards.remember(OFFER)
    card = cards.offer(ROW, WORK, context(), 11 * SECOND)
    assert m.decode_server(m.encode(card)) == card


def test_after_a_restart_the_reasons_are_not_shown(cards: Cards) -> None:
    assert cards.offer(ROW, WORK, context(), 0).why is None


def test_what_is_meant_for_the_agent_by_name_says_so(cards: Cards) -> None:
    cards.remember(OFFER)
    card = cards.offer(ROW, structs.replace(WORK, directed="anna"), context(), 0)
    assert card.why == m.Why(strategy="directed", terms={})


def test_a_forgotten_offer_is_gone(cards: Cards) -> None:
    cards.remember(OFFER)
    cards.hold("w1.2", 5)
    assert len(cards) == 1
    cards.forget("w1.2")
    cards.forget("w1.2")
    assert len(cards) == 0
    assert cards.assignment(ROW, WORK, context(), 0).state == "accepted"


def test_an_assignments_states(cards: Cards) -> None:
    accepted = structs.replace(ROW, state=OfferState.ACCEPTED, deadline=None)
    connected = structs.replace(accepted, state=OfferState.CONNECTED, connected_at=12 * SECOND)
    first = cards.assignment(accepted, WORK, context(), 11 * SECOND)
    assert (first.state, first.since_us, first.connected_at_us) == ("accepted", 10 * SECOND, None)
    talking = cards.assignment(connected, WORK, context(), 20 * SECOND)
    assert (talking.state, talking.since_us, talking.waited_ms) == ("connected", 12 * SECOND, 11_000)
    cards.hold("w1.2", 15 * SECOND)
    held = cards.assignment(connected, WORK, context(), 20 * SECOND)
    assert (held.state, held.since_us) == ("held", 15 * SECOND)
    cards.hold("w1.2", None)
    cards.hold("w1.2", None)
    assert cards.assignment(connected, WORK, context(), 20 * SECOND).state == "connected"
    ended = cards.assignment(connected, WORK, context(), 21 * SECOND, state="ended", by=EndedBy.CUSTOMER)
    assert (ended.state, ended.since_us, ended.by) == ("ended", 21 * SECOND, EndedBy.CUSTOMER)


def test_wrap_up_offers_the_queues_dispositions(cards: Cards) -> None:
    ended = structs.replace(ROW, state=OfferState.WRAP_UP, deadline=90 * SECOND, extended_us=20 * SECOND)
    card = cards.wrap_up(ended, WORK)
    assert (card.reservation_id, card.interaction_id, card.extend_s) == ("w1.2", "i1", 0)
    orders = replace(cards.site.queues["orders"], wrap_up_extend_us=50 * SECOND)
    cards.current.change(replace(cards.site, queues={"orders": orders}))
    assert cards.wrap_up(ended, WORK).extend_s == 30
    assert card.dispositions == (m.Choice(id="sold", label={"en": "Sold"}),)
    assert card.deadline_us == 90 * SECOND
    assert [one.id for one in cards.dispositions("a queue that is gone")] == ["sold", "lost"]


def test_a_snapshot_shows_each_thing_at_its_place(cards: Cards) -> None:
    cards.remember(OFFER)
    rows = [
        ROW,
        structs.replace(ROW, reservation_id="w2.1", state=OfferState.ACCEPTED, deadline=None),
        structs.replace(ROW, reservation_id="w3.1", state=OfferState.CONNECTED, deadline=None, connected_at=SECOND),
        structs.replace(
            ROW, reservation_id="w4.1", state=OfferState.WRAP_UP, deadline=99 * SECOND, connected_at=SECOND
        ),
    ]
    agent = AgentRow("anna", Presence.NOT_READY, "lunch", 3 * SECOND, 1, connected=True, idle_since=0)
    shown = cards.snapshot(agent, "up", [(row, WORK, context()) for row in rows], 11 * SECOND)
    assert (shown.presence, shown.reason, shown.since_us, shown.leg) == (Presence.NOT_READY, "lunch", 3 * SECOND, "up")
    assert [one.reservation_id for one in shown.offers] == ["w1.2"]
    assert [(one.reservation_id, one.state) for one in shown.assignments] == [
        ("w2.1", "accepted"),
        ("w3.1", "connected"),
        ("w4.1", "ended"),
    ]
    assert [(one.reservation_id, one.deadline_us) for one in shown.wrap_ups] == [("w4.1", 99 * SECOND)]
    assert [one.id for one in shown.reasons] == ["lunch"]
    assert list(shown.dispositions) == ["orders"]
    assert m.decode_server(m.encode(shown)) == shown


def test_an_agent_whom_the_router_does_not_know_is_offline(cards: Cards) -> None:
    shown = cards.snapshot(None, "none", [], 5)
    assert (shown.presence, shown.reason, shown.since_us) == (Presence.OFFLINE, None, 5)


def test_labels_and_choices() -> None:
    assert label("Orders", {}) == {"en": "Orders"}
    assert label("Orders", {"en": "Orders", "zh-CN": "订单"}) == {"en": "Orders", "zh-CN": "订单"}
    assert choices(small_site().not_ready_reasons) == (m.Choice(id="lunch", label={"en": "Lunch"}),)


def test_what_the_site_says_is_shown_as_it_says_it_now(cards: Cards) -> None:
    before = cards.offer(ROW, WORK, context(), 11 * SECOND)
    assert cards.offer(ROW, WORK, context(), 11 * SECOND) == before
    site = cards.site
    queue = replace(site.queues["orders"], title="Sales", requirements=(Requirement("english", 9),), dispositions=())
    cards.current.change(replace(site, queues={**site.queues, "orders": queue}))
    after = cards.offer(ROW, WORK, context(), 11 * SECOND)
    assert (before.queue_title, after.queue_title) == ({"en": "Orders"}, {"en": "Sales"})
    assert [(need.skill, need.minimum) for need in after.requirements] == [("english", 9), ("orders", 4)]
    assert (cards.dispositions("orders"), len(before.requirements)) == ((), 2)


def test_what_items_ask_for_is_not_kept_without_end(cards: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DEMANDS", 2)
    for grade in range(1, 9):
        asked = structs.replace(WORK, requirements=(Requirement("orders", grade),))
        assert cards.offer(ROW, asked, context(), 11 * SECOND).requirements[-1].minimum == grade
    assert len(cards._of_site._demands) <= 2
