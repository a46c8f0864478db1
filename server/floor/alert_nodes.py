"""Alerts over nodes: the shard's owner raises them, and what a supervisor says of one at another node goes to it."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from http_api.alerts_api import OwnerAwayError
from router.alerts import Alert
from server.nodes.peer_link import Answer, PeerRefusedError, PeerUnreachableError
from store.errors import StoreError
from store.lease import ShardHead

KIND = "alert_seen"
UNKNOWN, TAKEN, ELSEWHERE = "unknown", "taken", "elsewhere"


class Peers(Protocol):
    """The other nodes (server.nodes.peer_link)."""

    answer: dict[str, Answer]

    async def ask(self, node: str, kind: str, body: Any = None) -> Any: ...


class AlertDesk(Protocol):
    """This node's (server.floor.alerts)."""

    owning: Callable[[], bool]
    at_owner: Callable[[int, str], Awaitable[None]]

    async def acknowledge(self, alert_id: int, by: str) -> Alert: ...


class AlertNodes:
    """`head` is the shard's: it names the owner."""

    def __init__(self, peers: Peers, head: Callable[[], Awaitable[ShardHead]], desk: AlertDesk) -> None:
        self._peers = peers
        self._head = head
        self._desk = desk
        peers.answer[KIND] = self._answer
        desk.at_owner = self._ask

    async def _ask(self, alert_id: int, by: str) -> None:
        try:
            await self._peers.ask((await self._head()).owner, KIND, (alert_id, by))
        except (StoreError, PeerUnreachableError) as error:
            raise OwnerAwayError(str(error)) from error
        except PeerRefusedError as error:
            if str(error) == UNKNOWN:
                raise KeyError(alert_id) from error
            if str(error) == TAKEN:
                raise ValueError(f"alert {alert_id} is acknowledged already") from error
            raise OwnerAwayError(str(error)) from error

    async def _answer(self, _node: str, body: Any) -> None:
        alert_id, by = body
        if not self._desk.owning():
            raise PeerRefusedError(ELSEWHERE)
        try:
            await self._desk.acknowledge(int(alert_id), str(by))
        except KeyError as error:
            raise PeerRefusedError(UNKNOWN) from error
        except ValueError as error:
            raise PeerRefusedError(TAKEN) from error
