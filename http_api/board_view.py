"""The live board as one watcher has it: what is within their reach, and what is new since the last message. Pure."""

from collections.abc import Mapping
from typing import Any, Protocol, assert_never

from http_api.alerts_api import AlertOverview, covers
from http_api.board_messages import BoardWork, Change, Gone, Key, QueueTrend, Snapshot, Thing
from http_api.calls_api import LiveCall, in_calls_reach
from http_api.chats_api import LiveChat, in_reach
from http_api.follow_ups_api import ShownFollowUp
from http_api.help_api import HelpRequest
from http_api.ports import AgentOverview, ChannelOverview, QueueOverview
from records.roles import Action, Scope

KINDS = Gone.__struct_fields__


class Feed(Protocol):
    """The board's versions (server.floor.live.LiveFeed)."""

    def subscribe(self) -> None:
        """Somebody watches: keep the board."""
        ...

    def unsubscribe(self) -> None:
        """One watcher fewer."""
        ...

    @property
    def version(self) -> int:
        """Grows with each change."""
        ...

    def since(self, version: int) -> Mapping[Key, Thing | None] | None:
        """What changed after that version (None: gone); None when that is too long ago."""
        ...

    def everything(self) -> Mapping[Key, Thing]:
        """All that is on the board."""
        ...

    async def wait(self, version: int) -> None:
        """Returns when there is a newer version; changes gather for a quarter of a second before."""
        ...


class View:
    """What one client has been told, and what it is to be told next. Pure."""

    def __init__(self) -> None:
        self._version = -1
        self._known: set[Key] = set()
        self._scope: Scope | None = None

    @property
    def version(self) -> int:
        """The board's version that the client has."""
        return self._version

    def next(self, feed: Feed, scope: Scope, now: int) -> Snapshot | Change | None:
        """The message that brings the client up to date; None when it is. A changed scope begins anew."""
        changes = feed.since(self._version) if scope == self._scope else None
        version = feed.version
        if changes is None:
            seen = {key: thing for key, thing in feed.everything().items() if _visible(scope, thing)}
            self._version, self._scope, self._known = version, scope, set(seen)
            return Snapshot(version, now, **_parts(seen))
        self._version = version
        shown = {key: thing for key, thing in changes.items() if thing is not None and _visible(scope, thing)}
        gone = [key for key in changes if key not in shown and key in self._known]
        self._known.update(shown)
        self._known.difference_update(gone)
        if not shown and not gone:
            return None
        lost = {kind: tuple(name for one, name in gone if one == kind) for kind in KINDS}
        return Change(version, now, **_parts(shown), gone=Gone(**lost))


def _visible(scope: Scope, thing: Thing) -> bool:
    match thing:
        case QueueOverview():
            return scope.covers_queue(Action.SEE_QUEUES, thing.queue)
        case AgentOverview():
            return scope.covers_agent(Action.SEE_AGENTS, thing.agent_id)
        case BoardWork():
            return scope.covers_queue(Action.SEE_WORK, thing.queue)
        case AlertOverview():
            return covers(scope, Action.SEE_ALERTS, thing)
        case ChannelOverview():
            return scope.covers_team(Action.SEE_QUEUES, thing.owner)
        case LiveCall():
            return in_calls_reach(scope, thing)
        case ShownFollowUp():
            return scope.covers_queue(Action.SEE_FOLLOW_UPS, thing.queue)
        case LiveChat():
            return in_reach(scope, thing)
        case HelpRequest():
            return scope.covers_agent(Action.LISTEN, thing.agent)
        case QueueTrend():
            return scope.covers_queue(Action.SEE_STATISTICS, thing.queue)
        case _:
            assert_never(thing)


def _parts(things: Mapping[Key, Thing]) -> dict[str, Any]:
    """The fields of a message: everything of each kind."""
    found: dict[str, list[Thing]] = {kind: [] for kind in KINDS}
    for (kind, _), thing in things.items():
        found[kind].append(thing)
    return {kind: tuple(of) for kind, of in found.items()}
