"""Pages of the same site that another node served: they may call this one (CORS), and this one's pages the others.

Who calls is known by the token that they show, never by a cookie: no page can act in the name of somebody whose token
it does not have, whatever its origin.
"""

from collections.abc import Callable, Collection

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from http_api.middleware import CONTENT_SECURITY_POLICY

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, Range",
    "Access-Control-Max-Age": "600",
}
_SHOWN = "Audit-Entry, Content-Disposition, Content-Range, ETag"


class OwnPages:
    """`origins` are those of the other nodes, as browsers write them (RFC 6454)."""

    def __init__(self, origins: Callable[[], Collection[str]]) -> None:
        self._origins = origins

    @property
    def preflight(self) -> Middleware:
        """The middleware that answers browsers that ask whether such a page may send its request (Fetch)."""

        @web.middleware
        async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._answer(request, handler)

        return preflight

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        if asked and self._of_peer(request):
            return web.Response(status=204, headers=_ALLOWED)
        return await handler(request)

    async def add_headers(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Signal on_response_prepare: pages of this node may reach the others, and theirs may read the answer."""
        if self._of_peer(request):
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
            answer.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _SHOWN
            answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            answer.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if origins := sorted(self._origins()):
            answer.headers["Content-Security-Policy"] = _reaching(origins)

    def _of_peer(self, request: web.Request) -> bool:
        return request.headers.get(hdrs.ORIGIN) in self._origins()


def _reaching(origins: list[str]) -> str:
    """`'self'` names the own origin only, and with it its WebSocket; another one's has to be named beside it."""
    sockets = [f"ws{origin.removeprefix('http')}" for origin in origins]
    listed = " ".join(("connect-src 'self'", *origins, *sockets))
    policy = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", listed)
    return policy.replace("media-src 'self'", " ".join(("media-src 'self'", *origins)))
