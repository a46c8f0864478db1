"""Canned replies that somebody keeps for themselves, beside those of the site's files."""

from collections.abc import Callable
from typing import Annotated, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.problems import ProblemError, not_found
from http_api.routes import Route, read_body, reply
from records.own_replies import OwnReply
from records.roles import Action, allowed

MAX_NAME = 40


class ReplyText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the list shows, and what is put into the message, with variables in braces (docs/chat.md)."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class KeptReply(msgspec.Struct, frozen=True, kw_only=True):
    """One of the caller's own, typed as `/name`."""

    name: str
    title: str
    text: str


class KeptReplies(msgspec.Struct, frozen=True):
    """By name."""

    items: tuple[KeptReply, ...]


class ReplyBook(Protocol):
    """Keeps them (records.own_replies.OwnReplies)."""

    async def of(self, account: str) -> tuple[OwnReply, ...]: ...

    async def put(self, account: str, reply: OwnReply, now: int) -> bool: ...

    async def remove(self, account: str, name: str) -> bool: ...


class OwnRepliesApi:
    """GET /own-replies, PUT and DELETE /own-replies/{name}. `now` gives microseconds since the epoch."""

    def __init__(self, book: ReplyBook, now: Callable[[], int]) -> None:
        self._book = book
        self._now = now

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        roles = allowed(Action.KEEP_REPLIES)
        return (
            Route(
                method="GET",
                path="/api/v1/own-replies",
                handler=self.list,
                operation="listOwnReplies",
                summary="The caller's own canned replies",
                roles=roles,
                replies={200: KeptReplies},
            ),
            Route(
                method="PUT",
                path="/api/v1/own-replies/{name}",
                handler=self.put,
                operation="keepReply",
                summary="Keep a canned reply of one's own, in place of one by the same name; 200 at most",
                roles=roles,
                body=ReplyText,
                replies={204: None},
                problems=(409, 422),
            ),
            Route(
                method="DELETE",
                path="/api/v1/own-replies/{name}",
                handler=self.remove,
                operation="removeReply",
                summary="Remove one of them",
                roles=roles,
                replies={204: None},
                problems=(404,),
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """All of them."""
        found = await self._book.of(request[CALLER].account)
        return reply(KeptReplies(tuple(KeptReply(name=one.name, title=one.title, text=one.text) for one in found)))

    async def put(self, request: web.Request) -> web.Response:
        """422 for a name that cannot be typed behind a slash, 409 when there are too many."""
        asked, name = await read_body(request, ReplyText), request.match_info["name"]
        if not 0 < len(name) <= MAX_NAME or any(sign in " /" or not sign.isprintable() for sign in name):
            raise ProblemError(422, "bad-name", f"A name has 1 to {MAX_NAME} characters, no spaces and no slash.")
        one = OwnReply(name, asked.title, asked.text)
        if not await self._book.put(request[CALLER].account, one, self._now()):
            raise ProblemError(409, "too-many", "Remove one of your replies first.")
        return web.Response(status=204)

    async def remove(self, request: web.Request) -> web.Response:
        """404 when there is none by that name."""
        if not await self._book.remove(request[CALLER].account, request.match_info["name"]):
            raise not_found()
        return web.Response(status=204)
