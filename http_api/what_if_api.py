"""What would a change of the rules do? Asked with the bodies that make the change, answered line by line.

Nothing of it is kept, and nothing of it changes anything. The answer ends when whoever asked goes away.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from http_api.edits import BadRules, Invalid, edit_problem
from http_api.guard import CALLER
from http_api.plans_api import MAX_ROWS, PlanName, PlanView
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.reach import covers_row
from http_api.routes import Route, read_body
from http_api.rules_api import NewAgentRules, NewQueueRules, Version, agent_changes, queue_changes
from http_api.supervision_api import Name
from http_api.what_if_messages import Line
from records.roles import Action, Scope, allowed

PATH = "/api/v1/what-if"
MEDIA_TYPE = "application/x-ndjson"
RETRY_AFTER_S = 30
MAX_DRAFTS = 500
LOOK_S = 0.2


class AgentDraft(NewAgentRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agent's rules as PATCH /agents/{id}/rules and PUT /agents/{id}/skills take them, and a presence.

    `based_on` and `comment` are of no effect here.
    """

    agent_id: Name
    based_on: Version = 0
    skills: dict[Name, int] | UnsetType | None = UNSET
    presence: Literal["ready", "not_ready", "offline"] | UnsetType = UNSET


class QueueDraft(NewQueueRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A queue's rules as PATCH /queues/{id}/rules takes them."""

    queue: Name
    based_on: Version = 0


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change that nobody has made yet; all of it would come into force at once.

    `rows` as POST /rules takes them, `plan` a peak plan's name: what it would change now.
    """

    agents: tuple[AgentDraft, ...] = ()
    queues: tuple[QueueDraft, ...] = ()
    rows: Annotated[dict[str, dict[Name, Any]], msgspec.Meta(max_length=MAX_ROWS)] = {}
    plan: PlanName | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The same for the server: `subject` -> keys of the files' row, and agent -> presence."""

    rules: Mapping[str, Mapping[str, Any]]
    presences: Mapping[str, str]


class Refused(Exception):  # noqa: N818 - a state, not a fault
    """Too many ask at once."""


class Unfit(Exception):  # noqa: N818 - it reports problems
    """The change makes no valid rules; `problems` as check-config would print them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Unknown(Exception):  # noqa: N818 - it is an answer
    """There is no such agent or queue."""


class WhatIf(Protocol):
    """Plays it (server.floor.what_if)."""

    async def ask(self, change: Change, scope: Scope) -> AsyncGenerator[Line]:
        """The lines of what the scope covers. Closing the iterator ends the runs.

        Raises Refused, Unfit and Unknown, before the first line.
        """
        ...


class Plans(Protocol):
    """server.floor.plans."""

    async def plan(self, name: str) -> PlanView | None: ...


class WhatIfApi:
    """POST /what-if."""

    def __init__(self, what_if: WhatIf, plans: Plans, scopes: Scopes) -> None:
        self._what_if = what_if
        self._plans = plans
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its row of the route table."""
        return (
            Route(
                method="POST",
                path=PATH,
                handler=self.ask,
                operation="askWhatIf",
                summary="What a change of rules would do in the next half hour, in lines (docs/what-if.md)",
                roles=allowed(Action.TRY_CHANGES),
                body=Draft,
                replies={200: Line},
                media_type=MEDIA_TYPE,
                problems=(404, 503),
                special_problems={422: BadRules},
            ),
        )

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """404 for an agent, a queue or a team that is not the caller's."""
        scope = self._scopes.of(request[CALLER])
        draft = await read_body(request, Draft)
        change = _change(draft, await self._rows_of(draft), scope)
        try:
            lines = await self._what_if.ask(change, scope)
        except Refused as error:
            detail = "Others are trying changes out; ask again when they are done."
            raise ProblemError(503, "busy", detail, {"Retry-After": str(RETRY_AFTER_S)}) from error
        except Unfit as error:
            return edit_problem(request, Invalid(error.problems))
        except Unknown as error:
            raise not_found() from error
        return await _stream(request, lines)

    async def _rows_of(self, draft: Draft) -> Mapping[str, Mapping[str, Any]]:
        if draft.plan is None:
            return draft.rows
        plan = await self._plans.plan(draft.plan)
        if plan is None:
            raise not_found()
        return {**plan.rows, **draft.rows}


async def _stream(request: web.Request, lines: AsyncGenerator[Line]) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"})
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy that gathers the lines would spoil them
    async with aclosing(lines):
        await answer.prepare(request)
        gone = asyncio.create_task(_gone(request), name="what_if:gone")
        try:
            while (line := await _next(lines, gone)) is not None:
                await answer.write(msgspec.json.encode(line) + b"\n")
            if not gone.done():
                await answer.write_eof()
        except ConnectionError:
            pass  # whoever asked has gone; the runs end with the lines
        finally:
            gone.cancel()
    return answer


async def _next(lines: AsyncGenerator[Line], gone: "asyncio.Task[None]") -> Line | None:
    """The next line; None after the last one, or when nobody is there to hear it."""
    line = asyncio.create_task(anext(lines, None), name="what_if:next")
    try:
        await asyncio.wait((line, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not line.done():
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)
    return None if line.cancelled() else line.result()


async def _gone(request: web.Request) -> None:
    """Returns when the connection is no more: nothing is written while the runs take their time."""
    while True:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(LOOK_S)


def _change(draft: Draft, rows: Mapping[str, Mapping[str, Any]], scope: Scope) -> Change:
    if not 0 < len(draft.agents) + len(draft.queues) + len(rows) <= MAX_DRAFTS:
        raise ProblemError(400, "bad-request", f"Give between 1 and {MAX_DRAFTS} agents and queues.")
    for subject, row in rows.items():
        known = subject.startswith(("agent:", "queue:"))
        if not known or not covers_row(scope, Action.TRY_CHANGES, subject, row):
            raise not_found()
    rules: dict[str, Mapping[str, Any]] = dict(rows)
    for agent in draft.agents:
        if not scope.covers_agent(Action.TRY_CHANGES, agent.agent_id):
            raise not_found()
        _check_teams(scope, (agent.team,) if isinstance(agent.team, str) else ())
        skills = {} if isinstance(agent.skills, UnsetType) else {"skills": agent.skills}
        rules[f"agent:{agent.agent_id}"] = {**agent_changes(agent), **skills}
    for queue in draft.queues:
        if not scope.covers_queue(Action.TRY_CHANGES, queue.queue):
            raise not_found()
        # No team at all means every team, theirs and others'.
        _check_teams(scope, (queue.teams or ("",)) if isinstance(queue.teams, tuple) else ())
        rules[f"queue:{queue.queue}"] = queue_changes(queue)
    presences = {one.agent_id: one.presence for one in draft.agents if not isinstance(one.presence, UnsetType)}
    return Change(rules, presences)


def _check_teams(scope: Scope, teams: tuple[str, ...]) -> None:
    if not all(scope.covers_team(Action.TRY_CHANGES, team) for team in teams):
        raise not_found()
