"""A chat of another node on a page of this one: what was fetched and what was shown meanwhile, put together."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from agents_ws import messages as m
from chat import messages as c
from router.events import WorkTakenUp
from server.chats.chat_acts import ForPage
from tests.server.chat_nodes import two_nodes
from tests.waiting import until


def said(number: int, reservation: str = "chat1.1") -> ForPage:
    message = m.ChatMessage(
        reservation_id=reservation, number=number, author="customer", name="V", text=str(number), at_us=1
    )
    return ForPage(agent_id="ann", interaction_id="chat1", message=message)


async def test_what_came_before_the_card_and_after_it_is_on_it_once(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        two.router.ready("ann", node="n2.1")
        await page.open("first")
        two.router.accept()
        await page.state("talking")
        cards = two.two.cards
        work = two.router.dispatcher.work("chat1")
        assert work is not None
        assert cards.missing(work)
        assert not two.one.cards.missing(work)
        program = replace(work, node="")
        assert not any(node.cards.missing(program) for node in (two.one, two.two)), "there is nothing to read of it"
        cards.show(said(2))  # before the card came
        await cards.fetch(work)
        cards.show(said(3))
        cards.show(said(3))
        shown = cards.of("chat1")
        assert shown is not None
        assert ([line.text for line in shown.card.lines], shown.name) == (["first", "2", "3"], "Visitor")
        two.cut.add("n1.1")
        await cards.fetch(work)
        assert cards.of("chat1") == shown, "its home is not reached: as it is known"
        two.cut.clear()
        cards.forget("chat1")
        await page.say(c.End())
        await page.state("ended")
        await until(lambda: two.two.homes.index.held("chat1") is None)
        cards.show(said(4))
        assert len(cards) == 0


async def test_a_page_that_was_drawn_without_its_chat_is_drawn_again_as_soon_as_the_home_answers(
    tmp_path: Path,
) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        two.router.ready("ann", node="n2.1")
        await page.open("first")
        two.router.accept()
        await page.state("talking")
        work = two.router.dispatcher.work("chat1")
        assert work is not None
        two.cut.add("n1.1")  # as a home that is stopped for a moment: no connection breaks
        await two.two.cards.fetch(work)
        shown = two.two.cards.of("chat1")
        assert shown is not None, "it is a chat, whoever cannot be asked what was said in it"
        assert shown.card.lines == ()
        two.cut.clear()
        await until(lambda: two.two.redrawn == ["chat1"])
        shown = two.two.cards.of("chat1")
        assert shown is not None
        assert [line.text for line in shown.card.lines] == ["first"]


async def test_a_chat_that_has_just_come_here_is_shown_once_it_is_at_hand(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        two.router.ready("ann", node="n2.1")
        await page.open("first")
        two.router.accept()
        await page.state("talking")
        two.router.tell(WorkTakenUp("chat1", "n2.1", "n1.1"), "test")  # committed; SQL has not been read yet
        work = two.router.dispatcher.work("chat1")
        assert work is not None
        assert two.two.cards.missing(work)
        drawn = asyncio.create_task(two.two.cards.fetch(work))
        await asyncio.sleep(0)
        chat = await two.two.place.store.get("chat1")
        assert chat is not None
        await two.two.place.conductor.taking_up.take_up(chat)
        await drawn
        assert not two.two.cards.missing(work)
        shown = two.two.cards.of("chat1")
        assert shown is not None
        assert [line.text for line in shown.card.lines] == ["first"]
