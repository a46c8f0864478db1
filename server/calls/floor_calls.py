"""The calls of all nodes for the board, with who is in them and who listens (server.calls.far_desk tells the nodes)."""

from collections.abc import Callable

import msgspec

from http_api.calls_api import LiveCall, LiveParty
from server.calls.live_calls import LiveCalls


def live_call(calls: LiveCalls, interaction_id: str) -> LiveCall:
    """Who is in it, as supervisors may see it."""
    parties = calls.shown(interaction_id, "", to_agent=False)
    return LiveCall(interaction_id, msgspec.convert(parties, tuple[LiveParty, ...], from_attributes=True))


class FloorCalls:
    """`touch` with each call whose parties changed; `changed` is told of each that shows something else."""

    def __init__(self, calls: LiveCalls) -> None:
        self._calls = calls
        self._told: dict[str, LiveCall] = {}
        self.changed: Callable[[str], None] = lambda _call: None

    def things(self) -> tuple[tuple[str, LiveCall], ...]:
        """All with their ids, oldest first."""
        return tuple((name, live_call(self._calls, name)) for name, _ in self._calls.all())

    def thing(self, name: str) -> LiveCall | None:
        """One of them."""
        return live_call(self._calls, name) if name in self._calls else None

    def touch(self, name: str) -> None:
        """A call begins, has other parties, is listened to in another way, or is over."""
        shown = self.thing(name)
        if shown == self._told.get(name):
            return
        if shown is None:
            del self._told[name]
        else:
            self._told[name] = shown
        self.changed(name)
