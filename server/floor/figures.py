"""What the board shows beside the state of this moment: today's figures, outlook, predictions and alerts."""

from dataclasses import dataclass

import msgspec

from http_api.alerts_api import AlertOverview
from http_api.ports import AgentFigures, ChannelOverview, QueueFigures, QueueOutlook, ServiceLevel
from http_api.statistics_api import share
from router.breach import Breach
from router.counters import Counters, levels, mean, occupancy
from router.rows import WorkRow
from router.slots import AGENT, CHANNEL, QUEUE
from server.floor.alerts import AlertDesk
from server.floor.outlook import Outlook
from server.persistence.statistics import StatisticsKeeper


@dataclass(frozen=True, slots=True)
class Figures:
    """Reads each part at the time of asking; times in microseconds."""

    statistics: StatisticsKeeper
    outlook: Outlook
    alerts: AlertDesk

    def level(self, queue: str) -> ServiceLevel | None:
        """Today's service level against the target."""
        return self.statistics.level(queue)

    def queue(self, queue: str) -> QueueFigures:
        """Today's figures of a queue."""
        return _of_waiting(self.statistics.today((QUEUE, queue)))

    def channel(self, channel: ChannelOverview) -> ChannelOverview:
        """The channel with today's figures."""
        counters = self.statistics.today((CHANNEL, channel.channel))
        level = share(levels(counters).of_settled)
        return msgspec.structs.replace(channel, today=_of_waiting(counters), within=counters.within, level=level)

    def channel_of(self, work_id: str) -> str:
        """By what an open item came, "" when that is unknown."""
        return self.statistics.channel_of(work_id)

    def agent(self, agent_id: str) -> AgentFigures:
        """Today's figures of an agent; occupancy in whole percent, so that it does not change all the time."""
        counters = self.statistics.today((AGENT, agent_id))
        busy = share(occupancy(counters))
        return AgentFigures(
            handled=counters.handled,
            missed=counters.missed,
            rejected=counters.rejected,
            mean_handle_us=_handle_us(counters),
            occupancy=None if busy is None else round(busy, 2),
        )

    def ahead(self, queue: str) -> QueueOutlook:
        """Where the queue is heading."""
        return self.outlook.shown(queue)

    def breach(self, row: WorkRow, now: int) -> Breach | None:
        """Whether an item will miss the target."""
        return self.outlook.breach(row, now)

    def open_alerts(self) -> list[AlertOverview]:
        """Those that are open."""
        return self.alerts.overviews()


def _of_waiting(counters: Counters) -> QueueFigures:
    return QueueFigures(
        arrived=counters.arrived,
        answered=counters.answered,
        abandoned=counters.abandoned,
        short_abandoned=counters.short_abandoned,
        diverted=counters.diverted,
        mean_wait_us=mean(counters.wait_us, counters.answered),
        mean_handle_us=_handle_us(counters),
    )


def _handle_us(counters: Counters) -> int | None:
    whole = counters.ring_us + counters.talk_us + counters.hold_us + counters.wrap_up_us
    return mean(whole, counters.handled)
