"""What agents see of chats."""

from agents_ws import messages as m
from records.messages import Message
from server.chats.chat_screens import ChatScreens, line_of

CUSTOMER = Message(1, "customer", "", "Visitor", "c1", "<b>hello</b>", 5)
AGENT = Message(2, "agent", "ann", "Ann", "a1", "Yes?", 6)


def test_screens_send_to_the_page_and_know_who_is_there() -> None:
    sent: list[tuple[str, m.NumberedMessage]] = []

    def send(agent_id: str, interaction_id: str, message: m.NumberedMessage) -> None:
        assert interaction_id == f"chat of {message.reservation_id}"  # type: ignore[union-attr]
        sent.append((agent_id, message))

    screens = ChatScreens(send, lambda agent_id: agent_id == "ann", lambda reservation: f"chat of {reservation}")
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
