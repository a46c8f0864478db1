"""Supervisors' interventions: told to the router, and kept in the audit log with the state before and after."""

from collections.abc import Callable, Mapping
from typing import Any

from config.site import Site
from http_api.supervision_api import Explanation, Refused, WaitingList, WaitingWork
from records.audit import UNDO, UNDOES, Audit, AuditEntry, Intervention
from records.roles import Action, Scope
from records.sessions import Caller
from records.submissions import Submissions
from router.commands import Refuse
from router.events import Event, PresenceSet, WorkCancelled, WorkDirected, WorkMoved
from router.rows import WorkRow
from router.summary import summary
from router.vocabulary import OfferState, Presence, WorkState
from server.core.prompt import prompt
from server.core.routing import Routing
from server.explain.explanations import explained, shown

MAX_CANDIDATES = 20


class Supervision:
    """`wall` gives microseconds since the epoch."""

    def __init__(
        self, pump: Routing, audit: Audit, submissions: Submissions, site: Callable[[], Site], wall: Callable[[], int]
    ) -> None:
        self._pump = pump
        self._audit = audit
        self._submissions = submissions
        self._site = site
        self._wall = wall

    # --- interventions ------------------------------------------------------------------------------------------

    async def set_presence(
        self, caller: Caller, agent_id: str, presence: str, reason: str | None, comment: str
    ) -> Refused | int:
        """Ready, not ready with one of the site's reasons, or signed out."""
        if reason is not None and reason not in self._site().not_ready_reasons:
            return Refused("unknown_reason", f"there is no reason {reason!r}")
        before = self._presence(agent_id)
        event = PresenceSet(agent_id, Presence(presence), reason, caller.account)
        if (refused := await self._post(event, caller)) is not None:
            return refused
        agent = self._site().agents.get(agent_id)
        teams = (agent.team,) if agent else ()
        after = {"presence": presence, "reason": reason}
        return await self._keep(caller, "set_presence", f"agent:{agent_id}", before, after, comment, teams)

    async def move(self, caller: Caller, work_id: str, queue: str, comment: str) -> Refused | int:
        """To another queue."""
        return await self._steer(caller, "move_work", WorkMoved(work_id, queue, caller.account), comment)

    async def direct(self, caller: Caller, work_id: str, agent_id: str | None, comment: str) -> Refused | int:
        """For one agent, or for all again."""
        return await self._steer(caller, "direct_work", WorkDirected(work_id, agent_id, caller.account), comment)

    async def pull_back(self, caller: Caller, work_id: str, comment: str) -> Refused | int:
        """An open offer or a direction ends: the item waits for all again."""
        return await self._steer(
            caller, "pull_back", WorkMoved(work_id, self.queue_of(work_id) or "", caller.account), comment
        )

    async def undo(self, caller: Caller, entry: AuditEntry, comment: str) -> Refused | int:
        """What an intervention changed is as it was before it, when it still is as it was after it."""
        kind, _, name = entry.subject.partition(":")
        now = self._presence(name) if kind == "agent" else self._work(name)
        if kind == "work" and not now:
            return Refused("unknown_work", "it is over")
        if any(now.get(key) != value for key, value in entry.after.items()):
            return Refused("changed_since", f"{entry.subject} is not as it was left: {_said(now)}")
        for event in _back(entry, name, caller.account):
            if (refused := await self._post(event, caller)) is not None:
                return refused
        before, after = dict(entry.after), {key: entry.before.get(key) for key in entry.after}
        teams = self._teams_about(entry)
        return await self._keep(caller, UNDO, entry.subject, before, {**after, UNDOES: entry.id}, comment, teams)

    def _teams_about(self, entry: AuditEntry) -> tuple[str, ...]:
        kind, _, name = entry.subject.partition(":")
        if kind == "agent":
            agent = self._site().agents.get(name)
            return (agent.team,) if agent else ()
        return self._teams_of({str(queue) for queue in (entry.before.get("queue"), entry.after.get("queue")) if queue})

    async def cancel(self, caller: Caller, work_id: str, comment: str) -> Refused | int:
        """Out of the router."""
        return await self._steer(caller, "cancel_work", WorkCancelled(work_id, caller.account), comment)

    async def submitter(self, work_id: str) -> str | None:
        """The account of the program that brought the item in."""
        found = await self._submissions.of_work(work_id)
        return None if found is None else found.submitter

    def queue_of(self, work_id: str) -> str | None:
        """The queue of an open item."""
        row = self._pump.dispatcher.work(work_id)
        return None if row is None else row.queue

    async def _steer(
        self, caller: Caller, action: str, event: WorkMoved | WorkDirected | WorkCancelled, comment: str
    ) -> Refused | int:
        before = self._work(event.work_id)
        if (refused := await self._post(event, caller)) is not None:
            return refused
        # Read from the event, since the item may be with the next agent by now.
        match event:
            case WorkMoved(queue=queue):
                after = {"queue": queue, "directed": None}
            case WorkDirected(agent_id=agent_id):
                after = {"queue": before.get("queue"), "directed": agent_id}
            case WorkCancelled():
                after = {"outcome": "cancelled"}
        queues = {str(found) for found in (before.get("queue"), after.get("queue")) if found}
        return await self._keep(caller, action, f"work:{event.work_id}", before, after, comment, self._teams_of(queues))

    async def _post(self, event: Event, caller: Caller) -> Refused | None:
        for answer in await prompt(self._pump, event, f"account:{caller.account}"):
            if isinstance(answer, Refuse):
                return Refused(answer.code, answer.message)
        return None

    async def _keep(
        self,
        caller: Caller,
        action: str,
        subject: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        comment: str,
        teams: tuple[str, ...],
    ) -> int:
        entry = Intervention.of(caller, self._wall(), action, subject, before, after, comment, teams)
        return await self._audit.add(entry)

    def _presence(self, agent_id: str) -> dict[str, Any]:
        row = self._pump.dispatcher.agent(agent_id)
        return {} if row is None else {"presence": row.presence.value, "reason": row.reason}

    def _work(self, work_id: str) -> dict[str, Any]:
        row = self._pump.dispatcher.work(work_id)
        if row is None:
            return {}
        return {"queue": row.queue, "state": row.state.value, "directed": row.directed, "agent": self._holder(row)}

    def _holder(self, row: WorkRow) -> str | None:
        held = self._pump.dispatcher.holders(row.work_id)
        return held[0].agent_id if held else None

    def _teams_of(self, queues: set[str]) -> tuple[str, ...]:
        site, teams = self._site(), set[str]()
        for name in queues:
            queue = site.queues.get(name)
            teams |= set(queue.teams if queue and queue.teams else site.teams)
        return tuple(sorted(teams))

    # --- what waits ---------------------------------------------------------------------------------------------

    async def waiting(self, scope: Scope, queue: str | None, limit: int, explain: bool) -> WaitingList:
        """Waiting items in order, queue by queue, each queue's offered ones behind them."""
        views, rows = self._pump.dispatcher, list[WorkRow]()
        names = [name for name in views.queues() if queue in (None, name)]
        for name in names:
            if scope.covers_queue(Action.SEE_WORK, name):
                found = [views.work(work_id) for work_id in views.waiting(name)]
                rows += [row for row in found if row is not None]
        for agent in views.agents():
            for held in views.reservations_of(agent.agent_id):
                row = views.work(held.work_id) if held.state is OfferState.OFFERED else None
                if row is not None and queue in (None, row.queue) and scope.covers_queue(Action.SEE_WORK, row.queue):
                    rows.append(row)
        told = [self._shown(row, await self._explained(row.work_id) if explain else None) for row in rows[:limit]]
        return WaitingList(tuple(told), len(rows))

    def _shown(self, row: WorkRow, why: Explanation | None) -> WaitingWork:
        offered = row.state is WorkState.OFFERED
        return WaitingWork(
            work_id=row.work_id,
            interaction_id=row.interaction_id,
            medium=row.medium.value,
            queue=row.queue,
            state=row.state.value,
            priority=row.priority,
            requirements={need.skill: need.minimum for need in row.requirements},
            queued_at=row.queued_at,
            wait_us=max(0, self._pump.now() - row.queued_at),
            attempts=row.attempts,
            place=self._pump.place(row.work_id),
            offered_to=self._holder(row) if offered else None,
            directed=row.directed,
            explanation=why,
        )

    async def _explained(self, work_id: str) -> Explanation | None:
        found = await explained(self._pump.dispatcher, work_id)
        return None if found is None else shown(summary(found, MAX_CANDIDATES))


def _back(entry: AuditEntry, name: str, by: str) -> list[Event]:
    """The events that lead back to what was before."""
    before = entry.before
    if entry.subject.startswith("agent:"):
        return [PresenceSet(name, Presence(before["presence"]), before.get("reason"), by)]
    events = list[Event]()
    if before["queue"] != entry.after["queue"]:
        events.append(WorkMoved(name, before["queue"], by))
    if before.get("directed") != entry.after.get("directed") or (events and before.get("directed")):
        events.append(WorkDirected(name, before.get("directed"), by))
    return events


def _said(state: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in state.items() if value is not None)
