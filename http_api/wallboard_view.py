"""What a wallboard is pushed: figures of queues and teams, and open alerts. No names of customers or agents. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from http_api.alerts_api import AlertOverview, covers
from http_api.ports import AgentOverview, QueueOverview
from records.roles import Action, Scope

# States of held work in which somebody is talked to, and after which there is wrap-up.
_TALKING = frozenset({"accepted", "connected", "assigned"})


class TeamCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many agents of a team are signed in, and of these: free (ready, no work), with work, in wrap-up only, away
    (not ready, no work)."""

    team: str
    signed_in: int = 0
    free: int = 0
    busy: int = 0
    wrap_up: int = 0
    away: int = 0


class WallAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An open alert about a queue or a channel; `seen`: somebody looks after it."""

    id: int
    kind: str
    subject_kind: str
    subject: str
    raised_at: int
    detail: Mapping[str, Any]
    seen: bool


class Wall(msgspec.Struct, frozen=True, kw_only=True, tag="wall"):
    """`name` is the link's. `whole`: everything, and what the screen had before is void; otherwise queues that changed
    and those that are `gone`. Teams and alerts are always all of them. Times in microseconds since the epoch."""

    version: int
    server_time_us: int
    whole: bool
    name: str
    time_zone: str
    queues: tuple[QueueOverview, ...]
    gone: tuple[str, ...]
    teams: tuple[TeamCounts, ...]
    alerts: tuple[WallAlert, ...]


Key = tuple[str, str]


class Feed(Protocol):
    """As http_api.board_view.Feed."""

    @property
    def version(self) -> int: ...

    def since(self, version: int) -> Mapping[Key, Any] | None: ...

    def everything(self) -> Mapping[Key, Any]: ...


class WallView:
    """What one screen has been told, and what it is to be told next."""

    def __init__(self, name: str = "", time_zone: str = "UTC") -> None:
        self._name = name
        self._time_zone = time_zone
        self._version = -1
        self._scope: Scope | None = None
        self._queues: set[str] = set()
        self._agents: dict[str, AgentOverview] = {}
        self._alerts: dict[int, WallAlert] = {}
        self._told: tuple[Any, Any] | None = None

    @property
    def version(self) -> int:
        """The board's version that the screen has."""
        return self._version

    def next(self, feed: Feed, scope: Scope, now: int) -> Wall | None:
        """The message that brings the screen up to date; None when it is."""
        changes = feed.since(self._version) if scope == self._scope else None
        whole, self._version, self._scope = changes is None, feed.version, scope
        if changes is None:
            changes = feed.everything()
            self._queues, self._agents, self._alerts = set(), {}, {}
        queues, gone = self._take(changes, scope)
        teams, alerts = counts(sorted(scope.teams), self._agents.values()), tuple(self._alerts.values())
        if not (whole or queues or gone) and self._told == (teams, alerts):
            return None
        self._told = (teams, alerts)
        return Wall(
            version=self._version,
            server_time_us=now,
            whole=whole,
            name=self._name,
            time_zone=self._time_zone,
            queues=queues,
            gone=gone,
            teams=teams,
            alerts=alerts,
        )

    def _take(self, changes: Mapping[Key, Any], scope: Scope) -> tuple[tuple[QueueOverview, ...], tuple[str, ...]]:
        queues, gone = [], []
        for (kind, name), thing in changes.items():
            match kind:
                case "queues" if thing is not None and scope.covers_queue(Action.SEE_WALLBOARD, name):
                    queues.append(thing)
                    self._queues.add(name)
                case "queues" if name in self._queues:
                    gone.append(name)
                    self._queues.discard(name)
                case "agents":
                    self._agents.pop(name, None)
                    if thing is not None and scope.covers_agent(Action.SEE_WALLBOARD, name):
                        self._agents[name] = thing
                case "alerts":
                    self._alerts.pop(int(name), None)
                    if thing is not None and _shown(scope, thing):
                        self._alerts[int(name)] = _alert(thing)
                case _:
                    pass  # a wall shows nothing of it
        return tuple(queues), tuple(gone)


def counts(teams: Iterable[str], agents: Iterable[AgentOverview]) -> tuple[TeamCounts, ...]:
    """A row for each team, in their order."""
    members: dict[str, list[AgentOverview]] = {team: [] for team in teams}
    for agent in agents:
        if agent.team in members and (agent.presence != "offline" or agent.held):
            members[agent.team].append(agent)
    return tuple(_counts(team, there) for team, there in members.items())


def _counts(team: str, agents: list[AgentOverview]) -> TeamCounts:
    busy = [one for one in agents if any(held.state in _TALKING for held in one.held)]
    wrap_up = [one for one in agents if one not in busy and any(held.state == "wrap_up" for held in one.held)]
    others = [one for one in agents if one not in busy and one not in wrap_up]
    free = sum(one.presence == "ready" and one.connected for one in others)
    return TeamCounts(
        team=team,
        signed_in=len(agents),
        free=free,
        busy=len(busy),
        wrap_up=len(wrap_up),
        away=len(others) - free,
    )


def _shown(scope: Scope, alert: AlertOverview) -> bool:
    """Nobody's own alert is for the wall."""
    return alert.subject_kind != "agent" and covers(scope, Action.SEE_WALLBOARD, alert)


def _alert(alert: AlertOverview) -> WallAlert:
    return WallAlert(
        id=alert.id,
        kind=alert.kind,
        subject_kind=alert.subject_kind,
        subject=alert.subject,
        raised_at=alert.raised_at,
        detail=alert.detail,
        seen=alert.acknowledged_at is not None,
    )
