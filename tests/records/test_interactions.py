"""Questions about interactions."""

import pytest

from records.customers import Customers
from records.database import Database
from records.interactions import Before, Filter, Interactions
from records.notes import Notes
from records.projector import Projector
from router.events import InteractionClosed, WrapUpFinished
from tests.records.turns import SECOND, START, handled_call, offer, opened, queued, turn


@pytest.fixture
async def interactions(database: Database) -> Interactions:
    await Projector(database).apply(handled_call())
    return Interactions(database)


async def ids(interactions: Interactions, filter_: Filter, limit: int = 50, before: Before | None = None) -> list[str]:
    return [record.id for record in await interactions.list(filter_, limit, before)]


async def test_record(interactions: Interactions) -> None:
    record = await interactions.record("i1")
    assert record is not None
    assert (record.id, record.channel, record.medium, record.entry) == ("i1", "line-400", "voice", "400")
    assert (record.customer_id, record.outcome, record.state) == (None, "handled", "closed")
    assert await interactions.record("other") is None


async def test_an_agent_who_is_done_has_not_ended_it_for_the_customer(database: Database) -> None:
    *turns, last = handled_call()
    assert isinstance(last.event, WrapUpFinished)
    before = [one for one in turns if not isinstance(one.event, InteractionClosed)]
    await Projector(database).apply([*before, last])
    interactions = Interactions(database)
    assert await interactions.customer_over("i1") is False
    record = await interactions.record("i1")
    assert record is not None
    assert (record.state, record.outcome) == ("open", "handled")
    assert await interactions.customer_over("other") is None


async def test_story_keeps_order_and_details(interactions: Interactions) -> None:
    story = await interactions.story("i1")
    assert [(step.sequence, step.index) for step in story] == sorted((step.sequence, step.index) for step in story)
    assert story[4].kind == "queued"
    assert story[4].detail["requirements"] == [{"skill": "english", "minimum": 5}]
    assert await interactions.story("other") == ()


async def test_view_has_everything(interactions: Interactions, database: Database) -> None:
    customer = await Customers(database).identify("phone", "+3225550100", verified=False, now=START)
    await Customers(database).attach("i1", customer, {"order": "A-17"}, START)
    await Notes(database).add("i1", "cai", "wants it on Friday", START + 95 * SECOND)
    view = await interactions.view("i1")
    assert view is not None
    assert view.record.customer_id == customer
    assert view.data == {"order": "A-17"}
    assert [note.text for note in view.notes] == ["wants it on Friday"]
    assert [(identity.value, identity.unverified) for identity in view.identities] == [("+3225550100", True)]
    assert len(view.story) == 16
    assert await interactions.view("other") is None


async def test_offered_to_is_what_an_agent_may_see(interactions: Interactions) -> None:
    found = [await interactions.offered_to("i1", agent) for agent in ("anna", "ben", "cai", "dora")]
    assert found == [True, True, True, False]


async def test_filters(interactions: Interactions, database: Database) -> None:
    later = [
        turn(15, 200, opened("i5")),
        turn(16, 201, queued("w5", "i5"), offer("r5", "dora", 1, work="w5", interaction="i5")),
    ]
    await Projector(database).apply(later)
    assert await ids(interactions, Filter()) == ["i5", "i1"]
    assert await ids(interactions, Filter(agent_id="cai")) == ["i1"]
    assert await ids(interactions, Filter(queue="orders")) == ["i5", "i1"]
    assert await ids(interactions, Filter(queue="none")) == []
    assert await ids(interactions, Filter(state="offered")) == ["i5"]
    assert await ids(interactions, Filter(seen_by="dora")) == ["i5"]
    assert await ids(interactions, Filter(seen_by="anna", queue="orders")) == ["i1"]


async def test_pages_lose_and_repeat_nothing_even_at_equal_times(database: Database) -> None:
    same = [turn(number, 5, opened(f"i{number:02}")) for number in range(1, 8)]
    await Projector(database).apply([*same, turn(8, 9, opened("last"))])
    interactions = Interactions(database)
    found: list[str] = []
    before = None
    while page := await interactions.list(Filter(), 3, before):
        found += [record.id for record in page]
        before = Before(page[-1].opened_at, page[-1].id)
    assert found == ["last", *(f"i{number:02}" for number in range(7, 0, -1))]


async def test_before_a_bare_time(interactions: Interactions) -> None:
    opened_at = START + SECOND
    assert await ids(interactions, Filter(), before=Before(opened_at)) == []
    assert await ids(interactions, Filter(), before=Before(opened_at + 1)) == ["i1"]


async def test_history_is_the_customers_own(interactions: Interactions, database: Database) -> None:
    customers = Customers(database)
    mine = await customers.identify("phone", "+3225550100", verified=True, now=START)
    other = await customers.identify("phone", "+3225550101", verified=True, now=START)
    await Projector(database).apply([turn(15, 200, opened("i5")), turn(16, 300, opened("i6"))])
    for interaction, customer in (("i1", mine), ("i5", mine), ("i6", other)):
        await customers.attach(interaction, customer, {}, START)
    assert [record.id for record in await interactions.history(mine)] == ["i5", "i1"]
    assert [record.id for record in await interactions.history(mine, limit=1)] == ["i5"]


@pytest.mark.parametrize("limit", [-1, 0, 1])
async def test_a_limit_is_at_least_one(interactions: Interactions, limit: int) -> None:
    assert len(await interactions.list(Filter(), limit)) == 1
