"""The live board and the health checks: read from the things themselves at the moment of asking."""

from collections.abc import Callable, Iterable, Mapping

from config.site import QueueConfig, Site
from http_api.alerts_api import AlertOverview
from http_api.board_messages import BoardWork
from http_api.ports import (
    AgentFigures,
    AgentOverview,
    ChannelOverview,
    HeldWork,
    QueueFigures,
    QueueOutlook,
    QueueOverview,
)
from router.breach import Breach
from router.dispatcher import Dispatcher
from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import OfferState
from server.floor.figures import Figures
from telemetry.metrics import QueueGauge

MAX_BACKLOG = 1000


class Board:
    """Queues and agents from the dispatcher's views."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        now: Callable[[], int],
        site: Callable[[], Site] | None = None,
        figures: Figures | None = None,
        wait_per_place: Callable[[str], int | None] = lambda _queue: None,
    ) -> None:
        self._dispatcher = dispatcher
        self._now = now
        self._site = site
        self._figures = figures
        self._wait_per_place = wait_per_place
        # Number or name of who began an interaction, "" when neither is known.
        self.customer_of: Callable[[str], str] = lambda _interaction: ""

    def queues(self) -> list[QueueOverview]:
        """Every queue."""
        rules, figures = self._dispatcher.policy.queues, self._figures
        return [
            QueueOverview(
                queue=name,
                medium=rules[name].medium.value if name in rules else "",
                waiting=overview.waiting,
                oldest_queued_at=overview.oldest_queued_at,
                title=known.title if (known := self._known(name)) else name,
                titles=dict(known.titles) if known else {},
                opening=known.opening if known else "hours",
                closed=name in rules and rules[name].closed,
                emergency=bool(known and (known.emergency_prompt or known.emergency_texts)),
                teams=rules[name].teams if name in rules else (),
                service_level=figures.level(name) if figures is not None else None,
                wait_per_place_us=self._wait_per_place(name),
                today=figures.queue(name) if figures is not None else QueueFigures(),
                outlook=figures.ahead(name) if figures is not None else QueueOutlook(),
            )
            for name, overview in self._dispatcher.queues().items()
        ]

    def agents(self) -> list[AgentOverview]:
        """Every agent."""
        return [self.agent(row) for row in self._dispatcher.agents()]

    def channels(self) -> list[ChannelOverview]:
        """Every channel of the register."""
        site = self._site() if self._site is not None else None
        return [] if site is None else [each for name in site.channels if (each := self.channel(name)) is not None]

    def channel(self, name: str) -> ChannelOverview | None:
        """One of them."""
        known = self._site().channels.get(name) if self._site is not None else None
        if known is None:
            return None
        plain = ChannelOverview(
            channel=name, title=known.title, titles=dict(known.titles), medium=known.medium, owner=known.owner
        )
        return plain if self._figures is None else self._figures.channel(plain)

    def work(self, row: WorkRow, queue_priority: int, reservation: ReservationRow | None) -> BoardWork:
        """An open item."""
        taken = reservation is not None and reservation.state is not OfferState.OFFERED
        holder = reservation.agent_id if reservation is not None else None
        breach = None if taken else self.breach(row)
        return BoardWork(
            work_id=row.work_id,
            interaction_id=row.interaction_id,
            medium=row.medium.value,
            queue=row.queue,
            state=row.state.value,
            queued_at=row.queued_at,
            attempts=row.attempts,
            order=(-queue_priority - row.priority, row.queued_at, row.sequence),
            requirements={need.skill: need.minimum for need in row.requirements},
            offered_to=None if taken else holder,
            directed=row.directed,
            due_at=breach.due_at if breach is not None else None,
            breach=round(breach.permille / 1000, 1) if breach is not None and breach.permille is not None else None,
            customer=self.customer_of(row.interaction_id),
            channel=self._figures.channel_of(row.work_id) if self._figures is not None else "",
            ring=row.ring,
            priority=queue_priority + row.priority,
            agent_id=holder if taken else None,
            since=_since(reservation) if taken else None,
        )

    def breach(self, row: WorkRow) -> Breach | None:
        """Whether an item will miss its target."""
        return self._figures.breach(row, self._now()) if self._figures is not None else None

    def alerts(self) -> list[AlertOverview]:
        """Those that are open."""
        return self._figures.open_alerts() if self._figures is not None else []

    def alert(self, alert_id: int) -> AlertOverview | None:
        """One of them."""
        return next((alert for alert in self.alerts() if alert.id == alert_id), None)

    def gauges(self) -> Iterable[QueueGauge]:
        """For the metrics."""
        now = self._now()
        for name, overview in self._dispatcher.queues().items():
            oldest = overview.oldest_queued_at
            yield QueueGauge(name, overview.waiting, 0 if oldest is None else max(0, now - oldest))

    def _known(self, queue: str) -> QueueConfig | None:
        return self._site().queues.get(queue) if self._site is not None else None

    def agent(self, row: AgentRow) -> AgentOverview:
        """One agent."""
        rules = self._dispatcher.policy.agents.get(row.agent_id)
        return AgentOverview(
            agent_id=row.agent_id,
            team=rules.team if rules else "",
            presence=row.presence.value,
            reason=row.reason,
            since=row.presence_since,
            connected=row.connected,
            load=self._dispatcher.load(row.agent_id),
            capacity=rules.total_units if rules else 0,
            held=tuple(self._held(row.agent_id)),
            display_name=self._display_name(row.agent_id),
            skills=dict(rules.skills) if rules else {},
            takes=tuple(medium.value for medium in row.takes if rules and rules.capacity.get(medium, 0)),
            paused=tuple(medium.value for medium in row.paused),
            next_presence=row.next_presence.value if row.next_presence else None,
            next_reason=row.next_reason,
            today=self._figures.agent(row.agent_id) if self._figures is not None else AgentFigures(),
        )

    def _display_name(self, agent_id: str) -> str:
        known = self._site().agents.get(agent_id) if self._site is not None else None
        return known.display_name if known is not None else agent_id

    def _held(self, agent_id: str) -> Iterable[HeldWork]:
        for reservation in self._dispatcher.reservations_of(agent_id):
            if (work := self._dispatcher.work(reservation.work_id)) is not None:
                yield HeldWork(
                    interaction_id=work.interaction_id,
                    medium=work.medium.value,
                    queue=work.queue,
                    state=reservation.state.value,
                    since=reservation.offered_at,
                    work_id=work.work_id,
                )


def _since(reservation: ReservationRow | None) -> int | None:
    return None if reservation is None else reservation.ended_at or reservation.connected_at or reservation.offered_at


class Checks:
    """Each check is a function that says what is wrong, or None."""

    def __init__(self, checks: Mapping[str, Callable[[], str | None]]) -> None:
        self._checks = checks

    async def checks(self) -> Mapping[str, str | None]:
        """All of them now."""
        return {name: check() for name, check in self._checks.items()}
