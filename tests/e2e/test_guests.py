"""Strangers at the SIP port of the whole server: shut out while callers are served, shown and let in by command."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.neighbour import options
from tests.e2e.server import ROOT, Server
from tests.ports import HOST

pytestmark = pytest.mark.e2e

STRANGER, CALLER = "127.0.0.7", "127.0.0.8"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, arguments=["--sip-spared=", "--sip-offences=5", "--sip-ban-s=3600"])
    yield server.start()
    try:
        assert server.interrupt() == 0
        assert not server.errors()
    finally:
        server.close()


class Guest:
    """A UDP socket on an address of its own."""

    def __init__(self, server: Server, address: str) -> None:
        self._server = server
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.setblocking(False)
        self._number = 0

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, (HOST, self._server.sip_port))

    async def options(self, wait_s: float) -> bool:
        """Whether it is answered in time."""
        self._number += 1
        ask, mark = options(self._server, self._socket.getsockname(), self._number)
        self.send(ask)
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    answer = await asyncio.get_running_loop().sock_recv(self._socket, 65_536)
                    if answer.startswith(b"SIP/2.0 200") and mark in answer:
                        return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self._socket.close()


def bans(server: Server, *more: str) -> str:
    command = [sys.executable, "-m", "server", "bans", f"--data-dir={server.data_dir}", *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


async def test_a_stranger_is_shut_out_and_let_in_again(guarded: Server) -> None:
    stranger, caller = Guest(guarded, STRANGER), Guest(guarded, CALLER)
    try:
        assert await stranger.options(10)
        assert bans(guarded) == "nobody is shut out\n"
        for _ in range(6):
            stranger.send(b"INVITE nonsense SIP/2.0\r\n\r\n")
        assert await caller.options(10)
        assert not await stranger.options(1)
        assert bans(guarded) == f"{STRANGER}: for 3600 s, 1. time\n"
        assert bans(guarded, "--lift") == f"{STRANGER}: for 3600 s, 1. time, let in again\n"
        assert await stranger.options(10)
    finally:
        stranger.close()
        caller.close()
