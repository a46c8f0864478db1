"""`python -m server` as a person meets it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def server(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_command() -> None:
    shown = server("--help").stdout
    for command in ("run", "check-config", "test-flows", "draw-flows", "set-password", "make-api-key"):
        assert command in shown


def test_a_bad_flag_ends_with_status_two_and_names_it() -> None:
    done = server("run", "--http-port", "lots")
    assert done.returncode == 2
    assert "--http-port" in done.stderr
    assert "Traceback" not in done.stderr
