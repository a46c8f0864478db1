"""What is done with a chat at its home, whichever node it is asked for on: agents' and supervisors' acts. Pure.

An act is carried out by `server.chats.chat_home`; `server.chats.chat_homes` finds that node, and brings it there. What
is said in a chat goes from node to node by these alone: never by the store or the journal.
"""

from typing import Any

import msgspec

from agents_ws.messages import ChatCard, NumberedMessage
from records.chat_files import ChatFile


class _Act(msgspec.Struct, frozen=True, kw_only=True, tag_field="act"):
    """One of them, as it travels."""


class Say(_Act, frozen=True, kw_only=True):
    """The agent who has the chat by that reservation says something, or sends a file. Answer: a Message."""

    agent_id: str
    reservation_id: str
    client_id: str
    text: str = ""
    file: ChatFile | None = None


class HandOver(_Act, frozen=True, kw_only=True):
    """They hand it on, to the agent or the queue that is named."""

    agent_id: str
    reservation_id: str
    to_agent: str
    to_queue: str
    note: str


class ParkIt(_Act, frozen=True, kw_only=True):
    """They park it; they have seen everything up to `last`. `until_us` in shard microseconds."""

    agent_id: str
    reservation_id: str
    last: int
    until_us: int | None


class Type(_Act, frozen=True, kw_only=True):
    """They type, or have stopped."""

    agent_id: str
    reservation_id: str
    on: bool


class Read(_Act, frozen=True, kw_only=True):
    """They have read up to that message."""

    agent_id: str
    reservation_id: str
    number: int


class Show(_Act, frozen=True, kw_only=True):
    """What is to be shown of the chat to whoever has it, or is offered it. Answer: Shown, one at most."""

    interaction_id: str


class LetGo(_Act, frozen=True, kw_only=True):
    """That node takes it up: its visitor is there. Answer: a tuple of Listener, who listened."""

    interaction_id: str
    node: str


class Listen(_Act, frozen=True, kw_only=True):
    """A supervisor, by their own agent, listens, or goes on in another way. Answer: how they did before, "" for not."""

    agent_id: str
    interaction_id: str
    mode: str


class StopListening(_Act, frozen=True, kw_only=True):
    """They do not any more. Answer: how they did, "" for not."""

    agent_id: str
    interaction_id: str


class SayAsListener(_Act, frozen=True, kw_only=True):
    """They say something, to the agent or to everybody."""

    agent_id: str
    interaction_id: str
    client_id: str
    text: str


class ReadAlong(_Act, frozen=True, kw_only=True):
    """What was said after that number, held back for `wait_s` until there is something. Answer: a ChatView."""

    agent_id: str
    interaction_id: str
    after: int
    version: int | None
    wait_s: float


class TakeOver(_Act, frozen=True, kw_only=True):
    """A supervisor, by their own agent, has the chat from now on."""

    agent_id: str
    interaction_id: str


Act = (
    Say | HandOver | ParkIt | Type | Read | Show | LetGo | Listen | StopListening | SayAsListener | ReadAlong | TakeOver
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as its agent's page shows it, and what its visitor is called."""

    card: ChatCard
    name: str


class Listener(msgspec.Struct, frozen=True):
    """A supervisor in the chat, by their agent, and how."""

    agent_id: str
    mode: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an act: `refused` is the code of why nothing did, "" otherwise."""

    result: Any = None
    refused: str = ""
    message: str = ""


class ForPage(msgspec.Struct, frozen=True, kw_only=True):
    """From a chat's home to the node of an agent's page."""

    agent_id: str
    interaction_id: str
    message: NumberedMessage


def decode_act(body: Any) -> Act:
    """Raises msgspec.ValidationError."""
    act: Act = msgspec.convert(body, Act)
    return act
