"""Calls between nodes of different shards: what the caller's node asks and tells the host, and the host's answers."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
import structlog

from router import events as facts
from router.rows import WorkRow
from router.vocabulary import Medium, WorkState
from server.core.routing import Routing
from server.desks.contexts import InteractionContexts
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from server.nodes.shard_links import ShardLinks, shard_of
from store.errors import StoreError
from store.nodes import NodeRegister
from voice.call_table import CallState
from voice.guests import GRACE_S, GuestCall, Guests, NoRoomError
from voice.ports import NodeUnreachableError

log = structlog.get_logger(__name__)

AGAIN_S = 0.2
LOOK_S = 2.0
# A node, or a call, that is missing in so many looks is gone: a store that came back empty knows its nodes soon again.
LOOKS = 3
_OVER = (WorkState.WRAP_UP, WorkState.CLOSED)
CAUSE = "guest"


class Lodger:
    """The caller's node: implements voice.ports.Shards. `shard` is this one's name."""

    def __init__(self, shard: str, links: ShardLinks, pump: Routing, contexts: InteractionContexts) -> None:
        self._shard = shard
        self._links = links
        self._pump = pump
        self._contexts = contexts
        self._turns = itertools.count()

    def queued_at(self, work_id: str) -> int | None:
        """As the router has it."""
        row = self._pump.dispatcher.work(work_id)
        return row.queued_at if row is not None else None

    async def lodge(
        self, work_id: str, interaction_id: str, shard: str, queue: str, at: tuple[str, int]
    ) -> tuple[str, tuple[str, int]]:
        """The nodes of that shard are asked by turns."""
        link, row = self._links.of(shard), self._pump.dispatcher.work(work_id)
        nodes = sorted(link.reached) if link is not None else []
        if link is None or not nodes or row is None:
            raise NodeUnreachableError(f"no node of shard {shard} is reached")
        guest = msgspec.to_builtins(await self._guest(row, queue, at))
        first, refusals = next(self._turns) % len(nodes), list[str]()
        for node in nodes[first:] + nodes[:first]:
            try:
                host, port = await link.ask(node, "guest", guest)
            except (PeerUnreachableError, PeerRefusedError) as error:
                refusals.append(f"{node}: {error}")
            else:
                log.info("host_found", interaction_id=interaction_id, shard=shard, node=node)
                return node, (host, port)
        raise NodeUnreachableError("; ".join(refusals))

    async def stay(self, shard: str, node: str, work_id: str, shown: Callable[[str, str], None]) -> str:
        """Asked after each answer, and once more where the way broke, for `GRACE_S`."""
        link, loop = self._links.of(shard), asyncio.get_running_loop()
        if link is None:
            raise NodeUnreachableError(shard)
        reached_at, known = loop.time(), ("", "")
        while True:
            if node in link.reached:
                reached_at = loop.time()
            try:
                state, who, name = await link.ask(node, "guest_stays", (work_id, *known), timeout_s=None)
                if state == CallState.ENDED:
                    return str(who)
                known = state, who
                shown(state, name)
                continue
            except PeerRefusedError as error:
                raise NodeUnreachableError(str(error)) from error
            except PeerUnreachableError as error:
                if loop.time() - reached_at > GRACE_S and node not in link.reached:
                    raise NodeUnreachableError(f"{node} is gone") from error
            await asyncio.sleep(AGAIN_S)

    def leave(self, shard: str, node: str, work_id: str, reason: str) -> None:
        """News; a host that is not reached notices by itself."""
        if (link := self._links.of(shard)) is not None:
            link.tell(node, "guest_left", (work_id, reason))

    def digit(self, shard: str, node: str, work_id: str, digit: str) -> None:
        """News."""
        if (link := self._links.of(shard)) is not None:
            link.tell(node, "guest_digit", (work_id, digit))

    async def _guest(self, row: WorkRow, queue: str, at: tuple[str, int]) -> GuestCall:
        context = await self._contexts.get(row.interaction_id)
        return GuestCall(
            work_id=row.work_id,
            interaction_id=row.interaction_id,
            queue=queue,
            at=at,
            shard=self._shard,
            channel=context.channel,
            entry=dict(row.attributes).get("entry", ""),
            caller=context.caller,
            caller_kind=context.kind,
            caller_name=context.caller_name,
            data=context.data,
            path=context.path,
            language=context.language,
        )


class Host:
    """The other shard's node. `known` gives the nodes that this shard knows, `owning` whether this one owns it.

    `alive_here` says whether a call of this node goes on, `name_of` gives an agent's display name.
    """

    def __init__(
        self,
        label: str,
        link: PeerLink,
        pump: Routing,
        guests: Guests,
        register_of: Callable[[str], NodeRegister],
        known: Callable[[], Awaitable[set[str]]],
        owning: Callable[[], bool],
        alive_here: Callable[[str], bool],
        name_of: Callable[[str], str],
    ) -> None:
        self._label = label
        self._pump = pump
        self._guests = guests
        self._register_of = register_of
        self._known = known
        self._owning = owning
        self._alive_here = alive_here
        self._name_of = name_of
        self._missed: Counter[str] = Counter()
        link.answer |= {"guest": self._asked, "guest_stays": self._stays}
        link.hear |= {"guest_left": self._left, "guest_digit": self._digit}
        link.left.append(guests.node_lost)

    async def look_after(self) -> None:
        """Callers of nodes that are gone, and items of callers whom no node has. Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except StoreError as error:
                log.info("guests_not_looked_for", error=str(error))

    async def look(self) -> None:
        """Once. Raises StoreError."""
        gone = [node for node in self._guests.nodes if not await self._is_up(node)]
        rows = [row for row in self._pump.dispatcher.guests() if _is_guest(row)]
        known = await self._known() if rows and self._owning() else None
        lost = [row.work_id for row in rows if self._is_lost(row, known)]
        seen = {*gone, *lost}
        self._missed = Counter({name: self._missed[name] + 1 for name in seen})
        for node in self._over(gone):
            log.warning("guest_node_gone", node=node)
            self._guests.node_lost(node, 0.0)
        for work_id in self._over(lost):
            log.warning("guest_without_node", work_id=work_id)
            self._pump.tell(facts.WorkCancelled(work_id, "node"), CAUSE)

    def _over(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._missed[name] == LOOKS]

    async def _is_up(self, node: str) -> bool:
        shard = shard_of(node)
        return node.removeprefix(f"{shard}/") in await self._register_of(shard).addresses()

    def _is_lost(self, row: WorkRow, known: set[str] | None) -> bool:
        if row.node == self._label:
            return not self._alive_here(row.interaction_id)
        return known is not None and row.node not in known

    async def _asked(self, node: str, body: Any) -> tuple[str, int]:
        try:
            return await self._guests.take_in(node, msgspec.convert(body, GuestCall))
        except NoRoomError as error:
            raise PeerRefusedError(str(error)) from error

    async def _stays(self, node: str, body: Any) -> tuple[str, str, str]:
        try:
            state, who = await self._guests.stay(node, *body)
        except NoRoomError as error:
            raise PeerRefusedError(str(error)) from error
        return state, who, self._name_of(who) if who and state is not CallState.ENDED else ""

    def _left(self, node: str, body: Any) -> None:
        work_id, reason = body
        self._guests.left(node, work_id, reason)

    def _digit(self, node: str, body: Any) -> None:
        work_id, digit = body
        self._guests.digit(node, work_id, digit)


def _is_guest(row: WorkRow) -> bool:
    return row.node != "" and row.medium is Medium.VOICE and row.state not in _OVER
