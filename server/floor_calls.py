"""The calls of all nodes for the board, with who is in them and who listens: each node tells of its own."""

from collections.abc import Callable
from typing import Any

import msgspec

from http_api.calls_api import LiveCall, LiveParty
from server.chat_homes import Peers
from server.live_calls import LiveCalls

KIND = "call_live"


def live_call(calls: LiveCalls, interaction_id: str) -> LiveCall:
    """Who is in it, as supervisors may see it."""
    parties = calls.shown(interaction_id, "", to_agent=False)
    return LiveCall(interaction_id, tuple(LiveParty(**_fields(one)) for one in parties))


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in LiveParty.__struct_fields__}


class FloorCalls:
    """`touch` with each call of this node whose parties changed; `own` says whether a call is this node's.

    `changed` is told of each that shows something else on the board.
    """

    def __init__(self, calls: LiveCalls, own: Callable[[str], bool], peers: Peers) -> None:
        self._calls = calls
        self._own = own
        self._peers = peers
        self._told: dict[str, LiveCall] = {}
        self._others: dict[str, dict[str, LiveCall]] = {}
        self.changed: Callable[[str], None] = lambda _call: None
        peers.hear[KIND] = self._hear
        peers.found.append(self._found)
        peers.lost.append(self._lost)

    def things(self) -> tuple[tuple[str, LiveCall], ...]:
        """All with their ids, this node's first."""
        others = (pair for calls in self._others.values() for pair in calls.items())
        return (*((name, live_call(self._calls, name)) for name in self._told), *others)

    def thing(self, name: str) -> LiveCall | None:
        """One of them."""
        if self._own(name):
            return live_call(self._calls, name)
        return next((calls[name] for calls in self._others.values() if name in calls), None)

    def touch(self, name: str) -> None:
        """A call of this node begins, has other parties, is listened to in another way, or is over."""
        self.changed(name)
        shown = live_call(self._calls, name) if self._own(name) else None
        if shown == self._told.get(name):
            return
        if shown is None:
            del self._told[name]
        else:
            self._told[name] = shown
        for node in self._peers.reached:
            self._peers.tell(node, KIND, (name, shown))

    def _hear(self, node: str, body: Any) -> None:
        name, shown = msgspec.convert(body, tuple[str, LiveCall | None])
        calls = self._others.setdefault(node, {})
        if shown is None:
            calls.pop(name, None)
        else:
            calls[name] = shown
        self.changed(name)

    def _found(self, node: str) -> None:
        for name, shown in self._told.items():
            self._peers.tell(node, KIND, (name, shown))

    def _lost(self, node: str) -> None:
        for name in self._others.pop(node, {}):
            self.changed(name)
