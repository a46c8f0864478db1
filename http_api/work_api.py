"""Work from programs: e-mails, tickets, messages of other systems, routed like everything else."""

from typing import Annotated, Literal, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.problems import ProblemError
from http_api.routes import Route, read_body, reply
from http_api.supervision_api import Name, Refused
from records.roles import Action, allowed
from records.sessions import Caller

MAX_KEY = 255
Text = Annotated[str, msgspec.Meta(max_length=4000)]


class CustomerRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what the customer is known. `verified`: the program vouches for it."""

    kind: Name
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    verified: bool = False


class NewWork(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A work item. `queue` must take the medium; `requirements` are skills with the minimum proficiency (1-10).

    `data` is shown to the agent (subject, link, ...); it is kept where it can be erased, never in the journal.
    `condition` is an expression beside `requirements` (config/README.md); `attributes` are what rules ask about, never
    who somebody is (the journal keeps them); `preferred` agents come first while the queue's patience lasts, `named`
    are the only ones. It is not offered before `not_before` (microseconds since the epoch).
    """

    medium: Literal["chat", "email"]
    queue: Name
    channel: Name
    customer: CustomerRef | None = None
    requirements: dict[Name, Annotated[int, msgspec.Meta(ge=1, le=10)]] = {}
    priority: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    data: dict[Name, Text] = {}
    condition: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    attributes: dict[Name, Name] = {}
    preferred: tuple[Name, ...] = ()
    named: tuple[Name, ...] = ()
    not_before: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] | None = None


class Submitted(msgspec.Struct, frozen=True):
    """Its ids, the same for a repeated request."""

    work_id: str
    interaction_id: str


class Programs(Protocol):
    """Takes work in (server.web.programs)."""

    async def submit(
        self, caller: Caller, work: NewWork, idempotency_key: str | None, body: bytes
    ) -> Submitted | Refused:
        """Returns once the router has committed it. `body` is what the key stands for."""
        ...


class WorkApi:
    """POST /work."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="POST",
                path="/api/v1/work",
                handler=self.submit,
                operation="submitWork",
                summary="Bring in a work item; a repeat with the same Idempotency-Key header gives the same ids",
                roles=allowed(Action.SUBMIT_WORK),
                body=NewWork,
                replies={201: Submitted},
                headers=("Idempotency-Key",),
                problems=(422,),
            ),
        )

    async def submit(self, request: web.Request) -> web.Response:
        """201; 422 for a queue that does not take it, or a key that came with another body before."""
        work = await read_body(request, NewWork)
        key = request.headers.get("Idempotency-Key")
        if key is not None and not 0 < len(key) <= MAX_KEY:
            raise ProblemError(400, "bad-request", f"Idempotency-Key has 1 to {MAX_KEY} characters.")
        done = await self._programs.submit(request[CALLER], work, key, await request.read())
        if isinstance(done, Refused):
            raise ProblemError(422, done.code.replace("_", "-"), done.message)
        return reply(done, 201)
