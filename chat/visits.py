"""What nodes of two shards tell each other of chats: one that goes over, and what its visitor does from then on. Pure.

The visitor's page stays at its node, which passes on what comes from it. The session token's hash names the chat.
"""

from typing import Any

import msgspec

from chat.messages import Line, Status
from chat.ports import Identity
from records.chat_files import ChatFile
from records.handovers import Handover
from records.messages import Chat, Message


class GuestChat(msgspec.Struct, frozen=True, kw_only=True):
    """A chat for which room is asked. `queue` is of the shard that is asked, `shard` the visitor's.

    lines: the first of what was said; the rest follows. data, path: what is known of the visitor, as in the context.
    handover: what the agent who handed it on before wrote, `by` as they are called.
    """

    work_id: str
    shard: str
    queue: str
    chat: Chat
    lines: tuple[Message, ...]
    identity: Identity | None = None
    data: dict[str, str] = {}
    path: tuple[str, ...] = ()
    handover: Handover | None = None


class MoreLines(msgspec.Struct, frozen=True, kw_only=True):
    """What was said after that, before the chat goes over."""

    interaction_id: str
    lines: tuple[Message, ...]


class FilePiece(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a file of the chat, from `offset` on; the pieces come in order."""

    file: ChatFile
    offset: int
    data: bytes


class _Visit(msgspec.Struct, frozen=True, kw_only=True, tag_field="visit"):
    """Something that the visitor does."""

    token_hash: str


class Look(_Visit, frozen=True, kw_only=True):
    """What was said after that number; held back for `wait_s` until there is something, or another status than
    `version`. Answer: News.
    """

    after: int
    version: int = 0
    wait_s: float = 0.0


class Speak(_Visit, frozen=True, kw_only=True):
    """They say something, or have sent a file. Answer: a Message."""

    client_id: str
    text: str
    file: ChatFile | None = None


class Sign(_Visit, frozen=True, kw_only=True):
    """They type (None: nothing is said of that), and have taken in so much."""

    typing: bool | None = None
    delivered: int = 0
    read: int = 0


class Leave(_Visit, frozen=True, kw_only=True):
    """They end the chat."""


class Rate(_Visit, frozen=True, kw_only=True):
    """What they think of it, 1-5."""

    score: int


class Find(_Visit, frozen=True, kw_only=True):
    """A file of the chat: when this is answered it is at the node that was asked. Answer: a ChatFile."""

    file_id: str


Visit = Look | Speak | Sign | Leave | Rate | Find


class News(msgspec.Struct, frozen=True, kw_only=True):
    """How the chat stands, and what was said."""

    status: Status
    lines: tuple[Line, ...] = ()


def decode_visit(body: Any) -> Visit:
    """Raises msgspec.ValidationError."""
    visit: Visit = msgspec.convert(body, Visit)
    return visit
