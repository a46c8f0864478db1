"""The board's socket: hello, snapshot, changes, what is out of reach, and clients that do not behave."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from http_api.board_messages import Titles
from http_api.board_ws import BoardSocket
from records.accounts import Role
from records.roles import Scope
from records.sessions import Caller, SignedIn
from tests.http_api.ledger import SAM, Ledger, queue


class Door:
    def __init__(self) -> None:
        self.open = True

    async def sign_in(self, name: str, password: str, now: int) -> SignedIn | None:
        return None

    async def sign_out(self, token: str) -> None:
        return None

    async def authenticate(self, token: str, now: int) -> Caller | None:
        role = {"sam": Role.SUPERVISOR, "ann": Role.AGENT, "key": Role.API}.get(token)
        return Caller(token, role, token, 99) if role is not None and self.open else None


class Sees:
    def of(self, caller: Caller) -> Scope:
        return SAM


class Office:
    def __init__(self) -> None:
        self.feed, self.door = Ledger(), Door()
        self.titles = Titles(reasons={"lunch": {"en": "Lunch"}})
        self.socket = BoardSocket(
            self.feed,
            self.door,
            Sees(),
            lambda: 7,
            lambda request: request.headers.get("Origin") != "http://evil",
            lambda: self.titles,
            beat_s=0.5,
        )

    async def connect(self, client: "TestClient[Any, Any]", first: Any) -> ClientWebSocketResponse:
        ws = await client.ws_connect("/board")
        await ws.send_str(first if isinstance(first, str) else json.dumps(first))
        return ws


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
async def client(office: Office) -> Any:
    app = web.Application()
    app.router.add_get("/board", office.socket.handle)
    async with TestClient(TestServer(app)) as made:
        yield made


async def read(ws: ClientWebSocketResponse) -> dict[str, Any]:
    return dict(json.loads((await ws.receive(timeout=5)).data))


async def test_a_watcher_is_told(office: Office, client: "TestClient[Any, Any]") -> None:
    office.feed.put(("queues", "sales"), queue("sales"))
    ws = await office.connect(client, {"type": "hello", "token": "sam"})
    welcome = await read(ws)
    assert (welcome["type"], welcome["role"], welcome["teams"]) == ("welcome", "supervisor", ["t"])
    assert (welcome["reasons"], welcome["beat_us"]) == ({"lunch": {"en": "Lunch"}}, 500_000)
    assert (await read(ws))["type"] == "snapshot"
    assert office.feed.watchers == office.socket.watchers == 1
    office.feed.put(("queues", "sales"), queue("sales", 2))
    change = await read(ws)
    while change["type"] == "beat":
        change = await read(ws)
    assert (change["type"], change["queues"][0]["waiting"]) == ("change", 2)
    assert await read(ws) == {"type": "beat", "server_time_us": 7, "peers": []}, "while nothing happens"
    await ws.close()
    async with asyncio.timeout(30):
        while office.feed.watchers or office.socket.watchers:
            await asyncio.sleep(0.005)


async def test_new_names_are_told_without_a_new_connection(office: Office, client: "TestClient[Any, Any]") -> None:
    ws = await office.connect(client, {"type": "hello", "token": "sam"})
    assert [(await read(ws))["type"] for _ in range(2)] == ["welcome", "snapshot"]
    office.titles = Titles(reasons={"meal": {"en": "Meal"}}, limits={"": 60})
    office.feed.version += 1
    office.feed.news.set()
    told = await read(ws)
    while told["type"] == "beat":
        told = await read(ws)
    assert (told["type"], told["reasons"], told["limits"]) == ("titles", {"meal": {"en": "Meal"}}, {"": 60})


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "hello", "token": "nobody"}, 4401),
        ({"type": "hello", "token": "ann"}, 4403),
        ({"type": "hello", "token": "key"}, 4403),
        ({"type": "hullo"}, 4400),
        ("nonsense", 4400),
    ],
)
async def test_who_may_not_watch(office: Office, client: "TestClient[Any, Any]", first: Any, code: int) -> None:
    ws = await office.connect(client, first)
    end = await ws.receive(timeout=5)
    assert end.type is WSMsgType.CLOSE
    assert (ws.close_code, office.feed.watchers) == (code, 0)


async def test_a_session_that_ended_is_noticed(
    office: Office, client: "TestClient[Any, Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("http_api.board_ws.CHECK_S", 0.01)
    ws = await office.connect(client, {"type": "hello", "token": "sam"})
    assert [(await read(ws))["type"] for _ in range(2)] == ["welcome", "snapshot"]
    office.door.open = False
    assert (await ws.receive(timeout=5)).type is WSMsgType.CLOSE
    assert ws.close_code == 4401


async def test_who_is_gone_without_a_word_holds_up_nobody_elses_goodbye(
    office: Office, client: "TestClient[Any, Any]"
) -> None:
    silent = []
    for _ in range(3):
        ws = await client.ws_connect("/board", autoclose=False)
        await ws.send_str(json.dumps({"type": "hello", "token": "sam"}))
        await ws.receive()
        silent.append(ws)
    closing = asyncio.create_task(office.socket.aclose())
    for ws in silent:
        while (message := await ws.receive()).type is not WSMsgType.CLOSE:
            pass
        assert message.data == 1001
    for ws in silent:
        assert not ws._response.connection.transport.is_closing(), "given up before"  # type: ignore[union-attr]
    await asyncio.gather(*(ws.close() for ws in silent))
    await closing


async def test_a_talkative_watcher_a_foreign_page_and_the_end(office: Office, client: "TestClient[Any, Any]") -> None:
    ws = await office.connect(client, {"type": "hello", "token": "sam"})
    await ws.send_str("more")
    while (await ws.receive(timeout=5)).type is WSMsgType.TEXT:
        continue
    assert ws.close_code == 4400
    assert (await client.get("/board", headers={"Origin": "http://evil"})).status == 500  # no middleware here
    ws = await office.connect(client, {"type": "hello", "token": "sam"})
    await read(ws)
    await office.socket.aclose()
    while (await ws.receive(timeout=5)).type is WSMsgType.TEXT:
        continue
    assert ws.close_code == 1001
