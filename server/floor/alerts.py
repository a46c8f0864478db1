"""Watches the floor once a second: what is to be told of it is raised, kept, pushed to boards and told to webhooks."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import structlog

from config.site import Site
from http_api.alerts_api import AlertOverview, OwnerAwayError, covers
from records.alerts import AlertStore
from records.roles import Action, Extent, Scope, extent
from records.webhooks import Wanted
from router.alerts import Alert, AlertKey, AlertKind, Alerts, Reading
from router.dispatcher import Dispatcher
from router.slots import AGENT, CHANNEL, QUEUE
from server.floor.outlook import MINUTES, Outlook, Sight
from server.persistence.projection import AWAY

log = structlog.get_logger(__name__)

EVERY_S = 1.0
# Before so many waits of the last half hour are over, a level says little.
ENOUGH = 5
# Cleared only when so much better than what raised it: two points of the level, a fifth of the backlog.
MARGIN_PPM = 20_000
BACKLOG_PAST = 5
# Agents' figures of the day are shown anew with each turn of theirs, and in every so many looks once.
AGENTS_EVERY = 15
_PPM = 1_000_000
# Who is away is looked at in lots, between which others have their turn.
AGENTS_AT_ONCE = 1000
# What an alert is about when it is about everybody.
SITE, ROUTING = "site", "routing"


class Hooks(Protocol):
    """The webhooks (server.web.hooks.HookService)."""

    @property
    def wanted(self) -> Wanted: ...

    def wake(self) -> None: ...


class AlertDesk:
    """`await begin`, then `run` as a task. `touch` marks things of the board as changed; times in microseconds.

    `channel_of` gives the channel by which a waiting item came, "" when that is unknown. Where `owning` is false
    another node raises and clears; what is open is read from its history.
    """

    def __init__(
        self,
        store: AlertStore,
        outlook: Outlook,
        dispatcher: Dispatcher,
        site: Callable[[], Site],
        now: Callable[[], int],
        channel_of: Callable[[str], str],
        hooks: Hooks,
    ) -> None:
        self._store = store
        self._outlook = outlook
        self._dispatcher = dispatcher
        self._site = site
        self._now = now
        self._channel_of = channel_of
        self._hooks = hooks
        self._alerts = Alerts({}, 0)
        self._unsaved: dict[int, Alert] = {}
        self._stop = asyncio.Event()
        self._looks = 0
        self.owning: Callable[[], bool] = lambda: True
        # Has the owner acknowledge one (server.floor.alert_nodes). Raises as `acknowledge`.
        self.at_owner: Callable[[int, str], Awaitable[None]] = _nobody
        self.touch: Callable[[Iterable[tuple[str, str]]], None] = lambda _keys: None
        # Why routing pauses, "" while it does not.
        self.trouble: Callable[[], str] = lambda: ""

    async def begin(self) -> None:
        """Those that are open in the history stay open until they are past."""
        self._alerts = Alerts(*await self._store.load())

    async def run(self) -> None:
        """Looks once a second until `close`; a database that is away is tried again."""
        while not self._stop.is_set():
            try:
                await self.look()
            except AWAY as error:
                log.error("alerts_not_saved", error=str(error), unsaved=len(self._unsaved))
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._stop.wait()
            except TimeoutError:
                pass  # the next look

    def close(self) -> None:
        """`run` returns."""
        self._stop.set()

    async def look(self) -> None:
        """Once: readings, what follows from them, and what is kept."""
        now = self._now()
        changed_work = await self._outlook.look(now)
        before = dict(self._alerts.open)
        if not self.owning():
            self._alerts = Alerts(*await self._store.load())
        else:
            self._raise(dict([*self._readings(), *await self._away_too_long(now)]), now)
        after = self._alerts.open
        self.touch(("alerts", str(name)) for name in {*before, *after} if before.get(name) != after.get(name))
        self.touch(("work", work_id) for work_id in changed_work)
        self.touch(("queues", queue) for queue in self._outlook.queues)
        self._looks += 1
        turn = self._looks % AGENTS_EVERY
        self.touch(("agents", name) for name in list(self._dispatcher.policy.agents)[turn::AGENTS_EVERY])
        await self._save()

    def _raise(self, readings: Mapping[AlertKey, Reading], now: int) -> None:
        for alert in self._alerts.step(readings, now):
            self._unsaved[alert.id] = alert
            log.info("alert", kind=alert.kind.value, subject=alert.subject, cleared=alert.cleared_at is not None)

    async def acknowledge(self, alert_id: int, by: str) -> Alert:
        """Raises KeyError when it is not open, ValueError when somebody was first, OwnerAwayError."""
        if not self.owning():
            await self.at_owner(alert_id, by)
            self._alerts = Alerts(*await self._store.load())
            self.touch([("alerts", str(alert_id))])
            return self._alerts.open[alert_id]
        alert = self._alerts.acknowledge(alert_id, by, self._now())
        self._unsaved[alert_id] = alert
        self.touch([("alerts", str(alert_id))])
        await self._save()
        return alert

    def open(self, alert_id: int) -> Alert | None:
        """One that is open."""
        return self._alerts.open.get(alert_id)

    def counts(self) -> dict[str, int]:
        """How many are open, by kind; for the metrics."""
        return dict(Counter(alert.kind.value for alert in self._alerts.open.values()))

    def overviews(self) -> list[AlertOverview]:
        """Those that are open, for the board."""
        return [self.overview(alert) for alert in self._alerts.open.values()]

    def overview(self, alert: Alert) -> AlertOverview:
        """One for the board; it says whom it concerns, so that nobody else is told."""
        return AlertOverview.of(alert, self._owner(alert))

    def covers(self, scope: Scope, action: Action, alert: Alert) -> bool:
        """Whether the caller's teams cover what it is about."""
        return covers(scope, action, self.overview(alert))

    async def page(self, scope: Scope, limit: int, before: int | None, *, open_only: bool) -> list[AlertOverview]:
        """The history as far as the caller's teams go."""
        channels = [name for name, each in self._site().channels.items() if each.owner in scope.teams]
        reach = {
            QUEUE: scope.queues,
            AGENT: scope.agents,
            CHANNEL: frozenset(channels),
            SITE: frozenset((ROUTING,)),
        }
        everything = extent(scope.role, Action.SEE_ALERTS) is Extent.ALL
        found = await self._store.page(limit, before, open_only=open_only, of=None if everything else reach)
        return [self.overview(alert) for alert in found]

    async def _save(self) -> None:
        unsaved = dict(self._unsaved)
        if not unsaved:
            return
        await self._store.save(list(unsaved.values()), self._hooks.wanted)
        for name, alert in unsaved.items():
            if self._unsaved.get(name) is alert:
                del self._unsaved[name]
        self._hooks.wake()

    def _owner(self, alert: Alert) -> str:
        channel = self._site().channels.get(alert.subject) if alert.subject_kind == CHANNEL else None
        return channel.owner if channel is not None else ""

    # --- readings -----------------------------------------------------------------------------------------------

    def _readings(self) -> Iterator[tuple[AlertKey, Reading]]:
        site = self._site()
        for name, sight in self._outlook.queues.items():
            rules = site.queues.get(name)
            if rules is None:
                continue
            yield from _of_level(name, sight, round(rules.service_level.fraction * _PPM))
            yield (AlertKind.BREACH, QUEUE, name), Reading(sight.over > 0, sight.over == 0, {"over": sight.over})
            yield (
                (AlertKind.BACKLOG, QUEUE, name),
                _backlog(sight.waiting, rules.backlog or site.alerts.backlog),
            )
        for name, waiting in self._by_channel().items():
            channel = site.channels.get(name)
            limit = channel.backlog if channel is not None and channel.backlog else site.alerts.backlog
            yield (AlertKind.BACKLOG, CHANNEL, name), _backlog(waiting, limit)
        trouble = self.trouble()
        yield (AlertKind.STORE, SITE, ROUTING), Reading(bool(trouble), not trouble, {"trouble": trouble})

    async def _away_too_long(self, now: int) -> list[tuple[AlertKey, Reading]]:
        """Of all others there is no reading: what is not too long is past at once. A lot of agents at a time."""
        site = self._site()
        limits = {name: reason.limit_us or site.alerts.not_ready_us for name, reason in site.not_ready_reasons.items()}
        found: list[tuple[AlertKey, Reading]] = []
        for number, (agent_id, away) in enumerate(self._outlook.present.away.items(), 1):
            limit_us = limits.get(away.reason or "", site.alerts.not_ready_us)
            if limit_us and now - away.since > limit_us:
                detail = {"reason": away.reason, "since": away.since, "limit_us": limit_us}
                found.append(((AlertKind.PRESENCE, AGENT, agent_id), Reading(True, False, detail)))
            if number % AGENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def _by_channel(self) -> Mapping[str, int]:
        waiting: Counter[str] = Counter()
        for queue, sight in self._outlook.queues.items():
            if sight.waiting:
                waiting.update(map(self._channel_of, self._dispatcher.waiting(queue)))
        waiting.pop("", None)
        return waiting


