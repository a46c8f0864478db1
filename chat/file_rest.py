"""Files over HTTP: what both sides' requests have in common, and the visitors' own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import ClientError, hdrs, web

from chat.files import FileDesk
from chat.lines import line_of
from chat.ports import ChatRefusedError
from chat.rest import reply
from chat.visiting import VisitorChat
from records.chat_files import ChatFile

# Whatever the file is, and whoever opens its address: it is saved and not shown, and runs nothing.
SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PIECE: Final = 64 * 1024


def sent(request: web.Request) -> tuple[str, str, AsyncIterator[bytes], int | None]:
    """Client id, name, pieces and length of a file that a request brings. Raises ChatRefusedError."""
    client_id, name = request.query.get("client_id", ""), request.query.get("name", "")
    if not 1 <= len(client_id) <= 64 or len(name) > 1000:
        raise ChatRefusedError("bad_request", "client_id has 1 to 64 characters, name at most 1000")
    if request.content_type.startswith("multipart/"):
        raise ChatRefusedError("bad_request", "the body is the file itself, without a form around it")
    return client_id, name, _pieces(request), request.content_length


def file_response(file: ChatFile, place: Path) -> web.FileResponse:
    """The file, to be saved under its name."""
    plain = "".join(each if each.isascii() and each not in '"\\' else "_" for each in file.name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    headers = {**SAFE, hdrs.CONTENT_TYPE: file.media_type, hdrs.CONTENT_DISPOSITION: disposition}
    return web.FileResponse(place, headers=headers)


class VisitorFiles:
    """The visitors' requests. `own` gives the chat whose token the request carries, or raises ChatRefusedError."""

    def __init__(self, desk: FileDesk, own: Callable[[web.Request], Awaitable[VisitorChat]]) -> None:
        self._desk = desk
        self._own = own

    async def send(self, request: web.Request) -> web.StreamResponse:
        """201 with the message that the file is."""
        runner = await self._own(request)
        client_id, name, pieces, length = sent(request)
        return reply(line_of(await self._desk.visitor_sends(runner, client_id, name, pieces, length)), 201)

    async def have(self, request: web.Request) -> web.StreamResponse:
        """The file itself."""
        runner = await self._own(request)
        return file_response(*await self._desk.open_for(runner, request.match_info["file"]))


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.content.iter_chunked(PIECE):
            yield piece
    except (ClientError, web.RequestPayloadError) as error:
        raise ConnectionError("the sender is gone") from error
