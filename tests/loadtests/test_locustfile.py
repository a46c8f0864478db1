"""The load test loads this machine and no other."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def locust(host: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "-u", "1", "-t", "1s"]
    return subprocess.run(
        [*command, "--only-summary", "--host", host], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_another_host_is_refused_before_anything_is_sent() -> None:
    done = locust("http://192.0.2.1:8080")
    assert done.returncode != 0
    assert "is not this machine" in done.stdout + done.stderr
    assert "ConnectionError" not in done.stdout + done.stderr
