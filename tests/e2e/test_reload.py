"""The site's files change while callers are in the menu, in the queue and in a conversation: nobody is cut off."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.e2e.agents import Agent, crew
from tests.e2e.callers import calling
from tests.e2e.office import Office, step
from tests.e2e.server import ROOT, Server
from tests.e2e.site import ORDERS, Direct
from tests.e2e.waiting import wait_until

RETURNS = Direct("4100", "returns")
NEW_QUEUE = """
[returns]
title = "Returns"
medium = "voice"
requirements = { english = 1 }
dispositions = ["resolved"]
"""
NEW_AGENT = """
[agents.late1]
display_name = "Late"
team = "first_line"
skills = { english = 9 }
"""


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 20}


def reload(server: Server) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "server", "reload", f"--data-dir={server.data_dir}", f"--site={server.site}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


async def test_a_call_goes_on_while_queue_agent_and_flow_change(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    site = running_server.site
    assert site is not None
    flow = site / "flows" / f"direct-{ORDERS.number}.toml"
    async with crew(running_server, tmp_path, "agent4") as agents, calling(running_server, tmp_path, "1001"):
        offer = await agents["agent4"].take()
        await agents["agent4"].joined()
        with (site / "queues.toml").open("a") as file:
            file.write(NEW_QUEUE)
        with (site / "agents.toml").open("a") as file:
            file.write(NEW_AGENT)
        flow.write_text(flow.read_text().replace('"orders"', '"returns"'))

        done = reload(running_server)
        assert done.returncode == 0, done.stderr
        assert "queues: added returns" in done.stdout
        assert "agents: added late1" in done.stdout
        assert f"flows: changed direct-{ORDERS.number}" in done.stdout
        assert agents["agent4"].waiting(m.OfferWithdrawn) == []
        assert (await office.story_has("1001", "joined"))["record"]["state"] != "closed"

        # A new call on the same number, by the new flow, to the new queue and the new agent.
        async with Agent(running_server, "late1", tmp_path) as late:
            async with calling(running_server, tmp_path, "1002"):
                second = await late.take()
                assert (second.queue, second.queue_title) == ("returns", {"en": "Returns"})
                await late.joined()
            await late.finish(second.reservation_id)
            await late.ask(m.SignOut(ref=late.ref()))

        # A broken file changes nothing, and says what is wrong.
        good = (site / "queues.toml").read_text()
        (site / "queues.toml").write_text(re.sub(r'title = "Returns"', 'tilte = "Returns"', good))
        broken = reload(running_server)
        assert broken.returncode == 2
        assert "queues.toml: returns.tilte: " in broken.stderr
        running_server.expected_errors.add("site_not_reloaded")
        assert running_server._process is not None
        running_server._process.send_signal(signal.SIGHUP)
        await wait_until(lambda: _logged(running_server, "site_not_reloaded"), 30, "the refusal in the log")
        (site / "queues.toml").write_text(good)

        # Away again: who talks goes on until they hang up.
        (site / "agents.toml").write_text((site / "agents.toml").read_text().replace(NEW_AGENT, ""))
        flow.write_text(flow.read_text().replace('"returns"', '"orders"'))
        running_server._process.send_signal(signal.SIGHUP)
        await wait_until(lambda: _logged(running_server, "site_reloaded", 2), 30, "the second reload in the log")
        assert agents["agent4"].waiting(m.OfferWithdrawn) == []
        await agents["agent4"].ask(m.HangUp(ref=agents["agent4"].ref(), reservation_id=offer.reservation_id))
        await agents["agent4"].finish(offer.reservation_id)
    view = await office.interaction("1001")
    assert view["record"]["outcome"] == "handled"
    assert step(view, "queued")["queue"] == "orders"
    await office.quiet()


async def _logged(server: Server, event: str, count: int = 1) -> bool:
    return len([entry for entry in server.log() if entry["event"] == event]) >= count
