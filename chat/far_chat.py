"""A chat that another shard has, as its visitor's node shows it: it is asked for there, and nothing is kept here.

So whichever node the visitor comes to can show it, and no node's end loses anything.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from chat.events import ChatEvent, Marked, Typed, VisitorEnded
from chat.messages import Line, Status
from chat.ports import ChatRefusedError, Shards, Tasks
from chat.visits import Find, Leave, Look, News, Rate, Sign, Speak, Visit
from records.chat_files import ChatFile
from records.messages import Chat, Message

log = structlog.get_logger(__name__)

LOOK_S = 10.0
AGAIN_S = 0.3
# A visitor whose chat is not reached for so long is told, and comes again.
GRACE_S = 5.0
# Above those of a shard: a page that saw this chat here before has another version.
VERSIONS = 1_000_000
TAIL = 200
# How long it is tried to tell the other shard that the visitor has ended the chat.
LEAVE_TRIES = 100


class FarChat:
    """To its visitor's connections what a chat.runner.ChatRunner is. `refresh` before anything else is asked."""

    def __init__(
        self, chat_id: str, token_hash: str, last: int, shard: str, shards: Shards, tasks: Tasks, node: str = ""
    ) -> None:
        self.chat_id, self.token_hash = chat_id, token_hash
        self.moved = False
        # It goes nowhere else from here.
        self.successor: FarChat | None = None
        self._shard, self._node = shard, node
        self._shards, self._tasks = shards, tasks
        self._news = News(status=Status(version=-1, chat_id=self.chat_id, state="waiting", last=last))
        self._tail: deque[Line] = deque(maxlen=TAIL)
        self._watchers: set[Callable[[], None]] = set()
        self._following: asyncio.Task[None] | None = None
        self._signs: deque[Sign | Leave] = deque()
        self._signing = False

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Another one with each change of the status."""
        return VERSIONS + self._news.status.version

    @property
    def last(self) -> int:
        """The number of the last message that is known here."""
        return self._news.status.last

    @property
    def watched(self) -> int:
        """How many look at the chat now, here."""
        return len(self._watchers)

    @property
    def over(self) -> bool:
        """Nothing more will be said."""
        return self._news.status.state == "ended"

    @property
    def rating(self) -> int | None:
        """What its visitor thought of it."""
        return self._news.status.rating

    @property
    def may_rate(self) -> bool:
        """A chat that an agent took, is over, and has no rating."""
        return self._news.status.may_rate

    def status(self) -> Status:
        """What the visitor's page shows."""
        return replace(self._news.status, version=self.version)

    async def after(self, number: int) -> tuple[Line, ...]:
        """Messages with a greater number, in order, a page at most. Raises ChatRefusedError."""
        if number >= self.last:
            return ()
        if self._tail and self._tail[0].number <= number + 1:
            return tuple(line for line in self._tail if line.number > number)
        return (await self._look(number)).lines

    async def refresh(self) -> None:
        """As it stands now. Raises ChatRefusedError; `unknown_chat` when the other shard has never had it."""
        self._take(await self._look(self.last))

    def watch(self, wake: Callable[[], None]) -> None:
        """From now on `wake` is called when there is something to read."""
        self._watchers.add(wake)
        if self._following is None:
            self._tasks.spawn(self._follow(), f"far_chat:{self.chat_id}")

    def unwatch(self, wake: Callable[[], None]) -> None:
        """Stop that."""
        self._watchers.discard(wake)

    def close(self) -> None:
        """The node ends."""
        self.moved = True
        if self._following is not None:
            self._following.cancel()

    # --- what the visitor does ----------------------------------------------------------------------------------

    def allow(self) -> bool:
        """The other shard counts what they say."""
        return True

    def tell(self, event: ChatEvent) -> None:
        """Signs of the visitor's, in their order; other things are of no concern."""
        match event:
            case Typed(on=on):
                self._sign(Sign(token_hash=self.token_hash, typing=on))
            case Marked(delivered=delivered, read=read):
                self._sign(Sign(token_hash=self.token_hash, delivered=delivered, read=read))
            case VisitorEnded():
                self._sign(Leave(token_hash=self.token_hash))
            case _:
                pass

    async def customer_says(self, client_id: str, text: str, file: ChatFile | None = None) -> Message:
        """As it is kept there. Raises ChatRefusedError."""
        if file is not None:
            await self._shards.bring(self._shard, self._node, file)
        said = Speak(token_hash=self.token_hash, client_id=client_id, text=text, file=file)
        return msgspec.convert(await self._visit(said), Message)

    async def rate(self, score: int) -> None:
        """The first one stands. Raises ChatRefusedError."""
        await self._visit(Rate(token_hash=self.token_hash, score=score))
        await self.refresh()
        self._wake()

    async def file(self, file_id: str) -> tuple[ChatFile, Path]:
        """What it is, and where on this node. Raises ChatRefusedError."""
        asked = Find(token_hash=self.token_hash, file_id=file_id)
        return await self._shards.have(self._shard, asked.token_hash, asked.file_id)

    # --- inside -------------------------------------------------------------------------------------------------

    async def _visit(self, visit: Visit) -> Any:
        self._node, result = await self._shards.visit(self._shard, self._node, visit)
        return result

    async def _look(self, after: int, wait_s: float = 0.0) -> News:
        version = self._news.status.version if wait_s else 0
        look = Look(token_hash=self.token_hash, after=after, version=version, wait_s=wait_s)
        return msgspec.convert(await self._visit(look), News)

    async def _follow(self) -> None:
        """While somebody looks at it here."""
        if self._following is not None:
            return
        self._following = asyncio.current_task()
        now = asyncio.get_running_loop().time
        reached_at = now()
        try:
            while self._watchers and not (self.over or self.moved):
                try:
                    self._take(await self._look(self.last, LOOK_S))
                    reached_at = now()
                except ChatRefusedError as error:
                    if error.code == "unknown_chat" or now() - reached_at > GRACE_S:
                        log.warning("far_chat_lost", chat=self.chat_id, shard=self._shard, reason=error.code)
                        self.moved = True
                        self._wake()
                        return
                    await asyncio.sleep(AGAIN_S)
        finally:
            self._following = None

    def _take(self, news: News) -> None:
        newest = self._tail[-1].number if self._tail else 0
        fresh = [line for line in news.lines if line.number > newest]
        if fresh and fresh[0].number != newest + 1:
            self._tail.clear()
        self._tail.extend(fresh)
        # A page of them at most comes at once: what is not known here is not said to be there.
        last = self._tail[-1].number if fresh else news.status.last
        self._news = News(status=replace(news.status, last=last))
        self._wake()

    def _wake(self) -> None:
        for wake in tuple(self._watchers):
            wake()

    def _sign(self, sign: Sign | Leave) -> None:
        self._signs.append(sign)
        if not self._signing:
            self._signing = True
            self._tasks.spawn(self._tell_all(), f"far_chat_signs:{self.chat_id}")

    async def _tell_all(self) -> None:
        try:
            while self._signs:
                await self._tell(self._signs.popleft())
        finally:
            self._signing = False

    async def _tell(self, sign: Sign | Leave) -> None:
        """Signs are lost with a way that breaks; that the visitor has ended the chat is not."""
        for _ in range(LEAVE_TRIES if isinstance(sign, Leave) else 1):
            try:
                await self._visit(sign)
            except ChatRefusedError as error:
                log.info("far_chat_not_told", chat=self.chat_id, sign=type(sign).__name__, reason=error.code)
                if error.code != "unavailable":
                    return
                await asyncio.sleep(AGAIN_S)
            else:
                return


