"""Nodes in networks of their own: what is dropped one way, both ways, and by a share. In a process of its own."""

import asyncio
import subprocess
import sys

import pytest

from tests.e2e.server import ROOT
from tests.failure.namespaces import HUB, Dropping, Namespaces, why_not, within

PORT = 9000
COUNT = 200
LAST = b"last"
# Counts datagrams until one comes that is always let through.
HEAR = f"""
import socket
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind(("", {PORT}))
print("ready", flush=True)
count = 0
while heard.recv(100) != {LAST!r}:
    count += 1
print(count)
"""
SAY = f"""
import socket, sys
said = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range({COUNT}):
    said.sendto(b"%d" % number, (sys.argv[1], {PORT}))
"""


async def heard(network: Namespaces, by: str, of: str, dropping: Dropping | None = None) -> int:
    """How much of what `of` says `by` hears."""
    place = network.of(by)
    ear = await asyncio.create_subprocess_exec(
        *place.command([sys.executable, "-c", HEAR]), stdout=asyncio.subprocess.PIPE
    )
    assert ear.stdout is not None
    assert await ear.stdout.readline() == b"ready\n"
    held = asyncio.ensure_future(dropping.last(60)) if dropping is not None else None
    await asyncio.sleep(0)
    say = network.of(of).command([sys.executable, "-c", SAY, place.host])
    mouth = await asyncio.create_subprocess_exec(*say)
    assert await mouth.wait() == 0, "what is lost is no error of the sender's"
    if held is not None:
        held.cancel()
        await asyncio.wait({held})
    last = f"import socket; socket.socket(2, 2).sendto({LAST!r}, ('127.0.0.1', {PORT}))"
    await (await asyncio.create_subprocess_exec(*place.command([sys.executable, "-c", last]))).wait()
    count = int(await ear.stdout.readline())
    await ear.wait()
    return count


async def scene() -> None:
    network = await Namespaces().make(["a", "b"])
    try:
        assert await heard(network, "b", "a") == COUNT
        assert await heard(network, "b", "a", network.peers("a", out=True, back=False)) == 0
        assert await heard(network, "a", "b", network.peers("a", out=True, back=False)) == COUNT
        assert await heard(network, "a", "b", network.peers("a", out=False, back=True)) == 0
        assert await heard(network, "b", "a", network.all("a")) == 0
        assert await heard(network, "b", "a", network.store("a", PORT, out=True, back=True)) == COUNT
        assert 0 < await heard(network, "b", "a", network.all("a", 0.3)) < COUNT
        assert await heard(network, "a", "b") == COUNT, "all of it is taken back"
    finally:
        network.close()
    print("as it should be", HUB)


@pytest.mark.skipif(bool(why_not()), reason=f"no network namespaces: {why_not()}")
def test_what_is_dropped_is_dropped_and_nothing_else() -> None:
    command = within([sys.executable, "-m", "tests.failure.test_namespaces"])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert "as it should be" in done.stdout


def test_a_machine_that_cannot_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "unshare" in why_not()


if __name__ == "__main__":
    asyncio.run(scene())
