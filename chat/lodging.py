"""Chats of this node that go over to another shard: a node there takes them in, and has them from then on (ADR 15).

The item is leaving by then (router.handoff). Here a host is looked for, with all that was said; what the visitor says
meanwhile waits. When the other shard has the item, the visitor's pages show the chat as it is there.
"""

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
from router.handoff import ENDED
from router.vocabulary import EndedBy, Outcome

log = structlog.get_logger(__name__)

PAGE = 200


class Lodgings:
    """One for the node: `execute` the router's committed commands, `resume` a chat that was leaving elsewhere."""

    def __init__(self, directory: Directory, ports: ChatPorts, far: FarChats, tasks: Tasks) -> None:
        self._directory = directory
        self._ports = ports
        self._far = far
        self._tasks = tasks
        # By chat the shard and the node that have made room for it.
        self._hosts: dict[str, tuple[str, str]] = {}

    def execute(self, command: Command, chat: ChatRunner) -> None:
        """What the router has committed, as far as it concerns that chat of this node on its way to another shard."""
        if getattr(command, "work_id", "") != chat.work_id:
            return
        match command:
            case HandWork(why=why) if why != ENDED:
                self._leave(chat, command.shard, command.queue, command.token)
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
            self._leave(chat, handoff.shard, handoff.queue, handoff.token)

    # --- inside -------------------------------------------------------------------------------------------------

    def _leave(self, chat: ChatRunner, shard: str, queue: str, token: int) -> None:
        # From here on: what is said after this comes after the errand, and would be said to nobody.
        chat.leaving = chat.leaving or Leaving()
        self._tasks.spawn(self._look_for_host(chat, shard, queue, token), f"lodging:{chat.chat_id}")

    async def _look_for_host(self, chat: ChatRunner, shard: str, queue: str, token: int) -> None:
        node = ""
        try:
            node = await chat.in_turn(partial(self._lodge, chat, shard, queue))
        except (ChatRefusedError, StoreAwayError) as error:
            log.info("no_host", interaction_id=chat.chat_id, shard=shard, reason=str(error))
            if chat.over or chat.stopped:
                return  # it is over, or another node, or the next start, sees to it
        self._ports.router.tell(facts.HandoffHosted(shard, token, node), chat.told.cause)

    async def _lodge(self, chat: ChatRunner, shard: str, queue: str) -> str:
        store, shards = self._ports.store, self._ports.shards
        await chat.keep_marks()
        kept = await store.get(chat.chat_id)
        if shards is None or kept is None or chat.machine.state is not ChatState.WAITING:
            raise ChatRefusedError("unavailable", "the chat is not waiting")
        lines: list[Message] = []
        while page := await store.after(chat.chat_id, lines[-1].number if lines else 0, PAGE):
            lines += page
        # Before anybody there is asked: whoever comes by its token later knows where to ask.
        await store.lodge(chat.chat_id, shard)
        node = await shards.lodge(kept, lines, chat.work_id, shard, queue)
        self._hosts[chat.chat_id] = shard, node
        log.info("host_found", interaction_id=chat.chat_id, shard=shard, node=node)
        return node

    async def _go(self, chat: ChatRunner) -> None:
        """The other shard has it: what this node knows of it ends, and its pages follow it."""
        shard, node = self._hosts.pop(chat.chat_id, ("", ""))

        async def go() -> None:
            chat.told.closed(Outcome.HANDED_OVER.value)
            self._ports.contexts.closed(chat.chat_id)
            await self._ports.store.end(chat.chat_id, EndedBy.SYSTEM.value, chat.now())

        try:
            await chat.in_turn(go)
        except (ChatRefusedError, StoreAwayError) as error:
            # Whoever comes by its token asks the other shard all the same.
            log.warning("gone_over_not_kept", interaction_id=chat.chat_id, error=str(error))
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
