"""Shown in a process of its own: the setting is for a whole one, and this one has had its large pieces already."""

import subprocess
import sys

import pytest

from server.allocator import give_back

# Pieces of 24 MiB, one after the other, each in two threads; prints by how many MiB the process grew.
PIECES = """
import threading
from server.allocator import give_back

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20

def use():
    for _ in range(4):
        bytearray(b"x") * (24 << 20)

assert give_back()
before = held()
for _ in range(2):
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
print(held() - before)
"""


def grown() -> int:
    done = subprocess.run([sys.executable, "-c", PIECES], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


@pytest.mark.skipif(not give_back(), reason="the C library has no mallopt")
def test_what_is_freed_goes_back_to_the_system() -> None:
    assert grown() < 8, "24 without the setting"
