"""Tokens and roles, for every route of the table."""

import pytest
from aiohttp import web

from http_api.routes import Route, reply
from records.accounts import Role
from tests.http_api.conftest import MakeSite, Site

PROTECTED = [
    ("GET", "/api/v1/work/i1/explanation"),
    ("GET", "/api/v1/agents/i1/explanation"),
    ("DELETE", "/api/v1/session"),
    ("GET", "/api/v1/me"),
    ("GET", "/api/v1/interactions"),
    ("GET", "/api/v1/interactions/i1"),
    ("GET", "/api/v1/queues"),
    ("GET", "/api/v1/agents"),
    ("POST", "/api/v1/agents/i1/presence"),
    ("GET", "/api/v1/agents/i1/rules"),
    ("PATCH", "/api/v1/agents/i1/rules"),
    ("PUT", "/api/v1/agents/i1/skills"),
    ("GET", "/api/v1/queues/i1/rules"),
    ("PATCH", "/api/v1/queues/i1/rules"),
    ("GET", "/api/v1/work"),
    ("POST", "/api/v1/work"),
    ("POST", "/api/v1/work/move"),
    ("POST", "/api/v1/work/i1/move"),
    ("POST", "/api/v1/work/i1/pull-back"),
    ("POST", "/api/v1/work/i1/direct"),
    ("POST", "/api/v1/work/i1/cancel"),
    ("GET", "/api/v1/customers"),
    ("GET", "/api/v1/customers/i1/timeline"),
    ("GET", "/api/v1/follow-ups"),
    ("POST", "/api/v1/follow-ups/i1/take"),
    ("POST", "/api/v1/follow-ups/i1/done"),
    ("GET", "/api/v1/follow-ups/i1/recording"),
    ("GET", "/api/v1/statistics"),
    ("GET", "/api/v1/alerts"),
    ("POST", "/api/v1/alerts/i1/acknowledge"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/webhooks/deliveries"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer guess", "Basic YW5uYTp4", "guess"])
async def test_no_way_in_without_a_valid_token(site: Site, method: str, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await site.client.request(method, path, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


async def test_the_list_above_is_all_that_is_protected(site: Site) -> None:
    document = await (await site.client.get("/api/v1/openapi.json")).json()
    protected = {
        (method.upper(), path.replace("{id}", "i1"))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "security" in operation
    }
    assert protected == set(PROTECTED)


async def test_a_token_in_the_query_does_not_count(site: Site) -> None:
    token = await site.token("anna")
    assert (await site.client.get(f"/api/v1/me?access_token={token}")).status == 401


async def test_the_scheme_is_not_case_sensitive(site: Site) -> None:
    headers = {"Authorization": f"bearer {await site.token('anna')}"}
    assert (await site.client.get("/api/v1/me", headers=headers)).status == 200


@pytest.mark.parametrize(("account", "status"), [("anna", 403), ("sam", 200), ("ada", 403)])
async def test_roles_of_a_route(make_site: MakeSite, account: str, status: int) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return reply({"fine": True})

    roles = frozenset({Role.SUPERVISOR})
    route = Route(method="GET", path="/only", handler=handler, operation="only", summary="Only", roles=roles)
    site = await make_site([route])
    assert (await site.get(account, "/only"))[0] == status
