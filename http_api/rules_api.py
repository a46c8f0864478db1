"""The rules of agents and queues: what holds now, and edits of the live overlay.

Every edit names the overlay's version that it was based on. When somebody else changed the same agent or queue since,
the answer is 409 with their changes, and nothing is kept.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from http_api.edits import ENTRY, BadRules, Conflict, Invalid, RulesChange, RulesConflict, edit_problem, signed
from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Handler, Route, read_body, reply
from http_api.supervision_api import Comment, Name
from records.roles import Action, allowed
from records.sessions import Caller

Version = Annotated[int, msgspec.Meta(ge=0)]
Micro = Annotated[int, msgspec.Meta(ge=0, le=86_400_000_000)]


class AgentRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for an agent. `version` goes into `based_on` of the next edit; `edited`: keys that are not the files'.

    `capacity` counts items of each medium, `total_units` all together. `rules` is the whole row as agents.toml has it.
    """

    agent_id: str
    version: int
    team: str
    skills: Mapping[str, int]
    capacity: Mapping[str, int]
    total_units: int
    rules: Mapping[str, Any] = {}
    edited: tuple[str, ...]
    history: tuple[RulesChange, ...]


class QueueRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a queue. `version` goes into `based_on` of the next edit; no `teams` means every team.

    `opening` is hours, open or closed, `closed` what follows now. `rules` is the whole row as queues.toml has it.
    `prompts`: what can be said to every caller of a voice queue in an emergency, in each language of the site.
    """

    queue: str
    version: int
    priority: int
    offer_timeout_us: int
    wrap_up_us: int
    threshold_us: int
    target: float
    teams: tuple[str, ...]
    opening: str = "hours"
    closed: bool = False
    rules: Mapping[str, Any] = {}
    edited: tuple[str, ...]
    history: tuple[RulesChange, ...]
    prompts: tuple[str, ...] = ()


class NewSkills(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All skills of the agent with their proficiency (1-10); null goes back to the files."""

    based_on: Version
    skills: dict[Name, int] | None
    comment: Comment = ""


class NewAgentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Only what is given changes; null goes back to the files. Capacity is given whole.

    `rules`: any other keys of the row, written as in agents.toml (queues, units, fresh).
    """

    based_on: Version
    team: Name | UnsetType | None = UNSET
    capacity: dict[Literal["voice", "chat", "email", "total"], int] | UnsetType | None = UNSET
    rules: dict[Name, Any] | UnsetType = UNSET
    comment: Comment = ""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The promise: `target` (0-1) of the interactions answered within `threshold_us`."""

    threshold_us: Micro
    target: float


class NewQueueRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Only what is given changes; null goes back to the files.

    `opening` closed is for emergencies, open goes over the hours. `rules`: any other keys of the row, written as in
    queues.toml (rings, max_waiting, when_full, ...).
    """

    based_on: Version
    priority: int | UnsetType | None = UNSET
    offer_timeout_us: Micro | UnsetType | None = UNSET
    wrap_up_us: Micro | UnsetType | None = UNSET
    teams: tuple[Name, ...] | UnsetType | None = UNSET
    service_level: Target | UnsetType | None = UNSET
    opening: Literal["hours", "open", "closed"] | UnsetType | None = UNSET
    rules: dict[Name, Any] | UnsetType = UNSET
    comment: Comment = ""


class Rules(Protocol):
    """The overlay (server.floor.rules)."""

    async def agent(self, agent_id: str) -> AgentRules | None: ...

    async def queue(self, queue: str) -> QueueRules | None: ...

    async def edit(
        self, caller: Caller, subject: str, changes: Mapping[str, Any], based_on: int, comment: str
    ) -> Conflict | Invalid | int:
        """The audit entry's id, or what stands against it.

        `subject` is `agent:ID` or `queue:NAME`; the keys of `changes` are those of the files."""
        ...


class RulesApi:
    """GET and PATCH .../rules of agents and queues, PUT /agents/{id}/skills."""

    def __init__(self, rules: Rules, scopes: Scopes) -> None:
        self._rules = rules
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        agent, queue = "/api/v1/agents/{id}", "/api/v1/queues/{id}"
        return (
            _route("GET", f"{agent}/rules", self.get_agent, "getAgentRules", "An agent's rules", AgentRules),
            _route("PUT", f"{agent}/skills", self.put_skills, "setSkills", "Set skills", AgentRules, NewSkills),
            _route(
                "PATCH",
                f"{agent}/rules",
                self.patch_agent,
                "setAgentRules",
                "Set an agent's team or capacity",
                AgentRules,
                NewAgentRules,
            ),
            _route("GET", f"{queue}/rules", self.get_queue, "getQueueRules", "A queue's rules", QueueRules),
            _route(
                "PATCH",
                f"{queue}/rules",
                self.patch_queue,
                "setQueueRules",
                "Set a queue's rules",
                QueueRules,
                NewQueueRules,
                Action.SET_QUEUE_RULES,
            ),
        )

    async def get_agent(self, request: web.Request) -> web.Response:
        """404 for an agent of other teams."""
        return reply(await self._agent(request, Action.SEE_RULES))

    async def get_queue(self, request: web.Request) -> web.Response:
        """404 for a queue of other teams."""
        return reply(await self._queue(request, Action.SEE_RULES))

    async def put_skills(self, request: web.Request) -> web.Response:
        """The rules as they are afterwards."""
        asked = await read_body(request, NewSkills)
        rules = await self._agent(request, Action.SET_AGENT_RULES)
        wrong = await self._edit(request, f"agent:{rules.agent_id}", {"skills": asked.skills}, asked)
        return wrong if wrong is not None else signed(reply(await self._rules.agent(rules.agent_id)), request[ENTRY])

    async def patch_agent(self, request: web.Request) -> web.Response:
        """The rules as they are afterwards. Nobody moves an agent to a team that is not theirs."""
        asked = await read_body(request, NewAgentRules)
        rules = await self._agent(request, Action.SET_AGENT_RULES)
        self._check_teams(request, asked.team)
        wrong = await self._edit(request, f"agent:{rules.agent_id}", agent_changes(asked), asked)
        return wrong if wrong is not None else signed(reply(await self._rules.agent(rules.agent_id)), request[ENTRY])

    async def patch_queue(self, request: web.Request) -> web.Response:
        """The rules as they are afterwards."""
        asked = await read_body(request, NewQueueRules)
        rules = await self._queue(request, Action.SET_QUEUE_RULES)
        if isinstance(asked.teams, tuple):
            for team in asked.teams or ("",):  # no team at all means every team, theirs and others'
                self._check_teams(request, team)
        wrong = await self._edit(request, f"queue:{rules.queue}", queue_changes(asked), asked)
        return wrong if wrong is not None else signed(reply(await self._rules.queue(rules.queue)), request[ENTRY])

    async def _agent(self, request: web.Request, action: Action) -> AgentRules:
        agent_id = request.match_info["id"]
        rules = await self._rules.agent(agent_id)
        if rules is None or not self._scopes.of(request[CALLER]).covers_agent(action, agent_id):
            raise not_found()
        return rules

    async def _queue(self, request: web.Request, action: Action) -> QueueRules:
        queue = request.match_info["id"]
        rules = await self._rules.queue(queue)
        if rules is None or not self._scopes.of(request[CALLER]).covers_queue(action, queue):
            raise not_found()
        return rules

    def _check_teams(self, request: web.Request, team: str | UnsetType | None) -> None:
        if isinstance(team, str) and not self._scopes.of(request[CALLER]).covers_team(Action.SET_AGENT_RULES, team):
            raise not_found()

    async def _edit(
        self,
        request: web.Request,
        subject: str,
        changes: Mapping[str, Any],
        asked: NewSkills | NewAgentRules | NewQueueRules,
    ) -> web.Response | None:
        """What stands against it; None when it is done, and its audit entry is in the request."""
        found = await self._rules.edit(request[CALLER], subject, changes, asked.based_on, asked.comment)
        if isinstance(found, int):
            request[ENTRY] = found
            return None
        return edit_problem(request, found)


def agent_changes(asked: NewAgentRules) -> dict[str, Any]:
    """The edit as keys of a row of agents.toml. Raises ProblemError 400."""
    return {**_others(asked.rules, "team"), **_given(team=asked.team, capacity=asked.capacity)}


def queue_changes(asked: NewQueueRules) -> dict[str, Any]:
    """The edit as keys of a row of queues.toml. Raises ProblemError 400."""
    target = asked.service_level
    if isinstance(target, Target):
        level: Any = {"threshold_s": target.threshold_us / 1e6, "fraction": target.target}
    else:
        level = target
    given = _given(
        opening=asked.opening,
        priority=asked.priority,
        offer_timeout_s=_seconds(asked.offer_timeout_us),
        wrap_up_s=_seconds(asked.wrap_up_us),
        teams=list(asked.teams) if isinstance(asked.teams, tuple) else asked.teams,
        service_level=level,
    )
    return {**_others(asked.rules, "teams"), **given}


def _given(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not UNSET}


def _others(rules: dict[str, Any] | UnsetType, guarded: str) -> dict[str, Any]:
    """Keys as the files write them, but for the one whose value is checked against the caller's teams."""
    if isinstance(rules, UnsetType):
        return {}
    if guarded in rules:
        raise ProblemError(400, "bad-request", f"Give {guarded} outside of rules.")
    return rules


def _seconds(duration: int | UnsetType | None) -> float | UnsetType | None:
    return duration / 1e6 if isinstance(duration, int) else duration


def _route(
    method: str,
    path: str,
    handler: Handler,
    operation: str,
    summary: str,
    answer: Any,
    body: Any = None,
    action: Action = Action.SET_AGENT_RULES,
) -> Route:
    changes = body is not None
    return Route(
        method=method,
        path=path,
        handler=handler,
        operation=operation,
        summary=summary,
        roles=allowed(action if changes else Action.SEE_RULES),
        body=body,
        replies={200: answer},
        problems=(404,),
        special_problems={409: RulesConflict, 422: BadRules} if changes else {},
    )
