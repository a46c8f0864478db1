"""Wallboards on a running node: made, shown, cut off when revoked (tests/e2e has a restart)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from router.events import DayStarted
from tests.server.bureau import Bureau, bureau

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bureau]:
    async with bureau(tmp_path_factory.mktemp("wallboards")) as office:
        yield office


async def made(office: Bureau, who: str = "super9", **body: Any) -> tuple[int, str]:
    """The id of a new link and its token."""
    status, answer = await office.ask(who, "POST", "wallboards", {"name": "Hall", "teams": ["first_line"], **body})
    assert status == 201, answer
    page, _, token = answer["path"].partition("#")
    assert page == "/wallboard/"
    return answer["wallboard"]["id"], token


async def screen(office: Bureau, token: str) -> aiohttp.ClientWebSocketResponse:
    url = f"{office.base.replace('http', 'ws')}/api/v1/board/ws"
    socket = await office.session.ws_connect(url)
    await socket.send_str(json.dumps({"type": "hello", "token": token}))
    return socket


async def wall(socket: aiohttp.ClientWebSocketResponse, fits: Any = lambda _: True) -> dict[str, Any]:
    """The next message with figures that fits."""
    async with asyncio.timeout(30):
        while True:
            message: dict[str, Any] = json.loads((await socket.receive()).data)
            if message["type"] == "wall" and fits(message):
                return message


async def test_a_screen_sees_its_teams_and_is_cut_off_when_the_link_is_revoked(office: Bureau) -> None:
    number, token = await made(office)
    socket = await screen(office, token)
    first = await wall(socket)
    assert first["whole"]
    assert first["name"] == "Hall"
    assert first["time_zone"] == office.node.core.current.site.time_zone
    names = {one["queue"] for one in first["queues"]}
    assert "first_chat" in names
    assert "expert_chat" not in names
    assert [one["team"] for one in first["teams"]] == ["first_line"]
    await office.submit("expert_chat")
    await office.submit("first_chat")
    change = await wall(socket, lambda one: any(each["waiting"] for each in one["queues"]))
    assert [(one["queue"], one["waiting"]) for one in change["queues"] if one["waiting"]] == [("first_chat", 1)]

    _, listed = await office.ask("super9", "GET", "wallboards")
    assert [(one["id"], one["screens"], "token" in one) for one in listed["items"]] == [(number, 1, False)]
    # A screen asks for nothing else.
    async with office.session.get(
        f"{office.base}/api/v1/queues", headers={"Authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.status == 403

    assert (await office.ask("super9", "DELETE", f"wallboards/{number}"))[0] == 204
    async with asyncio.timeout(30):
        while not socket.closed:
            await socket.receive()
    assert socket.close_code == 4401
    again = await screen(office, token)
    await again.receive()
    assert again.close_code == 4401


async def test_links_have_names_and_belong_to_teams(office: Bureau) -> None:
    _, before = await office.ask("ops9", "GET", "wallboards")
    assert before["items"] == []
    number, token = await made(office)
    hidden, _ = await made(office, "ops9", teams=["second_line"])
    assert (await office.ask("super9", "POST", "wallboards", {"name": "x", "teams": ["second_line"]}))[0] == 404
    assert (await office.ask("super9", "POST", "wallboards", {"name": "x", "queues": ["expert_chat"]}))[0] == 404
    assert (await office.ask("super9", "POST", "wallboards", {"name": "x"}))[0] == 400
    assert (await office.ask("super9", "PATCH", f"wallboards/{hidden}", {"name": "mine"}))[0] == 404
    assert (await office.ask("super9", "DELETE", f"wallboards/{hidden}"))[0] == 404
    status, named = await office.ask("super9", "PATCH", f"wallboards/{number}", {"name": "Canteen"})
    assert (status, named["name"]) == (200, "Canteen")
    _, mine = await office.ask("super9", "GET", "wallboards")
    _, every = await office.ask("ops9", "GET", "wallboards")
    assert ([one["id"] for one in mine["items"]], [one["id"] for one in every["items"]]) == (
        [number],
        [number, hidden],
    )
    _, log = await office.ask("super9", "GET", "audit?limit=2")
    assert [one["action"] for one in log["items"]] == ["name_wallboard", "make_wallboard"]
    socket = await screen(office, token)
    assert (await wall(socket))["name"] == "Canteen"


async def test_a_new_day_is_told_without_anybody_calling(office: Bureau) -> None:
    """Every queue's figures, where they changed."""
    _, token = await made(office)
    socket = await screen(office, token)
    await wall(socket)
    await office.submit("first_chat")
    work = await wall(socket, lambda one: any(each["today"]["arrived"] for each in one["queues"]))
    assert [one["queue"] for one in work["queues"] if one["today"]["arrived"]] == ["first_chat"]
    keeper = office.node.core.management.statistics
    midnight = keeper._midnight
    keeper._midnight = lambda now: midnight(now) + 86_400_000_000  # type: ignore[method-assign]
    await office.node.core.pump.post(DayStarted(), "test")
    fresh = await wall(socket, lambda one: any(each["queue"] == "first_chat" for each in one["queues"]))
    (chat,) = [one for one in fresh["queues"] if one["queue"] == "first_chat"]
    assert chat["today"]["arrived"] == 0
