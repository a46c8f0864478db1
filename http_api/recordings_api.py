"""Recordings of calls: what is known of one, listening, removing, and pausing one that goes on.

Listening begins with a POST, which is audited and answered with an address of its own for the player: that takes no
session (an audio element cannot send one), serves ranges, and is nobody's after an hour.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
from aiohttp import hdrs, web

from http_api.follow_ups_api import Interventions, Titles
from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Route, order, read_body, reply
from http_api.supervision_api import Comment, Refused
from records.audit import Intervention
from records.recordings import Pause, Recording
from records.roles import Action, Extent, Scope, allowed, extent
from records.sessions import Caller

TICKET_US = 3_600_000_000


class ShownRecording(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a recording (docs/recording.md). Times in microseconds since the epoch, lengths in them too.

    `pauses` are in microseconds of the file, `by` an agent or an account; `told` is what the customer knew. `here`: the
    file can be heard at this server.
    """

    interaction_id: str
    work_id: str
    queue: str
    queue_title: str
    agents: tuple[str, ...]
    agent_names: tuple[str, ...]
    told: str
    state: str
    reason: str | None
    began_at: int
    ended_at: int | None
    duration_us: int | None
    pauses: tuple[Pause, ...]
    size: int | None
    sha256: str | None
    keep_until: int | None
    removed_at: int | None
    removed_by: str | None
    here: bool


class Listening(msgspec.Struct, frozen=True):
    """`url` gives the sound (audio/ogg, by ranges too) without a session until `until`, in us since the epoch."""

    url: str
    until: int


class Removal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    comment: Comment = ""


class PauseOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`on`: keep what is said from now on out of the recording; false: go on recording."""

    on: bool
    comment: Comment = ""


class RecordingBook(Protocol):
    """Recordings and their files (server.calls.recording_desk). `pause` returns after its effect and audit entry."""

    async def of_interaction(self, interaction_id: str) -> Recording | None: ...

    def file(self, one: Recording) -> Path | None:
        """The file, None when there is none here."""
        ...

    async def remove(self, one: Recording, by: str) -> bool: ...

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        """Whether the caller may pause the recording of this call, which goes on."""
        ...

    async def pause(self, caller: Caller, interaction_id: str, comment: str, *, on: bool) -> Refused | None: ...


@dataclass(frozen=True, slots=True)
class _Ticket:
    path: Path
    until: int


class RecordingsApi:
    """`now` gives microseconds since the epoch. Tickets are in memory: a restart makes players ask again."""

    def __init__(
        self, book: RecordingBook, scopes: Scopes, titles: Titles, audit: Interventions, now: Callable[[], int]
    ) -> None:
        self._book = book
        self._scopes = scopes
        self._titles = titles
        self._audit = audit
        self._now = now
        self._tickets: dict[str, _Ticket] = {}

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        path, hear = "/api/v1/interactions/{id}/recording", allowed(Action.HEAR_RECORDINGS)
        return (
            Route(
                method="GET",
                path=path,
                handler=self.get,
                operation="getRecordingOfInteraction",
                summary="What is known of the interaction's recording",
                roles=hear,
                replies={200: ShownRecording},
                problems=(404,),
            ),
            Route(
                method="POST",
                path=f"{path}/listening",
                handler=self.listen,
                operation="listenToRecording",
                summary="Begin to listen: an address for the player; each time is in the audit log",
                roles=hear,
                replies={201: Listening},
                problems=(404, 409),
            ),
            order(
                "DELETE",
                path,
                self.remove,
                "removeRecording",
                "Remove the file for good; the row stays and says by whom",
                Action.DELETE_RECORDINGS,
                Removal,
            ),
            Route(
                method="GET",
                path="/api/v1/recordings/{ticket}",
                handler=self.sound,
                operation="getRecordedSound",
                summary="The sound, whole or by range, with the address that listening gave",
                media_type="audio/ogg",
                problems=(404,),
            ),
            order(
                "PUT",
                "/api/v1/calls/{id}/recording-pause",
                self.pause,
                "pauseRecording",
                "Keep what is said from now on out of the recording of a call, or go on",
                Action.PAUSE_RECORDINGS,
                PauseOrder,
            ),
        )

    async def get(self, request: web.Request) -> web.Response:
        """404 for an interaction that is not recorded, or out of reach."""
        return reply(self._shown(await self._find(request, Action.HEAR_RECORDINGS)))

    async def listen(self, request: web.Request) -> web.Response:
        """409 when there is nothing to hear (any more), or not here."""
        one = await self._find(request, Action.HEAR_RECORDINGS)
        path = self._book.file(one)
        if path is None or one.state == "recording":
            raise ProblemError(409, "nothing-to-hear", "It is still being recorded, was removed, or is elsewhere.")
        await self._keep(request[CALLER], one, "hear_recording", {}, {"heard": True})
        now = self._now()
        self._tickets = {key: ticket for key, ticket in self._tickets.items() if ticket.until > now}
        key, until = secrets.token_urlsafe(32), now + TICKET_US
        self._tickets[key] = _Ticket(path, until)
        return reply(Listening(f"/api/v1/recordings/{key}", until), 201)

    async def sound(self, request: web.Request) -> web.StreamResponse:
        """404 for an address that is not good any more, and for a file that was removed meanwhile."""
        ticket = self._tickets.get(request.match_info["ticket"])
        if ticket is None or ticket.until <= self._now() or not await asyncio.to_thread(ticket.path.is_file):
            raise not_found()
        headers = {
            hdrs.CONTENT_TYPE: "audio/ogg",
            hdrs.CACHE_CONTROL: "no-store",
            hdrs.REFERRER_POLICY: "no-referrer",
        }
        return web.FileResponse(ticket.path, headers=headers)

    async def remove(self, request: web.Request) -> web.Response:
        """409 while it is being recorded, when it was removed before, and when another node has the file."""
        asked = await read_body(request, Removal) if request.body_exists else Removal()
        one = await self._find(request, Action.DELETE_RECORDINGS)
        if one.state == "recording" or not await self._book.remove(one, request[CALLER].account):
            raise ProblemError(409, "not-removed", "It is still being recorded, was removed before, or is elsewhere.")
        await self._keep(request[CALLER], one, "remove_recording", {"state": one.state}, {"state": "removed"}, asked)
        return web.Response(status=204)

    async def pause(self, request: web.Request) -> web.Response:
        """404 for a call that does not go on, or is out of reach; 409 for one that is not recorded."""
        asked, caller = await read_body(request, PauseOrder), request[CALLER]
        interaction_id = request.match_info["id"]
        if not self._book.covers(self._scopes.of(caller), interaction_id):
            raise not_found()
        refused = await self._book.pause(caller, interaction_id, asked.comment, on=asked.on)
        if refused is not None:
            raise ProblemError(409, refused.code.replace("_", "-"), refused.message)
        return web.Response(status=204)

    async def _find(self, request: web.Request, action: Action) -> Recording:
        one = await self._book.of_interaction(request.match_info["id"])
        if one is None or not _covers(self._scopes.of(request[CALLER]), action, one):
            raise not_found()
        return one

    async def _keep(
        self,
        caller: Caller,
        one: Recording,
        action: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        asked: Removal | None = None,
    ) -> None:
        subject, comment = f"recording:{one.interaction_id}", asked.comment if asked else ""
        teams = self._titles.teams(one.queue)
        await self._audit.add(Intervention.of(caller, self._now(), action, subject, before, after, comment, teams))

    def _shown(self, one: Recording) -> ShownRecording:
        return ShownRecording(
            interaction_id=one.interaction_id,
            work_id=one.work_id,
            queue=one.queue,
            queue_title=self._titles.queue(one.queue),
            agents=one.agents,
            agent_names=tuple(map(self._titles.agent, one.agents)),
            told=one.told,
            state=one.state,
            reason=one.reason,
            began_at=one.began_at,
            ended_at=one.ended_at,
            duration_us=one.duration_us,
            pauses=one.pauses,
            size=one.size,
            sha256=one.sha256,
            keep_until=one.keep_until,
            removed_at=one.removed_at,
            removed_by=one.removed_by,
            here=one.state != "recording" and self._book.file(one) is not None,
        )


def _covers(scope: Scope, action: Action, one: Recording) -> bool:
    match extent(scope.role, action):
        case Extent.ALL:
            return True
        case Extent.TEAMS:
            return one.queue in scope.queues or not scope.agents.isdisjoint(one.agents)
        case Extent.OWN:
            return scope.agent_id is not None and scope.agent_id in one.agents
        case Extent.NONE:
            return False
