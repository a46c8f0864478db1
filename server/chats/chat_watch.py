"""Supervisors in the chats of this node: what they read, and whether they are still there."""

import asyncio
from collections.abc import Callable

from chat.conductor import ChatConductor
from chat.events import Side
from chat.listening import Listener, Listening, ListenMode
from chat.ports import ChatRefusedError
from chat.runner import ChatRunner
from http_api.chats_api import ChatLine, ChatListener, ChatView, LiveChat, WhisperLine
from server.chats.chat_acts import ReadAlong

# Who does not read on for so long has closed the page.
GONE_S = 45.0


class ChatWatch:
    """Who listens lives as long as they go on reading. `close` at the end."""

    def __init__(self, conductor: ChatConductor, listening: Listening) -> None:
        self._conductor = conductor
        self._listening = listening
        self._news: dict[str, asyncio.Event] = {}
        self._gone: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._closed = False
        listening.changed = self._tell
        # Told each chat to which or from which a supervisor came or went.
        self.changed: Callable[[str], None] = lambda _chat: None

    def live(self) -> tuple[LiveChat, ...]:
        """The open chats, oldest first."""
        return tuple(self._shown(chat) for chat in self._conductor.open_chats())

    def one(self, interaction_id: str) -> LiveChat | None:
        """One of them."""
        chat = self._conductor.chat(interaction_id)
        return None if chat is None or chat.over else self._shown(chat)

    async def read(self, chat: ChatRunner, asked: ReadAlong) -> ChatView:
        """Raises ChatRefusedError for who does not listen, StoreAwayError."""
        if not self.mode(asked.agent_id, chat.chat_id):
            raise ChatRefusedError("not_listening", "listen to the chat first")
        self._still_there(asked.agent_id, chat)
        if chat.last <= asked.after and asked.version == chat.version and not (chat.over or self._closed):
            await self._wait(chat, asked.wait_s)
        lines = await chat.after(asked.after)
        return ChatView(
            chat=self._shown(chat),
            version=chat.version,
            typing=chat.machine.typing(Side.CUSTOMER),
            lines=tuple(
                ChatLine(number=one.number, author=one.author, name=one.name, text=one.text, at_us=one.at_us)
                for one in lines
            ),
            whispers=tuple(
                WhisperLine(after=one.after, name=one.name, text=one.text, at_us=one.at)
                for one in self._listening.whispers(chat.chat_id)
            ),
        )

    async def listen(self, chat: ChatRunner, agent_id: str, mode: str) -> str:
        """Begin, or go on in another way; how it was before, "" for not. Raises ChatRefusedError, StoreAwayError."""
        before = self.mode(agent_id, chat.chat_id)
        await self._listening.begin(chat, agent_id, ListenMode(mode))
        self._still_there(agent_id, chat)
        return before

    def stop(self, chat: ChatRunner, agent_id: str) -> str:
        """Listen no more; how they did, "" for not."""
        before = self.mode(agent_id, chat.chat_id)
        self._leave(agent_id, chat)
        return before

    def mode(self, agent_id: str, interaction_id: str) -> str:
        """How this agent listens to that chat, "" for not."""
        found = (one.mode.value for one in self._listening.of(interaction_id) if one.agent_id == agent_id)
        return next(found, "")

    def close(self) -> None:
        """The server stops: nobody is kept waiting for an answer."""
        self._closed = True
        for news in self._news.values():
            news.set()
        for handle in self._gone.values():
            handle.cancel()
        self._gone.clear()

    # --- inside -------------------------------------------------------------------------------------------------

    def _tell(self, chat_id: str) -> None:
        """Somebody came, went or whispered: whoever reads along is told."""
        chat = self._conductor.chat(chat_id)
        if chat is not None:
            chat.version += 1
            self.changed(chat_id)
        if (news := self._news.get(chat_id)) is not None:
            news.set()

    async def _wait(self, chat: ChatRunner, wait_s: float) -> None:
        news = self._news.setdefault(chat.chat_id, asyncio.Event())
        news.clear()
        chat.onlookers.add(news.set)
        try:
            async with asyncio.timeout(wait_s):
                await news.wait()
        except TimeoutError:
            pass  # nothing new: the page asks again
        finally:
            if not self._listening.of(chat.chat_id):
                chat.onlookers.discard(news.set)
                self._news.pop(chat.chat_id, None)

    def _still_there(self, agent_id: str, chat: ChatRunner) -> None:
        key = (chat.chat_id, agent_id)
        if (handle := self._gone.pop(key, None)) is not None:
            handle.cancel()
        self._gone[key] = asyncio.get_running_loop().call_later(GONE_S, self._leave, agent_id, chat)

    def _leave(self, agent_id: str, chat: ChatRunner) -> bool:
        if (handle := self._gone.pop((chat.chat_id, agent_id), None)) is not None:
            handle.cancel()
        return self._listening.end(chat, agent_id)

    def _shown(self, chat: ChatRunner) -> LiveChat:
        machine, serving = chat.machine, chat.machine.serving
        return LiveChat(
            interaction_id=chat.chat_id,
            state="ended" if chat.over else machine.state.value,
            queue=chat.queue,
            customer=chat.visitor_name,
            agent=serving.agent_id if serving else None,
            name=serving.name if serving else "",
            listeners=tuple(_listener(one) for one in self._listening.of(chat.chat_id)),
        )


def _listener(one: Listener) -> ChatListener:
    return ChatListener(agent=one.agent_id, name=one.name, mode=one.mode.value)
