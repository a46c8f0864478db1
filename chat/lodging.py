"""Chats of this node that go over to another shard: a node there takes them in, and has them from then on (ADR 15).

The item is leaving by then (router.handoff). Here a host is looked for, with all that was said; what the visitor says
meanwhile waits. When the other shard has the item, the visitor's pages show the chat as it is there.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from chat.directory import Directory
from chat.far_chat import FarChats
from chat.leaving import Leaving
from chat.machine import ChatState
from chat.ports import ChatPorts, ChatRefusedError, Held, StoreAwayError, Tasks
from chat.runner import ChatRunner
from records.messages import Message
from router import events as facts
from router.commands import CloseWork, Command, HandWork, RequeueWork
from router.errors import RoutingEndedError
from router.handoff import ENDED
from router.rows import Handoff
from router.vocabulary import EndedBy, Outcome

log = structlog.get_logger(__name__)

PAGE = 200


class Lodgings:
    """One for the node: `execute` the router's committed commands, `resume` a chat that was leaving elsewhere.

    `name_of` gives what an agent is called.
    """

    def __init__(
        self,
        directory: Directory,
        ports: ChatPorts,
        far: FarChats,
        tasks: Tasks,
        name_of: Callable[[str], str],
    ) -> None:
        self._directory = directory
        self._ports = ports
        self._far = far
        self._tasks = tasks
        self._name_of = name_of
        # By chat the shard and the node that have made room for it.
        self._hosts: dict[str, tuple[str, str]] = {}

    def execute(self, command: Command, chat: ChatRunner) -> None:
        """What the router has committed, as far as it concerns that chat of this node on its way to another shard."""
        # Of an item by which it is just being handed on the chat knows a moment later.
        if isinstance(command, HandWork) and command.why != ENDED:
            self._leave(chat, command.work_id, Handoff(command.shard, command.queue, command.token))
        if getattr(command, "work_id", "") != chat.work_id:
            return
        match command:
            case CloseWork(outcome=Outcome.HANDED_OVER):
                self._tasks.spawn(self._go(chat), f"gone_over:{chat.chat_id}")
            case RequeueWork() | CloseWork() if chat.leaving is not None:
                self._tasks.spawn(self._stay(chat), f"stayed:{chat.chat_id}")
            case _:
                pass

    def resume(self, chat: ChatRunner, held: Held) -> None:
        """It was leaving when this node took it up."""
        handoff = held.handoff
        if handoff is not None and handoff.host:
            chat.leaving = Leaving()
            self._hosts[chat.chat_id] = handoff.shard, handoff.host
        elif handoff is not None:
            self._leave(chat, held.work_id, handoff)

    # --- inside -------------------------------------------------------------------------------------------------

    def _leave(self, chat: ChatRunner, work_id: str, handoff: Handoff) -> None:
        # From here on: what is said after this comes after the errand, and would be said to nobody.
        chat.leaving = chat.leaving or Leaving()
        self._tasks.spawn(self._look_for_host(chat, work_id, handoff), f"lodging:{chat.chat_id}")

    async def _look_for_host(self, chat: ChatRunner, work_id: str, handoff: Handoff) -> None:
        node = ""
        try:
            node = await chat.in_turn(partial(self._lodge, chat, work_id, handoff.shard, handoff.queue))
        except ChatRefusedError as error:
            log.info("no_host", interaction_id=chat.chat_id, shard=handoff.shard, reason=str(error))
            if chat.over or chat.stopped:
                return  # it is over, or another node, or the next start, sees to it
        self._ports.router.tell(facts.HandoffHosted(handoff.shard, handoff.token, node), chat.told.cause)

    async def _lodge(self, chat: ChatRunner, work_id: str, shard: str, queue: str) -> str:
        try:
            return await self._taken_there(chat, work_id, shard, queue)
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", f"the chat cannot be read now: {error}") from error

    async def _taken_there(self, chat: ChatRunner, work_id: str, shard: str, queue: str) -> str:
        store, shards = self._ports.store, self._ports.shards
        await chat.keep_marks()
        kept = await store.get(chat.chat_id)
        waits = chat.machine.state is ChatState.WAITING and chat.work_id == work_id
        if shards is None or kept is None or not waits:
            raise ChatRefusedError("unavailable", "the chat is not waiting")
        lines: list[Message] = []
        while page := await store.after(chat.chat_id, lines[-1].number if lines else 0, PAGE):
            lines += page
        # Before anybody there is asked: whoever comes by its token later knows where to ask.
        await store.lodge(chat.chat_id, shard)
        handover = chat.handover
        if handover is not None:
            # There nobody knows the agents of this shard by anything but what they are called.
            handover = replace(handover, by=self._name_of(handover.by) or handover.by, agent_id="", queue=queue)
        node = await shards.lodge(kept, lines, work_id, shard, queue, handover)
        self._hosts[chat.chat_id] = shard, node
        log.info("host_found", interaction_id=chat.chat_id, shard=shard, node=node)
        return node

    async def _go(self, chat: ChatRunner) -> None:
        """The other shard has it: what this node knows of it ends, and its pages follow it."""
        shard, node = self._hosts.pop(chat.chat_id, ("", ""))

        async def go() -> None:
            try:
                await chat.told.closed(Outcome.HANDED_OVER.value)
                self._ports.contexts.closed(chat.chat_id)
                await self._ports.store.end(chat.chat_id, EndedBy.SYSTEM.value, chat.now())
            except (StoreAwayError, RoutingEndedError) as error:
                # Whoever comes by its token asks the other shard all the same.
                log.warning("gone_over_not_kept", interaction_id=chat.chat_id, error=str(error))

        try:
            await chat.in_turn(go)
        except ChatRefusedError as error:
            log.info("gone_over_at_the_end", interaction_id=chat.chat_id, error=str(error))
        chat.successor = self._far.gone_over(chat.chat_id, chat.token_hash, chat.last, shard, node)
        chat.move()
        self._settle(chat)
        self._directory.forget(chat)
        log.info("chat_gone_over", interaction_id=chat.chat_id, shard=shard)

    async def _stay(self, chat: ChatRunner) -> None:
        """It waits here again, or is over."""
        self._hosts.pop(chat.chat_id, None)
        self._settle(chat)
        try:
            await self._ports.store.lodge(chat.chat_id, None)
        except StoreAwayError as error:
            log.warning("stay_not_kept", interaction_id=chat.chat_id, error=str(error))

    def _settle(self, chat: ChatRunner) -> None:
        if chat.leaving is not None:
            chat.leaving.settle()
            chat.leaving = None