class FarChats:
    """Those that are looked at on this node. `shards` is None where there are no others."""

    def __init__(self, shards: Shards | None, tasks: Tasks) -> None:
        self._shards = shards
        self._tasks = tasks
        self._by_token: dict[str, FarChat] = {}

    def __len__(self) -> int:
        return len(self._by_token)

    def gone_over(self, chat_id: str, token_hash: str, last: int, shard: str, node: str) -> FarChat:
        """A chat of this node that the other shard has from now on, at that node at first."""
        assert self._shards is not None  # noqa: S101 - it has gone there
        far = self._by_token[token_hash] = FarChat(chat_id, token_hash, last, shard, self._shards, self._tasks, node)
        return far

    async def find(self, chat: Chat) -> FarChat | None:
        """One whose visitor has come here; None when no other shard has it. Raises ChatRefusedError."""
        if not chat.elsewhere or self._shards is None:
            return None
        far = self._by_token.get(chat.token_hash)
        if far is None or far.moved:
            about = chat.interaction_id, chat.token_hash, chat.last
            far = FarChat(*about, chat.elsewhere, self._shards, self._tasks)
        try:
            if not far.watched:
                await far.refresh()
        except ChatRefusedError as error:
            if error.code != "unknown_chat":
                raise
            return None
        self._by_token[chat.token_hash] = far
        return far

    def close(self) -> None:
        """The node ends: nothing is asked for any more."""
        for far in self._by_token.values():
            far.close()
        self._by_token.clear()

    def looked_at(self, far: FarChat) -> None:
        """Somebody stopped looking."""
        if not far.watched and self._by_token.get(far.token_hash) is far:
            del self._by_token[far.token_hash]
