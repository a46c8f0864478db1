"""Supervisors in chats, as in calls: they read, whisper, barge in and take over; each of it is in the audit log."""

import asyncio
from collections.abc import Callable, Mapping

from chat.conductor import ChatConductor
from chat.events import Side
from chat.floor import ChatFloor
from chat.listening import Listener, Listening, ListenMode
from chat.ports import ChatRefusedError, StoreAwayError
from chat.runner import ChatRunner
from http_api.chats_api import ChatLine, ChatListener, ChatView, LiveChat, WhisperLine, in_reach
from http_api.supervision_api import Refused
from records.audit import Audit, Intervention
from records.roles import Scope
from records.sessions import Caller
from router.vocabulary import Medium
from server.current import CurrentSite
from server.routing import Routing

NO_AGENT = Refused("not_an_agent", "this account has no agent, and so no name in a chat")
# Who does not read on for so long has closed the page.
GONE_S = 45.0


class ChatMonitoring:
    """`wall` gives microseconds since the epoch; `helped` is told of the interaction to which a supervisor came."""

    def __init__(
        self,
        conductor: ChatConductor,
        listening: Listening,
        current: CurrentSite,
        pump: Routing,
        audit: Audit,
        helped: Callable[[str], None],
        wall: Callable[[], int],
    ) -> None:
        self._conductor = conductor
        self._floor = ChatFloor(conductor)
        self._listening = listening
        self._current = current
        self._pump = pump
        self._audit = audit
        self._helped = helped
        self._wall = wall
        self._news: dict[str, asyncio.Event] = {}
        self._gone: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._closed = False
        listening.changed = self._tell
        # Told each chat to which or from which a supervisor came or went.
        self.changed: Callable[[str], None] = lambda _chat: None

    def live(self, scope: Scope) -> tuple[LiveChat, ...]:
        """The open chats in reach, oldest first."""
        return tuple(one for _, one in self.things() if in_reach(scope, one))

    def things(self) -> tuple[tuple[str, LiveChat], ...]:
        """All open chats with their ids, for the board."""
        return tuple((chat.chat_id, self._shown(chat)) for chat in self._conductor.open_chats())

    def thing(self, interaction_id: str) -> LiveChat | None:
        """One of them, for the board."""
        chat = self._conductor.chat(interaction_id)
        return None if chat is None or chat.over else self._shown(chat)

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        """Whether this is an open chat of one of the caller's agents, or one that waits in one of their queues."""
        chat = self.thing(interaction_id)
        return chat is not None and in_reach(scope, chat)

    async def read(
        self, caller: Caller, interaction_id: str, after: int, version: int | None, wait_s: float
    ) -> ChatView | Refused:
        """What was said after that number; held back until there is something, or something else changed."""
        chat = self._conductor.chat(interaction_id)
        if chat is None or self._mode(caller.agent_id, interaction_id) is None:
            return Refused("not_listening", "listen to the chat first")
        self._still_there(caller.agent_id or "", chat)
        if chat.last <= after and version == chat.version and not (chat.over or self._closed):
            await self._wait(chat, wait_s)
        try:
            lines = await chat.after(after)
        except StoreAwayError:
            return Refused("unavailable", "the chat cannot be read now")
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
                for one in self._listening.whispers(interaction_id)
            ),
        )

    async def listen(self, caller: Caller, interaction_id: str, mode: str, comment: str) -> Refused | None:
        """Begin, or go on in another way."""
        chat = self._conductor.chat(interaction_id)
        if caller.agent_id is None or chat is None:
            return NO_AGENT
        before = self._mode(caller.agent_id, interaction_id)
        try:
            await self._listening.begin(chat, caller.agent_id, ListenMode(mode))
        except (ChatRefusedError, StoreAwayError) as error:
            return _refused(error)
        self._still_there(caller.agent_id, chat)
        self._helped(interaction_id)
        await self._note(caller, "listen", chat, {"mode": before}, {"mode": mode}, comment)
        return None

    async def stop(self, caller: Caller, interaction_id: str) -> Refused | None:
        """Listen no more."""
        chat = self._conductor.chat(interaction_id)
        if caller.agent_id is None or chat is None:
            return NO_AGENT
        before = self._mode(caller.agent_id, interaction_id)
        if not self._leave(caller.agent_id, chat):
            return Refused("not_listening", "you do not listen to this chat")
        await self._note(caller, "listen", chat, {"mode": before}, {"mode": None}, "")
        return None

    async def say(self, caller: Caller, interaction_id: str, client_id: str, text: str) -> Refused | None:
        """To the agent, or to everybody, as the mode is."""
        chat = self._conductor.chat(interaction_id)
        if caller.agent_id is None or chat is None:
            return NO_AGENT
        try:
            await self._listening.say(chat, caller.agent_id, client_id, text)
        except (ChatRefusedError, StoreAwayError) as error:
            return _refused(error)
        return None

    async def take_over(self, caller: Caller, interaction_id: str, comment: str) -> Refused | None:
        """The supervisor has the chat, its agent goes to wrap-up."""
        chat = self._conductor.chat(interaction_id)
        agent = self._current.site.agents.get(caller.agent_id or "")
        row = self._pump.dispatcher.agent(agent.agent_id) if agent else None
        if chat is None or agent is None or row is None or not agent.capacity.get(Medium.CHAT):
            return NO_AGENT
        if not row.connected:
            return Refused("no_page", "sign in on the agent page first: that is where you write")
        serving = chat.machine.serving
        before = {"agents": [serving.agent_id] if serving else []}
        try:
            await self._floor.take_over(agent.agent_id, interaction_id)
        except ChatRefusedError as error:
            return _refused(error)
        self._leave(agent.agent_id, chat)
        self._helped(interaction_id)
        await self._note(caller, "take_over", chat, before, {"agents": [agent.agent_id]}, comment)
        return None

    # --- inside -------------------------------------------------------------------------------------------------

    def _mode(self, agent_id: str | None, interaction_id: str) -> str | None:
        found = (one.mode.value for one in self._listening.of(interaction_id) if one.agent_id == agent_id)
        return next(found, None)

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

    def close(self) -> None:
        """The server stops: nobody is kept waiting for an answer."""
        self._closed = True
        for news in self._news.values():
            news.set()
        for handle in self._gone.values():
            handle.cancel()
        self._gone.clear()

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

    async def _note(
        self,
        caller: Caller,
        action: str,
        chat: ChatRunner,
        before: Mapping[str, object],
        after: Mapping[str, object],
        comment: str,
    ) -> None:
        serving = chat.machine.serving
        agent = self._current.agent(serving.agent_id) if serving else None
        await self._audit.add(
            Intervention(
                at=self._wall(),
                by=caller.account,
                role=caller.role.value,
                action=action,
                subject=f"chat:{chat.chat_id}",
                before=before,
                after=after,
                comment=comment,
                teams=(agent.team,) if agent is not None else (),
            )
        )


def _listener(one: Listener) -> ChatListener:
    return ChatListener(agent=one.agent_id, name=one.name, mode=one.mode.value)


def _refused(error: ChatRefusedError | StoreAwayError) -> Refused:
    code = error.code if isinstance(error, ChatRefusedError) else "unavailable"
    return Refused(code, str(error))
