"""What the whole-server benchmarks share: result lines, CPU clocks of other processes."""

import json
import math
import os
import platform
import resource
import statistics
import time
from collections.abc import Sequence

MACHINE = f"CPython {platform.python_version()}, {os.cpu_count()} cores"


def line(name: str, unit: str, samples: Sequence[float], conditions: str) -> str:
    """One result as JSON. p99 is the nearest rank, so of few samples it is the worst."""
    ordered = sorted(samples)
    p99 = ordered[math.ceil(len(ordered) * 0.99) - 1]
    figures = {"p50": round(statistics.median(ordered), 3), "p99": round(p99, 3), "n": len(ordered)}
    return json.dumps({"name": name, "unit": unit} | figures | {"conditions": f"{conditions}; {MACHINE}"})


def cpu_ms(pid: int) -> float:
    """CPU time of a process with all its threads, also those that have ended, in milliseconds.

    Linux names the CPU clock of any process by its id (clock_getcpuclockid(3)); /proc has the same in 10 ms steps.
    """
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e6


def allow_descriptors() -> int:
    """As many open files as this process may ever have; returns how many."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return limit
