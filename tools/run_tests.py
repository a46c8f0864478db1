"""`python -m tools.run_tests [PYTEST ARGUMENTS]`: all tests, in two runs of pytest beside each other.

The whole-server tests mostly wait for sound and clocks, the others mostly compute: side by side on two cores they take
little longer than the longer of the two. Each run has ports and folders of its own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WAITING = ("tests/bench", "tests/e2e")


def main() -> int:
    """The worse of the two exit statuses; pytest's own meanings."""
    pytest = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    with tempfile.TemporaryFile("w+") as kept:
        waiting = subprocess.Popen([*pytest, *WAITING], cwd=ROOT, stdout=kept, stderr=subprocess.STDOUT, text=True)
        try:
            computing = subprocess.run(
                [*pytest, *(f"--ignore={path}" for path in WAITING), "tests"], cwd=ROOT, check=False
            )
            waiting.wait()
        except BaseException:
            waiting.terminate()
            waiting.wait()
            raise
        kept.seek(0)
        print(f"\n--- {' '.join(WAITING)} ---\n{kept.read()}", flush=True)
    return max(computing.returncode, waiting.returncode)


if __name__ == "__main__":
    sys.exit(main())
