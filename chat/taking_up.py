"""Chats go on where they were: after a restart, when their node is gone, and where their visitor has come to."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog

from chat.directory import Directory
from chat.events import AgentJoined, ChatCommand
from chat.ports import ChatPorts, ChatRefusedError, Held, Records, StoreAwayError, Tasks
from chat.runner import ChatRunner
from chat.site import ChatSite
from records.messages import Chat
from router import events as facts
from router.commands import Refuse
from router.errors import RoutingEndedError
from router.vocabulary import EndedBy, Outcome

log = structlog.get_logger(__name__)

# Who has not opened their chat again by then has gone.
HALF_OPEN_US = 600_000_000
# So long the end of a chat may be on its way to SQL.
KEPT_S = 3.0


class TakingUp:
    """A chat's home is the node of its work item. `site` gives the chats' site as it is now."""

    def __init__(self, directory: Directory, ports: ChatPorts, site: Callable[[], ChatSite], tasks: Tasks) -> None:
        self._directory = directory
        self._ports = ports
        self._site = site
        self._tasks = tasks
        self._ending: set[str] = set()
        # What the journal's projection knows; without it no chat is ended that was found as over.
        self.records: Records | None = None
        self.kept_s = KEPT_S
        self._under_way: dict[str, asyncio.Lock] = {}
        # How the router holds a chat now, None for one that it has not open.
        self.held: Callable[[str], Held | None] = lambda _interaction_id: None
        # Told of a chat that is on its way to another shard.
        self.left: Callable[[ChatRunner, Held], None] = lambda _chat, _held: None

    async def restore(self, records: Records) -> None:
        """Takes up every chat that was open when the server ended. Raises StoreAwayError."""
        for chat in await self._ports.store.not_ended():
            if self.held(chat.interaction_id) is None:
                if not await self._half_open(chat, records):
                    await self._end_lost(chat, records)
            else:
                await self.take_up(chat)

    async def take_up(self, chat: Chat) -> ChatRunner | None:
        """The chat as it was kept, on this node from now on; None when it is over, or another node was quicker.

        Raises StoreAwayError.
        """
        lock = self._under_way.setdefault(chat.interaction_id, asyncio.Lock())
        try:
            async with lock:
                return self._directory.live.get(chat.interaction_id) or await self._take_up(chat)
        finally:
            self._under_way.pop(chat.interaction_id, None)

    async def revived(self, chat: Chat) -> Chat:
        """A guest of this shard that was taken for over before it came, as one that is open. Raises StoreAwayError."""
        held = self.held(chat.interaction_id)
        if chat.ended_by is None or chat.agent_name is not None or held is None or not held.terms.origin:
            return chat
        await self._ports.store.reopen(chat.interaction_id)
        return replace(chat, ended_at=None, ended_by=None)

    async def let_go(self, runner: ChatRunner, node: str) -> None:
        """That node takes it up; nothing more happens to it here. Raises ChatRefusedError."""

        async def leave() -> None:
            await runner.keep_marks()
            if runner.leaving is not None:
                raise ChatRefusedError("unavailable", "the chat is on its way to another shard")
            moved = facts.WorkTakenUp(runner.work_id, node, self._site().node)
            if any(isinstance(answer, Refuse) for answer in await runner.told.post(moved)):
                raise ChatRefusedError("unavailable", "the chat is somewhere else already")
            runner.move()
            self._directory.forget(runner)
            log.info("chat_let_go", work_id=runner.chat_id, node=node)

        await runner.in_turn(leave)

    async def _take_up(self, chat: Chat) -> ChatRunner | None:
        if not await self._own(chat.interaction_id):
            return None
        chat = await self._ports.store.find(chat.token_hash) or chat  # with what was said until its node was gone
        tail = await self._ports.store.newest(chat.interaction_id, self._site().limits.tail)
        held = self.held(chat.interaction_id)
        handover = await self._ports.store.handover(held.work_id) if held is not None else None
        # The router did not wait for SQL: from here on nothing is missed, its commands find the chat.
        held = self.held(chat.interaction_id)
        if held is None:
            return None
        machine = self._directory.machine(chat, held.work_id, held.queue)
        machine.directed, machine.handed_on = held.directed, held.work_id != chat.interaction_id
        runner = self._directory.make(chat, machine, tail)
        runner.terms, runner.handover = replace(held.terms, node=self._site().node), handover
        log.info("chat_taken_up", work_id=chat.interaction_id, talking=held.talking)
        self._directory.start(runner, self._begin(runner, held))
        if held.handoff is not None:
            self.left(runner, held)
        elif chat.elsewhere:
            await self._ports.store.lodge(chat.interaction_id, None)
        return runner

    async def _own(self, interaction_id: str) -> bool:
        held, node = self.held(interaction_id), self._site().node
        if held is None or held.terms.node == node:
            return held is not None
        taken = facts.WorkTakenUp(held.work_id, node, held.terms.node)
        answers = await self._ports.router.post(taken, f"chat:{interaction_id}")
        return not any(isinstance(answer, Refuse) for answer in answers)

    def _begin(self, runner: ChatRunner, held: Held) -> list[ChatCommand]:
        machine, now = runner.machine, self._ports.router.now()
        for reservation_id in held.left:
            runner.told.end_part(reservation_id, "transferred")
        machine.start(now)
        if held.parked:
            return machine.park()
        if not held.talking:
            return machine.handle(runner.where(), now)
        name, here = self._site().agent_name(held.agent_id), self._ports.notices.here(held.agent_id)
        self._directory.by_reservation[held.reservation_id] = runner
        # The accept is committed; that they were joined may not be. Said twice, it is without effect.
        return machine.handle(AgentJoined(held.reservation_id, held.agent_id, name, here, held.work_id), now)

    def end_soon(self, chat: Chat) -> None:
        """The router has it no more, and its end is not kept: it ended while it went from one node to another.

        Whoever may be at it now is given a moment.
        """
        if self.records is not None and chat.interaction_id not in self._ending:
            self._ending.add(chat.interaction_id)
            ending = self._end_soon(chat.interaction_id, self.records)
            self._tasks.spawn(ending, f"chat_end:{chat.interaction_id}")

    async def end_left(self) -> None:
        """A node is gone: what the router has open no more, and whose end nobody kept, is ended soon.

        Raises StoreAwayError.
        """
        for chat in await self._ports.store.not_ended() if self.records is not None else ():
            held, records = self.held(chat.interaction_id), self.records
            if held is None and records is not None and not await self._half_open(chat, records):
                self.end_soon(chat)

    async def _end_soon(self, interaction_id: str, records: Records) -> None:
        try:
            await asyncio.sleep(self.kept_s)
            chat = await self._ports.store.get(interaction_id)
            if chat is not None and chat.ended_by is None and self.held(interaction_id) is None:
                await self._end_lost(chat, records)
        except (StoreAwayError, RoutingEndedError) as error:
            log.warning("chat_not_ended", work_id=interaction_id, error=str(error))
        finally:
            self._ending.discard(interaction_id)

    async def _half_open(self, chat: Chat, records: Records) -> bool:
        """Whether it was in no queue yet: it is just being opened at another node, or its visitor opens it again."""
        young = self._ports.router.now() - chat.opened_at < HALF_OPEN_US
        return young and chat.agent_name is None and await records.phase(chat.interaction_id) is None

    async def _end_lost(self, chat: Chat, records: Records) -> None:
        """The router closed it, or never had it, and the end could not be kept before the server ended."""
        by = EndedBy.SYSTEM if chat.agent_name is None else EndedBy.AGENT
        phase = await records.phase(chat.interaction_id)
        # Of what an agent had there is a record, or will be: a new owner's may be some turns behind.
        if phase == "open" or (phase is None and chat.agent_name is not None):
            outcome = Outcome.ABANDONED if chat.agent_name is None else Outcome.HANDLED
            if chat.elsewhere:
                outcome = Outcome.HANDED_OVER
            closed = facts.InteractionClosed(chat.interaction_id, outcome.value)
            await self._ports.router.post(closed, f"chat:{chat.interaction_id}")
        await self._ports.store.end(chat.interaction_id, by.value, self._ports.router.now())
        log.info("chat_was_over", work_id=chat.interaction_id)
