"""The document is valid, complete, and true of the answers."""

from typing import Any

import pytest
from aiohttp import web
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from http_api.routes import Route
from tests.http_api.conftest import MakeSite, Site


async def document(site: Site) -> dict[str, Any]:
    answer = await site.client.get("/api/v1/openapi.json")
    assert (answer.status, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = await answer.json()
    return found


async def test_it_is_valid_openapi_3_1(site: Site) -> None:
    found = await document(site)
    assert found["openapi"].startswith("3.1")
    validate(found)


async def test_every_route_is_in_it_and_nothing_else(make_site: MakeSite) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    added = Route(
        method="GET", path="/agents/ws", handler=handler, operation="ws", summary="Socket", replies={101: None}
    )
    site = await make_site([added])
    found = await document(site)
    described = {(method.upper(), path) for path, operations in found["paths"].items() for method in operations}
    assert site.client.app is not None
    served = {
        (route.method, route.resource.canonical)
        for route in site.client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert described == served
    assert ("GET", "/agents/ws") in described
    validate(found)


async def test_operation_ids_are_unique(site: Site) -> None:
    found = await document(site)
    ids = [operation["operationId"] for operations in found["paths"].values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


async def test_what_needs_a_session_says_so(site: Site) -> None:
    operation = (await document(site))["paths"]["/api/v1/interactions/{id}"]["get"]
    assert operation["security"] == [{"session": []}]
    assert operation["x-roles"] == ["administrator", "agent", "expert", "supervisor"]
    assert {"200", "401", "403", "404"} <= set(operation["responses"])


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/api/v1/me", "/api/v1/me"),
        ("/api/v1/interactions", "/api/v1/interactions"),
        ("/api/v1/interactions/i1", "/api/v1/interactions/{id}"),
        ("/api/v1/interactions/none", "/api/v1/interactions/{id}"),
        ("/api/v1/interactions?limit=0", "/api/v1/interactions"),
        ("/api/v1/queues", "/api/v1/queues"),
        ("/api/v1/agents", "/api/v1/agents"),
        ("/api/v1/follow-ups", "/api/v1/follow-ups"),
        ("/api/v1/follow-ups?kind=fax", "/api/v1/follow-ups"),
        ("/api/v1/follow-ups/1/recording", "/api/v1/follow-ups/{id}/recording"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
    ],
)
async def test_answers_fit_their_schema(site: Site, path: str, template: str) -> None:
    found = await document(site)
    status, body = await site.get("sam", path)
    content = found["paths"][template]["get"]["responses"][str(status)]["content"]
    (schema,) = [each["schema"] for each in content.values()]
    OAS31Validator({**schema, "components": found["components"]}).validate(body)