async def _nobody(_alert_id: int, _by: str) -> None:
    raise OwnerAwayError("no other node is known")


def _of_level(name: str, sight: Sight, target: int) -> Iterator[tuple[AlertKey, Reading]]:
    """Missed while it is so, at risk while it is not yet so and will be."""
    detail: dict[str, Any] = {"target": target / _PPM, "minutes": MINUTES, "waiting": sight.waiting}
    if sight.level is not None:
        missed = sight.level < target and sight.settled >= ENOUGH
        past = sight.level >= min(target + MARGIN_PPM, _PPM)
        yield (
            (AlertKind.TARGET_MISSED, QUEUE, name),
            Reading(missed, past, {**detail, "level": sight.shown.level}),
        )
    if sight.expected_level is not None and sight.waiting:
        kept = sight.level is None or sight.level >= target
        past = sight.expected_level >= min(target + MARGIN_PPM, _PPM) or not kept
        yield (
            (AlertKind.TARGET_AT_RISK, QUEUE, name),
            Reading(kept and sight.expected_level < target, past, {**detail, "level": sight.shown.expected_level}),
        )


def _backlog(waiting: int, limit: int) -> Reading:
    return Reading(waiting >= limit, waiting < limit - limit // BACKLOG_PAST, {"waiting": waiting, "limit": limit})
