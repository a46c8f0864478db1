"""The nodes of the site as administrators see them: each says of itself what it does, by the way between the nodes."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

import msgspec

from http_api.nodes_api import NodeView
from http_api.supervision_api import Refused
from records.audit import Audit, Intervention
from records.sessions import Caller
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from server.tasks import TaskOwner

UNREACHABLE = Refused("node_unreachable", "that node does not answer: use the command on its machine")


class NodeState(msgspec.Struct, frozen=True):
    """What a node says of itself."""

    state: Literal["up", "draining"]
    role: Literal["owner", "follower"]
    calls: int
    chats: int
    agents: int


class NodeDesk:
    """`alive` are the labels whose hearts beat, `own` says what this node does, `drain` takes it out."""

    def __init__(
        self,
        link: PeerLink,
        alive: Callable[[], Awaitable[set[str]]],
        own: Callable[[], NodeState],
        drain: Callable[[], Coroutine[Any, Any, object]],
        tasks: TaskOwner,
        audit: Audit,
        wall: Callable[[], int],
    ) -> None:
        self._link = link
        self._alive = alive
        self._own = own
        self._drain = drain
        self._tasks = tasks
        self._audit = audit
        self._wall = wall
        link.answer |= {"node_state": self._asked, "drain": self._told_to_drain}

    async def all(self) -> tuple[NodeView, ...]:
        """By name. Raises StoreLost."""
        labels = await self._alive() | {self._link.label}
        return tuple([await self._view(label) for label in sorted(labels)])

    async def drain(self, caller: Caller, node: str, comment: str) -> NodeView | Refused | None:
        """`node` is a name or a label. Begun, and audited, when this returns. Raises StoreLost."""
        found = next((one for one in await self.all() if node in (one.node, one.label)), None)
        if found is None:
            return None
        if found.here:
            self._begin()
        else:
            try:
                await self._link.ask(found.label, "drain")
            except (PeerUnreachableError, PeerRefusedError):
                return UNREACHABLE
        before, after = {"state": found.state}, {"state": "draining"}
        await self._audit.add(
            Intervention.of(caller, self._wall(), "drain", f"node:{found.label}", before, after, comment)
        )
        return await self._view(found.label)

    def _begin(self) -> None:
        self._tasks.spawn(_over(self._drain()), "drain")

    async def _view(self, label: str) -> NodeView:
        name, here = label.rpartition(".")[0], label == self._link.label
        try:
            said = msgspec.to_builtins(self._own()) if here else await self._link.ask(label, "node_state")
        except (PeerUnreachableError, PeerRefusedError):
            return NodeView(
                node=name, label=label, state="unreachable", role="unknown", here=False, calls=0, chats=0, agents=0
            )
        return msgspec.convert({"node": name, "label": label, "here": here, **said}, NodeView)

    async def _asked(self, _node: str, _body: Any) -> Any:
        return msgspec.to_builtins(self._own())

    async def _told_to_drain(self, _node: str, _body: Any) -> None:
        self._begin()


async def _over(drain: Coroutine[Any, Any, object]) -> None:
    await drain
