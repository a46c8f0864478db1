"""The live overlay: supervisors' edits over the site's files, checked as files are, current at once.

A patch has the keys of the subject's row in the files. It is read by the same functions as the files, so the same
mistakes are found. The SQL version is written first and the router is told after it: a crash in between loses nothing,
since the next start reads files and overlay. Patches that no longer fit newer files are left out, and logged.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import structlog

from config.patches import RulesProblem, UnknownSubjectError, patched, row_of
from config.policy import PolicyMaker
from config.routing import closed_queues
from config.site import Site
from records.audit import Intervention
from records.overlay import Edit, OverlayConflictError, OverlayStore, OverlayVersion, Patch
from router.events import Event, PolicyChanged
from router.policy import Policy
from server.current import CurrentSite

log = structlog.get_logger(__name__)


class Router(Protocol):
    """The pump."""

    def tell(self, event: Event, cause: str) -> None: ...

    async def drain(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who edits and when (microseconds since the epoch)."""

    account: str
    role: str
    at: int
    comment: str = ""
    teams: tuple[str, ...] = ()


class Overlay:
    """`current` is what holds: files and patches. Open with `load`, then `attach` the pump.

    `wall` gives microseconds since the epoch: by it queues are open or closed."""

    def __init__(self, files: Site, store: OverlayStore, wall: Callable[[], int]) -> None:
        self._files = files
        self._store = store
        self._wall = wall
        self._closed: frozenset[str] = frozenset()
        self._patches: dict[str, Patch] = {}
        self._router: Router | None = None
        self._lock = asyncio.Lock()
        self._told = ""
        self._maker = PolicyMaker()
        self.current = CurrentSite(files)
        self.version = 0

    @property
    def site(self) -> Site:
        """Files with patches, as they are now."""
        return self.current.site

    async def load(self) -> Policy:
        """Reads what was edited before; the policy that holds."""
        self.version, self._patches = await self._store.current()
        self.current.change(self._apply(self._files))
        policy = self._policy(self.site)
        self._told = policy.version
        return policy

    def attach(self, router: Router) -> None:
        """The pump, which has the policy that `load` gave, and is told of every new one."""
        self._router = router

    def patch(self, subject: str) -> Patch:
        """What is edited of a subject (`agent:anna`, `queue:orders`)."""
        return self._patches.get(subject, {})

    def patches(self) -> Mapping[str, Patch]:
        """All edits."""
        return MappingProxyType(self._patches)

    async def edit(self, subject: str, changes: Patch, based_on: int, author: Author) -> OverlayVersion:
        """Changes keys of one subject's row; a value None goes back to the files.

        Returns when the router decides by it. Raises UnknownSubjectError, RulesProblem, OverlayConflictError.
        """

        def make(before: Patch) -> Patch:
            after = {key: value for key, value in {**before, **changes}.items() if value is not None}
            patched(self._apply(self._files, besides=subject), subject, after)
            return after

        def record(before: Patch, after: Patch) -> Intervention:
            return Intervention(
                at=author.at,
                by=author.account,
                role=author.role,
                action="set_rules",
                subject=subject,
                before={key: row_of(self._files, subject, before).get(key) for key in changes},
                after={key: row_of(self._files, subject, after).get(key) for key in changes},
                comment=author.comment,
                teams=author.teams,
            )

        edit = Edit(
            subject=subject,
            based_on=based_on,
            at=author.at,
            by=author.account,
            comment=author.comment,
            make=make,
            record=record,
        )
        async with self._lock:
            version = await self._store.edit(edit)
            self.version = version.version
            self._patches[subject] = version.after
            self._make_current(f"overlay:{version.version}")
            await self._committed()
        return version

    async def look_at_the_clock(self) -> None:
        """Queues open and close by their hours; nothing happens while they stay as they are."""
        async with self._lock:
            closed = closed_queues(self.site, self._wall())
            if closed != self._closed:
                log.info("hours", opened=sorted(self._closed - closed), closed=sorted(closed - self._closed))
                self._make_current("hours")
                await self._committed()

    async def rebase(self, files: Site) -> None:
        """The files were read again: the same patches over them, current at once."""
        async with self._lock:
            self._files = files
            self._make_current("files")
            await self._committed()

    def _make_current(self, cause: str) -> None:
        """In one go: nobody sees the new site with the old policy. The router is first: others announce agents."""
        site = self._apply(self._files)
        policy = self._policy(site)
        if self._router is not None and policy.version != self._told:
            self._told = policy.version
            self._router.tell(PolicyChanged(policy), cause)
        self.current.change(site)

    def _policy(self, site: Site) -> Policy:
        now = self._wall()
        self._closed = closed_queues(site, now)
        return self._maker.make(site, now)

    async def _committed(self) -> None:
        if self._router is not None:
            await self._router.drain()

    def _apply(self, site: Site, besides: str = "") -> Site:
        for subject, patch in self._patches.items():
            if subject == besides:
                continue
            try:
                site = patched(site, subject, patch)
            except (RulesProblem, UnknownSubjectError) as error:
                log.warning("overlay_patch_left_out", subject=subject, error=str(error) or "no such row")
        return site


__all__ = [
    "Author",
    "Overlay",
    "OverlayConflictError",
    "RulesProblem",
    "UnknownSubjectError",
]
