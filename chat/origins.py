"""From which pages visitors may come: this server's own, and those of the origins that an entry lists."""

from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web

from chat.ports import ChatRefusedError
from chat.site import ChatSite


class Origins:
    """`site` gives the chats' site as it is now. An origin is compared whole: scheme, host and port (RFC 6454)."""

    def __init__(self, site: Callable[[], ChatSite]) -> None:
        self._site = site

    def of(self, request: web.Request) -> str | None:
        """The foreign origin that may embed some entry; "" for own pages and for programs; None: refused."""
        origin = request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc == request.host:
            return ""
        return origin if origin in self._site().origins else None

    def may_connect(self, request: web.Request) -> bool:
        """Whether it comes from an own page, a program, or an origin that may embed some entry."""
        return self.of(request) is not None

    def check(self, request: web.Request, entry: str) -> None:
        """Raises ChatRefusedError when the page may not embed this entry; who may embed an unknown one is left open."""
        origin, known = self.of(request), self._site().entries.get(entry)
        if origin is None or (origin and known is not None and origin not in known.origins):
            raise ChatRefusedError("foreign_origin", "this origin may not embed this chat")
