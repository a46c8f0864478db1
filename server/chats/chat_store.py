"""The chats' tables as chats want them: a database that is away is a StoreAwayError."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from chat.ports import LeftMessage, StoreAwayError
from records.chat_files import ChatFile, ChatFiles
from records.follow_ups import FollowUps
from records.handovers import Handover, Handovers
from records.interactions import Interactions
from records.messages import Chat, Chats, Marks, Message
from records.whispers import Whisper, Whispers

T = TypeVar("T")


class SqlChatStore:
    """chat.ports.ChatStore on records.messages.Chats and records.handovers.Handovers."""

    def __init__(self, chats: Chats, handovers: Handovers) -> None:
        self._chats = chats
        self._handovers = handovers

    async def open(self, chat: Chat, first: Message) -> bool:
        """As Chats.open."""
        return await _asked(self._chats.open(chat, first))

    async def find(self, token_hash: str) -> Chat | None:
        """As Chats.find."""
        return await _asked(self._chats.find(token_hash))

    async def get(self, interaction_id: str) -> Chat | None:
        """As Chats.get."""
        return await _asked(self._chats.get(interaction_id))

    async def not_ended(self) -> tuple[Chat, ...]:
        """As Chats.not_ended."""
        return await _asked(self._chats.not_ended())

    async def add(self, interaction_id: str, message: Message) -> Message:
        """As Chats.add."""
        return await _asked(self._chats.add(interaction_id, message))

    async def after(self, interaction_id: str, number: int, limit: int) -> tuple[Message, ...]:
        """As Chats.after."""
        return await _asked(self._chats.after(interaction_id, number, limit))

    async def newest(self, interaction_id: str, limit: int) -> tuple[Message, ...]:
        """As Chats.newest."""
        return await _asked(self._chats.newest(interaction_id, limit))

    async def mark(self, interaction_id: str, marks: Marks) -> None:
        """As Chats.mark."""
        await _asked(self._chats.mark(interaction_id, marks))

    async def joined(self, interaction_id: str, agent_name: str) -> None:
        """As Chats.joined."""
        await _asked(self._chats.joined(interaction_id, agent_name))

    async def end(self, interaction_id: str, by: str, now: int, marks: Marks | None = None) -> None:
        """As Chats.end."""
        await _asked(self._chats.end(interaction_id, by, now, marks))

    async def rate(self, interaction_id: str, score: int, now: int) -> int:
        """As Chats.rate."""
        return await _asked(self._chats.rate(interaction_id, score, now))

    async def lodge(self, interaction_id: str, shard: str | None) -> None:
        """As Chats.lodge."""
        await _asked(self._chats.lodge(interaction_id, shard))

    async def take_over(self, chat: Chat, lines: Sequence[Message]) -> None:
        """As Chats.take_over."""
        await _asked(self._chats.take_over(chat, lines))

    async def append(self, interaction_id: str, lines: Sequence[Message]) -> None:
        """As Chats.append."""
        await _asked(self._chats.append(interaction_id, lines))

    async def reopen(self, interaction_id: str) -> None:
        """As Chats.reopen."""
        await _asked(self._chats.reopen(interaction_id))

    async def forget(self, interaction_id: str) -> None:
        """As Chats.forget."""
        await _asked(self._chats.forget(interaction_id))

    async def hand_on(self, handover: Handover) -> None:
        """As Handovers.keep."""
        await _asked(self._handovers.keep(handover))

    async def handover(self, work_id: str) -> Handover | None:
        """As Handovers.of."""
        return await _asked(self._handovers.of(work_id))


class FileIndex:
    """chat.ports.FileRecords on records.chat_files.ChatFiles."""

    def __init__(self, files: ChatFiles) -> None:
        self._files = files

    async def find(self, interaction_id: str, file_id: str) -> ChatFile | None:
        """As ChatFiles.find."""
        return await _asked(self._files.find(interaction_id, file_id))

    async def count(self, interaction_id: str) -> int:
        """As ChatFiles.count."""
        return await _asked(self._files.count(interaction_id))


class SqlWhispers:
    """chat.listening.WhisperStore on records.whispers.Whispers."""

    def __init__(self, whispers: Whispers) -> None:
        self._whispers = whispers

    async def add(self, whisper: Whisper) -> Whisper:
        """As Whispers.add."""
        return await _asked(self._whispers.add(whisper))

    async def of(self, interaction_id: str) -> tuple[Whisper, ...]:
        """As Whispers.of."""
        return await _asked(self._whispers.of(interaction_id))


class FollowUpMailbox:
    """chat.ports.Mailbox: what visitors leave waits with the callbacks. `wall` is microseconds since the epoch."""

    def __init__(self, follow_ups: FollowUps, wall: Callable[[], int]) -> None:
        self._follow_ups = follow_ups
        self._wall = wall

    async def keep(self, message: LeftMessage) -> None:
        """As FollowUps.message."""
        kept = self._follow_ups.message(
            message.interaction_id,
            message.queue,
            message.contact,
            message.name,
            message.locale,
            message.text,
            self._wall(),
        )
        await _asked(kept)


class Phases:
    """chat.ports.Records on the projected records."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions

    async def phase(self, interaction_id: str) -> str | None:
        """None when it was never opened, `open` or `over` as the customer's side goes."""
        over = await _asked(self._interactions.customer_over(interaction_id))
        if over is None:
            return None
        return "over" if over else "open"


async def _asked(question: Awaitable[T]) -> T:
    # OSError is how a PostgreSQL driver says that nobody answers.
    try:
        return await question
    except (SQLAlchemyError, OSError) as error:
        # The text of the error may hold what was said: only its kind goes on.
        raise StoreAwayError(type(error).__name__) from None
