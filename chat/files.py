"""Pictures and files in chats: who may send what, how much at once, and who gets it.

A file goes to disk piece by piece, then becomes a message; whatever goes wrong on the way leaves nothing behind. Only
when nobody can say whether the message was kept does the file stay, until the sweep that finds it in no chat.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from chat.conductor import ChatConductor
from chat.far_chat import FarChat
from chat.identity import clean
from chat.limits import ChatLimits
from chat.messages import FileLimits
from chat.ports import ChatRefusedError, FileRecords
from chat.sniff import name_for
from chat.vault import Vault
from chat.visiting import VisitorChat
from records.chat_files import ChatFile
from records.messages import Message


class FileDesk:
    """Both sides' way to send files, and to have them. Every method may raise ChatRefusedError."""

    def __init__(self, conductor: ChatConductor, vault: Vault, records: FileRecords) -> None:
        self._conductor = conductor
        self._vault = vault
        self._records = records
        self._under_way: Counter[str] = Counter()
        # Brings a file here that another node has; False when none does.
        self.fetch: Callable[[ChatFile], Awaitable[bool]] = _nowhere

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open, for metrics and the leak test."""
        return {"chat_uploads": self._under_way.total()}

    @property
    def limits(self) -> FileLimits | None:
        """What may be sent; None where no files are taken."""
        limits = self._limits
        if not limits.file_types or not limits.files_per_chat:
            return None
        return FileLimits(types=limits.file_types, max_bytes=limits.file_bytes, per_chat=limits.files_per_chat)

    async def visitor_sends(
        self, runner: VisitorChat, client_id: str, name: str, pieces: AsyncIterator[bytes], length: int | None
    ) -> Message:
        """`length` is what the sender says it will be, in bytes."""
        if not runner.allow():
            raise ChatRefusedError("too_fast", "too many messages, send it again in a moment")
        if runner.over:
            raise ChatRefusedError("chat_over", "the chat is over")

        async def say(file: ChatFile) -> Message:
            return await runner.customer_says(client_id, "", file)

        return await self.receive(runner.chat_id, name, pieces, length, say)

    async def receive(
        self,
        chat_id: str,
        name: str,
        pieces: AsyncIterator[bytes],
        length: int | None,
        say: Callable[[ChatFile], Awaitable[Message]],
    ) -> Message:
        """Takes the pieces, then says the file; what was said before under the same client id stands."""
        file = await self._take(chat_id, name, pieces, length)
        try:
            kept = await say(file)
        except ChatRefusedError as error:
            if error.code != "unavailable":
                await self._vault.remove(file.id)
            raise
        if kept.file is None or kept.file.id != file.id:
            await self._vault.remove(file.id)
        return kept

    async def open_for(self, chat: VisitorChat, file_id: str) -> tuple[ChatFile, Path]:
        """As `open`, for the visitor of that chat."""
        return await (chat.file(file_id) if isinstance(chat, FarChat) else self.open(chat.chat_id, file_id))

    async def open(self, interaction_id: str, file_id: str) -> tuple[ChatFile, Path]:
        """What the file is and where. Who asks was found to be of that chat."""
        file = await self._records.find(interaction_id, file_id)
        place = None
        if file is not None and not file.gone:
            place = await self._vault.open(file.id, file.sha256)
            if place is None and await self.fetch(file):
                place = await self._vault.open(file.id, file.sha256)
        if file is None or place is None:
            raise ChatRefusedError("unknown_file", "there is no such file in this chat, or it is not kept any more")
        return file, place

    async def check_room(self, chat_id: str) -> None:
        """Raises ChatRefusedError where no more files fit into the chat; those that are under way count."""
        most = self._limits.files_per_chat
        if await self._records.count(chat_id) + max(1, self._under_way[chat_id]) > most:
            raise ChatRefusedError("too_many_files", f"a chat has at most {most} files")

    # --- inside -------------------------------------------------------------------------------------------------

    @property
    def _limits(self) -> ChatLimits:
        return self._conductor.site.limits

    async def _take(self, chat_id: str, name: str, pieces: AsyncIterator[bytes], length: int | None) -> ChatFile:
        limits = self._limits
        if self.limits is None:
            raise ChatRefusedError("file_type", "no files are taken here")
        if length is not None and length > limits.file_bytes:
            raise ChatRefusedError("file_too_big", f"a file has at most {limits.file_bytes // 1024} KiB")
        with self._one_more(chat_id):
            await self.check_room(chat_id)
            steady = _steady(pieces, limits.upload_idle_s, limits.upload_s)
            stored = await self._vault.take(steady, limits.file_bytes, limits.file_types.__contains__)
        safe = name_for(clean(name), stored.kind)
        return ChatFile(id=stored.id, name=safe, media_type=stored.kind, size=stored.size, sha256=stored.sha256)

    @contextmanager
    def _one_more(self, chat_id: str) -> Iterator[None]:
        limits = self._limits
        if self._under_way.total() >= limits.uploads or self._under_way[chat_id] >= limits.uploads_per_chat:
            raise ChatRefusedError("too_fast", "too many files are under way, send it again in a moment")
        self._under_way[chat_id] += 1
        try:
            yield
        finally:
            self._under_way[chat_id] -= 1
            self._under_way += Counter()


async def _nowhere(_file: ChatFile) -> bool:
    """There is no other node."""
    return False


async def _steady(pieces: AsyncIterator[bytes], idle_s: float, whole_s: float) -> AsyncIterator[bytes]:
    """The pieces. Who sends nothing for so long, takes longer for all of it, or goes away midway has sent no file."""
    now = asyncio.get_running_loop().time
    until = now() + whole_s
    while True:
        try:
            async with asyncio.timeout_at(min(now() + idle_s, until)):
                piece = await anext(pieces, None)
        except (TimeoutError, ConnectionError) as error:
            raise ChatRefusedError("file_incomplete", "the file did not arrive whole, send it again") from error
        if piece is None:
            return
        yield piece
