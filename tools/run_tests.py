"""`python -m tools.run_tests [PYTEST ARGUMENTS]`: all tests, in several runs of pytest beside each other.

The whole-server tests mostly wait for sound and clocks, pages wait for a browser, the rest computes: side by side on
two cores they take little longer than the longest of them. Each run has ports (TEST_RUN tells it which) and folders of
its own. What failed is run once more by itself, with the machine to itself, and both results are printed: real browsers
and telephones on two shared cores sometimes miss a deadline; a fault fails twice.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SOME_FAILED = 1


def runs() -> dict[str, list[str]]:
    """What each run of pytest is given. The whole-server tests, the longest, are dealt out to two."""
    whole = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "e2e").glob("test_*.py"))
    parts = ["tests/frontend", "tests/media", "tests/server"]
    apart = ["tests/bench", "tests/e2e", *parts]
    return {
        "rest": ["tests", *(f"--ignore={path}" for path in apart)],
        "parts": parts,
        "whole-1": ["tests/bench", *whole[::2]],
        "whole-2": whole[1::2],
    }


def command(name: str, arguments: list[str]) -> list[str]:
    """One run of pytest with a cache of its own, so that they do not mix up what failed."""
    cache = ["-o", f"cache_dir=.pytest_cache/{name}"]
    return [sys.executable, "-m", "pytest", *sys.argv[1:], *cache, *arguments]


def again(name: str, status: int, arguments: list[str]) -> int:
    """The exit status after the failed tests, if any, had a second run."""
    if status != SOME_FAILED:
        return status
    print(f"\n--- {name}: what failed, once more by itself ---", flush=True)
    return subprocess.run(command(name, ["--last-failed", *arguments]), cwd=ROOT, check=False).returncode


def end(process: "subprocess.Popen[str]") -> None:
    """Ends a run that is still going: somebody pressed Ctrl-C."""
    process.terminate()
    process.wait()


def main() -> int:
    """The worst of the exit statuses; pytest's own meanings."""
    statuses: dict[str, int] = {}
    with ExitStack() as stack:
        started: dict[str, tuple[subprocess.Popen[str], IO[str]]] = {}
        for number, (name, arguments) in enumerate(runs().items()):
            kept: IO[str] = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = subprocess.Popen(
                command(name, arguments),
                cwd=ROOT,
                env={**os.environ, "TEST_RUN": str(number)},
                stdout=kept,
                stderr=subprocess.STDOUT,
                text=True,
            )
            stack.callback(end, process)
            started[name] = process, kept
        for name, (process, kept) in started.items():
            statuses[name] = process.wait()
            kept.seek(0)
            print(f"\n--- {name} ---\n{kept.read()}", flush=True)
    return max(again(name, statuses[name], arguments) for name, arguments in runs().items())


if __name__ == "__main__":
    sys.exit(main())
