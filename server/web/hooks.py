"""Webhooks as one part of the node: the outbox that follows the journal, and the sender."""

import os
from collections.abc import Callable, Mapping

from config.webhooks import Hook
from records.database import Database
from records.webhooks import Deliveries, Wanted, WebhookOutbox
from router.rows import Turn
from server.persistence.projection import Journal, Projection
from server.tasks import TaskOwner
from server.web.webhooks import WebhookSender


class HookService:
    """Costs nothing while the site has no hooks. `await attach`, then `begin` when the pump runs; `close` at the end.

    `wall` gives microseconds since the epoch.
    """

    def __init__(
        self, database: Database, deliveries: Deliveries, hooks: Mapping[str, Hook], wall: Callable[[], int]
    ) -> None:
        self._hooks = hooks
        self._outbox = WebhookOutbox(database, _wanted(hooks))
        self._sender = WebhookSender(deliveries, hooks, _secrets(hooks), wall)
        self._projection: Projection | None = None
        self._tasks: TaskOwner | None = None
        self._running = False
        self._seen = 0

    async def attach(self, journal: Journal, applied: int) -> None:
        """Takes in what the journal has beyond the outbox, up to `applied`."""
        self._projection = Projection(self._outbox, journal, lambda _position: self._sender.wake())
        self._seen = max(self._seen, applied)
        await self._outbox.begin(applied)
        if self._hooks:
            await self._projection.catch_up(applied)

    def begin(self, tasks: TaskOwner) -> None:
        """Background work starts."""
        self._tasks = tasks
        if self._hooks:
            self._run()
            if self._projection is not None:
                self._projection.told(self._seen)  # what was committed while it caught up

    async def follow(self, hooks: Mapping[str, Hook]) -> None:
        """The site was read again: a new hook is told what happens from now on, one that is gone nothing more."""
        self._hooks = hooks
        self._outbox.wanted = _wanted(hooks)
        self._sender.follow(hooks, _secrets(hooks))
        if hooks and not self._running and self._projection is not None:
            self._running = True  # what is committed from here on is taken in as well
            await self._outbox.begin(self._seen)
            await self._projection.catch_up(self._seen)
            self._run()

    @property
    def wanted(self) -> Wanted:
        """What each hook is told."""
        return self._outbox.wanted

    def wake(self) -> None:
        """There may be something to tell that is not of the journal."""
        self._sender.wake()

    def observe(self, turn: Turn) -> None:
        """Follows a committed turn."""
        self._seen = max(self._seen, turn.sequence)
        if self._running and self._projection is not None:
            self._projection.fresh(turn)

    def close(self) -> None:
        """Background work ends by itself."""
        if self._projection is not None:
            self._projection.close()
        self._sender.close()

    def _run(self) -> None:
        if self._tasks is not None and self._projection is not None:
            self._running = True
            self._tasks.spawn(self._projection.run(), "webhook_outbox")
            self._tasks.spawn(self._sender.run(), "webhooks")


def _wanted(hooks: Mapping[str, Hook]) -> Mapping[str, frozenset[str]]:
    return {name: hook.events for name, hook in hooks.items()}


def _secrets(hooks: Mapping[str, Hook]) -> Mapping[str, str]:
    return {name: os.environ[hook.secret_env] for name, hook in hooks.items()}
