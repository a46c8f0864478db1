"""Why: why an item still waits and why it was offered to whom, and why an agent gets nothing."""

from typing import Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_number, reply
from http_api.supervision_api import Candidate, Explanation
from records.roles import Action, Scope, allowed

MAX_CANDIDATES = 10_000
CANDIDATES = 100


class OfferExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of the past: who was chosen by which terms (as recorded), and everybody else (by replay).

    `sequence` is its turn, `at` in microseconds since the epoch. `failed` and `candidates` are as they stood just
    before this offer was made; null when the journal no longer reaches back, and for all but the last 10 offers.
    """

    sequence: int
    at: int
    agent_id: str
    attempt: int
    policy_version: str
    strategy: str
    terms: dict[str, int]
    runner_up: str | None
    runner_up_terms: dict[str, int]
    failed: dict[str, int] | None = None
    candidates: tuple[Candidate, ...] | None = None


class WorkExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """`state` of the item, or `closed`. `now` null when it is not open; `place` null when it does not wait.

    `summary` is for people, in English; everything in it is among the codes.
    """

    work_id: str
    interaction_id: str
    queue: str | None
    state: str
    summary: str
    place: int | None = None
    now: Explanation | None = None
    offers: tuple[OfferExplanation, ...] = ()


class HeldItems(msgspec.Struct, frozen=True):
    """Items of a medium: held now, and allowed."""

    held: int
    limit: int


class QueueReason(msgspec.Struct, frozen=True, kw_only=True):
    """A queue against the agent: of the first `looked_at` of the `waiting` items, how many fail which rule first.

    `work_id`, `first_failed` (null with a work_id: the agent may take it) and `detail` are of the nearest one.
    """

    queue: str
    medium: str
    waiting: int
    looked_at: int
    failed: dict[str, int]
    work_id: str | None = None
    first_failed: str | None = None
    detail: str = ""


class AgentExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """`reason`: presence, connection, total_units (whatever waits), nothing_waits, rules (in `queues`), may_take.

    `since` in microseconds since the epoch: since when the presence holds. `load` and `capacity` are units.
    """

    agent_id: str
    reason: str
    summary: str
    presence: str
    presence_reason: str | None
    since: int
    connected: bool
    load: int
    capacity: int
    held: dict[str, HeldItems]
    queues: tuple[QueueReason, ...]


class Busy(Exception):  # noqa: N818 - a state, not a fault
    """Too many explanations are asked for at once."""


class Explanations(Protocol):
    """Explains (server.explain.explanations)."""

    async def queue_of(self, work_id: str) -> str | None:
        """The queue of an item, open or closed; None for one that nobody knows."""
        ...

    async def of_work(self, work_id: str, candidates: int) -> WorkExplanation | None:
        """With at most so many candidates each. Raises Busy."""
        ...

    async def of_agent(self, agent_id: str, scope: Scope) -> AgentExplanation | None:
        """Queues that the scope covers."""
        ...


class ExplainApi:
    """Tells why a work item waits or was offered to whom, and why an agent gets nothing."""

    def __init__(self, explanations: Explanations, scopes: Scopes) -> None:
        self._explanations = explanations
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        schema = {"type": "integer", "minimum": 1, "maximum": MAX_CANDIDATES, "default": CANDIDATES}
        return (
            Route(
                method="GET",
                path="/api/v1/work/{id}/explanation",
                handler=self.work,
                operation="explainWork",
                summary="Why an item still waits, and why each of its offers went to whom, also after it is closed",
                roles=allowed(Action.SEE_WORK),
                replies={200: WorkExplanation},
                query=(Parameter("candidates", "How many agents at most are told for each decision", schema),),
                problems=(400, 404, 503),
            ),
            Route(
                method="GET",
                path="/api/v1/agents/{id}/explanation",
                handler=self.agent,
                operation="explainAgent",
                summary="Why an agent gets nothing now",
                roles=allowed(Action.SEE_AGENTS),
                replies={200: AgentExplanation},
                problems=(404,),
            ),
        )

    async def work(self, request: web.Request) -> web.Response:
        """The item must be of a queue of the caller's teams; 503 when too many ask at once."""
        work_id = request.match_info["id"]
        candidates = read_number(request, "candidates", CANDIDATES, 1, MAX_CANDIDATES)
        queue = await self._explanations.queue_of(work_id)
        if queue is None or not self._scopes.of(request[CALLER]).covers_queue(Action.SEE_WORK, queue):
            raise not_found()
        try:
            found = await self._explanations.of_work(work_id, candidates)
        except Busy as error:
            raise ProblemError(503, "busy", "Too many explanations are asked for at once.") from error
        if found is None:
            raise not_found()
        return reply(found)

    async def agent(self, request: web.Request) -> web.Response:
        """The agent must be the caller or of the caller's teams; only queues of the caller's teams are told."""
        agent_id, scope = request.match_info["id"], self._scopes.of(request[CALLER])
        if not scope.covers_agent(Action.SEE_AGENTS, agent_id):
            raise not_found()
        found = await self._explanations.of_agent(agent_id, scope)
        if found is None:
            raise not_found()
        return reply(found)
