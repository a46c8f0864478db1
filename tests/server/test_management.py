"""Supervisors, programs, the live board and webhooks on a whole node, with a restart."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from router.vocabulary import WorkState
from server.web.webhooks import signature
from tests.ports import free_port
from tests.server.bureau import Bureau, bureau
from tests.waiting import until

HOOKS = """
[hooks.crm]
url = "http://127.0.0.1:{port}/hook"
events = ["work.queued", "work.closed"]
secret_env = "CRM_SECRET"
"""


class Board:
    """A watcher who keeps the board as the messages say."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.things: dict[tuple[str, str], dict[str, Any]] = {}
        self.kinds: list[str] = []

    async def until(self, holds: Any, what: str) -> None:
        async with asyncio.timeout(30):
            while not holds(self.things):
                self.take(json.loads((await self.socket.receive()).data))
        assert holds(self.things), what

    def take(self, message: dict[str, Any]) -> None:
        self.kinds.append(message["type"])
        if message["type"] == "snapshot":
            self.things = {}
        for kind, name in (("queues", "queue"), ("agents", "agent_id"), ("work", "work_id"), ("alerts", "id")):
            self.things.update({(kind, str(each[name])): each for each in message.get(kind, ())})
            for gone in message.get("gone", {}).get(kind, ()):
                del self.things[kind, gone]


async def work_state(office: Bureau, work_id: str) -> WorkState | None:
    row = office.node.core.pump.dispatcher.work(work_id)
    return None if row is None else row.state


