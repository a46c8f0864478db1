"""Who may call what: a bearer token (RFC 6750) for a session, and the roles of the route."""

from collections.abc import Callable

from aiohttp import web

from http_api.ports import Auth
from http_api.problems import ProblemError
from http_api.routes import Handler, Route
from records.sessions import Caller

CALLER = web.RequestKey("caller", Caller)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="jackfield"'}


class Guard:
    """Wraps handlers. `now` gives microseconds since the epoch."""

    def __init__(self, auth: Auth, now: Callable[[], int]) -> None:
        self._auth = auth
        self._now = now

    def wrap(self, route: Route) -> Handler:
        """The route's handler, reached only by callers with one of its roles; they are in request[CALLER]."""
        roles = route.roles
        if roles is None:
            return route.handler

        async def guarded(request: web.Request) -> web.StreamResponse:
            caller = await self._caller(request)
            if caller.role not in roles:
                raise ProblemError(403, "forbidden", f"This needs the role {' or '.join(sorted(roles))}.")
            request[CALLER] = caller
            return await route.handler(request)

        return guarded

    async def _caller(self, request: web.Request) -> Caller:
        token = bearer_token(request)
        caller = await self._auth.authenticate(token, self._now()) if token else None
        if caller is None:
            raise ProblemError(401, "unauthorized", "A valid session token is needed.", _CHALLENGE)
        return caller


def bearer_token(request: web.Request) -> str:
    """The token of the Authorization header, "" when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
