"""What callers left: numbers to call back and messages to listen to, of the queues that the caller's teams serve.

Somebody takes one, sees to it and marks it done with a note. Who does, and who listened to what, is audited.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

import msgspec
from aiohttp import hdrs, web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_body, read_number, reply
from records.audit import Intervention
from records.follow_ups import MAX_LISTED, FollowUp, Kind
from records.roles import Action, Extent, allowed, extent
from records.sessions import Caller

T = TypeVar("T", bound=str)
DEFAULT_LIMIT = 100
MAX_NOTE = 4000
_KINDS: Final[tuple[Kind, ...]] = ("callback", "voicemail", "message")
_STATE = {"type": "string", "enum": ["open", "done"], "default": "open"}
_TAKEN = {"type": "string", "enum": ["me", "nobody"]}


class ShownFollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. `number` is where the caller can be reached, `path` what they chose in the menu.

    A `message` was written by a visitor: `name`, `text`, and what they gave to be answered in `number`.

    `duration_us` is a message's length, null for a callback; times in microseconds since the epoch. `taken_by` is the
    agent who sees to it, with the name in `taken_by_name`; `done_by` the account that took it off the list.
    """

    id: int
    kind: Literal["callback", "voicemail", "message"]
    interaction_id: str
    queue: str
    number: str
    language: str
    path: str
    duration_us: int | None
    created_at: int
    queue_title: str
    taken_by: str | None
    taken_by_name: str
    taken_at: int | None
    done_at: int | None
    done_by: str | None
    note: str | None
    name: str | None
    text: str | None


class FollowUpList(msgspec.Struct, frozen=True):
    """Those that nobody has done yet, oldest first; or those that are done, the last one first."""

    items: tuple[ShownFollowUp, ...]


