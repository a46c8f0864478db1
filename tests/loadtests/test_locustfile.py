"""The load test loads this machine and no other, and knows what it needs."""

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def locust(host: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "-u", "1", "-t", "1s"]
    return subprocess.run(
        [*command, "--only-summary", "--host", host, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_another_host_is_refused_before_anything_is_sent() -> None:
    done = locust("http://192.0.2.1:8080")
    assert done.returncode != 0
    assert "is not this machine" in done.stdout + done.stderr
    assert "ConnectionError" not in done.stdout + done.stderr


def test_too_few_files_are_told_before_the_run() -> None:
    code = f"""
import resource
from loadtests.locustfile import enough_files
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
enough_files(50)
enough_files({resource.RLIMIT_NOFILE} + 1000)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "open files, the limit is 300" in done.stderr
