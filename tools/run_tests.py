"""`python -m tools.run_tests [PYTEST ARGUMENTS]`: all tests, in runs of pytest of which a few go on at a time.

The whole-server tests mostly wait for sound and clocks, pages wait for a browser, the rest computes: side by side on
two cores they take little longer than their work. What computes does so at a lower priority, so that a telephone
or a browser beside it has its turn in time. Each place has ports (TEST_RUN tells it which) and each run folders of its
own. What failed is run again by itself, up to twice, with the machine to itself, and every result is printed, the
failures of first runs listed once more at the end: real browsers and telephones on two shared cores sometimes miss a
deadline; a fault fails each time.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
ALL_PASSED = 0
SOME_FAILED = 1
NONE_CHOSEN = 5  # by -k or -m, of this run
TERMINATED = 128 + signal.SIGTERM
WAITING_PLACES = 3
COMPUTING_PLACES = 2
TRIES = 3
LOWER_PRIORITY = 5
POLL_S = 0.2
_FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", re.MULTILINE)  # in pytest's short summary
WHOLE_RUNS = 6
SERVER_RUNS = 2
WAITING = {
    "pages": ["tests/frontend"],
    "media": ["tests/media", "tests/bench"],
}
COMPUTING = {
    "rules": ["tests/router", "tests/properties", "tests/sim", "tests/simulator"],
    "records": ["tests/records", "tests/contracts", "tests/store"],
    "calls": ["tests/sip", "tests/voice", "tests/ivr"],
}


@dataclass(slots=True)
class Run:
    """One run of pytest."""

    name: str
    arguments: list[str]
    priority: int = 0
    status: int = 0
    failed: list[list[str]] = field(default_factory=list)

    def ended(self, status: int, printed: str) -> None:
        """Keeps the exit status, and which tests failed at this try."""
        self.status = status
        self.failed.append(_FAILURE.findall(printed) if status != ALL_PASSED else [])


@dataclass(slots=True)
class Going:
    """A run that goes on."""

    run: Run
    process: "subprocess.Popen[str]"
    kept: IO[str]
    begun: float


def waiting_runs() -> list[Run]:
    """Those that wait for sound, clocks and browsers, the longest first."""
    return [*dealt("whole", "tests/e2e", WHOLE_RUNS), *(Run(name, paths) for name, paths in WAITING.items())]


def computing_runs() -> list[Run]:
    """Those that compute, the longest first; what no other run has comes last."""
    named = {path for paths in (*WAITING.values(), *COMPUTING.values()) for path in paths}
    rest = [f"--ignore={path}" for path in ("tests/e2e", "tests/server", *sorted(named))]
    parts = {**COMPUTING, "rest": ["tests", *rest]}
    others = [Run(name, paths, LOWER_PRIORITY) for name, paths in parts.items()]
    return [*dealt("server", "tests/server", SERVER_RUNS, LOWER_PRIORITY), *others]


def dealt(name: str, folder: str, count: int, priority: int = 0) -> list[Run]:
    """So many runs of one folder's tests, one file to each in turn."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("test_*.py"))
    return [Run(f"{name}-{number + 1}", files[number::count], priority) for number in range(count)]


def command(run: Run) -> list[str]:
    """A cache of its own, so that runs do not mix up what failed."""
    cache = ["-o", f"cache_dir=.pytest_cache/{run.name}"]
    return [sys.executable, "-m", "pytest", *sys.argv[1:], *cache, *run.arguments]


def begin(run: Run, place: int) -> Going:
    """Starts it at that place."""
    kept = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `ended` closes it
    process = subprocess.Popen(
        ["nice", "-n", str(run.priority), *command(run)],
        cwd=ROOT,
        env={**os.environ, "TEST_RUN": str(place)},
        stdout=kept,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Going(run, process, kept, time.monotonic())


def ended(going: Going) -> bool:
    """Whether it has ended; then what it printed, how long it took and what it cost is shown."""
    pid, status, used = os.wait4(going.process.pid, os.WNOHANG)
    if pid == 0:
        return False
    going.process.returncode = os.waitstatus_to_exitcode(status)
    took, computed = time.monotonic() - going.begun, used.ru_utime + used.ru_stime
    with going.kept as kept:
        kept.seek(0)
        printed = kept.read()
    going.run.ended(going.process.returncode, printed)
    print(f"\n--- {going.run.name}: {took:.0f} s, {computed:.0f} s of a core ---\n{printed}", flush=True)
    return True


def all_of(queues: Sequence[list[Run]]) -> None:
    """Runs them, so many of each queue at a time; ends those that go on when somebody ends this."""
    places: list[Going | None] = [None] * (WAITING_PLACES + COMPUTING_PLACES)
    try:
        while any(queues) or any(places):
            for place, going in enumerate(places):
                if going is not None and ended(going):
                    places[place] = None
                queue = queues[0 if place < WAITING_PLACES else 1]
                if places[place] is None and queue:
                    places[place] = begin(queue.pop(0), place)
            time.sleep(POLL_S)
    finally:
        for going in places:
            if going is not None and going.process.returncode is None:
                going.process.terminate()
                going.process.wait()


def again(run: Run) -> int:
    """The exit status after the failed tests, if any, had further runs; a run that broke off has them as a whole."""
    while run.status not in (ALL_PASSED, NONE_CHOSEN) and len(run.failed) < TRIES:
        only = ["--last-failed"] if run.status == SOME_FAILED else []
        done = subprocess.run([*command(run), *only], cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
        run.ended(done.returncode, done.stdout)
        print(f"\n--- {run.name}: what failed, by itself, try {len(run.failed)} ---\n{done.stdout}", flush=True)
    return run.status


def print_failures(runs: Sequence[Run]) -> None:
    """Each test that failed at all, and how often of how many times."""
    for run in runs:
        for test in run.failed[0]:
            times = sum(test in failed for failed in run.failed)
            print(f"failed {times} of {len(run.failed)} times: {test}", flush=True)


def main() -> int:
    """The worst of the exit statuses; pytest's own meanings."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(TERMINATED))
    waiting, computing = waiting_runs(), computing_runs()
    everything = [*waiting, *computing]
    all_of((waiting.copy(), computing.copy()))
    statuses = [again(run) for run in everything]
    print_failures(everything)
    return max((status for status in statuses if status != NONE_CHOSEN), default=NONE_CHOSEN)


if __name__ == "__main__":
    sys.exit(main())
