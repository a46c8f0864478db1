"""Peak plans on a whole node: previewed, applied as one change of the policy, reverted exactly, conflicts told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.server.bureau import Bureau, bureau, site_folder

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENING = """
[evening]
title = { en = "Evening peak", zh-CN = "晚高峰", zh-TW = "晚高峰" }
[evening.agents.agent1]
skills = { english = 3 }
[evening.queues.first_chat]
priority = 20
offer_timeout_s = 15
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: Any) -> AsyncIterator[Bureau]:
    folder: Path = tmp_path_factory.mktemp("plans")
    (site_folder(folder) / "plans.toml").write_text(EVENING, encoding="utf-8")
    async with bureau(folder) as office:
        yield office


async def plan(office: Bureau, name: str, who: str = "ops9") -> dict[str, Any]:
    status, answer = await office.ask(who, "GET", f"plans/{name}")
    assert status == 200
    return dict(answer)


async def ask(office: Bureau, verb: str, name: str, **body: Any) -> tuple[int, Any]:
    return await office.ask(body.pop("who", "ops9"), "POST", f"plans/{name}/{verb}", body)


def policies(office: Bureau) -> str:
    return office.node.core.pump.dispatcher.policy.version


async def rules(office: Bureau, path: str) -> dict[str, Any]:
    return dict((await office.ask("ops9", "GET", f"{path}/rules"))[1])


async def test_a_plan_of_the_files_is_previewed_applied_and_reverted_exactly(office: Bureau) -> None:
    shown, before = await plan(office, "evening"), policies(office)
    assert {(each["subject"], each["key"]): (each["before"], each["after"]) for each in shown["changes"]} == {
        ("agent:agent1", "skills"): ({"english": 8, "orders": 7}, {"english": 3}),
        ("queue:first_chat", "priority"): (0, 20),
        ("queue:first_chat", "offer_timeout_s"): (20.0, 15.0),
    }
    assert (shown["saved"], shown["applied"], shown["problems"]) == (False, None, [])
    sequence = office.node.core.pump.sequence
    assert (await ask(office, "apply", "evening", based_on=shown["version"], comment="rain"))[0] == 204
    assert office.node.core.pump.sequence == sequence + 1  # one PolicyChanged for all of it
    policy = office.node.core.pump.dispatcher.policy
    assert (policy.queues["first_chat"].priority, policy.agents["agent1"].skills) == (20, {"english": 3})
    applied = await plan(office, "evening")
    assert (applied["changes"], applied["applied"]["by"]) == ([], "ops9")
    status, answer = await ask(office, "apply", "evening", based_on=applied["version"])
    assert (status, answer["type"].rpartition(":")[2]) == (409, "already-applied")
    assert (await ask(office, "revert", "evening"))[0] == 204
    assert policies(office) == before
    assert (await plan(office, "evening"))["applied"] is None
    assert (await ask(office, "revert", "evening"))[0] == 409
    _, log = await office.ask("ops9", "GET", "audit?limit=2")
    undone, done = log["items"]
    assert (done["action"], done["subject"], done["comment"]) == ("apply_plan", "plan:evening", "rain")
    assert (done["before"]["queue:first_chat.priority"], done["after"]["queue:first_chat.priority"]) == (0, 20)
    assert (undone["action"], undone["after"]["queue:first_chat.priority"]) == ("undo", 0)
    assert undone["after"]["undoes"] == done["id"]


async def test_a_plan_that_changes_nothing_is_reverted_too(office: Bureau) -> None:
    version = (await plan(office, "evening"))["version"]
    body = {"based_on": version, "title": {"en": "As it is"}, "rows": {"queue:web_chat": {"priority": 5}}}
    assert (await office.ask("ops9", "PUT", "plans/as_it_is", body))[0] == 200
    for _ in range(2):
        version = (await plan(office, "as_it_is"))["version"]
        assert (await ask(office, "apply", "as_it_is", based_on=version))[0] == 204
        assert (await ask(office, "revert", "as_it_is"))[0] == 204
    version = (await plan(office, "as_it_is"))["version"]
    assert (await ask(office, "drop", "as_it_is", based_on=version))[0] == 204


