"""Errors as problem details, RFC 9457: one shape for every answer of 400 and above, and no internals in any."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

CONTENT_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:jackfield:problem:"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`type` is stable and ends in the code that programs look at; `instance` names the request, as the log does."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None


class ProblemError(Exception):
    """Ends a request with this answer. `code` is stable, `detail` is for people."""

    def __init__(
        self, status: int, code: str, detail: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


def not_found() -> ProblemError:
    """404, the same for what is not there and for what this caller may not see."""
    return ProblemError(404, "not-found")


def of_http_exception(error: web.HTTPException) -> ProblemError:
    """aiohttp's own 404, 405, 413, ... keep their headers (Allow, ...)."""
    kept = {name: value for name, value in error.headers.items() if not name.lower().startswith("content-")}
    return ProblemError(error.status, HTTPStatus(error.status).phrase.lower().replace(" ", "-"), headers=kept)


def response(error: ProblemError, request_id: str) -> web.Response:
    """The answer for an error."""
    problem = Problem(
        type=_TYPE_PREFIX + error.code,
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        instance=f"urn:jackfield:request:{request_id}",
    )
    return web.Response(
        status=error.status,
        body=msgspec.json.encode(problem),
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", **error.headers},
    )
