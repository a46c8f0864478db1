"""Agents' side of chats: what they ask, what they see."""

from pathlib import Path

from agents_ws import messages as m
from records.messages import Message
from server.chat_desk import ChatDesk, ChatScreens, line_of
from tests.chat.house import house, until

CUSTOMER = Message(1, "customer", "", "Visitor", "c1", "<b>hello</b>", 5)
AGENT = Message(2, "agent", "ann", "Ann", "a1", "Yes?", 6)


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
        desk = ChatDesk(place.conductor)
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
