"""Chats go on where they were: after a restart, and when their node is gone."""

from collections.abc import Callable

import structlog

from chat.directory import Directory
from chat.events import AgentJoined
from chat.ports import Held, HeldChats, Records
from chat.runner import ChatPorts, ChatRunner
from chat.site import ChatSite
from records.messages import Chat
from router import events as facts
from router.vocabulary import EndedBy, Outcome

log = structlog.get_logger(__name__)


class TakingUp:
    """`site` gives the chats' site as it is now."""

    def __init__(self, directory: Directory, ports: ChatPorts, site: Callable[[], ChatSite]) -> None:
        self._directory = directory
        self._ports = ports
        self._site = site

    async def restore(self, held: HeldChats, records: Records) -> None:
        """Takes up every chat that was open when the server ended. Raises StoreAwayError."""
        for chat in await self._ports.store.not_ended():
            holding = held.get(chat.interaction_id)
            if holding is None:
                await self._end_lost(chat, records)
            else:
                await self.take_up(chat, holding)

    async def take_up(self, chat: Chat, held: Held) -> ChatRunner:
        """The chat as it was kept, on this node from now on. Raises StoreAwayError."""
        directory = self._directory
        machine = directory.machine(chat, held.work_id, held.queue)
        machine.directed, machine.handed_on = held.directed, held.work_id != chat.interaction_id
        tail = await self._ports.store.newest(chat.interaction_id, self._site().limits.tail)
        handover = await self._ports.store.handover(held.work_id)
        runner = directory.make(chat, machine, tail)
        runner.terms, runner.handover = held.terms, handover
        now = self._ports.router.now()
        for reservation_id in held.left:
            runner.told.end_part(reservation_id, "transferred")
        machine.start(now)
        if held.talking:
            name = self._site().agent_name(held.agent_id)
            here = self._ports.notices.here(held.agent_id)
            # The accept is committed; that they were joined may not be. Said twice, it is without effect.
            joined = AgentJoined(held.reservation_id, held.agent_id, name, here, held.work_id)
            commands = machine.handle(joined, now)
            directory.by_reservation[held.reservation_id] = runner
        elif held.parked:
            commands = machine.park()
        else:
            commands = machine.handle(runner.where(), now)
        log.info("chat_taken_up", work_id=chat.interaction_id, talking=held.talking)
        directory.start(runner, commands)
        return runner

    async def _end_lost(self, chat: Chat, records: Records) -> None:
        """The router closed it, or never had it, and the end could not be kept before the server ended."""
        by = EndedBy.SYSTEM if chat.agent_name is None else EndedBy.AGENT
        if await records.phase(chat.interaction_id) == "open":
            outcome = Outcome.ABANDONED if chat.agent_name is None else Outcome.HANDLED
            closed = facts.InteractionClosed(chat.interaction_id, outcome.value)
            self._ports.router.tell(closed, f"chat:{chat.interaction_id}")
        await self._ports.store.end(chat.interaction_id, by.value, self._ports.router.now())
        log.info("chat_was_over", work_id=chat.interaction_id)
