"""What stands beside the routing: live rules, supervisors, programs, the live board and webhooks, built as one part."""

import os
from collections.abc import Callable

from aiohttp import web

from config.policy import site_policy
from config.settings import Settings
from config.site import Site
from config.webhooks import load_hooks
from http_api.board_ws import BoardSocket
from http_api.ports import Auth
from records.audit import Audit
from records.customers import Customers
from records.database import Database
from records.overlay import OverlayStore
from records.submissions import Submissions
from records.webhooks import KINDS, Deliveries, WebhookOutbox
from router.policy import Policy
from router.rows import ShardImage, Turn
from server.board import Board
from server.live import GATHER_S, LiveFeed
from server.overlay import Overlay
from server.programs import Programs
from server.projection import Journal, Projection
from server.pump import Pump
from server.rules import RulesDesk
from server.scopes import Scopes
from server.service_level import ServiceLevels
from server.supervision import Supervision
from server.tasks import TaskOwner
from server.webhooks import WebhookSender


class Management:
    """`await load`, then `await attach` once there is a pump, then `begin`; `close` before the pump's end.

    `wall` gives microseconds since the epoch. Raises ConfigProblems for a bad webhooks.toml.
    """

    def __init__(self, settings: Settings, site: Site, database: Database, wall: Callable[[], int]) -> None:
        self._database = database
        self._wall = wall
        self._overlay_store = OverlayStore(database)
        self.overlay = Overlay(site, self._overlay_store)
        self.levels = ServiceLevels(self.site)
        self.scopes = Scopes(self.site)
        self.audit = Audit(database)
        self.deliveries = Deliveries(database)
        self.hooks = load_hooks(settings.site, KINDS, os.environ)
        self._sender = WebhookSender(
            self.deliveries, self.hooks, {name: os.environ[hook.secret_env] for name, hook in self.hooks.items()}, wall
        )

    def site(self) -> Site:
        """The site as it is now: the files with the overlay."""
        return self.overlay.site

    async def load(self) -> Policy:
        """Reads the overlay; the policy that holds."""
        await self.overlay.load()
        return site_policy(self.overlay.site)

    async def attach(
        self,
        pump: Pump,
        journal: Journal,
        image: ShardImage,
        new_id: Callable[[], str],
        wait_per_place: Callable[[str], int | None],
    ) -> None:
        """Closes the circle, and takes in what the journal told while nobody listened."""
        self.overlay.attach(pump)
        submissions, customers = Submissions(self._database), Customers(self._database)
        await self.levels.begin(self._database, image, self._wall())
        self.board = Board(pump.dispatcher, pump.now, self.site, self.levels.of, wait_per_place)
        self.feed = LiveFeed(self.board, pump.dispatcher, self.levels.take_changed, GATHER_S)
        self.supervision = Supervision(pump, self.audit, submissions, self.site, self._wall)
        self.rules = RulesDesk(self.overlay, self._overlay_store, self._wall)
        self.programs = Programs(pump, submissions, customers, new_id, self._wall)
        wanted = {name: hook.events for name, hook in self.hooks.items()}
        outbox = WebhookOutbox(self._database, wanted)
        await outbox.begin(image.applied)
        self._outbox = Projection(outbox, journal, lambda _position: self._sender.wake())
        if self.hooks:
            await self._outbox.catch_up(image.applied)

    def begin(self, tasks: TaskOwner) -> None:
        """The pump runs: background work starts."""
        self.programs.begin()
        if self.hooks:
            tasks.spawn(self._outbox.run(), "webhook_outbox")
            tasks.spawn(self._sender.run(), "webhooks")

    def observe(self, turn: Turn) -> None:
        """Follows a committed turn."""
        self.levels.observe(turn)
        self.programs.observe(turn)
        self.feed.observe(turn)
        if self.hooks:
            self._outbox.fresh(turn)

    def board_socket(self, auth: Auth, origin_allowed: Callable[[web.Request], bool]) -> BoardSocket:
        """The live board's WebSocket."""
        return BoardSocket(self.feed, auth, self.scopes, self._wall, origin_allowed, self._reasons)

    def _reasons(self) -> dict[str, str]:
        return {code: one.title for code, one in self.site().not_ready_reasons.items()}

    def close(self) -> None:
        """Background work ends by itself."""
        if hasattr(self, "_outbox"):
            self._outbox.close()
        self._sender.close()
