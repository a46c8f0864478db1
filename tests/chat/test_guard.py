"""Around a plain request of a visitor's page: who is let in, and what they are told who are not."""

import json
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from chat.guard import CHAT, Guard
from chat.limits import Buckets
from chat.ports import ChatRefusedError, StoreAwayError
from chat.rest import STATUS_OF
from router.errors import RoutingEndedError


class Embedding:
    """One foreign origin may embed the chat."""

    def of(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin", "")
        return origin if origin in ("", "https://shop.example") else None


def guard(looked_at: list[object] | None = None, burst: int = 100) -> Guard:
    seen = [] if looked_at is None else looked_at
    buckets = Buckets(60, burst)
    return Guard(cast("Any", Embedding()), buckets, lambda _request: "192.0.2.1", lambda: 0, seen.append)


async def asked(one: Guard, error: Exception | None = None, origin: str = "") -> tuple[int, str, Any]:
    """Status, code of the refusal, headers."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        if error is not None:
            raise error
        return web.Response(status=204)

    headers = {"Origin": origin} if origin else {}
    answer = cast("web.Response", await one.around(handler)(make_mocked_request("GET", "/x", headers=headers)))
    return answer.status, json.loads(answer.text)["code"] if answer.text else "", answer.headers


async def test_a_page_that_may_embed_it_may_read_the_answer() -> None:
    status, _, headers = await asked(guard(), origin="https://shop.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "https://shop.example")
    status, code, headers = await asked(guard(), origin="https://elsewhere.example")
    assert (status, code, "Access-Control-Allow-Origin" in headers) == (403, "foreign_origin", False)
    assert (await asked(guard()))[2]["Vary"] == "Origin"


async def test_who_asks_too_often_and_who_asks_too_late() -> None:
    one = guard(burst=2)
    assert [(await asked(one))[0] for _ in range(3)] == [204, 204, 429]
    one = guard()
    one.stopping = True
    assert (await asked(one))[:2] == (503, "unavailable")


@pytest.mark.parametrize("error", [RoutingEndedError(), StoreAwayError(), ChatRefusedError("chat_over", "over")])
async def test_what_a_handler_raises_is_an_answer(error: Exception) -> None:
    code = error.code if isinstance(error, ChatRefusedError) else "unavailable"
    assert (await asked(guard(), error))[:2] == (STATUS_OF[code], code)


async def test_a_chat_is_told_that_somebody_looked_at_it_however_it_ended() -> None:
    seen: list[object] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        request[CHAT] = "no chat"
        raise ChatRefusedError("unknown_chat", "there is none")

    await guard(seen).around(handler)(make_mocked_request("GET", "/x"))
    assert seen == [], "it turned out to be about no chat"
