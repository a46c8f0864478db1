"""Look-ups against a real HTTP server on loopback that answers well, badly, late and far too much."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from config.site import LookUpConfig
from ivr.commands import LookUp
from server.calls.look_ups import HttpLookUps
from voice.requests import RequestError


class Shop:
    """What the server was asked, and what it says next."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match request.path:
            case "/api/state" | "/api":
                return web.json_response({"order": {"state": "sent"}}, headers={"Set-Cookie": "a=b"})
            case "/api/late":
                await asyncio.sleep(30)
            case "/api/moved":
                raise web.HTTPFound("/api/state")
            case "/api/broken":
                return web.Response(text="<html>")
            case "/api/deep":
                return web.Response(text="[" * 2000)
            case "/api/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(10_000):
                    await response.write(b" " * 1000)
                return response
        raise web.HTTPInternalServerError


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = Shop()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/api"
    yield made
    await runner.cleanup()


@pytest.fixture
async def look_ups(shop: Shop) -> AsyncIterator[HttpLookUps]:
    services = {
        "shop": LookUpConfig("shop", shop.url, 2048, "SHOP_TOKEN"),
        "gone": LookUpConfig("gone", "http://127.0.0.1:1", 2048, ""),
    }
    made = HttpLookUps(services, {"shop": "secret"})
    yield made
    await made.close()


def asked(path: str, service: str = "shop", timeout_us: int = 3_000_000, **query: str) -> LookUp:
    return LookUp(1, service, path, query, timeout_us)


async def test_the_query_goes_out_quoted_with_the_token_and_the_json_comes_back(
    shop: Shop, look_ups: HttpLookUps
) -> None:
    answer: Any = await look_ups.get(asked("state", number="a&b=c/..", phone="+86"))
    assert answer == {"order": {"state": "sent"}}
    request = shop.asked[0]
    assert request.path == "/api/state"
    assert dict(request.query) == {"number": "a&b=c/..", "phone": "+86"}
    assert request.headers["Authorization"] == "Bearer secret"
    await look_ups.get(asked(""))
    assert shop.asked[1].path == "/api"
    assert "Cookie" not in shop.asked[1].headers, "what one caller got is not sent with the next"


@pytest.mark.parametrize(
    ("path", "service", "reason"),
    [
        ("other", "shop", "http_500"),
        ("moved", "shop", "http_302"),
        ("broken", "shop", "no_json"),
        ("deep", "shop", "no_json"),
        ("endless", "shop", "too_large"),
        ("state", "gone", "unreachable"),
        ("state", "nobody", "unknown_service"),
    ],
)
async def test_what_goes_wrong_is_told_in_a_word(
    shop: Shop, look_ups: HttpLookUps, path: str, service: str, reason: str
) -> None:
    with pytest.raises(RequestError) as caught:
        await look_ups.get(asked(path, service))
    assert caught.value.reason == reason
    assert len(shop.asked) <= 1, "no redirect is followed"


async def test_a_late_answer_is_not_waited_for(look_ups: HttpLookUps) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(RequestError, match="timeout"):
        await look_ups.get(asked("late", timeout_us=50_000))
    assert asyncio.get_running_loop().time() - began < 2


async def test_closing_without_a_look_up_is_no_error() -> None:
    await HttpLookUps({}, {}).close()
