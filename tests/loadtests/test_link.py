"""An agent's connection comes back where it was, and says again what was not answered."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

ROOT = Path(__file__).resolve().parents[2]
# gevent takes the place of the standard sockets, so this is a process of its own.
PROGRAM = """
from gevent import monkey
monkey.patch_all()
import json, random, sys
from types import SimpleNamespace
import gevent
from loadtests.link import Link
from loadtests.tally import Tally

plan = SimpleNamespace(msgpack_share=float(sys.argv[2]))
fired = []
load = SimpleNamespace(plan=plan, tally=Tally(), host=sys.argv[1], fire=lambda *what: fired.append(what[:2]))
took = []
link = Link(load, "a token", random.Random(1), took.append)
link.open()
answers = [link.ask("accept", {"reservation_id": "r1"}), link.insist("hang_up", {"reservation_id": "r1"})]
link.close()
print(json.dumps([answers, [one["type"] for one in took], load.tally.repeated, load.tally.errors, fired]))
"""


class Office:
    """A server that breaks the first connection without an answer, and forgets the session after the second."""

    def __init__(self, binary: bool) -> None:
        self.heard: list[list[dict[str, Any]]] = []
        self._binary = binary

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        ws = web.WebSocketResponse(protocols=("jackfield.v1.json", "jackfield.v1.msgpack"))
        await ws.prepare(request)
        assert ws.ws_protocol == ("jackfield.v1.msgpack" if self._binary else "jackfield.v1.json")
        number = len(self.heard)
        heard: list[dict[str, Any]] = []
        self.heard.append(heard)
        async for message in ws:
            assert (message.type is WSMsgType.BINARY) == self._binary
            one = self._decoded(message.data)
            heard.append(one)
            if one["type"] == "hello":
                await self._say(ws, type="welcome", session="s", resumed=number == 1, server_time_us=0)
                if number == 2:
                    await self._say(ws, type="snapshot", seq=1)
            elif number == 0 or (number == 1 and one["type"] == "hang_up"):
                await ws.close()
            else:
                await self._say(ws, type="done", seq=len(heard), ref=one["ref"])
        return ws

    def _decoded(self, data: Any) -> dict[str, Any]:
        import msgpack

        found: dict[str, Any] = msgpack.unpackb(data) if self._binary else json.loads(data)
        return found

    async def _say(self, ws: web.WebSocketResponse, **message: Any) -> None:
        import msgpack

        if self._binary:
            await ws.send_bytes(msgpack.packb(message))
        else:
            await ws.send_str(json.dumps(message))


@pytest.mark.parametrize("binary", [False, True])
async def test_a_broken_connection_loses_no_request(binary: bool) -> None:
    office = Office(binary)
    app = web.Application()
    app.router.add_get("/api/v1/agents/ws", office.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        command = [sys.executable, "-c", PROGRAM, f"http://127.0.0.1:{port}", str(float(binary))]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
        try:
            out, err = await asyncio.wait_for(process.communicate(), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    finally:
        await runner.cleanup()
    assert process.returncode == 0, err.decode()
    answers, took, repeated, errors, fired = json.loads(out)
    first, second, third = office.heard
    assert [one["type"] for one in first] == ["hello", "accept"]
    assert [one["type"] for one in second] == ["hello", "accept", "hang_up"]
    assert first[1] == second[1], "the same request with the same ref"
    assert (second[0]["session"], second[0]["last_seq"]) == ("s", 0)
    assert [one["type"] for one in third] == ["hello", "hang_up"]
    assert third[1]["ref"] != second[2]["ref"], "a snapshot settled the first, so this is a new one"
    assert [answer["type"] for answer in answers] == ["done", "done"]
    assert (took, repeated, errors) == (["done", "snapshot", "done"], 1, {})
    assert ["WS", "reconnect"] in fired
