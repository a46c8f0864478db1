"""What supervisors do to agents and to work: presence, moving, keeping for an agent, ending; each of it audited."""

from typing import Annotated, Literal, Protocol

import msgspec
from aiohttp import web

from http_api.edits import signed
from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_body, read_number, reply
from records.roles import Action, Scope, allowed
from records.sessions import Caller

MAX_EXPLAINED = 20
MAX_WORK = 500
Comment = Annotated[str, msgspec.Meta(max_length=1000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_STATUS = {"unknown_work": 404, "unknown_reason": 422, "unknown_queue": 422, "wrong_medium": 422, "unknown_agent": 422}


class NewPresence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` is one of the site's reasons for not_ready; the agent is shown it."""

    presence: Literal["ready", "not_ready", "offline"]
    reason: str | None = None
    comment: Comment = ""


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The queue that the item goes to; it keeps the time of its queueing."""

    queue: Name
    comment: Comment = ""


class MoveMany(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Waiting items, and the queue that they go to."""

    work_ids: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=MAX_WORK)]
    queue: Name
    comment: Comment = ""


class Moved(msgspec.Struct, frozen=True):
    """What became of one item: its audit entry, or the router's no."""

    work_id: str
    entry: int | None = None
    code: str | None = None
    message: str = ""


class MovedMany(msgspec.Struct, frozen=True):
    """Each item in the order of the request."""

    items: tuple[Moved, ...]


class PullBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the item is taken back."""

    comment: Comment = ""


class Direct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agent for whom the item is kept; null lets it go to all again."""

    agent_id: Name | None
    comment: Comment = ""


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the item is ended."""

    comment: Comment = ""


class Candidate(msgspec.Struct, frozen=True):
    """An agent and the first rule that keeps them from the item (null: they may take it), with the score's terms."""

    agent_id: str
    failed: str | None
    detail: str
    terms: dict[str, int]


class Explanation(msgspec.Struct, frozen=True):
    """Why the item waits: how many agents fail which rule first, and up to 20 of them, the nearest to it first."""

    strategy: str
    policy_version: str
    failed: dict[str, int]
    candidates: tuple[Candidate, ...]


class WaitingWork(msgspec.Struct, frozen=True, kw_only=True):
    """An item that nobody has taken yet. `place` is null while it is offered (`offered_to`).

    `queued_at` in microseconds since the epoch, `wait_us` until now. `directed`: the agent for whom it is kept.
    """

    work_id: str
    interaction_id: str
    medium: str
    queue: str
    state: str
    priority: int
    requirements: dict[str, int]
    queued_at: int
    wait_us: int
    attempts: int
    place: int | None = None
    offered_to: str | None = None
    directed: str | None = None
    explanation: Explanation | None = None


class WaitingList(msgspec.Struct, frozen=True):
    """Items in the order of their queues; `total` counts those beyond `limit` too."""

    work: tuple[WaitingWork, ...]
    total: int


class Refused(msgspec.Struct, frozen=True):
    """The router would not do it. `code` is stable, `message` for people."""

    code: str
    message: str


class Supervision(Protocol):
    """Interventions (server.floor.supervision). Each returns after its commit, with the id of its audit entry."""

    async def set_presence(
        self, caller: Caller, agent_id: str, presence: str, reason: str | None, comment: str
    ) -> Refused | int: ...

    async def move(self, caller: Caller, work_id: str, queue: str, comment: str) -> Refused | int: ...

    async def direct(self, caller: Caller, work_id: str, agent_id: str | None, comment: str) -> Refused | int: ...

    async def pull_back(self, caller: Caller, work_id: str, comment: str) -> Refused | int: ...

    async def cancel(self, caller: Caller, work_id: str, comment: str) -> Refused | int: ...

    async def submitter(self, work_id: str) -> str | None:
        """The account of the program that brought the item in; None for all other work."""
        ...

    def queue_of(self, work_id: str) -> str | None:
        """The queue of an open item, None when it is not open."""
        ...

    async def waiting(self, scope: Scope, queue: str | None, limit: int, explain: bool) -> WaitingList: ...


class SupervisionApi:
    """Presence of agents, waiting work, and moving, directing or cancelling a work item."""

    def __init__(self, supervision: Supervision, scopes: Scopes) -> None:
        self._supervision = supervision
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="POST",
                path="/api/v1/agents/{id}/presence",
                handler=self.presence,
                operation="setPresence",
                summary="Set an agent's presence",
                roles=allowed(Action.SET_PRESENCE),
                body=NewPresence,
                replies={204: None},
                problems=(404, 409, 422),
            ),
            Route(
                method="GET",
                path="/api/v1/work",
                handler=self.waiting,
                operation="listWork",
                summary="Work that nobody has taken yet, in order, with place, wait and the reason why it waits",
                roles=allowed(Action.SEE_WORK),
                replies={200: WaitingList},
                query=(
                    Parameter("queue", "Only of this queue"),
                    Parameter(
                        "limit",
                        f"How many at most; explained up to {MAX_EXPLAINED}",
                        {"type": "integer", "minimum": 1, "maximum": MAX_WORK, "default": MAX_EXPLAINED},
                    ),
                ),
                problems=(400,),
            ),
            self._steer("move", self.move, "moveWork", "Move an item to another queue", Move),
            Route(
                method="POST",
                path="/api/v1/work/move",
                handler=self.move_many,
                operation="moveManyWork",
                summary="Move items to another queue; what became of each",
                roles=allowed(Action.STEER_WORK),
                body=MoveMany,
                replies={200: MovedMany},
                problems=(422,),
            ),
            self._steer(
                "pull-back",
                self.pull_back,
                "pullBackWork",
                "End an offer or a direction: the item waits for all again, who had the offer is not asked at once",
                PullBack,
            ),
            self._steer("direct", self.direct, "directWork", "Keep an item for one agent, or for all again", Direct),
            Route(
                method="POST",
                path="/api/v1/work/{id}/cancel",
                handler=self.cancel,
                operation="cancelWork",
                summary="End an item in whatever state; a program may end its own",
                roles=allowed(Action.CANCEL_WORK),
                body=Cancel,
                replies={204: None},
                problems=(404, 409),
            ),
        )

    def _steer(self, word: str, handler: object, operation: str, summary: str, body: object) -> Route:
        return Route(
            method="POST",
            path=f"/api/v1/work/{{id}}/{word}",
            handler=handler,  # type: ignore[arg-type]
            operation=operation,
            summary=summary,
            roles=allowed(Action.STEER_WORK),
            body=body,
            replies={204: None},
            problems=(404, 409, 422),
        )

    async def presence(self, request: web.Request) -> web.Response:
        """204 when it is committed; 409 when the agent is in a conversation or not connected."""
        asked, caller, agent_id = await read_body(request, NewPresence), request[CALLER], request.match_info["id"]
        if not self._scopes.of(caller).covers_agent(Action.SET_PRESENCE, agent_id):
            raise not_found()
        return _done(
            await self._supervision.set_presence(caller, agent_id, asked.presence, asked.reason, asked.comment)
        )

    async def waiting(self, request: web.Request) -> web.Response:
        """Up to 20 items come with their explanation; a longer list comes without."""
        limit = read_number(request, "limit", MAX_EXPLAINED, 1, MAX_WORK)
        scope = self._scopes.of(request[CALLER])
        found = await self._supervision.waiting(scope, request.query.get("queue"), limit, limit <= MAX_EXPLAINED)
        return reply(found)

    async def move(self, request: web.Request) -> web.Response:
        """Both queues must be of the caller's teams; 409 when somebody has taken the item."""
        asked, caller, work_id = await read_body(request, Move), request[CALLER], request.match_info["id"]
        self._check_work(caller, Action.STEER_WORK, work_id)
        if not self._scopes.of(caller).covers_queue(Action.STEER_WORK, asked.queue):
            raise ProblemError(422, "unknown-queue", f"There is no queue {asked.queue} of your teams.")
        return _done(await self._supervision.move(caller, work_id, asked.queue, asked.comment))

    async def move_many(self, request: web.Request) -> web.Response:
        """200 with each item's answer, also when some could not be moved; items out of reach are as if not there."""
        asked, caller = await read_body(request, MoveMany), request[CALLER]
        if not self._scopes.of(caller).covers_queue(Action.STEER_WORK, asked.queue):
            raise ProblemError(422, "unknown-queue", f"There is no queue {asked.queue} of your teams.")
        items = [await self._move_one(caller, work_id, asked) for work_id in dict.fromkeys(asked.work_ids)]
        return reply(MovedMany(tuple(items)))

    async def _move_one(self, caller: Caller, work_id: str, asked: MoveMany) -> Moved:
        if not self._reaches(caller, Action.STEER_WORK, work_id):
            return Moved(work_id, code="unknown_work", message=f"there is no open work {work_id}")
        done = await self._supervision.move(caller, work_id, asked.queue, asked.comment)
        if isinstance(done, Refused):
            return Moved(work_id, code=done.code, message=done.message)
        return Moved(work_id, entry=done)

    async def pull_back(self, request: web.Request) -> web.Response:
        """204; 409 when somebody has taken the item."""
        asked, caller, work_id = await read_body(request, PullBack), request[CALLER], request.match_info["id"]
        self._check_work(caller, Action.STEER_WORK, work_id)
        return _done(await self._supervision.pull_back(caller, work_id, asked.comment))

    async def direct(self, request: web.Request) -> web.Response:
        """The agent must be of the caller's teams; 409 when somebody has taken the item."""
        asked, caller, work_id = await read_body(request, Direct), request[CALLER], request.match_info["id"]
        self._check_work(caller, Action.STEER_WORK, work_id)
        if asked.agent_id is not None and not self._scopes.of(caller).covers_agent(Action.SET_PRESENCE, asked.agent_id):
            raise ProblemError(422, "unknown-agent", f"There is no agent {asked.agent_id} in your teams.")
        return _done(await self._supervision.direct(caller, work_id, asked.agent_id, asked.comment))

    async def cancel(self, request: web.Request) -> web.Response:
        """204 when it is out of the router; 404 when it was out before."""
        asked, caller, work_id = await read_body(request, Cancel), request[CALLER], request.match_info["id"]
        if await self._supervision.submitter(work_id) != caller.account:
            self._check_work(caller, Action.CANCEL_WORK, work_id)
        return _done(await self._supervision.cancel(caller, work_id, asked.comment))

    def _check_work(self, caller: Caller, action: Action, work_id: str) -> None:
        if not self._reaches(caller, action, work_id):
            raise not_found()

    def _reaches(self, caller: Caller, action: Action, work_id: str) -> bool:
        queue = self._supervision.queue_of(work_id)
        return queue is not None and self._scopes.of(caller).covers_queue(action, queue)


def _done(done: Refused | int) -> web.Response:
    if isinstance(done, Refused):
        raise refusal(done)
    return signed(web.Response(status=204), done)


def refusal(refused: Refused) -> ProblemError:
    """The router's no as the API says it."""
    return ProblemError(_STATUS.get(refused.code, 409), refused.code.replace("_", "-"), refused.message)
