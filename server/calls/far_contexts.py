"""What is known of a customer whose call or chat is on another node, read from there: SQL may not have it yet."""

from typing import Any

import msgspec
import structlog

from records.meetings import Earlier
from server.core.routing import Routing
from server.desks.contexts import InteractionContext, InteractionContexts
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError

log = structlog.get_logger(__name__)


class _Known(msgspec.Struct, frozen=True):
    channel: str
    caller: str
    caller_name: str
    path: tuple[str, ...]
    data: dict[str, str]
    language: str
    history: tuple[Earlier, ...]
    kind: str
    verified: bool


class FarContexts:
    """Answers for the contexts that are live here, and asks the nodes of others."""

    def __init__(self, link: PeerLink, pump: Routing, contexts: InteractionContexts) -> None:
        self._link = link
        self._pump = pump
        self._contexts = contexts
        link.answer["context"] = self._answer
        contexts.afar = self.ask

    async def ask(self, interaction_id: str, work_id: str) -> InteractionContext | None:
        """As the node of this work item has it; None when it is this one, or is not reached, or has none."""
        work = self._pump.dispatcher.work(work_id)
        if work is None or work.node not in self._link.reached:
            return None
        try:
            found = await self._link.ask(work.node, "context", interaction_id)
        except (PeerUnreachableError, PeerRefusedError) as error:
            log.info("context_not_asked", interaction_id=interaction_id, reason=str(error))
            return None
        if found is None:
            return None
        known = msgspec.convert(found, _Known)
        fields = {name: getattr(known, name) for name in _Known.__struct_fields__}
        return InteractionContext(interaction_id, works=1, **fields)

    async def _answer(self, _node: str, body: Any) -> Any:
        if self._contexts.live(body) is None:
            return None
        context = await self._contexts.get(body)
        return msgspec.to_builtins(_Known(**{name: getattr(context, name) for name in _Known.__struct_fields__}))
