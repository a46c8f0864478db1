"""Peak plans, and several rows edited as one."""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

import msgspec
from aiohttp import web

from http_api.edits import BadRules, Conflict, Invalid, RulesConflict, edit_problem, signed
from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.reach import covers_row
from http_api.routes import Route, read_body, reply
from http_api.rules_api import Version
from http_api.supervision_api import Comment, Name, Refused, refusal
from records.roles import Action, Scope, allowed
from records.sessions import Caller

MAX_ROWS = 500
Rows = Annotated[dict[str, dict[Name, Any]], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
PlanName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}(?!\n)$")]


class NewRows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rows`: `agent:ID` or `queue:NAME` -> keys as the files write them; null goes back to the files."""

    based_on: Version
    rows: Rows
    comment: Comment = ""


class Titles(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"cn": "zh-CN", "tw": "zh-TW"}):
    """What people call it; en stands for the languages that have none of their own."""

    en: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    cn: str = ""
    tw: str = ""


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rows` as in NewRows; null takes the live edits of the caller's agents and queues as they are now."""

    based_on: Version
    title: Titles
    rows: Rows | None = None
    comment: Comment = ""


class DropPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was saved of it goes; what the files say of it holds again."""

    based_on: Version
    comment: Comment = ""


class ApplyPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`based_on`: the `version` of the preview that was looked at."""

    based_on: Version
    comment: Comment = ""


class RevertPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`anyway`: what others changed since stays as it is now; without it that is refused."""

    anyway: bool = False
    comment: Comment = ""


class PlanChange(msgspec.Struct, frozen=True):
    """A key of a row as it is now, and as it would be with the plan."""

    subject: str
    key: str
    before: Any
    after: Any


class AppliedPlan(msgspec.Struct, frozen=True):
    """The audit entry of its application, when (microseconds since the epoch) and by whom."""

    entry: int
    at: int
    by: str


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with what it would change now. `saved`: a supervisor saved it; otherwise it is of the site's files.

    `version` goes into `based_on`. `problems`: why it does not fit the site any more.
    """

    plan: str
    titles: Mapping[str, str]
    saved: bool
    version: int
    rows: Mapping[str, Mapping[str, Any]]
    changes: tuple[PlanChange, ...]
    problems: tuple[str, ...]
    applied: AppliedPlan | None


class PlanList(msgspec.Struct, frozen=True):
    """Plans that change only what the caller's teams cover. `version` goes into `based_on`."""

    plans: tuple[PlanView, ...]
    version: int


class RowsVersion(msgspec.Struct, frozen=True):
    """The overlay's version now."""

    version: int


class Plans(Protocol):
    """server.floor.plans."""

    async def plans(self) -> tuple[PlanView, ...]: ...

    async def plan(self, name: str) -> PlanView | None: ...

    def live(self) -> Mapping[str, Mapping[str, Any]]: ...

    async def save(
        self, caller: Caller, name: str, row: Mapping[str, Any], based_on: int, comment: str
    ) -> Conflict | Invalid | int: ...

    async def apply(
        self, caller: Caller, plan: PlanView, based_on: int, comment: str
    ) -> Refused | Conflict | Invalid | int: ...

    async def revert(
        self, caller: Caller, plan: PlanView, comment: str, *, anyway: bool
    ) -> Refused | Conflict | Invalid | int: ...


class Bundle(Protocol):
    """server.floor.rules."""

    @property
    def version(self) -> int: ...

    async def edit_all(
        self, caller: Caller, changes: Mapping[str, Mapping[str, Any]], based_on: int, comment: str
    ) -> Conflict | Invalid | int: ...


