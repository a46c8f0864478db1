"""An ordinary guest beside the nonsense: asks by SIP and HTTP all the time and remembers the longest wait."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.e2e.server import Server
from tests.ports import HOST

EVERY_S = 0.1
PATIENCE_S = 5.0
ANSWERED_S = 60.0
OPTIONS = (
    "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKn{number};rport\r\nMax-Forwards: 70\r\n"
    "From: <sip:n@{here}>;tag=t\r\nTo: <sip:{server}>\r\nCall-ID: n{number}@{here}\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


def options(server: Server, here: tuple[str, int], number: int) -> tuple[bytes, bytes]:
    """An OPTIONS from the address `here`, and what its answer alone contains."""
    address = f"{here[0]}:{here[1]}"
    ask = OPTIONS.format(server=server.sip, here=address, number=number)
    return ask.encode(), f"n{number}@{address}".encode()


class Neighbour:
    """`waits` in seconds, by what was asked; an answer that did not come in time stands as `PATIENCE_S`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.waits: dict[str, list[float]] = {"sip": [], "http": []}

    @asynccontextmanager
    async def beside(self) -> AsyncIterator["Neighbour"]:
        """Asks until this ends, and has been answered by both. Fails when it never got to ask."""
        tasks = [asyncio.create_task(self._sip(), name="sip"), asyncio.create_task(self._http(), name="http")]
        try:
            yield self
            # A short flood may be over before the repetition of a first datagram that was lost in it.
            async with asyncio.timeout(ANSWERED_S):
                while not all(self.waits.values()):
                    await asyncio.sleep(EVERY_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert all(self.waits.values()), self.waits

    def assert_served(self) -> None:
        """Each question had its answer."""
        worst = {name: max(waits) for name, waits in self.waits.items()}
        assert max(worst.values()) < PATIENCE_S, worst

    def __str__(self) -> str:
        return ", ".join(
            f"{name} p50 {sorted(waits)[len(waits) // 2] * 1e3:.1f} ms, worst {max(waits) * 1e3:.0f} ms of {len(waits)}"
            for name, waits in self.waits.items()
        )

    async def _sip(self) -> None:
        loop, number = asyncio.get_running_loop(), 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            here.bind(("127.0.0.10", 0))
            here.setblocking(False)
            while True:
                number += 1
                ask, mark = options(self._server, here.getsockname(), number)
                began = time.monotonic()
                while time.monotonic() - began < PATIENCE_S:
                    here.sendto(ask, (HOST, self._server.sip_port))
                    try:
                        async with asyncio.timeout(0.5):  # T1: a datagram may be lost where others flood
                            while mark not in await loop.sock_recv(here, 65_536):
                                pass
                        break
                    except TimeoutError:
                        continue
                self.waits["sip"].append(time.monotonic() - began)
                await asyncio.sleep(EVERY_S)

    async def _http(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as http:
            while True:
                began = time.monotonic()
                try:
                    async with http.get(f"{self._server.base}/healthz") as answer:
                        answer.raise_for_status()
                except TimeoutError:
                    pass
                self.waits["http"].append(time.monotonic() - began)
                await asyncio.sleep(EVERY_S)
