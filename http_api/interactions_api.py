"""Records and stories. Agents see what was offered to them, supervisors what concerns their teams."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import InteractionQueries, Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_number, reply
from records.chat_files import ChatFile
from records.interactions import MAX_LIMIT, Before, Filter, InteractionRecord, InteractionView
from records.roles import Action, Extent, Scope, allowed, extent

DEFAULT_LIMIT = 50
_LATEST = 10**18
PAGE = (
    Parameter("before", "`next` of the page before, or a time in microseconds since the epoch"),
    Parameter(
        "limit",
        "How many at most",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
)


class StoryStep(msgspec.Struct, frozen=True):
    """One step of the story; kinds and details are listed in docs/journal.md. `at` in microseconds since the epoch."""

    at: int
    kind: str
    detail: Mapping[str, Any]


class InteractionNote(msgspec.Struct, frozen=True):
    """What an agent wrote down; `at` in microseconds since the epoch."""

    agent_id: str
    text: str
    at: int


class ChatFilePart(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or file of a chat: `size` in bytes, `media_type` by its content; `gone`: it is not kept any more."""

    id: str
    name: str
    media_type: str
    size: int
    gone: bool


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a chat, plain text; `number` counts from 1, `at` in microseconds since the epoch."""

    number: int
    author: str
    agent_id: str
    name: str
    text: str
    at: int
    file: ChatFilePart | None = None


class CustomerIdentity(msgspec.Struct, frozen=True):
    """By what the customer is known; `unverified` while nobody but the customer vouches for it."""

    kind: str
    value: str
    unverified: bool


class Interaction(msgspec.Struct, frozen=True):
    """All that is known of one interaction."""

    record: InteractionRecord
    story: tuple[StoryStep, ...]
    notes: tuple[InteractionNote, ...]
    data: Mapping[str, str]
    identities: tuple[CustomerIdentity, ...]
    messages: tuple[ChatMessage, ...] = ()


class InteractionPage(msgspec.Struct, frozen=True):
    """Interactions, newest first. `next` goes into `before` for the following page, null on the last."""

    items: tuple[InteractionRecord, ...]
    next: str | None


class InteractionsApi:
    """GET /interactions and /interactions/{id}."""

    def __init__(self, interactions: InteractionQueries, scopes: Scopes) -> None:
        self._interactions = interactions
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/interactions",
                handler=self.list,
                operation="listInteractions",
                summary="Interactions, newest first; an agent sees those that were offered to that agent",
                roles=allowed(Action.SEE_INTERACTIONS),
                replies={200: InteractionPage},
                query=(
                    Parameter("customer", "Only this customer's"),
                    Parameter("agent", "Only those that this agent took"),
                    Parameter("queue", "Only those of this queue"),
                    Parameter("state", "Only those in this state"),
                    Parameter("since", "Only those opened then or later, in microseconds since the epoch"),
                    Parameter("recorded", "Only calls with a recording", {"type": "string", "enum": ["yes"]}),
                    *PAGE,
                ),
                problems=(400,),
            ),
            Route(
                method="GET",
                path="/api/v1/interactions/{id}",
                handler=self.get,
                operation="getInteraction",
                summary="Record, story, notes and collected data of one interaction",
                roles=allowed(Action.SEE_INTERACTIONS),
                replies={200: Interaction},
                problems=(404,),
            ),
        )

    async def get(self, request: web.Request) -> web.Response:
        """404 also for an interaction that is out of the caller's reach."""
        scope = self._scopes.of(request[CALLER])
        view = await self._interactions.view(request.match_info["id"])
        if view is None or not await may_see(self._interactions, scope, view.record):
            raise not_found()
        return reply(_interaction(view))

    async def list(self, request: web.Request) -> web.Response:
        """A page; `before` and `limit` page through it."""
        limit = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        before = read_before(request.query.get("before"))
        scope, query = self._scopes.of(request[CALLER]), request.query
        reach = extent(scope.role, Action.SEE_INTERACTIONS)
        if reach is Extent.OWN and scope.agent_id is None:
            return reply(InteractionPage((), None))
        wanted = Filter(
            customer_id=query.get("customer"),
            agent_id=query.get("agent"),
            queue=query.get("queue"),
            state=query.get("state"),
            since=read_number(request, "since", 0, 0, _LATEST) or None,
            recorded=True if query.get("recorded") == "yes" else None,
            seen_by=scope.agent_id if reach is Extent.OWN else None,
            of_queues=scope.queues if reach is Extent.TEAMS else None,
            of_agents=scope.agents,
        )
        items = await self._interactions.list(wanted, limit, before)
        more = len(items) == limit
        return reply(InteractionPage(items, next_page(items[-1]) if more else None))


async def may_see(
    interactions: InteractionQueries,
    scope: Scope,
    record: InteractionRecord,
    action: Action = Action.SEE_INTERACTIONS,
) -> bool:
    """Whether the action reaches this interaction; an agent's own are those that were offered to them."""
    match extent(scope.role, action):
        case Extent.ALL:
            return True
        case Extent.TEAMS:
            return record.queue is None or record.queue in scope.queues or record.agent_id in scope.agents
        case Extent.OWN:
            return scope.agent_id is not None and await interactions.offered_to(record.id, scope.agent_id)
        case Extent.NONE:
            return False


def _interaction(view: InteractionView) -> Interaction:
    return Interaction(
        record=view.record,
        story=tuple(StoryStep(step.at, step.kind, step.detail) for step in view.story),
        notes=tuple(InteractionNote(note.agent_id, note.text, note.at) for note in view.notes),
        data=view.data,
        identities=tuple(CustomerIdentity(each.kind, each.value, each.unverified) for each in view.identities),
        messages=tuple(
            ChatMessage(each.number, each.author, each.agent_id, each.name, each.text, each.at, file_part(each.file))
            for each in view.messages
        ),
    )


def file_part(file: ChatFile | None) -> ChatFilePart | None:
    """A message's file, as the API shows it."""
    if file is None:
        return None
    return ChatFilePart(id=file.id, name=file.name, media_type=file.media_type, size=file.size, gone=file.gone)


def read_before(text: str | None) -> Before | None:
    """Where a page begins. Raises ProblemError 400 for what is neither a time nor `next` of a page."""
    if text is None:
        return None
    opened_at, _, interaction_id = text.partition("-")
    if not (opened_at.isascii() and opened_at.isdigit() and len(opened_at) < 19):
        raise ProblemError(400, "bad-request", "before must be a time in microseconds, or `next` of a page.")
    return Before(int(opened_at), interaction_id)


def next_page(last: InteractionRecord) -> str:
    """The `before` of the page that follows."""
    return f"{last.opened_at}-{last.id}"
