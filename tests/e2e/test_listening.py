"""Supervisors in real calls: what they hear, who hears them, and that a whisper never reaches the caller."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents_ws import messages as m
from tests.e2e.agents import Agent
from tests.e2e.office import Office, kinds
from tests.e2e.server import Server
from tests.e2e.test_transfers import MUSIC, NOBODY, Scene, parties, scene

CALLER_AND_AGENT = {"caller", "agent1"}


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 3, "offer_timeout_s": 6}


async def watched(s: Scene, office: Office, number: str) -> tuple[Any, Agent, str, str, Agent]:
    """Caller, agent1 with their reservation, the call as supervisors name it, and the supervisor on their page."""
    caller, one, first = await s.begin(number)
    supervisor = await s.enter("supervisor1", ready=False)
    (call,) = (await office.get("calls"))["calls"]
    assert [party["agent"] for party in call["parties"] if party["kind"] == "agent"] == ["agent1"]
    return caller, one, first, call["interaction_id"], supervisor


async def test_listen_whisper_and_barge(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first, call, _supervisor = await watched(s, office, "listen-1")
        await office.send("PUT", f"calls/{call}/listener", {"mode": "listen"})
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}, "supervisor1": CALLER_AND_AGENT}
        seen = await parties(one, customer="here", agent1="here", supervisor1="here")
        assert [party.mode for party in seen.parties if party.kind == "supervisor"] == ["listen"]
        await office.send("PUT", f"calls/{call}/listener", {"mode": "whisper", "agent_id": "agent1"})
        heard = await s.hear()
        assert heard["caller"] == {"agent1"}, "a whisper is not heard by the caller"
        assert heard["agent1"] == {"caller", "supervisor1"}
        assert heard["supervisor1"] == CALLER_AND_AGENT
        await office.send("PUT", f"calls/{call}/listener", {"mode": "barge"})
        everybody = {"caller", "agent1", "supervisor1"}
        assert await s.hear() == {name: everybody - {name} for name in everybody}
        await one.ask(m.Hold(ref=one.ref(), reservation_id=first, on=True))
        assert await s.hear() == {"caller": MUSIC, "agent1": {"supervisor1"}, "supervisor1": {"agent1"}}
        await one.ask(m.Hold(ref=one.ref(), reservation_id=first, on=False))
        await office.send("DELETE", f"calls/{call}/listener")
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}, "supervisor1": NOBODY}
        assert await office.send("DELETE", f"calls/{call}/listener") == (409, "not-listening")
        caller.hang_up()
        await one.finish(first)
    audit = (await office.get("audit?limit=10"))["items"]
    modes = [(entry["before"]["mode"], entry["after"]["mode"]) for entry in audit if entry["action"] == "listen"]
    assert modes == [("barge", None), ("whisper", "barge"), ("listen", "whisper"), (None, "listen")]
    assert {entry["subject"] for entry in audit if entry["action"] == "listen"} == {f"call:{call}"}
    await office.quiet()


async def test_an_agent_asks_for_help_and_is_taken_over(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first, call, supervisor = await watched(s, office, "over-1")
        await one.ask(m.AskSupervisor(ref=one.ref(), reservation_id=first, on=True))
        asked = await supervisor.until(m.Help)
        assert (asked.agent, asked.interaction_id, asked.on) == ("agent1", call, True)
        await office.send("PUT", f"calls/{call}/listener", {"mode": "listen"})
        assert not (await supervisor.until(m.Help)).on, "whoever comes answers the call for help"
        await office.send("POST", f"calls/{call}/take-over", {"comment": "upset customer"})
        await supervisor.joined()
        await one.finish(first, "passed_on")
        assert await s.hear() == {"caller": {"supervisor1"}, "agent1": NOBODY, "supervisor1": {"caller"}}
        assert (await office.agent("supervisor1"))["presence"] == "not_ready", "as they were before"
        assert await office.send("POST", f"calls/{call}/take-over", {}) == (409, "in-a-call")
        held = (await office.agent("supervisor1"))["held"]
        await supervisor.ask(m.HangUp(ref=supervisor.ref(), reservation_id=held[0]["work_id"] + ".1"))
        async with asyncio.timeout(30):
            await caller.ended.wait()
        await supervisor.finish(held[0]["work_id"] + ".1")
    view = await office.interaction("over-1")
    assert view["record"]["agent_id"] == "supervisor1"
    assert "taken_over" in kinds(view)
    await office.quiet()


async def test_listening_ends_with_the_leg_and_with_the_call(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first, call, supervisor = await watched(s, office, "gone-1")
        await office.send("PUT", f"calls/{call}/listener", {"mode": "barge"})
        await parties(one, customer="here", agent1="here", supervisor1="here")
        await supervisor.reopen_leg()
        await parties(one, customer="here", agent1="here")
        assert await office.send("DELETE", f"calls/{call}/listener") == (409, "not-listening")
        await office.send("PUT", f"calls/{call}/listener", {"mode": "barge"})
        caller.hang_up()
        while (await supervisor.until(m.Listening)).parties:
            pass
        await one.finish(first)
        assert await office.send("PUT", f"calls/{call}/listener", {"mode": "listen"}) == (404, "not-found")
        await supervisor.sign_out()
    await office.quiet()
