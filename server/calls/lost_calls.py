"""Callers whose node is gone, or ends while they are on the line: called back in front, where their queue says so.

A new interaction with a callback is queued for each before the old one is closed, at the place that the old one had. A
server that dies between the two does it again: the new one's name comes from the old one's, so nobody is called twice.
"""

import asyncio
from collections.abc import Callable

import structlog

from records.drafts import CALLBACK
from records.interactions import Interactions
from router import events as facts
from router.rows import WorkRow
from router.vocabulary import Medium, WorkState
from server.core.routing import Routing
from server.current import CurrentSite
from server.desks.contexts import InteractionContext, InteractionContexts

log = structlog.get_logger(__name__)

CALL_BACK = "call_back"
LOOK_S = 0.1
_OVER = (WorkState.WRAP_UP, WorkState.CLOSED)


def voice_rows(pump: Routing, node: str) -> dict[str, WorkRow]:
    """The open calls of a node by interaction, each by its first work item: a consult is another item of the same.

    Without those of callers who are on the line of another shard: their own node has them back.
    """
    rows: dict[str, WorkRow] = {}
    for row in pump.dispatcher.works():
        here = row.node == node and row.medium is Medium.VOICE and not row.callback and not row.origin
        if here and row.state not in _OVER:
            rows.setdefault(row.interaction_id, row)
    return rows


class LostCalls:
    """`node` is this node's label."""

    def __init__(
        self,
        pump: Routing,
        current: CurrentSite,
        contexts: InteractionContexts,
        interactions: Interactions,
        may_dial: Callable[[str], bool],
        node: str,
    ) -> None:
        self._pump = pump
        self._current = current
        self._contexts = contexts
        self._interactions = interactions
        self._may_dial = may_dial
        self._node = node

    def of_queue(self, queue: str) -> bool:
        """Whether those who are in this queue are called back."""
        found = self._current.site.queues.get(queue)
        return found is not None and found.when_node_lost == CALL_BACK

    async def call_back(self, lost: str) -> int:
        """The callers of a node that is gone; returns how many will be called. Raises what SQL raises."""
        return await self._all(lost, self._node, None)

    async def hand_over(self, delay_us: int, gone: frozenset[str] = frozenset()) -> int:
        """The callers of this node, which is about to hang up: by whoever is there once `delay_us` has passed.

        `gone` are the interactions of those who are on the line elsewhere.
        """
        return await self._all(self._node, "", self._pump.now() + delay_us, gone)

    async def _all(self, lost: str, node: str, not_before: int | None, gone: frozenset[str] = frozenset()) -> int:
        rows = [row for name, row in voice_rows(self._pump, lost).items() if name not in gone]
        return sum(await asyncio.gather(*(self._queue(row, node, not_before) for row in rows)))

    async def _recorded(self, interaction_id: str) -> None:
        """A new owner's records may be some turns behind; who waits for ever is ended by the limit on all of this."""
        here = self._contexts.live(interaction_id)
        if here is not None and here.caller:
            return
        while await self._interactions.view(interaction_id) is None:  # noqa: ASYNC110 - SQL tells nobody
            await asyncio.sleep(LOOK_S)

    async def _queue(self, row: WorkRow, node: str, not_before: int | None) -> bool:
        new = f"{row.interaction_id}-again"
        if not self.of_queue(row.queue) or await self._interactions.view(new) is not None:
            return False
        if self._pump.dispatcher.work(new) is not None:
            return False  # it was begun before
        await self._recorded(row.interaction_id)
        before = await self._contexts.again(row.interaction_id)
        if not before.number or not self._may_dial(before.number):
            log.info("not_called_back", interaction_id=row.interaction_id, known=bool(before.number))
            return False
        # Kept first: whoever calls them may be another node than this one by then.
        known = (before.channel, before.number, before.caller_name, before.path, dict(before.data), before.language)
        await self._contexts.promised(InteractionContext(new, *known))
        cause, note = f"lost:{row.node}", (("of", row.interaction_id),)
        self._pump.tell(facts.InteractionOpened(new, before.channel, Medium.VOICE, CALLBACK, node), cause)
        self._pump.tell(facts.InteractionNoted(new, "callback_of", note), cause)
        queued = facts.WorkQueued(
            new,
            new,
            Medium.VOICE,
            row.queue,
            requirements=row.requirements,
            priority=row.priority,
            node=node,
            condition=row.condition,
            attributes=row.attributes,
            preferred=row.preferred,
            not_before=not_before,
            since=row.queued_at,
            callback=True,
        )
        self._pump.tell(queued, cause)
        log.info("called_back_in_front", interaction_id=row.interaction_id, by=new)
        return True
