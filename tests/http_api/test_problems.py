"""Every error is a problem."""

import pytest

from http_api.problems import ProblemError, response
from tests.http_api.conftest import Site


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/", 404, "not-found"),
        ("PUT", "/api/v1/session", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
    ],
)
async def test_unknown_paths_and_methods(site: Site, method: str, path: str, status: int, code: str) -> None:
    answer = await site.client.request(method, path)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    body = await answer.json()
    assert body["type"] == f"urn:jackfield:problem:{code}"
    assert body["status"] == status
    assert body["instance"] == f"urn:jackfield:request:{answer.headers['X-Request-Id']}"


async def test_405_says_what_is_allowed(site: Site) -> None:
    answer = await site.client.put("/api/v1/session")
    assert set(answer.headers["Allow"].split(",")) == {"DELETE", "POST"}


def test_headers_of_a_problem() -> None:
    answer = response(ProblemError(429, "slow-down", "Wait.", {"Retry-After": "7"}), "r1")
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("7", "no-store")
    assert b'"detail":"Wait."' in (answer.body or b"")  # type: ignore[operator]
