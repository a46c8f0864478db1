"""The site's files read again while the server runs: checked whole first, then current at once, and nobody is cut off.

Calls go on in the flow in which they began, with its hours; a queue that is gone from the files stays until the last
call that was open then has ended, because its flow may still lead there. An agent who is gone finishes what they hold.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog

from config.problems import ConfigProblems
from config.settings import Settings
from config.site import QueueConfig, Site
from config.whole import Changes, WholeSite, changes, load_whole
from media.client import WorkerEngine
from records.audit import Intervention
from records.webhooks import KINDS
from server.calls.signalling import PhoneCredentials
from server.chats.chat_service import ChatService
from server.desks.desk import Desk
from server.management import Management
from server.tasks import TaskOwner
from server.web.people import People
from voice.conductor import Conductor

log = structlog.get_logger(__name__)

LEAVING_POLL_S = 1.0
_LEAVING = "leaving_queues"
# Sections that agents' pages show in full.
_SHOWN = frozenset({"queues", "not_ready_reasons", "dispositions", "replies", "scripts"})


@dataclass(frozen=True, slots=True)
class Reloaded:
    """`before` and `after` are versions of the files."""

    before: str
    after: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class Followers:
    """The parts of the node that need more than the site itself."""

    management: Management
    people: People
    credentials: PhoneCredentials
    engine: WorkerEngine
    conductor: Conductor
    chats: ChatService
    desk: Desk
    tasks: TaskOwner


class Reloader:
    """`files` are those of the start; `wall` gives microseconds since the epoch."""

    def __init__(self, settings: Settings, files: WholeSite, followers: Followers, wall: Callable[[], int]) -> None:
        self._folder = settings.site
        self._files = files
        self._to = followers
        self._wall = wall
        self._lock = asyncio.Lock()

    async def reload(self, by: str, role: str, comment: str = "") -> Reloaded:
        """Returns when everybody goes by the new files. Raises ConfigProblems, and then nothing has changed."""
        async with self._lock:
            before = self._files
            try:
                after = await asyncio.to_thread(load_whole, self._folder, KINDS, os.environ)
            except ConfigProblems as wrong:
                log.error("site_not_reloaded", by=by, problems=[str(problem) for problem in wrong.problems])
                raise
            done = Reloaded(before.version, after.version, changes(before, after))
            await self._follow(after, frozenset(done.changes))
            self._files = after
            log.info("site_reloaded", by=by, before=before.version, after=after.version, changes=plain(done.changes))
            await self._keep(done, by, role, comment)
            return done

    async def _follow(self, after: WholeSite, sections: frozenset[str]) -> None:
        to = self._to
        # What takes time is made ready first; without the rest it is without effect.
        await to.people.make_demo_accounts(after.site, self._wall())
        secrets = await to.people.phone_secrets(after.site)
        if "prompts" in sections:
            await to.engine.reload_prompts(after.site.prompts_dir)
        await to.management.hooks.follow(after.hooks)
        to.credentials.secrets = secrets
        to.chats.follow(after.chats)
        leaving = self._leaving(after.site)
        await to.management.overlay.rebase(_with(after.site, leaving))
        to.desk.site_changed(redraw=bool(sections & _SHOWN))
        to.tasks.cancel(_LEAVING)
        if leaving:
            to.tasks.spawn(self._let_go(after.site, to.conductor.interactions), _LEAVING)

    def _leaving(self, site: Site) -> Mapping[str, QueueConfig]:
        """Queues that calls in progress may still be led to."""
        if not self._to.conductor.interactions:
            return {}
        return {name: queue for name, queue in self._to.management.site().queues.items() if name not in site.queues}

    async def _let_go(self, site: Site, calls: frozenset[str]) -> None:
        while self._to.conductor.interactions & calls:  # noqa: ASYNC110 - a rare wait; calls need not know of it
            await asyncio.sleep(LEAVING_POLL_S)
        await self._to.management.overlay.rebase(site)
        log.info("queues_left", calls=len(calls))

    async def _keep(self, done: Reloaded, by: str, role: str, comment: str) -> None:
        await self._to.management.audit.add(
            Intervention(
                at=self._wall(),
                by=by,
                role=role,
                action="reload_site",
                subject="site",
                before={"version": done.before},
                after={"version": done.after, "changes": plain(done.changes)},
                comment=comment,
            )
        )


def _with(site: Site, leaving: Mapping[str, QueueConfig]) -> Site:
    return replace(site, queues=MappingProxyType({**leaving, **site.queues})) if leaving else site


def plain(changed: Changes) -> dict[str, dict[str, list[str]]]:
    """As JSON has it."""
    return {section: {kind: list(names) for kind, names in kinds.items()} for section, kinds in changed.items()}
