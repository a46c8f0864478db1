"""What every part of a node stands on: made first, and never exchanged while the node lives."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from config.settings import Settings
from config.whole import WholeSite
from server.nodes.peer_link import PeerLink
from server.nodes.peer_pages import PeerPages
from server.persistence.storage import Storage
from server.tasks import TaskOwner
from server.web.forwarded import ClientAddress
from server.web.tls import Certificate
from telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Ground:
    """`files` are those of the start. `calls` owns the tasks of calls, which end before everything else does;
    `stack` closes what was opened, in the opposite order, at the very end; `stop` asks the node to end. `peers` are
    the other nodes; there are none where the store is this node's own; `pages` is where browsers reach them.
    """

    settings: Settings
    files: WholeSite
    storage: Storage
    metrics: Metrics
    tasks: TaskOwner
    calls: TaskOwner
    certificate: Certificate | None
    address_of: ClientAddress
    stack: AsyncExitStack
    stop: Callable[[], None]
    peers: PeerLink
    pages: PeerPages
