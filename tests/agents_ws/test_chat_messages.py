"""What is told of chats is told in order, once, and with the reservation by which the page knows the chat."""

import inspect

import pytest

from agents_ws import chat_messages
from agents_ws.numbered import Numbered
from agents_ws.server_messages import NumberedMessage

KINDS = [
    one for _, one in inspect.getmembers(chat_messages, inspect.isclass) if one.__module__ == chat_messages.__name__
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_is_numbered_and_among_the_messages(kind: type[Numbered]) -> None:
    assert issubclass(kind, Numbered)
    assert kind in NumberedMessage.__args__
    assert kind is chat_messages.Parked or "reservation_id" in kind.__struct_fields__
