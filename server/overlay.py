"""The live overlay: supervisors' edits over the site's files, checked as files are, current at once.

A patch has the keys of the subject's row in the files. It is read by the same functions as the files, so the same
mistakes are found. The SQL version is written first and the router is told after it: a crash in between loses nothing,
since the next start reads files and overlay. Patches that no longer fit newer files are left out, and logged.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from config import rows
from config.policy import site_policy
from config.site import AgentConfig, QueueConfig, Site
from ivr.reading import MICROSECONDS, FlowProblem, Table
from records.audit import Intervention
from records.overlay import Edit, OverlayConflictError, OverlayStore, OverlayVersion, Patch
from router.events import Event, PolicyChanged
from server.current import CurrentSite

log = structlog.get_logger(__name__)

AGENT_KEYS = ("skills", "capacity", "team")
QUEUE_KEYS = ("priority", "offer_timeout_s", "wrap_up_s", "teams", "service_level")


class Router(Protocol):
    """The pump."""

    def tell(self, event: Event, cause: str) -> None: ...

    async def drain(self) -> None: ...


class RulesProblem(Exception):  # noqa: N818 - it reports problems, one or many
    """The edit does not make a valid row; `problems` say where."""

    def __init__(self, problems: list[FlowProblem]) -> None:
        super().__init__("; ".join(f"{each.path} {each.message}" for each in problems))
        self.problems = problems


class UnknownSubjectError(Exception):
    """There is no such agent or queue in the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who edits and when (microseconds since the epoch)."""

    account: str
    role: str
    at: int
    comment: str = ""
    teams: tuple[str, ...] = ()


class Overlay:
    """`current` is what holds: files and patches. Open with `load`, then `attach` the pump."""

    def __init__(self, files: Site, store: OverlayStore) -> None:
        self._files = files
        self._store = store
        self._patches: dict[str, Patch] = {}
        self._router: Router | None = None
        self._lock = asyncio.Lock()
        self._told = ""
        self.current = CurrentSite(files)
        self.version = 0

    @property
    def site(self) -> Site:
        """Files with patches, as they are now."""
        return self.current.site

    async def load(self) -> None:
        """Reads what was edited before."""
        self.version, self._patches = await self._store.current()
        self.current.change(self._apply(self._files))

    def attach(self, router: Router) -> None:
        """The pump, which follows what holds now and is told of every new policy."""
        self._router = router
        self._told = site_policy(self.site).version

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
            patched(self._files, subject, after)
            return after

        def record(before: Patch, after: Patch) -> Intervention:
            return Intervention(
                at=author.at,
                by=author.account,
                role=author.role,
                action="set_rules",
                subject=subject,
                before={key: _row(self._files, subject, before)[key] for key in changes},
                after={key: _row(self._files, subject, after)[key] for key in changes},
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

    async def rebase(self, files: Site) -> None:
        """The files were read again: the same patches over them, current at once."""
        async with self._lock:
            self._files = files
            self._make_current("files")
            await self._committed()

    def _make_current(self, cause: str) -> None:
        """In one go: nobody sees the new site with the old policy. The router is first: others announce agents."""
        site = self._apply(self._files)
        policy = site_policy(site)
        if self._router is not None and policy.version != self._told:
            self._told = policy.version
            self._router.tell(PolicyChanged(policy), cause)
        self.current.change(site)

    async def _committed(self) -> None:
        if self._router is not None:
            await self._router.drain()

    def _apply(self, site: Site) -> Site:
        for subject, patch in self._patches.items():
            try:
                site = patched(site, subject, patch)
            except (RulesProblem, UnknownSubjectError) as error:
                log.warning("overlay_patch_left_out", subject=subject, error=str(error) or "no such row")
        return site


def patched(site: Site, subject: str, patch: Patch) -> Site:
    """The site with one patch over it. Raises UnknownSubjectError and RulesProblem."""
    kind, _, name = subject.partition(":")
    row, problems = _row(site, subject, patch), list[FlowProblem]()
    table = Table(row, "", problems)
    if kind == "agent":
        read = rows.read_agent(name, table, site.teams, site.skills)
        changed = replace(
            site.agents[name],
            skills=read.skills,
            capacity=read.capacity,
            total_units=read.total_units,
            team=read.team,
        )
        made = replace(site, agents=MappingProxyType({**site.agents, name: changed}))
    else:
        names = rows.QueueNames(site.skills, site.teams, site.dispositions, site.prompts, site.languages)
        queue = rows.read_queue(name, table, names)
        made = replace(site, queues=MappingProxyType({**site.queues, name: _with_rules(site.queues[name], queue)}))
    wrong = [problem for problem in problems if problem.path.partition(".")[0].partition("[")[0] in patch]
    if wrong:
        raise RulesProblem(wrong)
    return made


def _with_rules(queue: QueueConfig, read: QueueConfig) -> QueueConfig:
    return replace(
        queue,
        priority=read.priority,
        offer_timeout_us=read.offer_timeout_us,
        wrap_up_us=read.wrap_up_us,
        teams=read.teams,
        service_level=read.service_level,
    )


def _row(site: Site, subject: str, patch: Patch) -> dict[str, Any]:
    """The subject's row as the files would have it, with the patch in it."""
    kind, _, name = subject.partition(":")
    if kind == "agent" and name in site.agents:
        return {**_agent_row(site.agents[name]), **patch}
    if kind == "queue" and name in site.queues:
        return {**_queue_row(site.queues[name]), **patch}
    raise UnknownSubjectError(subject)


def _agent_row(agent: AgentConfig) -> dict[str, Any]:
    return {
        "display_name": agent.display_name,
        "team": agent.team,
        "role": agent.role,
        "skills": dict(agent.skills),
        "capacity": {**agent.capacity, "total": agent.total_units},
    }


def _queue_row(queue: QueueConfig) -> dict[str, Any]:
    target = queue.service_level
    return {
        "title": queue.title,
        "medium": queue.medium,
        "priority": queue.priority,
        "offer_timeout_s": queue.offer_timeout_us / MICROSECONDS,
        "wrap_up_s": queue.wrap_up_us / MICROSECONDS,
        "teams": list(queue.teams),
        "service_level": {"threshold_s": target.threshold_us / MICROSECONDS, "fraction": target.fraction},
        "music": queue.music,
    }


__all__ = [
    "AGENT_KEYS",
    "QUEUE_KEYS",
    "Author",
    "Overlay",
    "OverlayConflictError",
    "RulesProblem",
    "UnknownSubjectError",
    "patched",
]
