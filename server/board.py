"""The live board and the health checks: read from the things themselves at the moment of asking."""

from collections.abc import Callable, Iterable, Mapping

from http_api.ports import AgentOverview, HeldWork, QueueOverview
from router.dispatcher import Dispatcher
from router.rows import AgentRow
from telemetry.metrics import QueueGauge

MAX_BACKLOG = 1000


class Board:
    """Queues and agents from the dispatcher's views."""

    def __init__(self, dispatcher: Dispatcher, now: Callable[[], int]) -> None:
        self._dispatcher = dispatcher
        self._now = now

    def queues(self) -> list[QueueOverview]:
        """Every queue."""
        rules = self._dispatcher.policy.queues
        return [
            QueueOverview(
                queue=name,
                medium=rules[name].medium.value if name in rules else "",
                waiting=overview.waiting,
                oldest_queued_at=overview.oldest_queued_at,
            )
            for name, overview in self._dispatcher.queues().items()
        ]

    def agents(self) -> list[AgentOverview]:
        """Every agent."""
        return [self._agent(row) for row in self._dispatcher.agents()]

    def gauges(self) -> Iterable[QueueGauge]:
        """For the metrics."""
        now = self._now()
        for name, overview in self._dispatcher.queues().items():
            oldest = overview.oldest_queued_at
            yield QueueGauge(name, overview.waiting, 0 if oldest is None else max(0, now - oldest))

    def _agent(self, row: AgentRow) -> AgentOverview:
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
        )

    def _held(self, agent_id: str) -> Iterable[HeldWork]:
        for reservation in self._dispatcher.reservations_of(agent_id):
            if (work := self._dispatcher.work(reservation.work_id)) is not None:
                yield HeldWork(
                    interaction_id=work.interaction_id,
                    medium=work.medium.value,
                    queue=work.queue,
                    state=reservation.state.value,
                    since=reservation.offered_at,
                )


class Checks:
    """Each check is a function that says what is wrong, or None."""

    def __init__(self, checks: Mapping[str, Callable[[], str | None]]) -> None:
        self._checks = checks

    async def checks(self) -> Mapping[str, str | None]:
        """All of them now."""
        return {name: check() for name, check in self._checks.items()}
