"""SIPp as customers of a load run: a phone that many others use, with its own stack, and in C.

Each customer has a line in SIPp's file of values, with the moment at which to call. What SIPp measures goes into
locust's statistics and charts as it happens, from the moment that was meant (`loadtests/timed_call.xml`).
"""

import csv
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import SOCK_DGRAM, SOCK_STREAM
from typing import TYPE_CHECKING

import gevent

from bench.phones import HOST
from loadtests.plan import Plan
from loadtests.site import number_of
from loadtests.tally import Customer
from tests.ports import free_port

if TYPE_CHECKING:
    from loadtests.locustfile import Load

SCENARIO = Path(__file__).parent / "timed_call.xml"
# SIPp starts so long before second 0: all its calls begin with a pause.
SIPP_START_S = 3.0
READ_EVERY_S = 0.5
# It sets up so many calls a second at the start, most of which only pause.
SET_UP_RATE = 1000
END_S = 5.0
# What is kept of its statistics: counts over the whole run.
COUNTS = ("TotalCallCreated", "SuccessfulCall(C)", "FailedCall(C)", "Retransmissions(C)")


class SippLine:
    """`start`, and `end` when the run is over; `reader` ends by itself when all calls have."""

    def __init__(self, load: "Load", customers: Sequence[Customer]) -> None:
        self._load = load
        self._customers = {customer.key: customer for customer in customers}
        self._folder = tempfile.TemporaryDirectory(prefix="jf-sipp-")
        self._path = Path(self._folder.name)
        self._read_to = 0

    def start(self) -> float:
        """SIPp knows of all customers, and waits. Returns when second 0 is to be (monotonic): in SIPP_START_S."""
        zero_s = time.monotonic() + SIPP_START_S
        values = values_of(self._load.plan, list(self._customers.values()), time.time() + SIPP_START_S)
        (self._path / "customers.csv").write_text(values, encoding="ascii")
        many = str(len(self._customers))
        command = ["sipp", f"{HOST}:{self._load.line.server_port}", "-sf", str(SCENARIO), "-inf", "customers.csv"]
        command += ["-i", HOST, "-p", str(free_port(SOCK_STREAM, SOCK_DGRAM)), "-mp", str(free_port(SOCK_DGRAM))]
        command += ["-nostdin", "-timer_resol", "1", "-m", many, "-l", many, "-r", str(SET_UP_RATE)]
        command += ["-trace_stat", "-stf", "counts.csv"]
        if any(self._load.plan.work[work].sound for work in {one.work for one in self._customers.values()}):
            command.append("-rtp_echo")
        command += ["-fd", "1", "-trace_logs", "-log_file", "calls.log", "-trace_err", "-error_file", "errors.log"]
        with (self._path / "out").open("wb") as out:
            self._process = subprocess.Popen(
                command,
                cwd=self._path,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "TERM": "xterm"},
            )
        # The agents who have them look for them here.
        self._load.tally.customers |= self._customers
        self.reader = gevent.spawn(self._read)
        return zero_s

    def end(self) -> None:
        """Counts, and what went wrong. Calls that are not over by now are errors of the run."""
        errors = self._load.tally.errors
        if self._process.poll() is None:
            errors["SIPp: still calling at the end"] += 1
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.reader.kill()
        self._take_lines()
        self._load.tally.sipp = counts = self._counts()
        for customer in self._customers.values():
            customer.over.set()
        failed = counts.get("FailedCall(C)", 0)
        if failed or counts.get("SuccessfulCall(C)", 0) != len(self._customers):
            told = self._path / "errors.log"
            first = told.read_text(errors="replace").splitlines()[1:2] if told.exists() else []
            errors[f"SIPp: a call failed {''.join(first)[:200]}".strip()] += max(1, failed)
        self._folder.cleanup()

    def _read(self) -> None:
        while self._process.poll() is None:
            gevent.sleep(READ_EVERY_S)
            self._take_lines()

    def _take_lines(self) -> None:
        log = self._path / "calls.log"
        if not log.exists():
            return
        with log.open("rb") as file:
            file.seek(self._read_to)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.decode("ascii").splitlines():
            self._take(seen_of(line))

    def _take(self, seen: "Seen") -> None:
        # From the wall's clock to the run's.
        shift = time.monotonic() - time.time()
        meant = self._load.tally.began + self._customers[seen.key].arrived_s
        called, answered = seen.called_s + shift, seen.answered_s + shift
        self._load.tally.sample("came late", (called - meant) * 1000)
        # SIPp's clock is its own, and a call may be some milliseconds early.
        self._load.fire_ms("SIPp", "INVITE to 200", (answered - min(meant, called)) * 1000)

    def _counts(self) -> dict[str, int]:
        path = self._path / "counts.csv"
        if not path.exists():
            return {}
        with path.open(encoding="ascii", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return {name: int(rows[-1][name]) for name in COUNTS if rows and rows[-1].get(name)}


@dataclass(frozen=True, slots=True)
class Seen:
    """When SIPp called for a customer and was answered, in seconds since 1970."""

    key: str
    called_s: float
    answered_s: float


def seen_of(line: str) -> Seen:
    """A line of the log: customer; called at (seconds; microseconds); answered at (the same)."""
    key, *moments = line.split(";")
    called_s, called_us, answered_s, answered_us = map(float, moments)
    return Seen(key, called_s + called_us / 1e6, answered_s + answered_us / 1e6)


def values_of(plan: Plan, customers: Sequence[Customer], zero_s: float) -> str:
    """Of each customer: who, whom they dial, and when (ms since 1970). `zero_s` is second 0, in seconds since 1970."""
    queue_of = {work.name: work.queue for work in plan.scenario.work}
    lines = [
        f"{one.key};{number_of(plan, queue_of[one.work])};{round((zero_s + one.arrived_s) * 1000)}" for one in customers
    ]
    return "\n".join(["SEQUENTIAL", *lines, ""])
