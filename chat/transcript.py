"""What was said in one chat: numbered and kept in SQL one after the other, the newest at hand."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from chat.events import Side
from chat.limits import ChatLimits
from chat.lines import line_of
from chat.messages import Line
from chat.ports import ChatStore
from records.chat_files import ChatFile
from records.messages import Author, Message


@dataclass(frozen=True, slots=True)
class Say:
    """Somebody wants to say something; `reply` gets the message as it is kept, or a ChatRefusedError."""

    side: Side
    author: Author
    agent_id: str
    name: str
    reservation_id: str | None
    client_id: str
    text: str
    reply: asyncio.Future[Message]
    file: ChatFile | None = None


class Transcript:
    """`tail` is what is known of the chat's end. Numbers are the chat's: it says which is the last."""

    def __init__(self, chat_id: str, tail: Iterable[Message], store: ChatStore, limits: ChatLimits) -> None:
        self._chat_id = chat_id
        self._store = store
        self._limits = limits
        self._tail: deque[Message] = deque(tail, maxlen=limits.tail)
        # Something may be kept that is not known here.
        self._unsure = False

    @property
    def tail(self) -> tuple[Message, ...]:
        """The newest messages, as many as are kept at hand."""
        return tuple(self._tail)

    def append(self, message: Message) -> None:
        """It was said."""
        self._tail.append(message)

    async def after(self, number: int, last: int) -> tuple[Line, ...]:
        """Messages with a greater number up to `last`, in order, a page at most. Raises StoreAwayError."""
        if number >= last:
            return ()
        page = self._limits.page
        if self._tail and self._tail[0].number <= number + 1:
            found = tuple(message for message in self._tail if message.number > number)[:page]
        else:
            found = await self._store.after(self._chat_id, number, page)
        return tuple(line_of(message) for message in found)

    async def keep(self, say: Say, number: int, now: int) -> tuple[Message, bool]:
        """The message as it is kept, and whether it is new. Raises StoreAwayError: it may be there all the same."""
        draft = Message(number, say.author, say.agent_id, say.name, say.client_id, say.text, now, say.file)
        self._unsure = True
        kept = await self._store.add(self._chat_id, draft)
        self._unsure = False
        return kept, kept.number == number

    async def missed(self, last: int) -> tuple[Message, ...]:
        """What was kept after `last` and is not known here: to be asked before the next is numbered."""
        if not self._unsure:
            return ()
        newest = await self._store.newest(self._chat_id, self._limits.tail)
        self._unsure = False
        return tuple(message for message in newest if message.number > last)
