"""A change tried out on a running node: the right direction, nothing touched, ends with who asked, a few at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from http_api.what_if_api import Change
from http_api.what_if_messages import Failed
from records.accounts import Role
from records.sessions import Caller
from server.floor import what_if
from server.floor.what_if_worker import encode
from tests.server.bureau import Bureau, bureau
from tests.server.floor.test_what_if_worker import question

pytestmark = pytest.mark.asyncio(loop_scope="module")
WAITING = 9
HELP = {"queues": [{"queue": "first_chat", "teams": ["first_line", "second_line"]}]}
NOTHING = {"queues": [{"queue": "first_chat", "priority": 0}]}


@asynccontextmanager
async def asked(office: Bureau, draft: Any, who: str = "ops9") -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {"Authorization": f"Bearer {await office.token(who)}"}
    async with office.session.post(f"{office.base}/api/v1/what-if", json=draft, headers=headers) as answer:
        yield answer


async def line_of(answer: aiohttp.ClientResponse, kind: str, pairs: int = 0) -> dict[str, Any]:
    """The next line of that kind with at least so many pairs."""
    async with asyncio.timeout(60):
        while True:
            line: dict[str, Any] = json.loads(await answer.content.readline())
            if line["type"] == kind and line.get("pairs", 0) >= pairs:
                return line


def first_chat(line: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in line["queues"] if one["queue"] == "first_chat"]
    return dict(found)


async def crowded(office: Bureau) -> None:
    """One agent of the first line is there, one of the second has nothing to do, and many wait for the first."""
    await office.connect("agent2")
    await office.connect("agent4")
    for agent in ("agent2", "agent4"):
        assert (await office.ask("ops9", "POST", f"agents/{agent}/presence", {"presence": "ready"}))[0] == 204
    for _ in range(WAITING):
        await office.submit()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bureau]:
    async with bureau(tmp_path_factory.mktemp("what_if")) as office:
        await crowded(office)
        yield office


@pytest_asyncio.fixture(loop_scope="module")
async def office(crowd: Bureau) -> Bureau:
    """Nothing of the test before is open."""
    await quiet(crowd)
    return crowd


async def quiet(office: Bureau) -> None:
    """No question is open, and its process is gone."""
    async with asyncio.timeout(30):
        while what_if_of(office).asking:
            await asyncio.sleep(0.02)


def what_if_of(office: Bureau) -> what_if.WhatIf:
    found = office.node.web.what_if
    assert isinstance(found, what_if.WhatIf)
    return found


async def test_help_for_a_crowded_queue_is_predicted_and_touches_nothing(office: Bureau) -> None:
    pump = office.node.core.pump
    await pump.drain()
    before = (pump.sequence, pump.dispatcher.agents(), pump.dispatcher.policy.version)
    rules = await office.ask("ops9", "GET", "queues/first_chat/rules")
    async with asked(office, HELP) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/x-ndjson"
        assumed = await line_of(answer, "assumed")
        found = first_chat(await line_of(answer, "compared", 6))
    assert found["level"]["verdict"] == "higher"
    assert found["wait_us"]["verdict"] == "lower"
    assert found["wait_us"]["difference"]["high"] < 0
    assert found["level"]["before"]["value"] < found["level"]["after"]["value"]
    told = first_chat(assumed)
    assert (told["handling_from"], told["patience_from"]) == ("assumed", "assumed")
    assert assumed["open_work"] == WAITING
    await quiet(office)
    # The journal grows by timers alone: as many turns as the sequence says, and none of them is of this.
    assert (pump.dispatcher.agents(), pump.dispatcher.policy.version) == before[1:]
    entries = await office.node.core.journal.read_journal(before[0], 100)
    assert {entry.cause for entry in entries} <= {"timer"}
    assert await office.ask("ops9", "GET", "queues/first_chat/rules") == rules


async def test_no_change_is_no_difference_at_all_and_one_agent_fewer_is(office: Bureau) -> None:
    async with asked(office, NOTHING) as answer:
        line = await line_of(answer, "compared", 4)
    await quiet(office)
    for queue in line["queues"]:
        for measure in ("arrivals", "level", "wait_us", "abandoned", "unserved"):
            assert queue[measure]["verdict"] in ("equal", "unknown")
            assert queue[measure]["difference"]["value"] in (0, None)

    # A presence can be tried too; a supervisor is told of their own queues and teams.
    draft = {"agents": [{"agent_id": "agent2", "presence": "not_ready"}]}
    async with asked(office, draft, "super9") as answer:
        line = await line_of(answer, "compared", 6)
    assert first_chat(line)["level"]["verdict"] != "higher", "hardly anybody is served in time as it is"
    # How sure it is of that depends on how many days it had time for.
    assert first_chat(line)["abandoned"]["verdict"] in ("higher", "unclear")
    assert first_chat(line)["abandoned"]["difference"]["value"] > 0
    assert [one["queue"] for one in line["queues"] if one["queue"] == "expert_chat"] == [], "others' queues"
    assert [one["team"] for one in line["teams"]] == ["first_line"]


async def test_a_peak_plan_is_tried_by_its_name(office: Bureau) -> None:
    _, rules = await office.ask("ops9", "GET", "plans")
    plan = {"title": {"en": "Peak"}, "rows": {"queue:first_chat": {"teams": ["first_line", "second_line"]}}}
    status, saved = await office.ask("ops9", "PUT", "plans/peak", {**plan, "based_on": rules["version"]})
    assert status == 200, saved
    async with asked(office, {"plan": "peak"}) as answer:
        line = await line_of(answer, "compared", 6)
    assert first_chat(line)["level"]["verdict"] == "higher"
    assert (await office.ask("super9", "POST", "what-if", {"plan": "peak"}))[0] == 404


async def test_two_at_a_time_and_who_goes_makes_room(office: Bureau) -> None:
    async with asked(office, HELP) as one, asked(office, HELP) as two:
        await line_of(one, "assumed")
        await line_of(two, "assumed")
        assert what_if_of(office).asking == what_if.MAX_ASKING
        status, problem = await office.ask("ops9", "POST", "what-if", HELP)
        assert (status, problem["type"]) == (503, "urn:jackfield:problem:busy")
    await quiet(office)
    async with asked(office, HELP) as again:
        assert again.status == 200


async def test_who_goes_before_the_first_line_makes_room(office: Bureau) -> None:
    boss = Caller("ops9", Role.ADMINISTRATOR, None, 1)
    asked_of, scope = what_if_of(office), office.node.core.management.scopes.of(boss)
    for _ in range(what_if.MAX_ASKING + 1):
        lines = await asked_of.ask(Change({}, {}), scope)
        await lines.aclose()
    assert asked_of.asking == 0


async def test_what_makes_no_rules_is_refused_before_anything_is_played(office: Bureau) -> None:
    status, problem = await office.ask("ops9", "POST", "what-if", {"queues": [{"queue": "nowhere", "priority": 1}]})
    assert status == 404
    wrong = {"agents": [{"agent_id": "agent2", "skills": {"klingon": 3}}]}
    status, problem = await office.ask("ops9", "POST", "what-if", wrong)
    assert (status, problem["type"]) == (422, "urn:jackfield:problem:bad-rules")
    assert "klingon" in problem["detail"]
    assert what_if_of(office).asking == 0


async def test_a_process_that_fails_is_told() -> None:
    broken = msgspec.structs.replace(question(), before=b"\xff")
    lines = [line async for line in what_if.answers(encode(broken))]
    assert lines[-1] == Failed("failed")
