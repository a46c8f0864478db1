"""Connections of this node to the nodes of other shards: to those into whose queues its own may overflow.

Only this side needs to know the other one: it comes to the other shard's peer doors as `shard/node`, and is answered.
"""

from collections.abc import Callable
from functools import partial

from config.site import Site
from server.nodes.peer_link import PeerLink
from server.tasks import TaskOwner
from store.nodes import NodeRegister


def shard_of(node: str) -> str:
    """The shard of a node that came from another one, "" for one of this shard."""
    shard, slash, _ = node.partition("/")
    return shard if slash else ""


class ShardLinks:
    """`follow` the site, from the start. `register_of` gives the register of a shard's nodes."""

    def __init__(self, label: str, register_of: Callable[[str], NodeRegister], tasks: TaskOwner) -> None:
        self._label = label
        self._register_of = register_of
        self._tasks = tasks
        self._links: dict[str, PeerLink] = {}
        # Told the shard of each node that is reached.
        self.found: list[Callable[[str], None]] = []

    def follow(self, site: Site) -> None:
        """Shards that the site names from now on are connected to; those that it names no more stay so till the end."""
        wanted = {there.shard for there in site.routing.elsewhere.values()}
        for shard in sorted(wanted - self._links.keys()):
            register = self._register_of(shard)
            link = PeerLink(self._label, register.secret, register.addresses, self._tasks, drops_struck=True)
            link.found.append(partial(self._found, shard))
            self._links[shard] = link
            self._tasks.spawn(link.run(), f"shard:{shard}", endless=True)

    def _found(self, shard: str, _node: str) -> None:
        for found in self.found:
            found(shard)

    def of(self, shard: str) -> PeerLink | None:
        """The way to that shard's nodes, if the site names it."""
        return self._links.get(shard)
