"""Internal notes about an interaction, for staff alone, and colleagues who are named in them."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.interactions_api import may_see
from http_api.ports import InteractionQueries, Scopes
from http_api.problems import not_found
from http_api.routes import Route, read_body, reply
from records.mentions import Mention
from records.notes import Note
from records.roles import Action, allowed
from records.sessions import Caller

MAX_NAMED = 20
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mentions` are the agents who are told of it; whoever is told may see the interaction."""

    text: Text
    mentions: Annotated[tuple[Name, ...], msgspec.Meta(max_length=MAX_NAMED)] = ()


class StaffNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note; `by` is an agent or an account, `name` what it is called. `at` in microseconds since the epoch."""

    id: int
    interaction_id: str
    by: str
    name: str
    text: str
    at: int


class NoteList(msgspec.Struct, frozen=True):
    """Oldest first."""

    notes: tuple[StaffNote, ...]


class MentionOfYou(msgspec.Struct, frozen=True, kw_only=True):
    """A note that names the caller, and that they have not seen."""

    id: int
    note: StaffNote


class MentionList(msgspec.Struct, frozen=True):
    """Oldest first."""

    mentions: tuple[MentionOfYou, ...]


class Colleague(msgspec.Struct, frozen=True):
    """An agent of the site."""

    agent_id: str
    name: str


class ColleagueList(msgspec.Struct, frozen=True):
    """All of them but the caller, in the order of the site's files."""

    agents: tuple[Colleague, ...]


class NoteBook(Protocol):
    """Who keeps them (server.desks.note_desk)."""

    def holds(self, agent_id: str, interaction_id: str) -> bool:
        """Whether the interaction is in that agent's hands now."""
        ...

    def name_of(self, by: str) -> str:
        """What an agent or account is called."""
        ...

    def colleagues(self, agent_id: str | None) -> Sequence[Colleague]:
        """Everybody else."""
        ...

    async def add(self, caller: Caller, interaction_id: str, text: str, named: Sequence[str]) -> Note:
        """Keeps it, shows it to who has the interaction, and tells whom it names. ProblemError 422 for a stranger."""
        ...

    async def of(self, interaction_id: str) -> Sequence[Note]:
        """Oldest first."""
        ...

    async def unseen(self, agent_id: str) -> Sequence[Mention]:
        """What names that agent and was not seen."""
        ...

    async def seen(self, mention_id: int, agent_id: str) -> bool:
        """False when there is none of theirs."""
        ...


class NotesApi:
    """GET and POST /interactions/{id}/notes, GET /mentions, POST /mentions/{id}/seen, GET /colleagues."""

    def __init__(self, book: NoteBook, interactions: InteractionQueries, scopes: Scopes) -> None:
        self._book = book
        self._interactions = interactions
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        notes = "/api/v1/interactions/{id}/notes"
        writers = allowed(Action.WRITE_NOTES)
        return (
            Route(
                method="GET",
                path=notes,
                handler=self.list,
                operation="listNotes",
                summary="Internal notes about an interaction, oldest first; customers never see them",
                roles=allowed(Action.SEE_INTERACTIONS),
                replies={200: NoteList},
                problems=(404,),
            ),
            Route(
                method="POST",
                path=notes,
                handler=self.add,
                operation="addNote",
                summary="Write an internal note, and tell the colleagues whom it names",
                roles=writers,
                body=NewNote,
                replies={201: StaffNote},
                problems=(404, 422),
            ),
            Route(
                method="GET",
                path="/api/v1/mentions",
                handler=self.unseen,
                operation="listMentions",
                summary="Notes that name the caller, and that they have not seen",
                roles=writers,
                replies={200: MentionList},
            ),
            Route(
                method="POST",
                path="/api/v1/mentions/{id}/seen",
                handler=self.seen,
                operation="seeMention",
                summary="The caller has seen it",
                roles=writers,
                replies={204: None},
                problems=(404,),
            ),
            Route(
                method="GET",
                path="/api/v1/colleagues",
                handler=self.colleagues,
                operation="listColleagues",
                summary="Whom a note can name",
                roles=writers,
                replies={200: ColleagueList},
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """404 also for an interaction out of the caller's reach."""
        interaction_id = request.match_info["id"]
        await self._check(request, interaction_id, Action.SEE_INTERACTIONS)
        return reply(NoteList(tuple(self._shown(note) for note in await self._book.of(interaction_id))))

    async def add(self, request: web.Request) -> web.Response:
        """201 with the note."""
        body = await read_body(request, NewNote)
        interaction_id = request.match_info["id"]
        await self._check(request, interaction_id, Action.WRITE_NOTES)
        note = await self._book.add(request[CALLER], interaction_id, body.text, body.mentions)
        return reply(self._shown(note), 201)

    async def unseen(self, request: web.Request) -> web.Response:
        """An empty list for an account without an agent: nobody can name it."""
        agent_id = request[CALLER].agent_id
        found = await self._book.unseen(agent_id) if agent_id is not None else ()
        return reply(MentionList(tuple(MentionOfYou(id=one.id, note=self._shown(one.note)) for one in found)))

    async def seen(self, request: web.Request) -> web.Response:
        """404 for one that is not the caller's."""
        agent_id, text = request[CALLER].agent_id, request.match_info["id"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        if agent_id is None or number is None or not await self._book.seen(number, agent_id):
            raise not_found()
        return web.Response(status=204)

    async def colleagues(self, request: web.Request) -> web.Response:
        """Everybody but the caller."""
        return reply(ColleagueList(tuple(self._book.colleagues(request[CALLER].agent_id))))

    def _shown(self, note: Note) -> StaffNote:
        return StaffNote(
            id=note.id,
            interaction_id=note.interaction_id,
            by=note.agent_id,
            name=self._book.name_of(note.agent_id),
            text=note.text,
            at=note.at,
        )

    async def _check(self, request: web.Request, interaction_id: str, action: Action) -> None:
        caller = request[CALLER]
        # The record may be a moment behind what the agent has in hand.
        if caller.agent_id is not None and self._book.holds(caller.agent_id, interaction_id):
            return
        record = await self._interactions.view(interaction_id)
        if record is None or not await may_see(self._interactions, self._scopes.of(caller), record.record, action):
            raise not_found()
