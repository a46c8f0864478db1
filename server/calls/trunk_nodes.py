"""The other nodes as calls need them (voice.ports.Nodes): where trunk legs end, and which node rings which phone."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from server.core.routing import Routing
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from store.errors import StoreError
from store.lease import ShardHead
from voice.over_nodes import OverNodes
from voice.ports import MediaUnavailableError, NodeUnreachableError

log = structlog.get_logger(__name__)


class TrunkNodes:
    """`head` is the shard's: its owner has the calls of nodes that are gone.

    `registered` says whether a phone is registered at this node. `serve` once the calls are there.
    """

    def __init__(
        self, link: PeerLink, pump: Routing, head: Callable[[], Awaitable[ShardHead]], registered: Callable[[str], bool]
    ) -> None:
        self._link = link
        self._pump = pump
        self._head = head
        self._registered = registered
        self._phones: dict[str, set[str]] = {}
        self._calls: OverNodes
        self._changed: Callable[[str], None]
        self._own: Callable[[], Iterable[str]]

    def serve(self, calls: OverNodes, own: Callable[[], Iterable[str]], changed: Callable[[str], None]) -> None:
        """From now on other nodes may come. `own` are the phones that are registered here; `changed` is told a phone
        that was registered at another node, or is no more.
        """
        self._calls, self._own, self._changed = calls, own, changed
        self._link.answer["attach"] = self._attached
        self._link.hear["detach"] = self._detached
        self._link.hear["phones"] = self._phones_of
        self._link.found.append(self._greet)
        self._link.lost.append(self._lost)

    # --- what voice asks -----------------------------------------------------------------------------------------

    def phone_here(self, user: str) -> bool | None:
        """Of the nodes where a phone is registered one rings it; None when there is none."""
        at = self.phone_at(user)
        return at == self._link.label if at else None

    def phone_at(self, user: str) -> str:
        """The node that rings the phone, "" when it is registered at none."""
        own = (self._link.label,) if self._registered(user) else ()
        if not self._phones:
            return own[0] if own else ""
        return min((*own, *(node for node, users in self._phones.items() if user in users)), default="")

    def elsewhere(self, user: str) -> bool:
        """Whether the phone is registered at another node."""
        return any(user in users for users in self._phones.values())

    async def attach(
        self, reservation_id: str, work_id: str, interaction_id: str, at: tuple[str, int]
    ) -> tuple[str, tuple[str, int]]:
        """The node that has the call, and where its end of the trunk leg is. Raises NodeUnreachableError."""
        node = await self.node_of(work_id)
        try:
            host, port = await self._link.ask(node, "attach", (reservation_id, work_id, interaction_id, *at))
        except (PeerUnreachableError, PeerRefusedError) as error:
            raise NodeUnreachableError(str(error)) from error
        return node, (host, port)

    def detach(self, reservation_id: str, node: str, at: tuple[str, int]) -> None:
        """Our end is gone."""
        self._link.tell(node, "detach", (reservation_id, *at))

    # --- what others need ----------------------------------------------------------------------------------------

    async def node_of(self, work_id: str) -> str:
        """The node that has the call of this work item, "" when there is none."""
        work = self._pump.dispatcher.work(work_id)
        if work is None or work.node in self._link.reached:
            return "" if work is None else work.node
        try:
            return (await self._head()).owner
        except StoreError as error:
            log.info("owner_unknown", error=str(error))
            return ""

    def tell_phones(self) -> None:
        """A phone of this node was registered, or is no more."""
        self._link.tell_all("phones", sorted(self._own()))

    # --- what other nodes ask ------------------------------------------------------------------------------------

    async def _attached(self, node: str, body: Any) -> tuple[str, int]:
        reservation_id, work_id, interaction_id, host, port = body
        try:
            own = await self._calls.attach(node, reservation_id, work_id, interaction_id, (host, port))
        except MediaUnavailableError as error:
            raise PeerRefusedError(error.reason) from error
        if own is None:
            raise PeerRefusedError("there is no such call here")
        return own

    def _greet(self, node: str) -> None:
        self._link.tell(node, "phones", sorted(self._own()))

    def _detached(self, node: str, body: Any) -> None:
        reservation_id, host, port = body
        self._calls.trunks.detached(node, reservation_id, (host, port))

    def _phones_of(self, node: str, body: Any) -> None:
        before, now = self._phones.get(node, set()), set(body)
        self._phones[node] = now
        for user in sorted(before ^ now):
            self._changed(user)

    def _lost(self, node: str) -> None:
        self._calls.lost(node)
        for user in sorted(self._phones.pop(node, ())):
            self._changed(user)
