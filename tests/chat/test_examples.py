"""Each message has an example."""

from chat.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from chat.messages import ClientMessage, ServerMessage


def test_each_message_has_an_example() -> None:
    assert {type(example) for example in CLIENT_EXAMPLES} == set(ClientMessage.__args__)
    assert {type(example) for example in SERVER_EXAMPLES} == set(ServerMessage.__args__)
