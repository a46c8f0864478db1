"""What stands around each of the visitors' plain requests: whose page asks, how often, how a refusal looks."""

from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import web

from chat.limits import Buckets
from chat.messages import Refused
from chat.origins import Origins
from chat.ports import ChatRefusedError, StoreAwayError
from chat.rest import STATUS_OF, Handler, reply
from chat.visiting import VisitorChat
from router.errors import RoutingEndedError

# The chat that a request turned out to be about, so that it is told that somebody looked.
CHAT: Final = web.RequestKey("chat", object)

log = structlog.get_logger(__name__)


class Guard:
    """`now` is the shard's clock in microseconds; `looked_at` is told of the chat once its request is answered."""

    def __init__(
        self,
        origins: Origins,
        requests: Buckets,
        address_of: Callable[[web.Request], str],
        now: Callable[[], int],
        looked_at: Callable[[VisitorChat], None],
    ) -> None:
        self.requests = requests
        self.stopping = False
        self._origins = origins
        self._address_of = address_of
        self._now = now
        self._looked_at = looked_at

    def around(self, handler: Handler) -> Handler:
        """The handler behind the guard: it may raise ChatRefusedError, RoutingEndedError and StoreAwayError."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            origin = self._origins.of(request)
            try:
                self._let_in(request, origin)
                answer = await handler(request)
            except ChatRefusedError as error:
                answer = reply(Refused(code=error.code, message=str(error)), STATUS_OF[error.code])
            except RoutingEndedError:
                answer = reply(Refused(code="unavailable", message="this node of the server is ending"), 503)
            except StoreAwayError as error:
                log.warning("chat_not_readable", error=str(error))
                answer = reply(Refused(code="unavailable", message="the chat cannot be read now"), 503)
            finally:
                if isinstance(chat := request.get(CHAT), VisitorChat):
                    self._looked_at(chat)
            if origin:
                answer.headers["Access-Control-Allow-Origin"] = origin
                answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            answer.headers["Vary"] = "Origin"
            return answer

        return guarded

    def _let_in(self, request: web.Request, origin: str | None) -> None:
        if origin is None:
            raise ChatRefusedError("foreign_origin", "this origin may not embed the chat")
        if not self.requests.take(self._address_of(request), self._now()):
            raise ChatRefusedError("too_fast", "too many requests from this address")
        if self.stopping:
            raise ChatRefusedError("unavailable", "the server is stopping")
