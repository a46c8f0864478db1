"""Chats over two nodes: agents and supervisors on one, the visitor on the other, chats that move, and nodes that go."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agents_ws import messages as m
from chat import messages as c
from chat.ports import ChatRefusedError
from records.messages import Message
from router.events import HandoffAsked, NodeLost, WorkQueued, WorkTakenUp
from router.vocabulary import Medium
from server.chats import chat_acts as a
from tests.chat.pages import Page
from tests.chat.test_visits import CHAT
from tests.records.test_messages import said
from tests.server.chat_nodes import Two, one_node, two_nodes
from tests.waiting import until


async def served(two: Two, page: Page) -> str:
    """The page's chat is at node one, its agent's page at node two; the reservation."""
    two.router.ready("ann", node="n2.1")
    await page.open("Where is my parcel?")
    reservation = two.router.accept()
    await page.state("talking")
    work = two.router.dispatcher.work("chat1")
    assert work is not None
    await two.two.cards.fetch(work)
    return reservation


async def test_an_agent_of_another_node_serves_the_visitor(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        reservation = await served(two, page)
        desk = two.two.desk
        assert (card := desk.card("chat1")) is not None
        assert [line.text for line in card.lines] == ["Where is my parcel?"]
        assert await desk.message("ann", reservation, "a1", "On its way") is None
        assert await desk.message("ann", reservation, "a1", "On its way") is None
        assert [line.text for line in await page.lines(2)] == ["Where is my parcel?", "On its way"]
        await page.say(c.Typing(on=True))
        await page.speak("v1", "Thank you")
        await until(lambda: len(two.two.of(m.ChatMessage)) == 2)
        assert [(one.number, one.text) for one in two.two.of(m.ChatMessage)] == [(2, "On its way"), (3, "Thank you")]
        assert two.two.of(m.ChatTyping)[0].on
        assert two.one.sent == []
        desk.typing("ann", reservation, on=True)
        await page.until(c.StatusShown, lambda shown: shown.status.typing)
        desk.read("ann", reservation, 3)
        await page.until(c.StatusShown, lambda shown: shown.status.read == 3)
        await page.say(c.Receipt(delivered=3, read=3))
        await until(lambda: two.two.of(m.ChatReceipt)[-1].read == 3)
        assert (card := desk.card("chat1")) is not None
        assert [line.number for line in card.lines] == [1, 2, 3], "also what came since the page was drawn"


async def test_a_home_that_is_not_reached_is_said_and_the_page_is_drawn_again_when_it_is(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        reservation = await served(two, page)
        two.cut.add("n1.1")
        refusal = await two.two.desk.message("ann", reservation, "a1", "Hello?")
        assert refusal is not None
        assert refusal.code == "unavailable"
        await page.speak("v1", "Are you there?")
        await page.lines(2)
        assert two.two.of(m.ChatMessage) == []
        two.cut.clear()
        for found in two.one.wires.found:
            found("n2.1")
        assert two.two.redrawn == ["chat1"]
        work = two.router.dispatcher.work("chat1")
        assert work is not None
        await two.two.desk.fetch(work)
        assert (card := two.two.desk.card("chat1")) is not None
        assert [line.text for line in card.lines] == ["Where is my parcel?", "Are you there?"]


async def test_what_was_shown_at_a_node_of_their_phone_is_shown_again_where_the_page_is(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        two.router.ready("ann", node="n1.1")
        await page.open("Where is my parcel?")
        two.router.accept()
        await page.state("talking")
        two.cut.add("n2.1")  # it has just started, and is not reached yet
        two.router.ready("ann", node="n2.1")
        shown = len(two.one.of(m.ChatMessage))
        await page.speak("v1", "Are you there?")
        await page.lines(2)
        assert len(two.one.of(m.ChatMessage)) == shown
        assert two.one.redrawn == []
        two.router.ready("ann", node="n1.1")
        assert two.one.redrawn == ["chat1"]
        two.router.ready("ann", node="n1.1")
        assert two.one.redrawn == ["chat1"], "once"


async def test_a_chat_is_parked_and_handed_on_from_another_node(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        reservation = await served(two, page)
        two.router.ready("bob")
        refusal = await two.two.desk.park("ann", reservation, 0, None)
        assert refusal is not None
        assert refusal.code == "customer_wrote"
        asked = m.Transfer(ref="t", reservation_id=reservation, agent="bob", note="she is in a hurry")
        assert await two.two.desk.transfer("ann", asked) is None
        await page.state("waiting")
        assert (card := two.one.desk.card("chat1")) is not None
        assert card.handed_on is not None
        assert card.handed_on.note == "she is in a hurry"
        again = two.router.accept()
        await page.state("talking")
        assert await two.one.desk.park("bob", again, 1, None) is None
        assert page.status is not None
        await page.until(c.StatusShown, lambda shown: shown.status.parked)


async def test_the_visitor_brings_the_chat_along_with_whoever_listens(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        reservation = await served(two, page)
        await two.two.homes.by_interaction(a.Listen(agent_id="bob", interaction_id="chat1", mode="whisper"), str)
        async with two.two.place.page() as there:
            await there.say(c.Resume(token=page.token, after=0))
            assert (await there.until(c.Welcome)).status.state == "talking"
            assert (await page.until(c.Bye)).code == "replaced"
            assert two.router.of(WorkTakenUp) == [WorkTakenUp("chat1", "n2.1", "n1.1")]
            assert [one.agent_id for one in two.two.listening.of("chat1")] == ["bob"]
            assert two.one.listening.of("chat1") == ()
            said = a.SayAsListener(agent_id="bob", interaction_id="chat1", client_id="s1", text="Offer a refund")
            await two.one.homes.by_interaction(said, type(None))
            await until(lambda: bool(two.two.of(m.ChatWhispered)))
            assert await two.two.desk.message("ann", reservation, "a1", "Here, too") is None
            assert [line.text for line in await there.lines(2)] == ["Where is my parcel?", "Here, too"]
        for node in (two.one, two.two):
            ((name, live),) = node.live.things()
            assert (name, live.agent, node.live.thing("chat1")) == ("chat1", "ann", live)


async def test_a_node_that_is_not_reached_keeps_its_chats_until_it_is_lost(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two:
        async with two.one.place.page() as page:
            reservation = await served(two, page)
            two.cut.add("n1.1")
            async with two.two.place.page() as there:
                await there.say(c.Resume(token=page.token, after=0))
                assert (await there.until(c.Bye)).code == "moving"
        looking = asyncio.create_task(two.two.homes.look_after(two.two.place.conductor))
        await two.one.place.stop()
        two.labels.remove("n1.1")
        two.router.tell(NodeLost("n1.1"), "test")
        await until(lambda: two.two.place.conductor.chat("chat1") is not None)
        assert two.router.of(WorkTakenUp) == [WorkTakenUp("chat1", "n2.1", "n1.1")]
        assert await two.two.desk.message("ann", reservation, "a1", "I am still here") is None
        async with two.two.place.page() as there:
            await there.say(c.Resume(token=page.token, after=0))
            assert [line.text for line in await there.lines(2)] == ["Where is my parcel?", "I am still here"]
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def test_a_node_that_left_in_order_is_missing_twice_before_its_chats_are_taken_up(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two:
        async with two.one.place.page() as page:
            await served(two, page)
        homes, conductor = two.two.homes, two.two.place.conductor
        await homes._take_up_homeless(conductor)
        await two.one.place.stop()
        two.labels.remove("n1.1")
        await homes._take_up_homeless(conductor)
        assert conductor.chat("chat1") is None, "what it said last may be on its way"
        await homes._take_up_homeless(conductor)
        assert conductor.chat("chat1") is not None


async def test_what_is_over_or_not_theirs_is_refused(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        reservation = await served(two, page)
        homes = two.two.homes
        for agent, held, code in (("bob", reservation, "not_connected"), ("ann", "other", "not_connected")):
            with pytest.raises(ChatRefusedError) as refused:
                await homes.by_reservation(a.Say(agent_id=agent, reservation_id=held, client_id="x", text="x"), Message)
            assert refused.value.code == code
        await page.say(c.End())
        await page.state("ended")
        with pytest.raises(ChatRefusedError) as refused:
            await homes.by_interaction(a.TakeOver(agent_id="bob", interaction_id="chat1"), type(None))
        assert refused.value.code == "chat_over"
        assert await homes.fetch("chat1") is None


async def test_a_guest_whose_host_died_before_it_came_is_taken_up(tmp_path: Path) -> None:
    async with one_node(tmp_path) as node:
        store, router = node.place.store, node.place.router
        await store.take_over(replace(CHAT, interaction_id="i", queue="web_chat"), [said(1, "Hello?")])
        await store.end("i", "system", 1)  # a start of the whole shard took it for one that is over
        work = WorkQueued("i", "i", Medium.CHAT, "web_chat", node="dead.1")
        router.tell(HandoffAsked("north", 1, 0, work), "test")
        for _ in range(2):
            await node.homes._take_up_homeless(node.place.conductor)
        chat = node.place.conductor.chat("i")
        assert chat is not None
        assert not chat.over
        assert [line.text for line in chat.tail] == ["Hello?"]
