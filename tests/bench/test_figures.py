"""Result lines and CPU clocks."""

import json
import os
import resource
import subprocess
import sys
import time

import pytest

from bench.figures import allow_descriptors, cpu_ms, line


def test_a_line_has_the_median_and_the_nearest_rank() -> None:
    result = json.loads(line("x.y", "ms", [float(n) for n in range(200, 0, -1)], "alone"))
    assert (result["name"], result["unit"], result["p50"], result["p99"], result["n"]) == ("x.y", "ms", 100.5, 198, 200)
    assert result["conditions"].startswith("alone; CPython ")


def test_of_one_sample_both_are_that() -> None:
    result = json.loads(line("x.y", "ms", [2.5], ""))
    assert result["p50"] == result["p99"] == 2.5


def test_cpu_is_that_of_the_process() -> None:
    before, mine = cpu_ms(os.getpid()), time.process_time_ns() / 1e6
    assert before == pytest.approx(mine, abs=5)
    sum(range(300_000))
    assert cpu_ms(os.getpid()) > before


def test_cpu_of_another_process_counts_all_its_threads() -> None:
    burn = "import threading, time\n"
    burn += "def f():\n    while time.thread_time() < 0.1: pass\n"
    burn += "t = threading.Thread(target=f); t.start(); t.join(); print('done', flush=True); input()"
    other = subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"done\n"
    used = cpu_ms(other.pid)
    other.communicate(b"\n")
    assert used >= 100


def test_as_many_descriptors_as_may_be() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert allow_descriptors() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
