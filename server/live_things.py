"""What goes on at each node, calls or chats, known to all of them for the board: each node tells of its own."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from server.chat_homes import Peers

T = TypeVar("T")


class LiveThings(Generic[T]):
    """`touch` with each of this node that may show something else; `changed` is told of each, here or there, that does.

    `kind` names them on the way to other nodes, where they are of the type `shown`. `own` gives one of this node, None
    once it is over.
    """

    def __init__(self, kind: str, shown: type[T], own: Callable[[str], T | None], peers: Peers) -> None:
        self._kind = kind
        self._type: Any = tuple[str, shown | None]  # type: ignore[valid-type]
        self._own = own
        self._peers = peers
        self._told: dict[str, T] = {}
        self._others: dict[str, dict[str, T]] = {}
        self.changed: Callable[[str], None] = lambda _name: None
        peers.hear[kind] = self._hear
        peers.found.append(self._found)
        peers.lost.append(self._lost)

    def things(self) -> tuple[tuple[str, T], ...]:
        """All with their ids, this node's first, of each node oldest first."""
        others = (pair for things in self._others.values() for pair in things.items())
        own = ((name, one) for name in self._told if (one := self._own(name)) is not None)
        return (*own, *others)

    def thing(self, name: str) -> T | None:
        """One of them."""
        own = self._own(name)
        return own or next((things[name] for things in self._others.values() if name in things), None)

    def touch(self, name: str) -> None:
        """One of this node comes, shows something else, is over, or goes."""
        self.changed(name)
        shown = self._own(name)
        if shown == self._told.get(name):
            return
        if shown is None:
            del self._told[name]
        else:
            self._told[name] = shown
        for node in self._peers.reached:
            self._peers.tell(node, self._kind, (name, shown))

    def _hear(self, node: str, body: Any) -> None:
        name, shown = msgspec.convert(body, self._type)
        things = self._others.setdefault(node, {})
        if shown is None:
            things.pop(name, None)
        else:
            things[name] = shown
        self.changed(name)

    def _found(self, node: str) -> None:
        for name, shown in self._told.items():
            self._peers.tell(node, self._kind, (name, shown))

    def _lost(self, node: str) -> None:
        for name in self._others.pop(node, {}):
            self.changed(name)
