"""Pages that another node of the site served: they may ask this one, nobody else's may."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from http_api.middleware import add_headers, request_scope
from http_api.own_pages import OwnPages

PEER = "http://10.0.0.2:8080"


@pytest.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def hello(_request: web.Request) -> web.Response:
        return web.json_response({})

    own = OwnPages(lambda: {PEER})
    app = web.Application(middlewares=[request_scope, own.preflight])
    app.on_response_prepare.append(own.add_headers)
    app.on_response_prepare.append(add_headers)
    app.router.add_post("/api/v1/hello", hello)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_peer_s_page_may_ask_and_read_the_answer(client: TestClient[web.Request, web.Application]) -> None:
    asks = {"Origin": PEER, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = await client.options("/api/v1/hello", headers=asks)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == PEER
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    answer = await client.post("/api/v1/hello", headers={"Origin": PEER})
    assert answer.headers["Access-Control-Allow-Origin"] == PEER
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Audit-Entry" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]


async def test_others_pages_may_not(client: TestClient[web.Request, web.Application]) -> None:
    for origin in ("http://10.0.0.2", "https://10.0.0.2:8080", "null", "http://evil.example"):
        asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await client.options("/api/v1/hello", headers=asks)
        assert preflight.status == 405
        assert "Access-Control-Allow-Origin" not in preflight.headers
        answer = await client.post("/api/v1/hello", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_own_pages_may_reach_the_peers_and_nobody_else(client: TestClient[web.Request, web.Application]) -> None:
    answer = await client.post("/api/v1/hello")
    policy = answer.headers["Content-Security-Policy"]
    assert f"connect-src 'self' {PEER} ws://10.0.0.2:8080;" in policy
    assert f"media-src 'self' {PEER} blob:" in policy