async def test_a_shift_with_a_restart(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        url = f"{office.base.replace('http', 'ws')}/api/v1/board/ws"
        async with office.session.ws_connect(url) as socket:
            await socket.send_str(json.dumps({"type": "hello", "token": await office.token("super9")}))
            board = Board(socket)
            await board.until(lambda things: ("queues", "first_chat") in things, "a snapshot")
            assert ("queues", "expert_chat") not in board.things
            assert board.kinds == ["welcome", "snapshot"]

            first = await office.submit(requirements={"mandarin": 10}, data={"subject": "hello"})
            work = first["work_id"]
            await board.until(lambda things: ("work", work) in things, "the item")
            await board.until(lambda things: things["queues", "first_chat"]["waiting"] == 1, "the count")
            status, listed = await office.ask("super9", "GET", "work")
            assert (status, listed["total"], listed["work"][0]["place"]) == (200, 1, 1)
            assert listed["work"][0]["explanation"]["failed"]["skill"] >= 1

            # Nobody can take it; a skill set live lets the one who is ready have it at once.
            await office.connect("agent1")
            assert (await office.ask("super9", "POST", "agents/agent1/presence", {"presence": "ready"}))[0] == 204
            _, rules = await office.ask("super9", "GET", "agents/agent1/rules")
            skills = {"based_on": rules["version"], "skills": {"mandarin": 10}, "comment": "speaks it"}
            assert (await office.ask("super9", "PUT", "agents/agent1/skills", skills))[0] == 200
            await board.until(lambda things: things["work", work]["offered_to"] == "agent1", "the offer")
            late = {"based_on": rules["version"], "skills": {}}
            status, conflict = await office.ask("ops9", "PUT", "agents/agent1/skills", late)
            assert (status, conflict["changes"][0]["by"]) == (409, "super9")

            moved = {"queue": "web_chat", "comment": "busy"}
            assert (await office.ask("super9", "POST", f"work/{work}/move", moved))[0] == 204
            await board.until(lambda things: things["work", work]["queue"] == "web_chat", "the move")
            directed = {"agent_id": "agent2"}
            assert (await office.ask("super9", "POST", f"work/{work}/direct", directed))[0] == 204
            await board.until(lambda things: things["work", work]["directed"] == "agent2", "the direction")
            assert (await office.ask("super9", "POST", f"work/{work}/cancel", {"comment": "stuck"}))[0] == 204
            await board.until(lambda things: ("work", work) not in things, "the end")
        _, audit = await office.ask("super9", "GET", "audit")
        told = [(item["action"], item["by"]) for item in reversed(audit["items"])]
        assert [action for action, _ in told] == [
            "set_presence",
            "set_rules",
            "move_work",
            "direct_work",
            "cancel_work",
        ]
        assert {by for _, by in told} == {"super9"}
        assert audit["items"][-2]["after"]["skills"] == {"mandarin": 10}
        await office.node.core.projection.drained()
        _, story = await office.ask("super9", "GET", f"interactions/{first['interaction_id']}")
        assert story["record"]["outcome"] == "cancelled"
        assert {"moved", "directed", "cancelled"} <= {step["kind"] for step in story["story"]}
        assert story["data"] == {"subject": "hello"}
        waiting = await office.submit()
        version = office.node.core.pump.dispatcher.policy.version
    async with bureau(tmp_path) as office:
        assert office.node.core.pump.dispatcher.policy.version == version
        assert office.node.core.pump.dispatcher.policy.agents["agent1"].skills == {"mandarin": 10}
        assert office.node.core.pump.dispatcher.work(waiting["work_id"]) is not None
        assert await office.node.core.management.audit.first_broken() is None


async def test_work_of_programs_goes_through(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        body = {"medium": "chat", "queue": "expert_chat", "channel": "shop", "customer": {"kind": "shop", "value": "7"}}
        key = {"Idempotency-Key": "one"}
        _, first = await office.ask("key:crm", "POST", "work", body, **key)
        assert await office.ask("key:crm", "POST", "work", body, **key) == (201, first)
        status, problem = await office.ask("key:crm", "POST", "work", {**body, "priority": 5}, **key)
        assert (status, problem["type"]) == (422, "urn:jackfield:problem:other-body")
        assert office.node.core.pump.dispatcher.open_work() == 1
        await office.connect("agent4")
        assert (await office.ask("ops9", "POST", "agents/agent4/presence", {"presence": "ready"}))[0] == 204
        (held,) = office.node.core.pump.dispatcher.reservations_of("agent4")
        assert await office.node.voice.desk.accept("agent4", held.reservation_id) is None
        views = office.node.core.pump.dispatcher
        await until(lambda: (row := views.work(first["work_id"])) is not None and row.state is WorkState.CONNECTED)
        assert await office.node.voice.desk.hang_up("agent4", held.reservation_id) is None
        assert await office.node.voice.desk.finish_wrap_up("agent4", held.reservation_id, "resolved", "done") is None
        await office.node.core.pump.drain()
        await office.node.core.projection.drained()
        _, answer = await office.ask("agent4", "GET", f"interactions/{first['interaction_id']}")
        assert (answer["record"]["state"], answer["record"]["outcome"]) == ("closed", "handled")
        _, queues = await office.ask("ops9", "GET", "queues")
        level = next(each for each in queues["queues"] if each["queue"] == "expert_chat")["service_level"]
        assert (level["answered"], level["within"], level["level"]) == (1, 1, 1.0)
        _, found = await office.ask("agent4", "GET", "customers?identity=7&kind=shop")
        _, timeline = await office.ask("agent4", "GET", f"customers/{found['customers'][0]['id']}/timeline")
        assert [item["id"] for item in timeline["items"]] == [first["interaction_id"]]


async def test_webhooks_are_told_after_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", "s3cret")
    heard: list[dict[str, Any]] = []

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        stamp = request.headers["X-Jackfield-Timestamp"]
        assert request.headers["X-Jackfield-Signature"] == signature(b"s3cret", stamp, body)
        if not heard:
            heard.append({})
            return web.Response(status=503)
        heard.append(json.loads(body))
        return web.Response()

    port = free_port()
    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with bureau(tmp_path, HOOKS.format(port=port)) as office:
            work = await office.submit()
            assert (await office.ask("ops9", "POST", f"work/{work['work_id']}/cancel", {}))[0] == 204
            await until(lambda: len(heard) == 3, "both are told, one after a refusal", 15)
            assert {each["kind"] for each in heard[1:]} == {"work.queued", "work.closed"}
            assert all(each["work_id"] == work["work_id"] for each in heard[1:])
            # The log is written after the answer was heard.
            for _ in range(200):
                _, log = await office.ask("ops9", "GET", "webhooks/deliveries")
                if all(item["state"] == "delivered" for item in log["items"]):
                    break
                await asyncio.sleep(0.02)
            assert sorted(item["attempts"] for item in log["items"]) == [1, 2]
    finally:
        await runner.cleanup()


async def test_an_alert_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait past its target: on the board, told to a webhook, acknowledged, and still there after a restart."""
    monkeypatch.setenv("ALERT_SECRET", "s")
    hooks = '[hooks.crm]\nurl = "http://127.0.0.1:9/"\nevents = ["alert.raised"]\nsecret_env = "ALERT_SECRET"\n'
    async with bureau(tmp_path, hooks) as office:
        await office.submit(requirements={"mandarin": 10})
        management, pump = office.node.core.management, office.node.core.pump
        monkeypatch.setattr(management.alerts, "_now", lambda: pump.now() + 31_000_000)
        url = f"{office.base.replace('http', 'ws')}/api/v1/board/ws"
        async with office.session.ws_connect(url) as socket:
            await socket.send_str(json.dumps({"type": "hello", "token": await office.token("super9")}))
            board = Board(socket)
            await board.until(lambda things: any(kind == "alerts" for kind, _ in things), "the alert")
            ((_, number),) = [key for key in board.things if key[0] == "alerts"]
            alert = board.things["alerts", number]
            assert (alert["kind"], alert["subject"], alert["detail"]) == ("breach", "first_chat", {"over": 1})
            assert board.things["queues", "first_chat"]["outlook"]["over"] == 1
            assert (await office.ask("super9", "POST", f"alerts/{number}/acknowledge"))[0] == 200
            await board.until(lambda things: things["alerts", number]["acknowledged_by"] is not None, "the word of it")
        _, deliveries = await office.ask("ops9", "GET", "webhooks/deliveries")
        assert [item["kind"] for item in deliveries["items"]] == ["alert.raised"]
    async with bureau(tmp_path, hooks) as office:
        _, listed = await office.ask("super9", "GET", "alerts?state=open")
        assert [(item["id"], item["acknowledged_by"]) for item in listed["items"]] == [(int(number), "super9")]
