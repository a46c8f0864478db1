"""An agent's page knows which lines are new, and which one waits for an answer."""

from agents_ws import messages as m
from agents_ws.parts import Author
from tests.failure.agent_chats import Chats


def line(number: int, author: Author, text: str) -> m.ChatLine:
    return m.ChatLine(number=number, author=author, name=author, text=text, at_us=number)


def test_a_line_is_new_once_and_another_one_at_its_place_is_new_again() -> None:
    chats = Chats()
    assert chats.take("i.1", line(1, "customer", "a")) is not None
    assert chats.take("i.1", line(1, "customer", "a")) is None
    assert chats.take("i.1", line(1, "customer", "b")) is not None
    assert chats.take("i.2", line(1, "customer", "a")) is not None


def test_the_last_line_waits_if_it_is_the_customers() -> None:
    chats = Chats()
    assert chats.unanswered("i.1") is None
    chats.take("i.1", line(1, "customer", "a"))
    chats.take("i.1", line(2, "system", "wait"))
    waits = chats.unanswered("i.1")
    assert waits is not None
    assert waits.number == 1
    chats.take("i.1", line(4, "customer", "c"))
    assert chats.unanswered("i.1") is None, "the third is missing"
    chats.take("i.1", line(3, "agent", "b"))
    assert chats.unanswered("i.1") is not None
    chats.take("i.1", line(5, "agent", "d"))
    assert chats.unanswered("i.1") is None
