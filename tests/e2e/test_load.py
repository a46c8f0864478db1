"""A short load run, as a user starts it: callers, visitors, agents and a supervisor, judged and reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.plan import SCENARIOS
from tests.e2e.server import ROOT

pytestmark = pytest.mark.e2e


def test_a_run_from_its_command_to_its_report(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text((SCENARIOS / "mass_reconnect.toml").read_text())
    (tmp_path / "short.load.toml").write_text(
        "only_s = 12\ncompare = false\nsupervisor_every_s = 2\noffer_p99_ms = 60000\n[[reconnect]]\nat_s = 5\n"
    )
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.run", str(tmp_path / "short.toml"), "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    said = done.stdout[-3000:] + done.stderr[-3000:]
    # Beside other tests the generator itself may come late, and the run then says so.
    assert all("lateness of the generator" in line for line in failed), said
    assert done.returncode == (1 if failed else 0), said
    run = json.loads((out / "run.json").read_text())
    for name in ("calls", "chats"):
        work = run["work"][name]
        assert work["answered"] > 0
        assert work["answered"] + work["abandoned"] == work["offered"], "nobody is lost"
    kinds = run["latency_ms"]
    for kind in ("SIP INVITE to 200", "WS offer", "WS accept", "WS reconnect", "chat message", "chat open"):
        assert kinds[kind]["n"] > 0, f"{kind} was not measured"
    assert run["changes"] > 0
    assert "<svg" in (out / "report.html").read_text()
