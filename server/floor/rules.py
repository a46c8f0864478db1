"""The rules of agents and queues as the API shows and edits them, over the live overlay."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from config.patches import row_of
from config.routing import is_closed
from config.site import Site
from http_api.edits import Conflict, Invalid, RulesChange
from http_api.reach import rows_of
from http_api.rules_api import AgentRules, QueueRules
from records.overlay import Edited, OverlayConflictError, OverlayStore, OverlayVersion
from records.sessions import Caller
from server.floor.overlay import Author, Change, Overlay, RulesProblem, UnknownSubjectError

HISTORY = 20


class RulesDesk:
    """`wall` gives microseconds since the epoch."""

    def __init__(self, overlay: Overlay, store: OverlayStore, wall: Callable[[], int]) -> None:
        self._overlay = overlay
        self._store = store
        self._wall = wall

    async def agent(self, agent_id: str) -> AgentRules | None:
        """What holds, with the last edits."""
        if agent_id not in self._overlay.site.agents:
            return None
        history = await self._history(f"agent:{agent_id}")
        agent = self._overlay.site.agents[agent_id]
        return AgentRules(
            agent_id=agent_id,
            version=self._overlay.version,
            team=agent.team,
            skills=dict(agent.skills),
            capacity={medium.value: items for medium, items in agent.capacity.items()},
            total_units=agent.total_units,
            rules=row_of(self._overlay.site, f"agent:{agent_id}", {}),
            edited=tuple(sorted(self._overlay.patch(f"agent:{agent_id}"))),
            history=history,
        )

    async def queue(self, queue: str) -> QueueRules | None:
        """What holds, with the last edits."""
        if queue not in self._overlay.site.queues:
            return None
        history = await self._history(f"queue:{queue}")
        rules = self._overlay.site.queues[queue]
        return QueueRules(
            queue=queue,
            version=self._overlay.version,
            priority=rules.priority,
            offer_timeout_us=rules.offer_timeout_us,
            wrap_up_us=rules.wrap_up_us,
            threshold_us=rules.service_level.threshold_us,
            target=rules.service_level.fraction,
            teams=rules.teams,
            opening=rules.opening,
            closed=is_closed(rules, self._overlay.site, self._wall()),
            rules=row_of(self._overlay.site, f"queue:{queue}", {}),
            edited=tuple(sorted(self._overlay.patch(f"queue:{queue}"))),
            history=history,
            prompts=_sayable(self._overlay.site) if rules.medium == "voice" else (),
        )

    async def edit(
        self, caller: Caller, subject: str, changes: Mapping[str, Any], based_on: int, comment: str
    ) -> Conflict | Invalid | int:
        """Returns when the router decides by it, or with what stands against it."""
        return await self.edit_all(caller, {subject: changes}, based_on, comment)

    async def edit_all(
        self, caller: Caller, changes: Mapping[str, Mapping[str, Any]], based_on: int, comment: str
    ) -> Conflict | Invalid | int:
        """The same for several subjects as one."""
        found = [Change(subject, row, based_on) for subject, row in changes.items()]
        return await self.answered(self._overlay.edit_all(found, self.author(caller, changes, comment)))

    async def answered(self, edit: Awaitable[Edited | None]) -> Conflict | Invalid | int:
        """The audit entry's id of an edit (0 when there was nothing to do), or what stands against it."""
        try:
            done = await edit
        except OverlayConflictError as conflict:
            return Conflict(self._overlay.version, tuple(change_of(each) for each in conflict.changes))
        except RulesProblem as wrong:
            return Invalid(tuple(f"{each.path} {each.message}" for each in wrong.problems))
        except UnknownSubjectError as unknown:
            return Invalid((f"{unknown} is not of this site",))
        return 0 if done is None else done.entry

    def author(self, caller: Caller, changes: Mapping[str, Mapping[str, Any]], comment: str) -> Author:
        """Who edits these subjects, now."""
        plans = {subject: row for subject, row in changes.items() if subject.startswith("plan:")}
        inside = {each: keys for row in plans.values() for each, keys in rows_of(row).items()}
        known = [(subject, row) for subject, row in {**inside, **changes}.items() if self.knows(subject)]
        teams = {team for subject, row in known for team in self._teams_of(subject, row)}
        return Author(
            account=caller.account,
            role=caller.role.value,
            at=self._wall(),
            comment=comment,
            teams=tuple(sorted(teams)),
        )

    @property
    def version(self) -> int:
        """The overlay's."""
        return self._overlay.version

    def knows(self, subject: str) -> bool:
        """Whether the site has such an agent or queue."""
        kind, _, name = subject.partition(":")
        site = self._overlay.site
        return (kind == "agent" and name in site.agents) or (kind == "queue" and name in site.queues)

    async def _history(self, subject: str) -> tuple[RulesChange, ...]:
        return tuple(change_of(each) for each in await self._store.newest(subject, HISTORY))

    def _teams_of(self, subject: str, changes: Mapping[str, Any]) -> tuple[str, ...]:
        """Those concerned: before and after the edit."""
        site, (kind, _, name) = self._overlay.site, subject.partition(":")
        if kind == "agent":
            now = {site.agents[name].team}
            after = {changes["team"]} if changes.get("team") else set[str]()
        else:
            now = set(site.queues[name].teams or site.teams)
            after = set(changes.get("teams") or ())
        return tuple(sorted(now | after))


def _sayable(site: Site) -> tuple[str, ...]:
    """Prompts that there are in every language, by the name that stands for all of them."""
    first, *others = site.languages
    inside = [name.partition("/")[2] for name in site.prompts if name.partition("/")[0] == first]
    return tuple(sorted(name for name in inside if all(f"{language}/{name}" in site.prompts for language in others)))


def change_of(version: OverlayVersion) -> RulesChange:
    """A version as the API tells it: the keys that it edited."""
    keys = [key for key in {**version.before, **version.after} if version.before.get(key) != version.after.get(key)]
    return RulesChange(
        version=version.version,
        at=version.at,
        by=version.by,
        before={key: version.before.get(key) for key in keys},
        after={key: version.after.get(key) for key in keys},
        comment=version.comment,
    )
