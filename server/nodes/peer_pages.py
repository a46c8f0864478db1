"""Where browsers reach the other nodes: told to every page, which goes to another one by itself when its own is gone.

A page that another node served comes here with that node's origin. It is one of the site's own, also when the node that
served it is no more: so addresses are kept by the name of the node, and are not forgotten with it.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from server.tasks import TaskOwner
from store.errors import StoreError

log = structlog.get_logger(__name__)


class Peers(Protocol):
    """The other nodes (server.nodes.peer_link)."""

    found: list[Callable[[str], None]]
    lost: list[Callable[[str], None]]

    @property
    def reached(self) -> frozenset[str]: ...


class PeerPages:
    """`own` is this node's address, `pages` the register's, by name. `begin` once the node is in the register."""

    def __init__(
        self, own: str, pages: Callable[[], Awaitable[dict[str, str]]], peers: Peers, tasks: TaskOwner
    ) -> None:
        self._own = own
        self._pages = pages
        self._peers = peers
        self._tasks = tasks
        self._known: dict[str, str] = {}
        self._origins: frozenset[str] = frozenset()
        peers.found.append(lambda _label: self.begin())

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of the nodes that are reached now, in order; without this one's."""
        names = {label.rpartition(".")[0] for label in self._peers.reached}
        found = {address for name, address in self._known.items() if name in names}
        return tuple(sorted(found - {self._own}))

    @property
    def origins(self) -> frozenset[str]:
        """Scheme, host and port (RFC 6454) of every node of the site that ever was, without this one's."""
        return self._origins

    def begin(self) -> None:
        """Reads again what the register has."""
        self._tasks.spawn(self._read(), "peer_pages")

    async def _read(self) -> None:
        try:
            self._known = await self._pages()
        except StoreError as error:
            log.info("peer_pages_not_read", error=str(error))
            return
        self._origins = frozenset(map(origin_of, self._known.values())) - {origin_of(self._own)}


def origin_of(address: str) -> str:
    """The origin of a URL, as browsers write it."""
    parts = urlsplit(address)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, default) else f":{parts.port}")
