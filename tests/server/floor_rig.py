"""A floor without a network: a dispatcher, a clock that a test turns, and what watches them over a real database."""

from collections.abc import Iterable
from dataclasses import replace

from config.policy import site_policy
from config.site import AlertConfig, Site
from records.alerts import AlertStore
from records.database import Database
from records.statistics import StatisticsStore
from records.webhooks import Wanted
from router.dispatcher import Dispatcher
from router.estimates import WaitEstimates
from router.events import (
    AgentConnected,
    AssignmentConnected,
    CustomerLeft,
    Event,
    InteractionOpened,
    OfferAccepted,
    PresenceSet,
    TimePassed,
    WorkQueued,
)
from router.rows import ShardImage, Turn
from router.vocabulary import Medium, Presence
from server.floor.alerts import AlertDesk
from server.floor.figures import Figures
from server.floor.outlook import Outlook
from server.persistence.statistics import StatisticsKeeper
from tests.records.turns import SECOND, START
from tests.server.sites import agent, small_site

EMPTY = ShardImage((), (), (), None, 0, 0)


class Shelf:
    """No journal."""

    async def read_journal(self, after: int, limit: int) -> list[Turn]:
        return []

    async def trim_journal(self, upto: int) -> int:
        return 0


class Hooks:
    """Counts how often it was woken."""

    def __init__(self) -> None:
        self.wanted: Wanted = {}
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class Floor:
    """Anna and Ben take orders; `await open_floor(database)`."""

    def __init__(self, database: Database) -> None:
        site = small_site({"anna": agent("anna"), "ben": agent("ben")})
        self.site: Site = replace(site, alerts=AlertConfig(backlog=5, not_ready_us=0))
        self.now = START
        self.sequence = 0
        self.count = 0
        self.touched: list[tuple[str, str]] = []
        self.dispatcher = Dispatcher(site_policy(self.site))
        self.waits = WaitEstimates(self.dispatcher.policy)
        self.statistics = StatisticsKeeper(StatisticsStore(database), lambda: self.site, lambda: self.now)
        self.outlook = Outlook(self.dispatcher, self.waits, self.statistics.lately, lambda: self.site)
        self.store, self.hooks = AlertStore(database), Hooks()
        self.desk = self.make_desk()
        self.figures = Figures(self.statistics, self.outlook, self.desk)

    def make_desk(self) -> AlertDesk:
        """As after a restart."""
        made = AlertDesk(
            self.store,
            self.outlook,
            self.dispatcher,
            lambda: self.site,
            lambda: self.now,
            self.statistics.channel_of,
            self.hooks,
        )
        made.touch = self._touch
        return made

    def _touch(self, keys: Iterable[tuple[str, str]]) -> None:
        self.touched.extend(keys)

    def post(self, event: Event, after: float = 0) -> None:
        """One turn, and everybody is told."""
        self.now += int(after * SECOND)
        core = self.dispatcher
        commands = core.expire(self.now) if isinstance(event, TimePassed) else core.handle(event, self.now)
        self.sequence += 1
        turn = Turn(self.sequence, self.now, "test", event, tuple(commands), core.drain_changes())
        self.statistics.observe(turn)
        self.waits.observe(turn)

    def ready(self, *agents: str) -> None:
        for name in agents:
            self.post(AgentConnected(name, 1))
            self.post(PresenceSet(name, Presence.READY))

    def arrive(self, channel: str = "line") -> str:
        """A call for the orders; its work item."""
        self.count += 1
        work = f"w{self.count}"
        self.post(InteractionOpened(f"i{self.count}", channel, Medium.VOICE, "400", "n1"))
        self.post(WorkQueued(work, f"i{self.count}", Medium.VOICE, "orders"))
        return work

    def answer(self, work: str, agent_id: str, after: float = 1) -> None:
        self.post(OfferAccepted(f"{work}.1", agent_id), after)
        self.post(AssignmentConnected(f"{work}.1"))

    def leave(self, work: str, after: float = 0) -> None:
        self.post(CustomerLeft(work), after)

    async def look(self, after: float = 0) -> set[tuple[str, str]]:
        """One look; what is open then, as (kind, subject)."""
        self.now += int(after * SECOND)
        await self.desk.look()
        return {(alert.kind, alert.subject) for alert in self.desk.overviews()}


async def open_floor(database: Database) -> Floor:
    made = Floor(database)
    await made.statistics.begin(Shelf(), EMPTY)
    await made.desk.begin()
    return made
