"""What the visitors' plain requests have in common: routes, bodies, answers, refusals."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from chat.messages import BadMessageError, C, decode_body, encode
from chat.ports import ChatRefusedError

STATUS_OF: Final = {
    "bad_request": 400,
    "empty": 400,
    "too_long": 400,
    "file_empty": 400,
    "file_incomplete": 400,
    "no_token": 401,
    "bad_proof": 403,
    "foreign_origin": 403,
    "unknown_entry": 404,
    "unknown_chat": 404,
    "unknown_file": 404,
    "chat_over": 409,
    "not_connected": 409,
    "not_to_rate": 409,
    "too_many_messages": 409,
    "outside_hours": 409,
    "no_messages": 409,
    "too_many_files": 409,
    "file_too_big": 413,
    "file_type": 415,
    "too_many_chats": 429,
    "too_fast": 429,
    "unavailable": 503,
    "closed": 503,
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRoute:
    """One operation, as a row of the server's route table."""

    method: str
    path: str
    handler: Handler
    operation: str
    summary: str
    body: Any = None
    replies: Mapping[int, Any] = field(default_factory=dict)
    problems: tuple[int, ...] = ()


async def body(request: web.Request, kind: type[C]) -> C:
    """The request's body. Raises ChatRefusedError."""
    try:
        return decode_body(await request.read(), kind)
    except BadMessageError as error:
        raise ChatRefusedError("bad_request", str(error)) from None


def number(request: web.Request, name: str, default: int, most: int) -> int:
    """A whole number of the query string. Raises ChatRefusedError."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and int(text) <= most):
        raise ChatRefusedError("bad_request", f"{name} must be a whole number")
    return int(text)


def reply(value: Struct, status: int = 200) -> web.Response:
    """A JSON answer that nobody keeps a copy of."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=encode(value), status=status, content_type="application/json", headers=headers)
