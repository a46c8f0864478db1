"""The open chats of all nodes, for the board: each node tells the others of its own."""

from collections.abc import Callable
from typing import Any

import msgspec

from http_api.chats_api import LiveChat
from server.chats.chat_homes import Peers
from server.chats.chat_watch import ChatWatch

KIND = "chat_live"


class LiveChats:
    """`touch` with each chat of this node that may show something else; `changed` is told of each that does."""

    def __init__(self, watch: ChatWatch, peers: Peers) -> None:
        self._watch = watch
        self._peers = peers
        self._told: dict[str, LiveChat] = {}
        self._others: dict[str, dict[str, LiveChat]] = {}
        self.changed: Callable[[str], None] = lambda _chat: None
        peers.hear[KIND] = self._hear
        peers.found.append(self._found)
        peers.lost.append(self._lost)

    def things(self) -> tuple[tuple[str, LiveChat], ...]:
        """All with their ids, this node's first."""
        others = (pair for chats in self._others.values() for pair in chats.items())
        return (*((one.interaction_id, one) for one in self._watch.live()), *others)

    def thing(self, name: str) -> LiveChat | None:
        """One of them."""
        own = self._watch.one(name)
        return own or next((chats[name] for chats in self._others.values() if name in chats), None)

    def touch(self, name: str) -> None:
        """A chat of this node comes, shows something else, is over, or goes."""
        self.changed(name)
        shown = self._watch.one(name)
        if shown == self._told.get(name):
            return
        if shown is None:
            del self._told[name]
        else:
            self._told[name] = shown
        for node in self._peers.reached:
            self._peers.tell(node, KIND, {"name": name, "chat": shown})

    def _hear(self, node: str, body: Any) -> None:
        name, chats = str(body["name"]), self._others.setdefault(node, {})
        if body["chat"] is None:
            chats.pop(name, None)
        else:
            chats[name] = msgspec.convert(body["chat"], LiveChat)
        self.changed(name)

    def _found(self, node: str) -> None:
        for name, shown in self._told.items():
            self._peers.tell(node, KIND, {"name": name, "chat": shown})

    def _lost(self, node: str) -> None:
        for name in self._others.pop(node, {}):
            self.changed(name)
