"""What stands beside the routing: live rules, supervisors, programs, the live board and webhooks, built as one part."""

from collections.abc import Awaitable, Callable, Mapping

from agents_ws.endpoint import OriginPolicy
from config.site import Named, Site, TeamConfig, label
from config.whole import WholeSite
from http_api.board_messages import Titles
from http_api.board_ws import BoardSocket
from http_api.plans_api import PlansApi
from http_api.ports import Auth
from http_api.routes import Route
from http_api.undo_api import UndoApi
from http_api.wallboard_view import WallView
from http_api.wallboards_api import WallboardsApi
from records.alerts import AlertStore
from records.audit import Audit
from records.customers import Customers
from records.database import Database
from records.overlay import OverlayStore
from records.projector import Projector, projected_as
from records.statistics import StatisticsStore
from records.submissions import Submissions
from records.wallboards import Wallboards
from records.webhooks import Deliveries
from router.estimates import WaitEstimates
from router.events import STORY, PolicyChanged
from router.policy import Policy
from router.rows import ShardImage, Turn
from server.core.patience import patiently
from server.core.recent_demands import RecentDemands
from server.core.routing import Routing
from server.current import CurrentSite
from server.day import Day, each
from server.floor.alerts import AlertDesk
from server.floor.board import Board
from server.floor.figures import Figures
from server.floor.live import GATHER_S, LiveFeed
from server.floor.outlook import Outlook
from server.floor.overlay import Overlay
from server.floor.plans import PlanDesk
from server.floor.rules import RulesDesk
from server.floor.scopes import Scopes
from server.floor.supervision import Supervision
from server.floor.trends import Trends
from server.floor.undo import UndoDesk
from server.floor.wallboards import WallboardDesk
from server.hours import Hours
from server.nodes.peer_pages import PeerPages
from server.persistence.projection import Journal
from server.persistence.statistics import StatisticsKeeper
from server.tasks import TaskOwner
from server.web.hooks import HookService
from server.web.programs import Programs


