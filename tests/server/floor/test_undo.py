"""Interventions taken back on a whole node, over HTTP: exactly, and not when somebody was there since."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from records.audit import UNDO
from tests.server.bureau import Bureau, bureau


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: Any) -> AsyncIterator[Bureau]:
    folder: Path = tmp_path_factory.mktemp("undo")
    async with bureau(folder) as office:
        await office.connect("agent1")
        yield office


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def done(office: Bureau, method: str, path: str, body: Any) -> int:
    """The audit entry of what was done."""
    headers = {"Authorization": f"Bearer {await office.token('ops9')}"}
    async with office.session.request(method, f"{office.base}/api/v1/{path}", json=body, headers=headers) as answer:
        assert answer.status in (200, 204), await answer.text()
        return int(answer.headers["Audit-Entry"])


async def undo(office: Bureau, entry: int, who: str = "ops9", **more: Any) -> tuple[int, str]:
    status, answer = await office.ask(who, "POST", f"audit/{entry}/undo", more)
    return status, "" if answer is None else str(answer["type"]).rpartition(":")[2]


async def rules_of(office: Bureau, path: str) -> dict[str, Any]:
    return dict((await office.ask("ops9", "GET", f"{path}/rules"))[1])


async def test_skills_are_as_they_were(office: Bureau) -> None:
    before = await rules_of(office, "agents/agent1")
    body = {"based_on": before["version"], "skills": {"english": 1}, "comment": "a try"}
    entry = await done(office, "PUT", "agents/agent1/skills", body)
    assert (await undo(office, entry))[0] == 204
    after = await rules_of(office, "agents/agent1")
    assert (after["skills"], after["edited"]) == (before["skills"], [])
    assert office.node.core.pump.dispatcher.policy.agents["agent1"].skills == before["skills"]
    assert await undo(office, entry) == (409, "already-undone")
    page = (await office.ask("ops9", "GET", "audit?limit=2"))[1]
    newest = page["items"][0]
    assert (newest["action"], newest["subject"], newest["after"]["undoes"]) == (UNDO, "agent:agent1", entry)
    assert newest["after"]["skills"] == before["skills"]
    assert page["undone"] == [entry]
    assert await undo(office, newest["id"]) == (409, "not-undoable")


async def test_a_key_that_somebody_changed_since_is_not_overwritten(office: Bureau) -> None:
    version = (await rules_of(office, "queues/first_chat"))["version"]
    changes = {"priority": 8, "wrap_up_us": 5_000_000}
    entry = await done(office, "PATCH", "queues/first_chat/rules", {"based_on": version, **changes})
    version = (await rules_of(office, "queues/first_chat"))["version"]
    await done(
        office, "PATCH", "queues/first_chat/rules", {"based_on": version, "priority": 9, "offer_timeout_us": 9_000_000}
    )
    status, answer = await office.ask("ops9", "POST", f"audit/{entry}/undo", {})
    assert (status, answer["changes"][0]["after"]["priority"]) == (409, 9)
    assert (await rules_of(office, "queues/first_chat"))["wrap_up_us"] == 5_000_000
    assert (await undo(office, entry, anyway=True))[0] == 204
    after = await rules_of(office, "queues/first_chat")
    assert (after["priority"], after["wrap_up_us"], after["offer_timeout_us"]) == (9, 30_000_000, 9_000_000)


async def test_another_key_of_the_same_queue_is_nobodys_conflict(office: Bureau) -> None:
    version = (await rules_of(office, "queues/expert_chat"))["version"]
    entry = await done(office, "PATCH", "queues/expert_chat/rules", {"based_on": version, "priority": 8})
    version = (await rules_of(office, "queues/expert_chat"))["version"]
    await done(office, "PATCH", "queues/expert_chat/rules", {"based_on": version, "opening": "open"})
    assert (await undo(office, entry))[0] == 204
    after = await rules_of(office, "queues/expert_chat")
    assert (after["priority"], after["opening"], after["edited"]) == (0, "open", ["opening"])


async def test_presence_goes_back_unless_it_changed(office: Bureau) -> None:
    await done(office, "POST", "agents/agent1/presence", {"presence": "not_ready", "reason": "lunch"})
    ready = await done(office, "POST", "agents/agent1/presence", {"presence": "ready"})
    assert (await undo(office, ready))[0] == 204
    row = office.node.core.pump.dispatcher.agent("agent1")
    assert row is not None
    assert (row.presence.value, row.reason) == ("not_ready", "lunch")
    lunch = await done(office, "POST", "agents/agent1/presence", {"presence": "ready"})
    await done(office, "POST", "agents/agent1/presence", {"presence": "not_ready", "reason": "training"})
    assert await undo(office, lunch) == (409, "changed-since")


async def test_moved_and_directed_items_go_back(office: Bureau) -> None:
    work = (await office.submit("first_chat"))["work_id"]
    row = office.node.core.pump.dispatcher.work
    directed = await done(office, "POST", f"work/{work}/direct", {"agent_id": "agent1"})
    moved = await done(office, "POST", f"work/{work}/move", {"queue": "expert_chat"})
    assert await undo(office, directed) == (409, "changed-since")
    assert (await undo(office, moved))[0] == 204
    found = row(work)
    assert found is not None
    assert (found.queue, found.directed) == ("first_chat", "agent1")
    assert (await undo(office, directed))[0] == 204
    found = row(work)
    assert found is not None
    assert found.directed is None
    ended = await done(office, "POST", f"work/{work}/cancel", {})
    assert await undo(office, ended) == (409, "not-undoable")
    assert await undo(office, moved) == (409, "already-undone")


async def test_many_items_move_each_with_its_answer(office: Bureau) -> None:
    works = [(await office.submit("first_chat"))["work_id"] for _ in range(3)]
    await done(office, "POST", f"work/{works[2]}/cancel", {})
    body = {"work_ids": works, "queue": "expert_chat", "comment": "too many"}
    status, answer = await office.ask("ops9", "POST", "work/move", body)
    assert status == 200
    assert [item["code"] for item in answer["items"]] == [None, None, "unknown_work"]
    for item in answer["items"][:2]:
        assert (await undo(office, item["entry"]))[0] == 204
        await done(office, "POST", f"work/{item['work_id']}/cancel", {})
    # Of another team: as if they were not there.
    theirs = (await office.submit("expert_chat"))["work_id"]
    status, answer = await office.ask("super9", "POST", "work/move", {"work_ids": [theirs], "queue": "first_chat"})
    assert (status, answer["items"][0]["code"]) == (200, "unknown_work")
    assert (await office.ask("super9", "POST", "work/move", {"work_ids": [theirs], "queue": "expert_chat"}))[0] == 422
    await done(office, "POST", f"work/{theirs}/cancel", {})


async def test_entries_of_others_are_not_there(office: Bureau) -> None:
    version = (await rules_of(office, "queues/expert_chat"))["version"]
    theirs = await done(office, "PATCH", "queues/expert_chat/rules", {"based_on": version, "priority": 2})
    assert await undo(office, theirs, "super9") == (404, "not-found")
    assert await undo(office, 10**9) == (404, "not-found")
    assert (await office.ask("ops9", "POST", "audit/x/undo", {}))[0] == 404
