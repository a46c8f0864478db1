"""What is asked and refused over HTTP, and that the lines end with whoever asked."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from http_api.guard import CALLER
from http_api.middleware import request_scope
from http_api.plans_api import PlanView
from http_api.what_if_api import Change, Refused, Unfit, Unknown, WhatIfApi
from http_api.what_if_messages import Line, Working
from records.accounts import Role
from records.roles import Scope
from records.sessions import Caller

CALLED = Caller("sue", Role.SUPERVISOR, None, 1)


class Scopes:
    def of(self, caller: Caller) -> Scope:
        return Scope(caller.role, None, frozenset({"mine"}), frozenset({"anna"}), frozenset({"orders"}))


class Playing:
    """Lines without end, one each time that it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.changes: list[Change] = []
        self.closed = asyncio.Event()
        self.more = asyncio.Event()

    async def ask(self, change: Change, scope: Scope) -> AsyncGenerator[Line]:
        if self.error is not None:
            raise self.error
        self.changes.append(change)
        return self._lines()

    async def _lines(self) -> AsyncGenerator[Line]:
        try:
            yield Working(1)
            await self.more.wait()
            yield Working(2)
        finally:
            self.closed.set()


class Plans:
    async def plan(self, name: str) -> PlanView | None:
        rows = {"peak": {"queue:orders": {"priority": 9}}, "theirs": {"queue:refunds": {"priority": 9}}}.get(name)
        if rows is None:
            return None
        return PlanView(plan=name, titles={}, saved=False, version=1, rows=rows, changes=(), problems=(), applied=None)


async def client(playing: Playing) -> TestClient[web.Request, web.Application]:
    (route,) = WhatIfApi(playing, Plans(), Scopes()).routes()

    async def handler(request: web.Request) -> web.StreamResponse:
        request[CALLER] = CALLED
        return await route.handler(request)

    app = web.Application(middlewares=[request_scope])
    app.router.add_route(route.method, route.path, handler)
    made = TestClient(TestServer(app))
    await made.start_server()
    return made


async def test_lines_until_the_last_one() -> None:
    playing = Playing()
    playing.more.set()
    http = await client(playing)
    draft = {
        "agents": [{"agent_id": "anna", "skills": {"german": 3}, "capacity": {"chat": 2}, "presence": "ready"}],
        "queues": [{"queue": "orders", "priority": 5, "wrap_up_us": 10_000_000, "rules": {"max_waiting": 9}}],
    }
    answer = await http.post("/api/v1/what-if", json=draft)
    assert (await answer.text()).splitlines() == [
        '{"type":"working","elapsed_us":1}',
        '{"type":"working","elapsed_us":2}',
    ]
    assert playing.changes == [
        Change(
            {
                "agent:anna": {"skills": {"german": 3}, "capacity": {"chat": 2}},
                "queue:orders": {"priority": 5, "wrap_up_s": 10.0, "max_waiting": 9},
            },
            {"anna": "ready"},
        )
    ]
    await http.close()


async def test_rows_as_files_write_them_and_a_plan() -> None:
    playing = Playing()
    playing.more.set()
    http = await client(playing)
    rows = {"agent:anna": {"queues": {"orders": {"delay_s": 5}}}}
    assert (await http.post("/api/v1/what-if", json={"plan": "peak", "rows": rows})).status == 200
    assert playing.changes == [Change({"queue:orders": {"priority": 9}, **rows}, {})]
    await http.close()


async def test_who_goes_away_ends_it() -> None:
    playing = Playing()
    http = await client(playing)
    answer = await http.post("/api/v1/what-if", json={"queues": [{"queue": "orders", "priority": 5}]})
    await answer.content.readline()
    assert not playing.closed.is_set()
    answer.close()
    async with asyncio.timeout(30):
        await playing.closed.wait()
    await http.close()


@pytest.mark.parametrize(
    ("draft", "status"),
    [
        ({}, 400),
        ({"plan": "theirs"}, 404),
        ({"plan": "nowhere"}, 404),
        ({"rows": {"agent:anna": {"team": "theirs"}}}, 404),
        ({"rows": {"plan:peak": {"title": "x"}}}, 404),
        ({"agents": [{"agent_id": "anna", "rules": {"team": "mine"}}]}, 400),
        ({"agents": [{"agent_id": "bob", "team": "mine"}]}, 404),
        ({"agents": [{"agent_id": "anna", "team": "theirs"}]}, 404),
        ({"queues": [{"queue": "refunds", "priority": 1}]}, 404),
        ({"queues": [{"queue": "orders", "teams": ["mine", "theirs"]}]}, 404),
        ({"queues": [{"queue": "orders", "teams": []}]}, 404),
    ],
)
async def test_drafts_out_of_reach(draft: Any, status: int) -> None:
    http = await client(Playing())
    answer = await http.post("/api/v1/what-if", json=draft)
    assert answer.status == status
    await http.close()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(Refused(), 503, "busy"), (Unfit(("skills wrong",)), 422, "bad-rules"), (Unknown(), 404, "not-found")],
)
async def test_refusals(error: Exception, status: int, code: str) -> None:
    http = await client(Playing(error))
    answer = await http.post("/api/v1/what-if", json={"queues": [{"queue": "orders", "priority": 5}]})
    assert answer.status == status
    assert (await answer.json())["type"].endswith(code)
    assert ("Retry-After" in answer.headers) is (status == 503)
    await http.close()