class PlansApi:
    """/plans, and POST /rules."""

    def __init__(self, plans: Plans, rules: Bundle, scopes: Scopes) -> None:
        self._plans = plans
        self._rules = rules
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        seen, made = allowed(Action.SEE_RULES), allowed(Action.APPLY_PLANS)
        plan, wrong = "/api/v1/plans/{id}", {409: RulesConflict, 422: BadRules}

        def route(method: str, path: str, handler: Any, operation: str, summary: str, body: Any, answer: Any) -> Route:
            return Route(
                method=method,
                path=path,
                handler=handler,
                operation=operation,
                summary=summary,
                roles=made,
                body=body,
                replies={200 if answer else 204: answer},
                problems=(404,),
                special_problems=wrong,
            )

        return (
            Route(
                method="GET",
                path="/api/v1/plans",
                handler=self.all,
                operation="listPlans",
                summary="Peak plans with what each would change now",
                roles=seen,
                replies={200: PlanList},
            ),
            Route(
                method="GET",
                path=plan,
                handler=self.one,
                operation="getPlan",
                summary="A peak plan with what it would change now",
                roles=seen,
                replies={200: PlanView},
                problems=(404,),
            ),
            route("PUT", plan, self.save, "savePlan", "Save a peak plan, from live edits too", NewPlan, PlanView),
            route("POST", f"{plan}/drop", self.drop, "dropPlan", "Forget what was saved of a plan", DropPlan, None),
            route("POST", f"{plan}/apply", self.apply, "applyPlan", "Apply a plan as one change", ApplyPlan, None),
            route("POST", f"{plan}/revert", self.revert, "revertPlan", "Take a plan back exactly", RevertPlan, None),
            route("POST", "/api/v1/rules", self.edit, "setRules", "Edit several rows as one", NewRows, RowsVersion),
        )

    async def all(self, request: web.Request) -> web.Response:
        """Those that change only what is the caller's."""
        scope = self._scopes.of(request[CALLER])
        return reply(
            PlanList(tuple(one for one in await self._plans.plans() if _reaches(scope, one.rows)), self._rules.version)
        )

    async def one(self, request: web.Request) -> web.Response:
        """404 for one that changes others' agents or queues."""
        return reply(await self._found(request))

    async def save(self, request: web.Request) -> web.Response:
        """The plan as it is afterwards."""
        asked, name, caller = await read_body(request, NewPlan), request.match_info["id"], request[CALLER]
        try:
            msgspec.convert(name, PlanName)
        except msgspec.ValidationError as error:
            raise ProblemError(422, "bad-name", "A plan's name is made of a-z, 0-9 and _.") from error
        scope = self._scopes.of(caller)
        live = {subject: keys for subject, keys in self._plans.live().items() if _reaches(scope, {subject: keys})}
        rows = live if asked.rows is None else asked.rows
        before = await self._plans.plan(name)
        if not _reaches(scope, rows) or (before is not None and not _reaches(scope, before.rows)):
            raise not_found()
        titles = {key: value for key, value in msgspec.to_builtins(asked.title).items() if value}
        done = await self._plans.save(caller, name, {"title": titles, **_tables(rows)}, asked.based_on, asked.comment)
        if not isinstance(done, int):
            return edit_problem(request, done)
        return signed(reply(await self._plans.plan(name)), done)

    async def drop(self, request: web.Request) -> web.Response:
        """204 when what was saved is gone."""
        asked, plan = await read_body(request, DropPlan), await self._found(request)
        row = {"title": None, "agents": None, "queues": None}
        done = await self._plans.save(request[CALLER], plan.plan, row, asked.based_on, asked.comment)
        return _answer(request, done)

    async def apply(self, request: web.Request) -> web.Response:
        """204 when the router decides by it."""
        asked, plan = await read_body(request, ApplyPlan), await self._found(request)
        return _answer(request, await self._plans.apply(request[CALLER], plan, asked.based_on, asked.comment))

    async def revert(self, request: web.Request) -> web.Response:
        """204 when all is as it was; 409 with what others changed since."""
        asked, plan = await read_body(request, RevertPlan), await self._found(request)
        return _answer(request, await self._plans.revert(request[CALLER], plan, asked.comment, anyway=asked.anyway))

    async def edit(self, request: web.Request) -> web.Response:
        """One version of the policy for all rows; 404 when one of them is not the caller's."""
        asked, caller = await read_body(request, NewRows), request[CALLER]
        if not _reaches(self._scopes.of(caller), asked.rows):
            raise not_found()
        done = await self._rules.edit_all(caller, asked.rows, asked.based_on, asked.comment)
        if not isinstance(done, int):
            return edit_problem(request, done)
        return signed(reply(RowsVersion(self._rules.version)), done)

    async def _found(self, request: web.Request) -> PlanView:
        plan = await self._plans.plan(request.match_info["id"])
        if plan is None or not _reaches(self._scopes.of(request[CALLER]), plan.rows):
            raise not_found()
        return plan


def _reaches(scope: Scope, rows: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(covers_row(scope, Action.APPLY_PLANS, subject, keys) for subject, keys in rows.items())


def _tables(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """As a row of plans.toml: names under `agents` and `queues`."""
    tables: dict[str, dict[str, Any]] = {"agents": {}, "queues": {}}
    for subject, keys in rows.items():
        kind, _, name = subject.partition(":")
        tables[f"{kind}s"][name] = keys
    return tables


def _answer(request: web.Request, done: Refused | Conflict | Invalid | int) -> web.Response:
    if isinstance(done, Refused):
        raise refusal(done)
    if isinstance(done, Conflict | Invalid):
        return edit_problem(request, done)
    return signed(web.Response(status=204), done)
