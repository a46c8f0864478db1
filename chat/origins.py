"""From which pages visitors may come: this server's own, and those of the origins that an entry lists."""

from collections.abc import Callable

from aiohttp import web

from chat.ports import ChatRefusedError
from chat.site import ChatSite


class Origins:
    """`site` gives the chats' site as it is now. An origin is compared whole: scheme, host and port (RFC 6454)."""

    def __init__(self, site: Callable[[], ChatSite]) -> None:
        self._site = site

    def of(self, request: web.Request) -> str | None:
        """The foreign origin that may embed some entry; "" for own pages and for programs; None: refused.

        A page that another node of the server served is an own one, from a foreign origin.
        """
        origin, site = request.headers.get("Origin"), self._site()
        if origin in (None, f"https://{request.host}", f"http://{request.host}"):
            return ""
        return origin if origin in site.origins or origin in site.own_origins() else None

    def may_connect(self, request: web.Request) -> bool:
        """Whether it comes from an own page, a program, or an origin that may embed some entry."""
        return self.of(request) is not None

    def check(self, request: web.Request, entry: str) -> None:
        """Raises ChatRefusedError when the page may not embed this entry; who may embed an unknown one is left open."""
        origin, site = self.of(request), self._site()
        known = site.entries.get(entry)
        foreign = bool(origin) and origin not in site.own_origins()
        if origin is None or (foreign and known is not None and origin not in known.origins):
            raise ChatRefusedError("foreign_origin", "this origin may not embed this chat")
