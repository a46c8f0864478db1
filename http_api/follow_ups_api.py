"""What callers left: numbers to call back and messages to listen to, of the queues that the caller's teams serve."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal, Protocol, get_args

import msgspec
from aiohttp import hdrs, web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_number, reply
from records.follow_ups import MAX_LISTED, FollowUp, Kind
from records.roles import Action, Extent, allowed, extent

DEFAULT_LIMIT = 100
_KINDS: tuple[str, ...] = get_args(Kind)


class OpenFollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. `number` is where the caller can be reached, `path` what they chose in the menu.

    `duration_us` is a message's length, null for a callback; `created_at` in microseconds since the epoch.
    """

    id: int
    kind: Literal["callback", "voicemail"]
    interaction_id: str
    queue: str
    number: str
    language: str
    path: str
    duration_us: int | None
    created_at: int


class OpenFollowUps(msgspec.Struct, frozen=True):
    """Those that nobody has done yet, oldest first."""

    items: tuple[OpenFollowUp, ...]


class FollowUpBook(Protocol):
    """Keeps them (records.follow_ups.FollowUps)."""

    async def open(
        self,
        kind: Kind | None = None,
        queue: str | None = None,
        limit: int = 100,
        *,
        of_queues: Collection[str] | None = None,
    ) -> tuple[FollowUp, ...]: ...

    async def get(self, follow_up_id: int) -> FollowUp | None: ...

    async def done(self, follow_up_id: int, by: str, now: int) -> bool: ...


class FollowUpsApi:
    """GET /follow-ups, POST /follow-ups/{id}/done and GET /follow-ups/{id}/recording.

    `messages` is the folder of the recordings, `now` gives microseconds since the epoch.
    """

    def __init__(self, book: FollowUpBook, messages: Path, scopes: Scopes, now: Callable[[], int]) -> None:
        self._book = book
        self._messages = messages
        self._scopes = scopes
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
                summary="Callers to call back and messages to listen to, oldest first, until somebody has done them",
                roles=allowed(Action.SEE_FOLLOW_UPS),
                replies={200: OpenFollowUps},
                query=(
                    Parameter("kind", "Only these", {"type": "string", "enum": list(_KINDS)}),
                    Parameter("queue", "Only those of this queue"),
                    Parameter("limit", "How many at most", limit),
                ),
                problems=(400,),
            ),
            Route(
                method="POST",
                path="/api/v1/follow-ups/{id}/done",
                handler=self.done,
                operation="finishFollowUp",
                summary="Take one off the list; of two at once only one succeeds, the other is told 409",
                roles=allowed(Action.FINISH_FOLLOW_UPS),
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="GET",
                path="/api/v1/follow-ups/{id}/recording",
                handler=self.recording,
                operation="getRecording",
                summary="What the caller said: a mono WAV file",
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
        found = await self._book.open(
            _read_kind(request), request.query.get("queue"), limit, of_queues=None if everything else scope.queues
        )
        return reply(OpenFollowUps(tuple(map(_shown, found))))

    async def done(self, request: web.Request) -> web.Response:
        """409 when it was done before."""
        this = await self._find(request, Action.FINISH_FOLLOW_UPS)
        if not await self._book.done(this.id, request[CALLER].account, self._now()):
            raise ProblemError(409, "already-done")
        return web.Response(status=204)

    async def recording(self, request: web.Request) -> web.StreamResponse:
        """404 for a callback, too, and for a message whose file is gone; also of one that is done."""
        this = await self._find(request, Action.SEE_FOLLOW_UPS)
        found = await asyncio.to_thread(_inside, self._messages, this.file)
        if found is None:
            raise not_found()
        return web.FileResponse(found, headers={hdrs.CONTENT_TYPE: "audio/wav", hdrs.CACHE_CONTROL: "no-store"})

    async def _find(self, request: web.Request, action: Action) -> FollowUp:
        text = request.match_info["id"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        this = await self._book.get(number) if number is not None else None
        if this is None or not self._scopes.of(request[CALLER]).covers_queue(action, this.queue):
            raise not_found()
        return this


def _read_kind(request: web.Request) -> Kind | None:
    match request.query.get("kind"):
        case None:
            return None
        case "callback" | "voicemail" as kind:
            return kind
        case _:
            raise ProblemError(400, "bad-request", f"kind must be {' or '.join(_KINDS)}.")


def _shown(one: FollowUp) -> OpenFollowUp:
    return OpenFollowUp(**{name: getattr(one, name) for name in OpenFollowUp.__struct_fields__})


def _inside(folder: Path, name: str | None) -> Path | None:
    """The file of that name right in the folder; links are not followed out of it."""
    if name is None or Path(name).name != name:
        return None
    found = (folder / name).resolve()
    return found if found.parent == folder.resolve() and found.is_file() else None
