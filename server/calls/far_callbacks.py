"""Callbacks that go over to another shard: its node has to know whom to call before the item comes (ADR 14).

What names a person goes from node to node, not by the store. The other shard's node keeps it in that shard's database,
so that whichever node calls in the end finds it there.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from records.database import DatabaseError
from router import events as facts
from router.commands import AnswerHandoff, HandWork
from router.handoff import ENDED
from router.rows import Turn, WorkRow
from server.core.routing import Routing
from server.desks.contexts import InteractionContext, InteractionContexts
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from server.nodes.shard_links import ShardLinks
from server.tasks import TaskOwner

log = structlog.get_logger(__name__)

CAUSE = "callback"
TRIES, AGAIN_S = 25, 0.2
# A customer whose item does not come is forgotten.
COMES_S = 60.0


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call, and what is known of them. `number` is theirs, `channel` where they came in."""

    interaction_id: str
    channel: str
    number: str
    name: str
    data: dict[str, str]
    path: tuple[str, ...]
    language: str


class FarCallbacks:
    """`observe` each committed turn; `take_up` when this node has become the owner. `may_dial` is this shard's list."""

    def __init__(
        self,
        links: ShardLinks,
        link: PeerLink,
        pump: Routing,
        contexts: InteractionContexts,
        may_dial: Callable[[str], bool],
        owning: Callable[[], bool],
        tasks: TaskOwner,
    ) -> None:
        self._links = links
        self._pump = pump
        self._contexts = contexts
        self._may_dial = may_dial
        self._owning = owning
        self._tasks = tasks
        self._turns = itertools.count()
        self._expected: dict[str, asyncio.TimerHandle] = {}
        link.answer["callback"] = self._asked

    def __len__(self) -> int:
        return len(self._expected)

    def observe(self, turn: Turn) -> None:
        """An item leaves, or one came, or did not."""
        for command in turn.commands:
            match command:
                case HandWork(work_id=work_id, why=why) if why != ENDED and self._owning():
                    self._begin(self._pump.dispatcher.work(work_id))
                case AnswerHandoff(interaction_id=interaction_id, first=True, refused=refused):
                    self._settled(interaction_id, refused=refused != "")
                case _:
                    pass

    def take_up(self) -> None:
        """What was leaving under an owner who is gone."""
        for row in self._pump.dispatcher.leaving():
            self._begin(row)

    def _begin(self, row: WorkRow | None) -> None:
        if row is not None and row.callback and row.handoff is not None and not row.handoff.host:
            self._tasks.spawn(self._look_for_host(row, row.handoff.shard, row.handoff.token), f"note:{row.work_id}")

    async def _look_for_host(self, row: WorkRow, shard: str, token: int) -> None:
        host: str | None = ""
        try:
            host = await self._host(row, shard)
        except DatabaseError as error:
            log.warning("callback_without_number", interaction_id=row.interaction_id, error=str(error))
        log.info("callback_noted" if host else "callback_stays", interaction_id=row.interaction_id, node=host)
        self._pump.tell(facts.HandoffHosted(shard, token, host or "", never=host is None), CAUSE)

    async def _host(self, row: WorkRow, shard: str) -> str | None:
        """The node that knows whom to call, "" for none now; None when they cannot be called from there at all."""
        link, context = self._links.of(shard), await self._contexts.get(row.interaction_id, row.work_id)
        if not context.number:
            return None
        if link is None:
            return ""
        for _ in range(TRIES):
            if link.reached:
                break
            await asyncio.sleep(AGAIN_S)  # just after a start none is, yet
        nodes = sorted(link.reached)
        if not nodes:
            return ""
        promised = Promised(
            interaction_id=row.interaction_id,
            channel=context.channel,
            number=context.number,
            name=context.caller_name,
            data=context.data,
            path=context.path,
            language=context.language,
        )
        first = next(self._turns) % len(nodes)
        for node in nodes[first:] + nodes[:first]:
            try:
                if not await link.ask(node, "callback", msgspec.to_builtins(promised)):
                    return None
            except (PeerUnreachableError, PeerRefusedError) as error:
                log.info("callback_not_noted", interaction_id=row.interaction_id, node=node, reason=str(error))
            else:
                return node
        return ""

    # --- the other shard's node

    async def _asked(self, _node: str, body: Any) -> bool:
        """False for a number that may not be called from here."""
        promised = msgspec.convert(body, Promised)
        interaction_id = promised.interaction_id
        if not self._may_dial(promised.number):
            return False
        try:
            await self._contexts.promised(
                InteractionContext(
                    interaction_id,
                    promised.channel,
                    promised.number,
                    promised.name,
                    promised.path,
                    promised.data,
                    promised.language,
                )
            )
        except DatabaseError as error:
            raise PeerRefusedError(f"it cannot be kept: {error}") from error
        self._forget(interaction_id)
        later = asyncio.get_running_loop().call_later(COMES_S, self._settled, interaction_id)
        self._expected[interaction_id] = later
        return True

    def _settled(self, interaction_id: str, *, refused: bool = True) -> None:
        if self._forget(interaction_id) and refused:
            self._contexts.closed(interaction_id)

    def _forget(self, interaction_id: str) -> bool:
        timer = self._expected.pop(interaction_id, None)
        if timer is not None:
            timer.cancel()
        return timer is not None