async def test_edits_made_meanwhile_are_told_and_stay(office: Bureau) -> None:
    shown = await plan(office, "evening")
    version = (await rules(office, "queues/first_chat"))["version"]
    await office.ask("ops9", "PATCH", "queues/first_chat/rules", {"based_on": version, "opening": "open"})
    status, answer = await ask(office, "apply", "evening", based_on=shown["version"])
    assert (status, answer["changes"][0]["after"]) == (409, {"opening": "open"})
    shown = await plan(office, "evening")
    assert (await ask(office, "apply", "evening", based_on=shown["version"]))[0] == 204
    version = (await rules(office, "queues/first_chat"))["version"]
    await office.ask("ops9", "PATCH", "queues/first_chat/rules", {"based_on": version, "priority": 7})
    status, answer = await ask(office, "revert", "evening")
    assert (status, answer["changes"][-1]["after"]["priority"]) == (409, 7)
    assert (await rules(office, "queues/first_chat"))["offer_timeout_us"] == 15_000_000
    assert (await ask(office, "revert", "evening", anyway=True))[0] == 204
    after = await rules(office, "queues/first_chat")
    assert (after["priority"], after["opening"], after["offer_timeout_us"]) == (7, "open", 20_000_000)
    assert (await rules(office, "agents/agent1"))["edited"] == []


async def test_live_edits_are_saved_as_a_plan_of_the_own_teams(office: Bureau) -> None:
    version = (await rules(office, "queues/expert_chat"))["version"]
    await office.ask("ops9", "PATCH", "queues/expert_chat/rules", {"based_on": version, "priority": 3})
    version = (await rules(office, "queues/first_chat"))["version"]
    body = {"based_on": version, "title": {"en": "As now", "zh-CN": "现状"}}
    status, saved = await office.ask("super9", "PUT", "plans/as_now", body)
    assert status == 200
    assert saved["rows"] == {"queue:first_chat": {"opening": "open", "priority": 7}}
    assert (saved["titles"], saved["saved"]) == ({"en": "As now", "zh-CN": "现状"}, True)
    everybody = {"queue:expert_chat": {"priority": 9}}
    body = {"based_on": saved["version"], "title": {"en": "Theirs"}, "rows": everybody}
    assert (await office.ask("super9", "PUT", "plans/theirs", body))[0] == 404
    assert (await office.ask("ops9", "PUT", "plans/theirs", body))[0] == 200
    _, listed = await office.ask("super9", "GET", "plans")
    assert [each["plan"] for each in listed["plans"]] == ["as_now", "evening"]
    assert (await ask(office, "apply", "theirs", who="super9", based_on=saved["version"]))[0] == 404
    assert (await ask(office, "drop", "as_now", who="super9", based_on=listed["version"]))[0] == 204
    assert (await office.ask("super9", "GET", "plans/as_now"))[0] == 404
    assert (await office.ask("ops9", "PUT", "plans/Bad", body))[0] == 422
    wrong = body | {"rows": {"queue:first_chat": {"priority": "high"}}, "based_on": listed["version"] + 1}
    assert (await office.ask("ops9", "PUT", "plans/wrong", wrong))[0] == 422


async def test_several_rows_are_one_change(office: Bureau) -> None:
    _, listed = await office.ask("ops9", "GET", "plans")
    rows = {f"agent:agent{number}": {"queues": {"first_chat": 1}} for number in (1, 2, 3)}
    sequence = office.node.core.pump.sequence
    status, answer = await office.ask("ops9", "POST", "rules", {"based_on": listed["version"], "rows": rows})
    assert status == 200
    assert answer["version"] == listed["version"] + 3
    assert office.node.core.pump.sequence == sequence + 1
    policy = office.node.core.pump.dispatcher.policy
    assert [list(policy.agents[f"agent{number}"].queues) for number in (1, 2, 3)] == [["first_chat"]] * 3
    _, log = await office.ask("ops9", "GET", "audit?limit=1")
    (entry,) = log["items"]
    assert (entry["subject"], entry["after"]["agent:agent2.queues"]) == (
        "rules",
        {"first_chat": 1},
    )
    assert (await office.ask("super9", "POST", f"audit/{entry['id']}/undo", {}))[0] == 204
    assert (await rules(office, "agents/agent2"))["edited"] == []
    bad = rows | {"agent:agent1": {"queues": {"nowhere": 1}}}
    assert (await office.ask("ops9", "POST", "rules", {"based_on": 10**6, "rows": bad}))[0] == 422
    assert (await rules(office, "agents/agent2"))["edited"] == []
