"""Agents' side of chats: what they ask, what they see."""

from dataclasses import replace
from pathlib import Path

import pytest

from agents_ws import messages as m
from config.site import Site
from records.messages import Message
from router.events import WorkQueued
from router.vocabulary import Medium
from server.availability import availability
from server.chat_desk import ChatDesk, ChatScreens, line_of
from server.current import CurrentSite
from tests.chat.house import House, house, until
from tests.server.sites import ORDERS, agent, small_site

CUSTOMER = Message(1, "customer", "", "Visitor", "c1", "<b>hello</b>", 5)
AGENT = Message(2, "agent", "ann", "Ann", "a1", "Yes?", 6)


def site() -> Site:
    chats = replace(ORDERS, name="web_chat", medium=Medium.CHAT)
    agents = {name: agent(name, capacity={Medium.CHAT: 3}, total_units=3) for name in ("ann", "bob")}
    return small_site(agents, queues={"web_chat": chats, "orders": ORDERS})


def chat_desk(place: House) -> ChatDesk:
    board = place.router.dispatcher
    return ChatDesk(
        place.conductor, CurrentSite(site()), lambda agent_id, medium: availability(board, agent_id, medium)
    )


def test_screens_send_to_the_hub_and_know_who_is_there() -> None:
    sent: list[tuple[str, m.NumberedMessage]] = []

    def send(agent_id: str, message: m.NumberedMessage) -> bool:
        sent.append((agent_id, message))
        return True

    screens = ChatScreens(send, lambda agent_id: agent_id == "ann")
    assert screens.message("ann", "r1", CUSTOMER)
    assert not screens.message("bob", "r2", AGENT)
    screens.typing("ann", "r1", on=True)
    screens.receipt("ann", "r1", 3, 2)
    assert sent == [
        (
            "ann",
            m.ChatMessage(
                reservation_id="r1", number=1, author="customer", name="Visitor", text="<b>hello</b>", at_us=5
            ),
        ),
        (
            "bob",
            m.ChatMessage(
                reservation_id="r2", number=2, author="agent", name="Ann", text="Yes?", at_us=6, client_id="a1"
            ),
        ),
        ("ann", m.ChatTyping(reservation_id="r1", on=True)),
        ("ann", m.ChatReceipt(reservation_id="r1", delivered=3, read=2)),
    ]


def test_only_agents_get_their_own_send_ids_back() -> None:
    assert (line_of(CUSTOMER).client_id, line_of(AGENT).client_id) == (None, "a1")


async def test_what_agents_ask(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        desk = chat_desk(place)
        place.router.ready("ann")
        await page.open("<b>hello</b>", locale="zh-CN")
        reservation = place.router.accept()
        await page.state("talking")
        assert await desk.message("ann", reservation, "a1", "Yes?") is None
        refusal = await desk.message("bob", reservation, "a1", "Yes?")
        assert refusal is not None
        assert refusal.code == "not_connected"
        desk.typing("ann", reservation, on=True)
        desk.typing("bob", reservation, on=True)
        desk.read("bob", reservation, 1)
        desk.read("ann", reservation, 1)
        await until(lambda: (card := desk.card("chat1")) is not None and card.own_read == 2)
        card = desk.card("chat1")
        assert card is not None
        assert [(line.author, line.text) for line in card.lines] == [("customer", "<b>hello</b>"), ("agent", "Yes?")]
        assert (card.locale, card.delivered, card.read) == ("zh-CN", 1, 1)
        assert desk.card("other") is None


async def test_a_chat_is_handed_on_with_a_note(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        desk = chat_desk(place)
        place.router.ready("ann", "bob")
        await page.open()
        reservation = place.router.accept()
        giver = place.router.offers[-1].agent_id
        taker = "bob" if giver == "ann" else "ann"
        await page.state("talking")
        assert (
            await desk.transfer(giver, m.Transfer(ref="t", reservation_id=reservation, agent=taker, note=" n")) is None
        )
        await page.state("waiting")
        card = desk.card("chat1")
        assert card is not None
        assert card.handed_on is not None
        assert (card.handed_on.agent, card.handed_on.name, card.handed_on.note) == (giver, giver.title(), "n")
        assert [work.directed for work in place.router.of(WorkQueued)] == [None, taker]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"agent": "ann"}, "unknown_agent"),
        ({"agent": "nobody"}, "unknown_agent"),
        ({"agent": "bob"}, "agent_unavailable"),
        ({"queue": "orders"}, "unknown_queue"),
        ({"queue": "nowhere"}, "unknown_queue"),
        ({"number": "123"}, "unclear_target"),
        ({"agent": "bob", "queue": "web_chat"}, "unclear_target"),
        ({}, "unclear_target"),
        ({"queue": "web_chat", "warm": True}, "not_voice"),
        ({"queue": "web_chat", "note": "x" * 2001}, "too_long"),
    ],
)
async def test_to_whom_a_chat_cannot_go(tmp_path: Path, asked: dict[str, object], code: str) -> None:
    async with house(tmp_path) as place:
        desk = chat_desk(place)
        place.router.ready("ann")
        refusal = await desk.transfer("ann", m.Transfer(ref="t", reservation_id="chat1.1", **asked))  # type: ignore[arg-type]
        assert refusal is not None
        assert refusal.code == code
