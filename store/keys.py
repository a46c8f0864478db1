"""Names of all keys. The keys of a shard share one hash tag, so that a cluster keeps them in one slot."""

from dataclasses import dataclass

_PREFIX = "jf"


@dataclass(frozen=True, slots=True)
class ShardKeys:
    """The keys of one shard; docs/store.md describes what each holds."""

    head: bytes
    journal: bytes
    agents: bytes
    work: bytes
    reservations: bytes
    policies: bytes
    inbox: bytes
    heads: bytes
    senders: bytes
    neighbours: bytes

    def of_commit(self) -> tuple[bytes, ...]:
        """Return KEYS of the function `commit`, in its order."""
        return (
            self.head,
            self.journal,
            self.agents,
            self.work,
            self.reservations,
            self.policies,
            self.neighbours,
            self.inbox,
        )

    def of_reseed(self) -> tuple[bytes, ...]:
        """Return KEYS of the function `reseed`, in its order."""
        return (*self.of_commit(), self.senders)


def shard_keys(shard: str) -> ShardKeys:
    """Return the keys of `shard`. Raises ValueError for a name that would break the hash tag."""
    tag = _tag(shard)
    return ShardKeys(
        head=f"{tag}:head".encode(),
        journal=f"{tag}:journal".encode(),
        agents=f"{tag}:agents".encode(),
        work=f"{tag}:work".encode(),
        reservations=f"{tag}:reservations".encode(),
        policies=f"{tag}:policies".encode(),
        inbox=f"{tag}:inbox".encode(),
        heads=f"{tag}:heads".encode(),
        senders=f"{tag}:senders".encode(),
        neighbours=f"{tag}:neighbours".encode(),
    )


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The keys of the node register."""

    members: bytes
    incarnations: bytes
    alive_prefix: bytes
    addresses: bytes
    secret: bytes
    pages: bytes


def node_keys(group: str = "") -> NodeKeys:
    """Return the keys of the node register: one for a site, or for a `group` of nodes that know each other."""
    tag = _tag(f"nodes-{group}" if group else "nodes")
    return NodeKeys(
        f"{tag}:members".encode(),
        f"{tag}:incarnations".encode(),
        f"{tag}:alive:".encode(),
        f"{tag}:addresses".encode(),
        f"{tag}:secret".encode(),
        f"{tag}:pages".encode(),
    )


def bindings_key(user: str) -> bytes:
    """Return the hash of a SIP user's bindings."""
    return f"{_PREFIX}:bindings:{user}".encode()


def _tag(name: str) -> str:
    if not name or "{" in name or "}" in name:
        raise ValueError(f"not a usable key name: {name!r}")
    return f"{_PREFIX}:{{{name}}}"
