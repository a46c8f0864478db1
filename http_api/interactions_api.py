"""Records and stories. An agent's token sees only interactions that were offered to that agent."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import InteractionQueries
from http_api.problems import ProblemError, not_found
from http_api.routes import EVERYBODY_SIGNED_IN, Parameter, Route, read_number, reply
from records.accounts import Role
from records.interactions import MAX_LIMIT, Before, Filter, InteractionRecord, InteractionView
from records.sessions import Caller

DEFAULT_LIMIT = 50


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


class InteractionPage(msgspec.Struct, frozen=True):
    """Interactions, newest first. `next` goes into `before` for the following page, null on the last."""

    items: tuple[InteractionRecord, ...]
    next: str | None


class InteractionsApi:
    """GET /interactions and /interactions/{id}."""

    def __init__(self, interactions: InteractionQueries) -> None:
        self._interactions = interactions

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return (
            Route(
                method="GET",
                path="/api/v1/interactions",
                handler=self.list,
                operation="listInteractions",
                summary="Interactions, newest first; an agent sees those that were offered to that agent",
                roles=EVERYBODY_SIGNED_IN,
                replies={200: InteractionPage},
                query=(
                    Parameter("customer", "Only this customer's"),
                    Parameter("agent", "Only those that this agent took"),
                    Parameter("queue", "Only those of this queue"),
                    Parameter("state", "Only those in this state"),
                    Parameter("before", "`next` of the page before, or a time in microseconds since the epoch"),
                    Parameter("limit", "How many at most", limit),
                ),
                problems=(400,),
            ),
            Route(
                method="GET",
                path="/api/v1/interactions/{id}",
                handler=self.get,
                operation="getInteraction",
                summary="Record, story, notes and collected data of one interaction",
                roles=EVERYBODY_SIGNED_IN,
                replies={200: Interaction},
                problems=(404,),
            ),
        )

    async def get(self, request: web.Request) -> web.Response:
        """404 also for an interaction that this agent was never offered."""
        caller, interaction_id = request[CALLER], request.match_info["id"]
        if caller.role is Role.AGENT and not await self._may_see(caller, interaction_id):
            raise not_found()
        view = await self._interactions.view(interaction_id)
        if view is None:
            raise not_found()
        return reply(_interaction(view))

    async def list(self, request: web.Request) -> web.Response:
        """A page; `before` and `limit` page through it."""
        limit = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        before = _before(request.query.get("before"))
        caller, query = request[CALLER], request.query
        own_only = caller.role is Role.AGENT
        if own_only and caller.agent_id is None:
            return reply(InteractionPage((), None))
        wanted = Filter(
            customer_id=query.get("customer"),
            agent_id=query.get("agent"),
            queue=query.get("queue"),
            state=query.get("state"),
            seen_by=caller.agent_id if own_only else None,
        )
        items = await self._interactions.list(wanted, limit, before)
        more = len(items) == limit
        return reply(InteractionPage(items, f"{items[-1].opened_at}-{items[-1].id}" if more else None))

    async def _may_see(self, caller: Caller, interaction_id: str) -> bool:
        return caller.agent_id is not None and await self._interactions.offered_to(interaction_id, caller.agent_id)


def _interaction(view: InteractionView) -> Interaction:
    return Interaction(
        record=view.record,
        story=tuple(StoryStep(step.at, step.kind, step.detail) for step in view.story),
        notes=tuple(InteractionNote(note.agent_id, note.text, note.at) for note in view.notes),
        data=view.data,
        identities=tuple(CustomerIdentity(each.kind, each.value, each.unverified) for each in view.identities),
    )


def _before(text: str | None) -> Before | None:
    if text is None:
        return None
    opened_at, _, interaction_id = text.partition("-")
    if not (opened_at.isascii() and opened_at.isdigit() and len(opened_at) < 19):
        raise ProblemError(400, "bad-request", "before must be a time in microseconds, or `next` of a page.")
    return Before(int(opened_at), interaction_id)