class Take(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agent who is to see to it, null for nobody; `was` is who has it, as the page shows it."""

    agent_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None
    was: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of it, for whoever looks at it later."""

    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""


class FollowUpBook(Protocol):
    """Keeps them (records.follow_ups.FollowUps)."""

    async def list(
        self,
        kind: Kind | None = None,
        queue: str | None = None,
        limit: int = 100,
        *,
        of_queues: Collection[str] | None = None,
        done: bool = False,
        taken_by: str | None = None,
    ) -> tuple[FollowUp, ...]: ...

    async def get(self, follow_up_id: int) -> FollowUp | None: ...

    async def take(self, follow_up_id: int, was: str | None, agent_id: str | None, now: int) -> bool: ...

    async def done(self, follow_up_id: int, by: str, now: int, note: str = "") -> bool: ...


class Titles(Protocol):
    """What people call queues and agents (server.desks.titles)."""

    def queue(self, name: str) -> str: ...

    def teams(self, queue: str) -> tuple[str, ...]:
        """Those that serve the queue."""
        ...

    def agent(self, agent_id: str) -> str: ...


class Interventions(Protocol):
    """Keeps what somebody did (records.audit.Audit)."""

    async def add(self, intervention: Intervention) -> int: ...


class FollowUpsApi:
    """GET /follow-ups, POST /follow-ups/{id}/take and /done, and GET /follow-ups/{id}/recording.

    `messages` is the folder of the recordings, `now` gives microseconds since the epoch.
    """

    def __init__(
        self,
        book: FollowUpBook,
        messages: Path,
        scopes: Scopes,
        titles: Titles,
        audit: Interventions,
        now: Callable[[], int],
    ) -> None:
        self._book = book
        self._messages = messages
        self._scopes = scopes
        self._titles = titles
        self._audit = audit
        self._now = now

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": DEFAULT_LIMIT}
        return (
            Route(
                method="GET",
                path="/api/v1/follow-ups",
                handler=self.list,
                operation="listFollowUps",
                summary="Callers to call back and messages to listen to, with who sees to them",
                roles=allowed(Action.SEE_FOLLOW_UPS),
                replies={200: FollowUpList},
                query=(
                    Parameter("kind", "Only these", {"type": "string", "enum": list(_KINDS)}),
                    Parameter("queue", "Only those of this queue"),
                    Parameter("state", "Those to be done, or those that are", _STATE),
                    Parameter("taken", "Only one's own, or those that nobody has taken", _TAKEN),
                    Parameter("limit", "How many at most", limit),
                ),
                problems=(400,),
            ),
            Route(
                method="POST",
                path="/api/v1/follow-ups/{id}/take",
                handler=self.take,
                operation="takeFollowUp",
                summary="Take one that nobody has, put back one's own; supervisors give it to any agent of theirs",
                roles=allowed(Action.FINISH_FOLLOW_UPS),
                body=Take,
                replies={204: None},
                problems=(403, 404, 409, 422),
            ),
            Route(
                method="POST",
                path="/api/v1/follow-ups/{id}/done",
                handler=self.done,
                operation="finishFollowUp",
                summary="Take one off the list; of two at once only one succeeds, the other is told 409",
                roles=allowed(Action.FINISH_FOLLOW_UPS),
                body=Done,
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="GET",
                path="/api/v1/follow-ups/{id}/recording",
                handler=self.recording,
                operation="getRecording",
                summary="What the caller said: a mono WAV file, whole or by range; each request is audited",
                roles=allowed(Action.SEE_FOLLOW_UPS),
                media_type="audio/wav",
                problems=(404,),
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """Those of the queues in the caller's reach."""
        limit = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LISTED)
        scope = self._scopes.of(request[CALLER])
        everything = extent(scope.role, Action.SEE_FOLLOW_UPS) is Extent.ALL
        found = await self._book.list(
            _read_choice(request, "kind", _KINDS),
            request.query.get("queue"),
            limit,
            of_queues=None if everything else scope.queues,
            done=_read_choice(request, "state", ("open", "done")) == "done",
            taken_by={"me": scope.agent_id or request[CALLER].account, "nobody": ""}.get(
                _read_choice(request, "taken", ("me", "nobody")) or ""
            ),
        )
        return reply(FollowUpList(tuple(shown(one, self._titles) for one in found)))

    async def take(self, request: web.Request) -> web.Response:
        """409 when somebody else has it by now, or it is done."""
        asked, caller = await read_body(request, Take), request[CALLER]
        scope = self._scopes.of(caller)
        own = scope.agent_id is not None and {asked.agent_id, asked.was} == {scope.agent_id, None}
        if not own and extent(scope.role, Action.ASSIGN_FOLLOW_UPS) is Extent.NONE:
            raise ProblemError(403, "forbidden", "Only one that nobody has can be taken, and one's own be put back.")
        this = await self._find(request, Action.FINISH_FOLLOW_UPS)
        if not own and asked.agent_id and not scope.covers_agent(Action.ASSIGN_FOLLOW_UPS, asked.agent_id):
            raise ProblemError(422, "unknown-agent", f"There is no agent {asked.agent_id} in your teams.")
        if not await self._book.take(this.id, asked.was, asked.agent_id, self._now()):
            raise ProblemError(409, "changed-meanwhile", "Somebody else has it now, or it is done.")
        await self._keep(caller, this, "take_follow_up", {"agent_id": asked.was}, {"agent_id": asked.agent_id})
        return web.Response(status=204)

    async def done(self, request: web.Request) -> web.Response:
        """409 when it was done before, or a colleague has taken it (supervisors may all the same)."""
        asked = await read_body(request, Done) if request.body_exists else Done()
        this, caller = await self._find(request, Action.FINISH_FOLLOW_UPS), request[CALLER]
        scope = self._scopes.of(caller)
        theirs = this.taken_by not in (None, scope.agent_id)
        if theirs and this.done_at is None and extent(scope.role, Action.ASSIGN_FOLLOW_UPS) is Extent.NONE:
            raise ProblemError(409, "changed-meanwhile", f"{self._titles.agent(this.taken_by or '')} has it.")
        if not await self._book.done(this.id, caller.account, self._now(), asked.note.strip()):
            raise ProblemError(409, "already-done")
        await self._keep(caller, this, "finish_follow_up", {"done": False}, {"done": True})
        return web.Response(status=204)

    async def recording(self, request: web.Request) -> web.StreamResponse:
        """404 for a callback, too, and for a message whose file is gone; also of one that is done."""
        this = await self._find(request, Action.SEE_FOLLOW_UPS)
        found = await asyncio.to_thread(_inside, self._messages, this.file)
        if found is None:
            raise not_found()
        # Each range, too: all but the first second is as good as the whole.
        if request.method == "GET":
            await self._keep(request[CALLER], this, "hear_recording", {}, {"heard": True})
        return web.FileResponse(found, headers={hdrs.CONTENT_TYPE: "audio/wav", hdrs.CACHE_CONTROL: "no-store"})

    async def _find(self, request: web.Request, action: Action) -> FollowUp:
        text = request.match_info["id"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        this = await self._book.get(number) if number is not None else None
        if this is None or not self._scopes.of(request[CALLER]).covers_queue(action, this.queue):
            raise not_found()
        return this

    async def _keep(
        self, caller: Caller, this: FollowUp, action: str, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        """Neither the number nor the note: what is personal can be erased where it is, and the log cannot."""
        subject, teams = f"follow_up:{this.id}", self._titles.teams(this.queue)
        await self._audit.add(Intervention.of(caller, self._now(), action, subject, before, after, teams=teams))


def shown(one: FollowUp, titles: Titles) -> ShownFollowUp:
    """As pages show it: with the names of its queue and of who has it, without the recording's file."""
    own = {field.name: getattr(one, field.name) for field in dataclasses.fields(one) if field.name != "file"}
    taken_by_name = titles.agent(one.taken_by) if one.taken_by else ""
    return ShownFollowUp(**own, queue_title=titles.queue(one.queue), taken_by_name=taken_by_name)


def _read_choice(request: web.Request, name: str, choices: tuple[T, ...]) -> T | None:
    text = request.query.get(name)
    if text is None:
        return None
    found = next((choice for choice in choices if choice == text), None)
    if found is None:
        raise ProblemError(400, "bad-request", f"{name} must be {' or '.join(choices)}.")
    return found


def _inside(folder: Path, name: str | None) -> Path | None:
    """The file of that name right in the folder; links are not followed out of it."""
    if name is None or Path(name).name != name:
        return None
    found = (folder / name).resolve()
    return found if found.parent == folder.resolve() and found.is_file() else None
