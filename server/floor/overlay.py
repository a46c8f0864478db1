"""The live overlay: supervisors' edits over the site's files, checked as files are, current at once.

A patch has the keys of the subject's row in the files. It is read by the same functions as the files, so the same
mistakes are found. The SQL version is written first and the router is told after it: a crash in between loses nothing,
since the next start reads files and overlay. Patches that no longer fit newer files are left out, and logged.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from config.patches import RulesProblem, UnknownSubjectError, patched, row_of
from config.policy import PolicyMaker
from config.routing import closed_queues
from config.site import Site
from ivr.reading import FlowProblem
from records.audit import Intervention
from records.overlay import Edit, Edited, OverlayConflictError, OverlayStore, OverlayVersion, Patch, Signature
from router.events import Event, PolicyChanged
from router.policy import Policy
from server.current import CurrentSite

log = structlog.get_logger(__name__)

# The subject of an entry about several agents and queues.
SEVERAL = "rules"


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


@dataclass(frozen=True, slots=True)
class Change:
    """Keys of one subject's row as the files write them; None goes back to the files. `based_on` as in Edit."""

    subject: str
    changes: Patch
    based_on: int | None


@dataclass(frozen=True, slots=True)
class About:
    """What the log calls an edit: its action, its subject ("": the one that was edited), and what else it says."""

    action: str = "set_rules"
    subject: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


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

    @property
    def told(self) -> str:
        """The version of the policy that this node knows to be current."""
        return self._told

    async def follow(self, version: str) -> None:
        """Another node made this version of the policy current: the edits that it may come from are read."""
        async with self._lock:
            if version == self._told:
                return
            self.version, self._patches = await self._store.current()
            self._told = version
            site = self._apply(self._files)
            if self._policy(site).version == version:
                self.current.change(site)
            else:
                log.warning("other_files", policy=version)

    def patch(self, subject: str) -> Patch:
        """What is edited of a subject (`agent:anna`, `queue:orders`)."""
        return self._patches.get(subject, {})

    def patches(self) -> Mapping[str, Patch]:
        """All edits."""
        return MappingProxyType(self._patches)

    async def edit(self, subject: str, changes: Patch, based_on: int, author: Author) -> Edited:
        """Changes keys of one subject's row; a value None goes back to the files.

        Returns when the router decides by it. Raises UnknownSubjectError, RulesProblem, OverlayConflictError.
        """
        return await self.edit_all([Change(subject, changes, based_on)], author)

    async def edit_all(self, changes: Sequence[Change], author: Author, about: About | None = None) -> Edited:
        """Several subjects, each once, as one: one version of the policy, one entry of the log. Raises as `edit`."""
        async with self._lock:
            return await self._edit_all(changes, author, about or About())

    async def take_back(
        self, versions: Sequence[OverlayVersion], author: Author, about: About, *, anyway: bool = False
    ) -> Edited | None:
        """What one edit changed is as it was before it, key by key; what others changed at other keys stays.

        When somebody has changed one of these keys since, raises OverlayConflictError; `anyway` leaves those keys as
        they are now, and gives None when nothing is left to do. Raises RulesProblem where the files have moved on.
        """
        async with self._lock:
            changes, since = list[Change](), list[OverlayVersion]()
            for version in versions:
                kept, back = self._split(version)
                since += await self._changed_since(version, kept) if kept else []
                if back:
                    changes.append(Change(version.subject, back, None))
            if since and not anyway:
                raise OverlayConflictError(tuple(since))
            return await self._edit_all(changes, author, about) if changes else None

    def _split(self, version: OverlayVersion) -> tuple[list[str], Patch]:
        """The keys that are no longer as the version left them, and the others as they were before it."""
        now, keys = self._patches.get(version.subject, {}), {**version.before, **version.after}
        edited = [key for key in keys if version.before.get(key) != version.after.get(key)]
        kept = [key for key in edited if now.get(key) != version.after.get(key)]
        return kept, {key: version.before.get(key) for key in edited if key not in kept}

    async def _changed_since(self, version: OverlayVersion, keys: Sequence[str]) -> list[OverlayVersion]:
        later = await self._store.since(version.subject, version.version)
        return [each for each in later if any(each.before.get(key) != each.after.get(key) for key in keys)]

    async def _edit_all(self, changes: Sequence[Change], author: Author, about: About) -> Edited:
        subjects = {change.subject for change in changes}
        if len(subjects) < len(changes):
            raise RulesProblem([FlowProblem("changes", "name a subject more than once", "put its keys together")])
        draft = Draft(self._apply(self._files, besides=subjects))

        def record(versions: tuple[OverlayVersion, ...]) -> Intervention:
            return recorded(
                self._files, {change.subject: change.changes for change in changes}, versions, author, about
            )

        edits = [Edit(subject=each.subject, based_on=each.based_on, make=draft.maker(each)) for each in changes]
        signed = Signature(at=author.at, by=author.account, comment=author.comment, record=record)
        done = await self._store.edit(edits, signed)
        self.version = done.versions[-1].version
        self._patches.update((version.subject, version.after) for version in done.versions)
        self._make_current(f"overlay:{self.version}")
        await self._committed()
        return done

    def tried(self, changes: Mapping[str, Patch]) -> Site:
        """The site as it would be with these edits (subject -> keys), which are kept nowhere.

        A value None goes back to the files. Raises UnknownSubjectError and RulesProblem.
        """
        site = self._apply(self._files, besides=changes)
        for subject, keys in changes.items():
            before = self._patches.get(subject, {})
            site = patched(
                site, subject, {key: value for key, value in {**before, **keys}.items() if value is not None}
            )
        return site

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

    def _apply(self, site: Site, besides: Collection[str] = ()) -> Site:
        for subject, patch in self._patches.items():
            if subject in besides:
                continue
            try:
                site = patched(site, subject, patch)
            except (RulesProblem, UnknownSubjectError) as error:
                log.warning("overlay_patch_left_out", subject=subject, error=str(error) or "no such row")
        return site


class Draft:
    """The site as an edit of several subjects makes it, one after the other: each is checked with those before it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def maker(self, change: Change) -> Callable[[Patch], Patch]:
        """The new patch of a subject from its old one. Raises RulesProblem and UnknownSubjectError."""

        def make(before: Patch) -> Patch:
            after = {key: value for key, value in {**before, **change.changes}.items() if value is not None}
            self._site = patched(self._site, change.subject, after)
            return after

        return make


def recorded(
    files: Site, changes: Mapping[str, Patch], versions: Sequence[OverlayVersion], author: Author, about: About
) -> Intervention:
    """The audit entry of an edit: the keys that it names, as the files write them; of several `subject.key`."""
    before, after = dict[str, Any](), dict[str, Any]()
    alone = len(versions) == 1 and about.subject in ("", versions[0].subject)
    for version in versions:
        prefix = "" if alone else f"{version.subject}."
        then, now = (row_of(files, version.subject, patch) for patch in (version.before, version.after))
        for key in changes[version.subject]:
            before[prefix + key], after[prefix + key] = then.get(key), now.get(key)
    return Intervention(
        at=author.at,
        by=author.account,
        role=author.role,
        action=about.action,
        subject=about.subject or (versions[0].subject if len(versions) == 1 else SEVERAL),
        before=before,
        after={**after, **about.more},
        comment=author.comment,
        teams=author.teams,
    )


__all__ = [
    "About",
    "Author",
    "Change",
    "Overlay",
    "OverlayConflictError",
    "RulesProblem",
    "UnknownSubjectError",
]
