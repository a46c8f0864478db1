"""What every request passes through: a request id, problems for errors, one log line, security headers."""

import logging
import re
import time
import uuid

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from http_api.problems import ProblemError, of_http_exception, response
from router.errors import RoutingEndedError

REQUEST_ID = web.RequestKey("request_id", str)
_STARTED = web.RequestKey("started", bool)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger(__name__)

# Native ES modules from our own origin, no inline script; 'self' in connect-src includes the WebSocket (CSP level 3).
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# A year, the least that browsers' own lists ask for; said only over TLS (RFC 6797 s.7.2).
STRICT_TRANSPORT_SECURITY = "max-age=31536000"
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}


# uvloop says so of a connection that broke a moment ago, as RuntimeError: aiohttp takes it for an error of ours.
_CLOSED = "the handler is closed"


def _ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, RuntimeError) and _CLOSED in str(error))


SERVER_LOG = logging.getLogger("jackfield.http")
"""What aiohttp's server has to say, but that a client was gone when its answer was to be written."""
SERVER_LOG.addFilter(_ours)

# For the log alone; the number that nginx gives it.
CLIENT_GONE = 499
# What comes after it is as good as a password for an hour, and the log is read by others.
TICKETS = "/api/v1/recordings/"


def _path_without_secrets(path: str) -> str:
    return f"{TICKETS}..." if path.startswith(TICKETS) else path


@web.middleware
async def request_scope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives the request its id, turns errors into problems and logs the outcome."""
    request_id = _request_id(request)
    request[REQUEST_ID] = request_id
    started = time.perf_counter()
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            answer = await _answer(request, handler)
        finally:
            _part(request)
        if isinstance(answer, web.WebSocketResponse):
            _let_go(answer)
        _log.info(
            "request",
            method=request.method,
            path=_path_without_secrets(request.path),
            status=answer.status,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 1),
        )
        return answer


async def add_headers(request: web.Request, answer: web.StreamResponse) -> None:
    """Signal on_response_prepare: headers of every answer, files and WebSockets included."""
    request[_STARTED] = True
    answer.headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    for name, value in SECURITY_HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.secure:
        answer.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProblemError as error:
        return response(error, request[REQUEST_ID])
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return response(of_http_exception(error), request[REQUEST_ID])
    except RoutingEndedError:
        return response(ProblemError(503, "stopping", "This node of the server is ending."), request[REQUEST_ID])
    except Exception as error:
        if _gone(request) and isinstance(error, ConnectionError | RuntimeError):
            # While it was being answered: nobody is there to be told. RuntimeError is what uvloop and aiohttp's
            # readers raise where something is done to a connection that is closed.
            _log.info("client_gone", path=_path_without_secrets(request.path), error=repr(error))
            return web.Response(status=CLIENT_GONE)
        _log.exception("request_failed", method=request.method, path=_path_without_secrets(request.path))
        if request.get(_STARTED, False):
            raise
        return response(ProblemError(500, "internal", "The log has more under this request's id."), request[REQUEST_ID])


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _part(request: web.Request) -> None:
    """A connection keeps its WebSocket for the heartbeat, also when both are over, and the WebSocket the connection.

    Of aiohttp 3.14: 100 objects and some 13 KiB that would wait for the collector after every visitor. There is no
    public way to take it off.
    """
    request.protocol._data_received_cb = None


def _let_go(ended: web.WebSocketResponse) -> None:
    """Where a line broke it keeps the error, the error the frames that it came through, and these the connection.

    Of aiohttp 3.14: 45 objects for the collector, which looks at everything that is old to find them.
    """
    if (error := ended.exception()) is not None:
        error.__traceback__ = error.__context__ = None


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
