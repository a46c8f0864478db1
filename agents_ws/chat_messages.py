"""What the server tells of an agent's chats."""

from agents_ws.numbered import Numbered
from agents_ws.parts import (
    Author,
    ChatFile,
    ChatListener,
    ChatWhisper,
    ParkedChat,
)


class ChatMessage(Numbered, frozen=True, kw_only=True):
    """Somebody said something in a chat of yours, you yourself among them. `number` grows by one in each chat."""

    reservation_id: str
    number: int
    author: Author
    name: str
    text: str
    at_us: int
    client_id: str | None = None
    file: ChatFile | None = None


class ChatTyping(Numbered, frozen=True, kw_only=True):
    """The customer types, or has stopped."""

    reservation_id: str
    on: bool


class ChatReceipt(Numbered, frozen=True, kw_only=True):
    """The customer's page has everything up to `delivered`; everything up to `read` was on its screen."""

    reservation_id: str
    delivered: int
    read: int


class ChatListeners(Numbered, frozen=True, kw_only=True):
    """Which supervisors are in a chat of yours; sent again, whole, with every change."""

    reservation_id: str
    listeners: tuple[ChatListener, ...] = ()


class ChatWhispered(Numbered, frozen=True, kw_only=True):
    """A supervisor says something to you alone; the customer never sees it."""

    reservation_id: str
    whisper: ChatWhisper


class ChatParked(Numbered, frozen=True, kw_only=True):
    """The chat of this reservation is parked: take it away; it is in the list of the next `parked`."""

    reservation_id: str
    interaction_id: str


class Parked(Numbered, frozen=True, kw_only=True):
    """The chats that you have parked, oldest first; sent again, whole, with every change."""

    chats: tuple[ParkedChat, ...] = ()
