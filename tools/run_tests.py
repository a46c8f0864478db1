"""`python -m tools.run_tests [PYTEST ARGUMENTS]`: all tests, in two runs of pytest beside each other.

The whole-server tests mostly wait for sound and clocks, the others mostly compute: side by side on two cores they take
little longer than the longer of the two. Each run has ports and folders of its own. What failed is run once more by
itself, with the machine to itself, and both results are printed: real browsers and telephones on two shared cores
sometimes miss a deadline; a fault fails twice.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WAITING = ("tests/bench", "tests/e2e")
COMPUTING = (*(f"--ignore={path}" for path in WAITING), "tests")
SOME_FAILED = 1


def command(name: str, *arguments: str) -> list[str]:
    """One run of pytest with a cache of its own, so that the two do not mix up what failed."""
    cache = ["-o", f"cache_dir=.pytest_cache/{name}"]
    return [sys.executable, "-m", "pytest", *sys.argv[1:], *cache, *arguments]


def again(name: str, status: int, *arguments: str) -> int:
    """The exit status after the failed tests, if any, had a second run."""
    if status != SOME_FAILED:
        return status
    print(f"\n--- {name}: what failed, once more by itself ---", flush=True)
    return subprocess.run(command(name, "--last-failed", *arguments), cwd=ROOT, check=False).returncode


def main() -> int:
    """The worse of the two exit statuses; pytest's own meanings."""
    with tempfile.TemporaryFile("w+") as kept:
        waiting = subprocess.Popen(
            command("waiting", *WAITING), cwd=ROOT, stdout=kept, stderr=subprocess.STDOUT, text=True
        )
        try:
            computing = subprocess.run(command("computing", *COMPUTING), cwd=ROOT, check=False).returncode
            waiting.wait()
        except BaseException:
            waiting.terminate()
            waiting.wait()
            raise
        kept.seek(0)
        print(f"\n--- {' '.join(WAITING)} ---\n{kept.read()}", flush=True)
    return max(again("waiting", waiting.returncode, *WAITING), again("computing", computing, *COMPUTING))


if __name__ == "__main__":
    sys.exit(main())
