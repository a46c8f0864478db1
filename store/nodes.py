"""The register of nodes: which incarnation of each lives, so that another can post NodeLost for one that died.

A label is `name.incarnation`; calls and work carry it. After a kill -9 the next incarnation of the same name finds the
old one at once; other names find it when its heartbeat ran out. The order is: `lost()`, post NodeLost for each label,
and `forget()` once that is committed; a crash in between repeats it, and NodeLost is harmless twice.
"""

import asyncio
import secrets
from dataclasses import dataclass

from store.connection import StoreConnection
from store.errors import StoreLost
from store.keys import node_keys

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Member:
    """One incarnation of a node."""

    name: str
    incarnation: int

    @property
    def label(self) -> str:
        """What work rows and calls carry."""
        return f"{self.name}.{self.incarnation}"


class NodeRegister:
    """Heartbeats. `ttl_ms`: how long a node may be silent before it counts as lost; `group`: the nodes it is for."""

    def __init__(self, connection: StoreConnection, ttl_ms: int = 5_000, group: str = "") -> None:
        self._connection = connection
        self._ttl_ms = ttl_ms
        self._keys = node_keys(group)
        self._announced: dict[str, str] = {}
        self._served: dict[str, str] = {}
        self._away_at: float | None = None

    @property
    def settled(self) -> bool:
        """Whether silence says something: not when the store itself was away, until all had the time to beat again."""
        now = asyncio.get_running_loop().time()
        return self._away_at is None or now - self._away_at > self._ttl_ms / 1000

    async def join(self, name: str) -> Member:
        """Begin a new incarnation of `name`. Raises StoreLost."""
        incarnation = await self._connection.run("HINCRBY", self._keys.incarnations, name, 1)
        member = Member(name, int(incarnation))
        await self._connection.transaction(
            ("HSET", self._keys.members, member.label, ""),
            ("SET", self._alive(member.label), "1", "PX", self._ttl_ms),
        )
        return member

    async def beat(self, member: Member) -> bool:
        """Prolong the member's life. False when it was declared lost: it must stop its work and join again.

        A register that has lost that this member joined has it again, and where it is reached. Raises StoreLost.
        """
        keys = (self._keys.members, self._alive(member.label), self._keys.incarnations)
        args = (member.label, self._ttl_ms, member.name, member.incarnation)
        try:
            answer = await self._connection.often("beat_node", keys, *args)
        except StoreLost:
            self._away_at = asyncio.get_running_loop().time()
            raise
        if answer == 2 and (address := self._announced.get(member.label)) is not None:
            await self.announce(member, address)
        if answer == 2 and (address := self._served.get(member.name)) is not None:
            await self.serve_pages(member, address)
        return bool(answer)

    async def lost(self, member: Member) -> list[str]:
        """Declare lost older incarnations of `member` and, while `settled`, whoever is silent.

        Returns all that are not forgotten yet.
        """
        keys = (self._keys.members, self._keys.alive_prefix)
        args = (member.name, member.incarnation, int(self.settled))
        labels = await self._connection.often("sweep_nodes", keys, *args)
        return sorted(label.decode() for label in labels)

    async def forget(self, label: str) -> None:
        """Strike a lost (or a leaving) member off, after its NodeLost is committed or its calls are closed."""
        await self._connection.transaction(
            ("HDEL", self._keys.members, label),
            ("DEL", self._alive(label)),
            ("HDEL", self._keys.addresses, label),
        )

    async def alive(self) -> set[str]:
        """Return the labels of those whose heart beats."""
        link = self._connection.aside(self._keys.members)
        (members,) = await link.call(("HGETALL", self._keys.members))
        labels = [label.decode() for label, state in zip(members[::2], members[1::2], strict=True) if state == b""]
        beats = await link.call(*(("EXISTS", self._alive(label)) for label in labels)) if labels else []
        return {label for label, beat in zip(labels, beats, strict=True) if beat}

    async def declare_lost(self, label: str) -> None:
        """Declare a member lost whose death was seen otherwise; `lost()` has it from now on."""
        if await self._connection.run("HEXISTS", self._keys.members, label):
            await self._connection.transaction(("HSET", self._keys.members, label, "lost"), ("DEL", self._alive(label)))

    async def announce(self, member: Member, address: str) -> None:
        """Say where other nodes reach this one (`host:port`)."""
        self._announced[member.label] = address
        await self._connection.run("HSET", self._keys.addresses, member.label, address)

    async def serve_pages(self, member: Member, address: str) -> None:
        """Say where browsers reach this node; it stays known by its name when the node is gone."""
        self._served[member.name] = address
        await self._connection.run("HSET", self._keys.pages, member.name, address)

    async def pages(self) -> dict[str, str]:
        """Return where browsers reach each node that ever was, by its name."""
        found = await self._connection.run("HGETALL", self._keys.pages)
        return {bytes(name).decode(): bytes(address).decode() for name, address in found.items()}

    async def addresses(self) -> dict[str, str]:
        """Return where each member said that it is reached."""
        found = await self._connection.run("HGETALL", self._keys.addresses)
        return {bytes(label).decode(): bytes(address).decode() for label, address in found.items()}

    async def secret(self) -> bytes:
        """What the nodes of a site know and nobody else who does not reach their store: 32 bytes, made by the first."""
        made = secrets.token_bytes(SECRET_BYTES)
        await self._connection.run("SET", self._keys.secret, made, "NX")
        return bytes(await self._connection.run("GET", self._keys.secret))

    def _alive(self, label: str) -> bytes:
        return self._keys.alive_prefix + label.encode()
