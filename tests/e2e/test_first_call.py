"""`make call` against a running server: the example that a new user tries first."""

import subprocess
import sys

import pytest

from tests.e2e.office import Office, kinds, step
from tests.e2e.server import ROOT, Server

CALL_S = 120
STORY = [
    "opened",
    "answered",
    "greeting",
    "menu",
    "digit",
    "queued",
    "offered",
    "accepted",
    "joined",
    "ended",
    "wrapped_up",
]


@pytest.fixture(scope="module")
def fresh() -> bool:
    return True


async def test_the_first_call_tells_its_whole_story(running_server: Server, office: Office) -> None:
    command = [sys.executable, "-m", "tools.call", f"--http-port={running_server.http_port}"]
    call = subprocess.run(
        [*command, f"--sip-port={running_server.sip_port}"], cwd=ROOT, capture_output=True, text=True, timeout=CALL_S
    )
    assert call.returncode == 0, call.stderr
    number = call.stdout.split(" as demo-")[1].split()[0]
    view = await office.interaction(f"demo-{number}")

    told = [kind for kind in kinds(view) if kind in STORY]
    assert told == STORY
    assert view["record"]["outcome"] == "handled"
    assert view["record"]["disposition"] == "resolved"
    assert step(view, "digit")["detail"].startswith("2")
    assert step(view, "queued")["queue"] == "after_sales"
    offered = step(view, "offered")
    assert offered["agent"] == "agent2"
    assert offered["strategy"] == "best_proficiency"
    assert offered["terms"]["proficiency"] == 8
    assert 5_000_000 < step(view, "ended")["talk_us"] < 20_000_000, "the recorded voice lasts about nine seconds"
    assert [note["agent_id"] for note in view["notes"]] == ["agent2"]
    for kind in STORY:
        assert kind in call.stdout, f"the printed story lacks {kind}"
    await office.quiet()
