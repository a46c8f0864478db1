"""The board's socket: hello, snapshot, changes, what is out of reach, and clients that do not behave."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from http_api.alerts_api import AlertOverview
from http_api.board_ws import BoardSocket, BoardWork, Change, Key, Snapshot, Thing, Titles, View
from http_api.ports import AgentOverview, ChannelOverview, QueueOverview
from records.accounts import Role
from records.roles import Scope
from records.sessions import Caller, SignedIn
from router.alerts import Alert, AlertKind

SAM = Scope(Role.SUPERVISOR, "sam", frozenset({"t"}), frozenset({"ann"}), frozenset({"sales", "care"}))


class Ledger:
    """A feed that a test writes."""

    def __init__(self) -> None:
        self.version = 0
        self.kept: dict[Key, tuple[int, Thing | None]] = {}
        self.floor = 0
        self.watchers = 0
        self.news = asyncio.Event()

    def subscribe(self) -> None:
        self.watchers += 1

    def unsubscribe(self) -> None:
        self.watchers -= 1

    def put(self, key: Key, thing: Thing | None) -> None:
        self.version += 1
        self.kept[key] = (self.version, thing)
        self.news.set()

    def since(self, version: int) -> Mapping[Key, Thing | None] | None:
        if version < self.floor:
            return None
        return {key: thing for key, (changed, thing) in self.kept.items() if changed > version}

    def everything(self) -> Mapping[Key, Thing]:
        return {key: thing for key, (_, thing) in self.kept.items() if thing is not None}

    async def wait(self, version: int) -> None:
        while self.version <= version:
            self.news.clear()
            await self.news.wait()


def person(agent_id: str, team: str, load: int = 0) -> AgentOverview:
    return AgentOverview(
        agent_id=agent_id, team=team, presence="ready", reason=None, since=0, connected=True, load=load, capacity=3
    )


def queue(name: str, waiting: int = 0) -> QueueOverview:
    return QueueOverview(queue=name, medium="voice", waiting=waiting, oldest_queued_at=None)


def item(work_id: str, name: str) -> BoardWork:
    return BoardWork(
        work_id=work_id,
        interaction_id=f"i-{work_id}",
        medium="voice",
        queue=name,
        state="waiting",
        queued_at=1,
        attempts=0,
        order=(0, 1, 1),
        requirements={},
    )


def test_a_snapshot_then_changes_within_reach() -> None:
    feed, view = Ledger(), View()
    feed.put(("queues", "sales"), queue("sales"))
    feed.put(("queues", "other"), queue("other"))
    first = view.next(feed, SAM, 5)
    assert isinstance(first, Snapshot)
    assert [each.queue for each in first.queues] == ["sales"]
    assert view.next(feed, SAM, 6) is None
    feed.put(("queues", "other"), queue("other", 3))
    assert view.next(feed, SAM, 7) is None
    feed.put(("work", "w1"), item("w1", "sales"))
    change = view.next(feed, SAM, 8)
    assert isinstance(change, Change)
    assert ([each.work_id for each in change.work], change.gone.work) == (["w1"], ())


def test_what_moves_out_of_reach_is_gone_and_once_only() -> None:
    feed, view = Ledger(), View()
    feed.put(("work", "w1"), item("w1", "sales"))
    view.next(feed, SAM, 1)
    feed.put(("work", "w1"), item("w1", "other"))
    change = view.next(feed, SAM, 2)
    assert isinstance(change, Change)
    assert change.gone.work == ("w1",)
    feed.put(("work", "w1"), None)
    assert view.next(feed, SAM, 3) is None


def test_alerts_of_the_own_teams_and_when_they_are_over() -> None:
    feed, view = Ledger(), View()
    for number, name in ((1, "sales"), (2, "other")):
        alert = AlertOverview.of(Alert(number, AlertKind.BREACH, "queue", name, 5))
        feed.put(("alerts", str(number)), alert)
    first = view.next(feed, SAM, 1)
    assert isinstance(first, Snapshot)
    assert [each.id for each in first.alerts] == [1]
    feed.put(("alerts", "1"), None)
    feed.put(("alerts", "2"), None)
    change = view.next(feed, SAM, 2)
    assert isinstance(change, Change)
    assert change.gone.alerts == ("1",)


def test_too_long_ago_or_another_scope_begins_anew() -> None:
    feed, view = Ledger(), View()
    feed.put(("work", "w1"), item("w1", "sales"))
    view.next(feed, SAM, 1)
    feed.put(("work", "w2"), item("w2", "sales"))
    feed.floor = feed.version + 1
    again = view.next(feed, SAM, 2)
    assert isinstance(again, Snapshot)
    assert len(again.work) == 2
    feed.floor = 0
    narrow = Scope(Role.SUPERVISOR, "sam", frozenset(), frozenset(), frozenset())
    empty = view.next(feed, narrow, 3)
    assert isinstance(empty, Snapshot)
    assert empty.work == ()


def test_nothing_outside_the_scope_is_ever_sent() -> None:
    """Every kind of thing, in and out of reach, in snapshots and in changes, and when reach is lost."""
    feed, view = Ledger(), View()
    for number, name in enumerate(("sales", "secret")):
        team = ("t", "u")[number]
        agent_id = ("ann", "eve")[number]
        feed.put(("queues", name), queue(name))
        feed.put(("work", f"w-{name}"), item(f"w-{name}", name))
        feed.put(("agents", agent_id), person(agent_id, team))
        feed.put(("channels", team), ChannelOverview(channel=team, title="", medium="voice", owner=team))
    sent = [view.next(feed, SAM, 1)]
    for number in range(3):
        feed.put(("queues", "secret"), queue("secret", number + 1))
        feed.put(("agents", "eve"), person("eve", "u", load=number + 1))
        feed.put(("work", "w-secret"), item("w-secret", "secret"))
        feed.put(("channels", "u"), ChannelOverview(channel="u", title=str(number), medium="voice", owner="u"))
        sent.append(view.next(feed, SAM, 2))
    feed.put(("work", "w-secret"), None)
    feed.put(("work", "w-sales"), item("w-sales", "secret"))
    sent.append(view.next(feed, SAM, 3))
    told = msgspec.json.encode(sent).decode()
    for secret in ("secret", '"eve"', '"u"'):
        assert secret not in told
    last = sent[-1]
    assert isinstance(last, Change)
    assert last.gone.work == ("w-sales",)


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
    assert await read(ws) == {"type": "beat", "server_time_us": 7}, "while nothing happens"
    await ws.close()
    async with asyncio.timeout(5):
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
