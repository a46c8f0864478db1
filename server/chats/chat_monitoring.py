"""Supervisors in chats, as in calls: they read, whisper, barge in and take over; each of it is in the audit log."""

from collections.abc import Callable, Mapping

from chat.ports import ChatRefusedError, Held
from http_api.chats_api import ChatView, LiveChat, in_reach
from http_api.supervision_api import Refused
from records.audit import Audit, Intervention
from records.roles import Scope
from records.sessions import Caller
from router.vocabulary import Medium
from server.chats import chat_acts as a
from server.chats.chat_homes import ANSWER_S, ChatHomes
from server.chats.live_chats import LiveChats
from server.core.routing import Routing
from server.current import CurrentSite

NO_AGENT = Refused("not_an_agent", "this account has no agent, and so no name in a chat")
NOT_LISTENING = Refused("not_listening", "you do not listen to this chat")


class ChatMonitoring:
    """On any node: each act is carried out at the chat's home.

    `wall` gives microseconds since the epoch; `helped` is told of the interaction to which a supervisor came.
    """

    def __init__(
        self,
        homes: ChatHomes,
        chats: LiveChats,
        current: CurrentSite,
        pump: Routing,
        audit: Audit,
        helped: Callable[[str], None],
        wall: Callable[[], int],
    ) -> None:
        self._homes = homes
        self._chats = chats
        self._current = current
        self._pump = pump
        self._audit = audit
        self._helped = helped
        self._wall = wall

    def live(self, scope: Scope) -> tuple[LiveChat, ...]:
        """The open chats in reach, of each node oldest first."""
        return tuple(one for _, one in self._chats.things() if in_reach(scope, one))

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        """Whether this is an open chat of one of the caller's agents, or one that waits in one of their queues."""
        chat = self._chats.thing(interaction_id)
        return chat is not None and in_reach(scope, chat)

    async def read(
        self, caller: Caller, interaction_id: str, after: int, version: int | None, wait_s: float
    ) -> ChatView | Refused:
        """What was said after that number; held back until there is something, or something else changed."""
        asked = a.ReadAlong(
            agent_id=caller.agent_id or "",
            interaction_id=interaction_id,
            after=after,
            version=version,
            wait_s=wait_s,
        )
        try:
            return await self._homes.by_interaction(asked, ChatView, ANSWER_S + wait_s)
        except ChatRefusedError as error:
            return _refused(error)

    async def listen(self, caller: Caller, interaction_id: str, mode: str, comment: str) -> Refused | None:
        """Begin, or go on in another way."""
        held = self._homes.index.held(interaction_id)
        if caller.agent_id is None or held is None:
            return NO_AGENT
        asked = a.Listen(agent_id=caller.agent_id, interaction_id=interaction_id, mode=mode)
        try:
            before = await self._homes.by_interaction(asked, str)
        except ChatRefusedError as error:
            return _refused(error)
        self._helped(interaction_id)
        await self._note(caller, "listen", interaction_id, held, {"mode": before or None}, {"mode": mode}, comment)
        return None

    async def stop(self, caller: Caller, interaction_id: str) -> Refused | None:
        """Listen no more."""
        held = self._homes.index.held(interaction_id)
        if caller.agent_id is None or held is None:
            return NO_AGENT
        asked = a.StopListening(agent_id=caller.agent_id, interaction_id=interaction_id)
        try:
            before = await self._homes.by_interaction(asked, str)
        except ChatRefusedError as error:
            return _refused(error)
        if not before:
            return NOT_LISTENING
        await self._note(caller, "listen", interaction_id, held, {"mode": before}, {"mode": None}, "")
        return None

    async def say(self, caller: Caller, interaction_id: str, client_id: str, text: str) -> Refused | None:
        """To the agent, or to everybody, as the mode is."""
        if caller.agent_id is None:
            return NO_AGENT
        said = a.SayAsListener(agent_id=caller.agent_id, interaction_id=interaction_id, client_id=client_id, text=text)
        try:
            await self._homes.by_interaction(said, type(None))
        except ChatRefusedError as error:
            return _refused(error)
        return None

    async def take_over(self, caller: Caller, interaction_id: str, comment: str) -> Refused | None:
        """The supervisor has the chat, its agent goes to wrap-up."""
        held = self._homes.index.held(interaction_id)
        agent = self._current.site.agents.get(caller.agent_id or "")
        row = self._pump.dispatcher.agent(agent.agent_id) if agent else None
        if held is None or agent is None or row is None or not agent.capacity.get(Medium.CHAT):
            return NO_AGENT
        if not row.connected:
            return Refused("no_page", "sign in on the agent page first: that is where you write")
        before = {"agents": [held.agent_id] if held.agent_id else []}
        asked = a.TakeOver(agent_id=agent.agent_id, interaction_id=interaction_id)
        try:
            await self._homes.by_interaction(asked, type(None))
        except ChatRefusedError as error:
            return _refused(error)
        self._helped(interaction_id)
        after = {"agents": [agent.agent_id]}
        await self._note(caller, "take_over", interaction_id, held, before, after, comment)
        return None

    # --- inside -------------------------------------------------------------------------------------------------

    async def _note(
        self,
        caller: Caller,
        action: str,
        interaction_id: str,
        held: Held,
        before: Mapping[str, object],
        after: Mapping[str, object],
        comment: str,
    ) -> None:
        agent = self._current.agent(held.agent_id) if held.agent_id else None
        teams = (agent.team,) if agent is not None else ()
        await self._audit.add(
            Intervention.of(caller, self._wall(), action, f"chat:{interaction_id}", before, after, comment, teams)
        )


def _refused(error: ChatRefusedError) -> Refused:
    return Refused(error.code, str(error))