class Management:
    """`await load`, then `await attach` once there is a pump, then `begin`, and `own` where (or when) this node owns
    the shard; `close` before the pump's end. `owning` says whether it does.

    `wall` gives microseconds since the epoch.
    """

    def __init__(self, files: WholeSite, database: Database, wall: Callable[[], int], shard: str = "s0") -> None:
        self._database = database
        self._wall = wall
        self._shard = shard
        self._overlay_store = OverlayStore(database)
        self.overlay = Overlay(files.site, self._overlay_store, wall)
        self.wallboards = WallboardDesk(Wallboards(database), wall)
        self.scopes = Scopes(self.site, self.wallboards.reach)
        self.audit = Audit(database)
        self.deliveries = Deliveries(database)
        self._seen = 0
        self._newest = ""
        self.owning: Callable[[], bool] = lambda: True
        self._named: tuple[Site, Titles] | None = None
        self.demands = RecentDemands()
        self.hooks = HookService(database, self.deliveries, files.hooks, wall)

    @property
    def current(self) -> CurrentSite:
        """What is read at the time of use."""
        return self.overlay.current

    def site(self) -> Site:
        """The site as it is now: the files with the overlay."""
        return self.overlay.site

    async def load(self) -> Policy:
        """Reads the overlay; the policy that holds."""
        return await self.overlay.load()

    async def attach(
        self,
        pump: Routing,
        journal: Journal,
        image: ShardImage,
        new_id: Callable[[], str],
        waits: WaitEstimates,
        save_elsewhere: Callable[[bytes], Awaitable[bool]],
    ) -> None:
        """Closes the circle, and takes in what the journal told while nobody listened.

        `save_elsewhere` writes checkpoints of the statistics (StatisticsKeeper).
        """
        self.overlay.attach(pump)
        self._pump = pump
        submissions, customers = Submissions(self._database), Customers(self._database)
        self.statistics = StatisticsKeeper(StatisticsStore(self._database), self.site, pump.now, save_elsewhere)
        self.statistics.owning = self.owning
        await self.statistics.begin(journal, image)
        self._seen = image.applied
        self.current.on_change(lambda _site: self.statistics.save_soon())
        outlook = Outlook(pump.dispatcher, waits, self.statistics.lately, self.site)
        self.alerts = AlertDesk(
            AlertStore(self._database),
            outlook,
            pump.dispatcher,
            self.site,
            pump.now,
            self.statistics.channel_of,
            self.hooks,
        )
        self.alerts.trouble = lambda: pump.trouble
        self.alerts.owning = self.owning
        await self.alerts.begin()
        self.figures = Figures(self.statistics, outlook, self.alerts)
        self.board = Board(pump.dispatcher, pump.now, self.site, self.figures, waits.per_place)
        self.feed = LiveFeed(self.board, pump.dispatcher, self.statistics.take_changed, GATHER_S)
        self.alerts.touch = self.feed.touch
        self.trends = Trends(self.statistics.in_quarters, self.site)
        self.trends.changed = self.feed.attach("trends", self.trends)
        self.current.on_change(lambda _site: self.feed.refresh())
        self.supervision = Supervision(pump, self.audit, submissions, self.site, self._wall)
        self.rules = RulesDesk(self.overlay, self._overlay_store, self._wall)
        self.undo = UndoDesk(self.audit, self.supervision, self.rules, self.overlay, self._overlay_store)
        self.plans = PlanDesk(self.overlay, self.rules, self.undo, self.audit)
        recorded = Projector(self._database, projected_as(self._shard)).position
        self.programs = Programs(pump, submissions, customers, new_id, self._wall, recorded)

    def begin(self, tasks: TaskOwner) -> None:
        """Turns come: background work starts."""
        self._tasks = tasks
        tasks.spawn(self.statistics.run(), "statistics")
        tasks.spawn(self.alerts.run(), "alerts")
        self._trends = tasks.spawn(self.trends.run(), "trends")

    async def own(self, tasks: TaskOwner, journal: Journal, last_us: int) -> None:
        """What the shard's owner does; `last_us` is when the shard was last awake before (0: never)."""
        self.programs.begin()
        tasks.spawn(self.programs.close_left(self._seen), "close_left")
        day = Day(self._pump, last_us, lambda: self.site().time_zone, self._wall)
        self._hours = Hours(each(day.look, self.overlay.look_at_the_clock), self._wall)
        tasks.spawn(self._hours.run(), "hours")
        await patiently(lambda: self.hooks.attach(journal, self._seen), "webhooks")
        self.hooks.begin(tasks)

    def follow(self, turn: Turn) -> None:
        """What follows from a committed turn at once."""
        self.programs.follow(turn, owning=self.owning())

    def observe(self, turn: Turn) -> None:
        """Keeps account of a committed turn."""
        self._seen = turn.sequence
        self.statistics.observe(turn)
        self.feed.observe(turn)
        self.hooks.observe(turn)
        self.programs.observe(turn)
        if type(turn.event) in STORY:
            return
        self.demands.observe(turn)
        if isinstance(turn.event, PolicyChanged) and turn.event.policy.version != self.overlay.told:
            self._newest = turn.event.policy.version
            self._tasks.spawn(patiently(self._follow, "overlay"), "overlay")

    async def _follow(self) -> None:
        """Another node's edits; where several wait for the database, the newest is what counts."""
        await self.overlay.follow(self._newest)

    def board_socket(self, auth: Auth, pages: PeerPages) -> BoardSocket:
        """The live board's WebSocket; `pages` are those of the other nodes."""
        socket = BoardSocket(
            self.feed,
            auth,
            self.scopes,
            self._wall,
            OriginPolicy(lambda: pages.origins),
            self._titles,
            wall_view=self._wall_view,
            peers=lambda: pages.addresses,
        )
        self.wallboards.screens = socket
        return socket

    def _wall_view(self, account: str) -> WallView:
        return WallView(self.wallboards.name(account), self.site().time_zone)

    def routes(self) -> tuple[Route, ...]:
        """What only supervisors ask."""
        return (
            *UndoApi(self.undo, self.supervision, self.audit, self.scopes).routes(),
            *PlansApi(self.plans, self.rules, self.scopes).routes(),
            *WallboardsApi(self.wallboards, self.scopes).routes(),
        )

    def _titles(self) -> Titles:
        """Made once for each site: every watcher asks again and again."""
        if self._named is None or self._named[0] is not self.site():
            self._named = (self.site(), self._make_titles(self.site()))
        return self._named[1]

    def _make_titles(self, site: Site) -> Titles:
        kinds: tuple[Mapping[str, Named | TeamConfig], ...] = (site.not_ready_reasons, site.skills, site.teams)
        reasons, skills, teams = (
            {code: label(one.title, one.titles) for code, one in named.items()} for named in kinds
        )
        limits = {code: reason.limit_us for code, reason in site.not_ready_reasons.items() if reason.limit_us}
        if site.alerts.not_ready_us:
            limits[""] = site.alerts.not_ready_us
        return Titles(reasons, skills, teams, limits)

    def close(self) -> None:
        """Background work ends by itself."""
        self.hooks.close()
        if hasattr(self, "statistics"):
            self.statistics.close()
        if hasattr(self, "_hours"):
            self._hours.close()
        if hasattr(self, "alerts"):
            self.alerts.close()
        if hasattr(self, "_trends"):
            self._trends.cancel()
