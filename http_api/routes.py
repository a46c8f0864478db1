"""The route table: what the router serves, the guard enforces and the OpenAPI document says, from one row each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from http_api.problems import ProblemError
from records.accounts import Role
from records.roles import Action, allowed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_T = TypeVar("_T")

EVERYBODY_SIGNED_IN = allowed(Action.KEEP_SESSION)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string; `schema` is its JSON schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `roles` None: no session is asked for. `replies`: status -> type of the JSON body, None without.

    `problems` are the error statuses of its own; those of the guard and of every body are added to the document.
    `headers` are those of the request that may be given.
    `special_problems`: status -> a Problem with more fields than the plain one.
    """

    method: str
    path: str
    handler: Handler
    operation: str
    summary: str
    roles: frozenset[Role] | None = None
    body: Any = None
    replies: Mapping[int, Any] = field(default_factory=lambda: {200: None})
    media_type: str = "application/json"
    query: tuple[Parameter, ...] = ()
    headers: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    special_problems: Mapping[int, Any] = field(default_factory=dict)


def look(path: str, handler: Handler, operation: str, summary: str, action: Action, answer: Any) -> Route:
    """A row of what is read as it is: a GET without parameters, for whoever may do `action`."""
    return Route(
        method="GET",
        path=path,
        handler=handler,
        operation=operation,
        summary=summary,
        roles=allowed(action),
        replies={200: answer},
    )


def order(
    method: str, path: str, handler: Handler, operation: str, summary: str, action: Action, body: Any = None
) -> Route:
    """A row of what is done or refused: 204, 404 out of the caller's reach, 409 when it cannot be now."""
    return Route(
        method=method,
        path=path,
        handler=handler,
        operation=operation,
        summary=summary,
        roles=allowed(action),
        body=body,
        replies={204: None},
        problems=(404, 409),
    )


def reply(value: Any, status: int = 200) -> web.Response:
    """A JSON answer that nobody keeps a copy of."""
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def read_body(request: web.Request, type_: type[_T]) -> _T:
    """The request's JSON body. Raises ProblemError 415 for another content type, 400 for what does not fit `type_`."""
    if request.content_type != "application/json":
        raise ProblemError(415, "unsupported-media-type", "The body must be application/json.")
    try:
        return msgspec.json.decode(await request.read(), type=type_)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProblemError(400, "bad-request", str(error)) from error


def read_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """An integer of the query string. Raises ProblemError 400 outside [low, high]."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19 and low <= int(text) <= high):
        raise ProblemError(400, "bad-request", f"{name} must be an integer from {low} to {high}.")
    return int(text)
