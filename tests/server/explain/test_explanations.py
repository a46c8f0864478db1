"""Why, asked of a whole node: now, of past offers in store and files, and by command, also when it is stopped."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from router.events import OfferRejected, PresenceSet
from router.explain import RULES
from router.vocabulary import Presence
from server.explain.explanations import WORDS
from tests.e2e.server import ROOT
from tests.server.bureau import Bureau, bureau
from tests.waiting import until


async def ready(office: Bureau, *agents: str) -> None:
    for agent in agents:
        await office.connect(agent)
        await office.node.core.pump.post(PresenceSet(agent, Presence.READY), "test")


async def explained(office: Bureau, work_id: str, who: str = "super9") -> dict[str, Any]:
    await office.node.core.projection.drained()
    status, answer = await office.ask(who, "GET", f"work/{work_id}/explanation")
    assert status == 200, answer
    return dict(answer)


def failed(candidates: list[dict[str, Any]]) -> dict[str, str | None]:
    return {one["agent_id"]: one["failed"] for one in candidates}


def by_command(data: Path, site: Path, asked: str) -> "asyncio.Future[tuple[int, str]]":
    async def run() -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "explain", asked, f"--data-dir={data}", f"--site={site}"),
            *("--log-level=error", "--json"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode or 0, out.decode() + error.decode()

    return asyncio.ensure_future(run())


async def test_an_item_tells_why_it_waits_and_why_each_offer_was_made(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        work = await office.submit("first_chat")
        work_id = work["work_id"]
        waits = await explained(office, work_id)
        assert (waits["state"], waits["place"], waits["offers"]) == ("waiting", 1, [])
        assert waits["summary"].startswith("It waits in first_chat at place 1; of ")
        assert failed(waits["now"]["candidates"])["agent2"] == "presence"

        await ready(office, "agent2", "agent1")
        first = await explained(office, work_id)
        (offer,) = first["offers"]
        assert (offer["agent_id"], offer["attempt"], offer["runner_up"]) == ("agent2", 1, None)
        assert failed(offer["candidates"])["agent2"] is None
        assert failed(offer["candidates"])["agent1"] == "presence", "was not ready yet"
        assert offer["candidates"][0]["terms"] == offer["terms"]
        assert first["state"] == "offered"

        await office.node.core.pump.post(OfferRejected(f"{work_id}.1", "agent2", "busy"), "test")
        second = (await explained(office, work_id))["offers"]
        assert [one["agent_id"] for one in second] == ["agent2", "agent1"]
        assert failed(second[1]["candidates"])["agent2"] == "resting"
        await office.ask("super9", "POST", f"work/{work_id}/cancel", {})
        closed = await explained(office, work_id)
        assert (closed["state"], closed["now"], closed["offers"]) == ("closed", None, second)
        assert closed["summary"] == "It is closed. It was offered 2 times, last to agent1."

        node = office.node
        status, told = await by_command(node.settings.data_dir, node.settings.site, work["interaction_id"])
        assert (status, json.loads(told)["offers"]) == (0, second), told

    async with bureau(tmp_path) as office:
        folder = office.node.settings.data_dir / "journal"
        await until(lambda: len(list(folder.glob("*.journal"))) == 1, "what was before the restart is in a file", 15)
        assert (await explained(office, work_id))["offers"] == second
        for path in folder.iterdir():
            path.rename(path.with_suffix(".away"))
        gone = (await explained(office, work_id))["offers"]
        assert [(one["agent_id"], one["terms"], one["candidates"]) for one in gone] == [
            (one["agent_id"], one["terms"], None) for one in second
        ]
        for path in folder.iterdir():
            path.rename(path.with_suffix(".journal"))
        data, site = office.node.settings.data_dir, office.node.settings.site

    status, told = await by_command(data, site, work_id)
    assert (status, json.loads(told)["offers"]) == (0, second), told
    status, told = await by_command(data, site, "agent2")
    assert (status, json.loads(told)["reason"]) == (0, "connection"), "presence outlives the server"


async def test_an_agent_is_told_why_they_get_nothing(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:

        async def told(who: str = "agent2") -> dict[str, Any]:
            status, answer = await office.ask(who, "GET", "agents/agent2/explanation")
            assert status == 200
            return dict(answer)

        assert (await told())["summary"] == "The agent is offline."
        await ready(office, "agent2")
        assert (await told())["reason"] == "nothing_waits"
        assert "expert_chat" not in [one["queue"] for one in (await told())["queues"]], "not of their team"
        await office.submit("expert_chat")
        assert (await told())["reason"] == "nothing_waits"
        found = await told("ops9")
        assert found["reason"] == "rules"
        (waits,) = [one for one in found["queues"] if one["waiting"]]
        assert (waits["queue"], waits["first_failed"], waits["failed"]) == ("expert_chat", "team", {"team": 1})
        assert found["summary"] == "What waits fails a rule. expert_chat: team (first_line)."


def test_every_rule_of_the_router_has_words() -> None:
    assert set(RULES) == set(WORDS)
    page = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    assert [rule for rule in RULES if f"| `{rule}` |" not in page] == []
