"""A socket with the kernel's time stamps."""

import asyncio
import socket
import time

from bench.stamped import StampedSocket

HOST = "127.0.0.1"


async def test_a_packet_is_stamped_when_it_was_sent_however_late_it_is_read() -> None:
    heard: asyncio.Queue[tuple[bytes, tuple[str, int], int]] = asyncio.Queue()
    stamped = StampedSocket(HOST, lambda *packet: heard.put_nowait(packet))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind((HOST, 0))
        far.settimeout(30)
        before = time.monotonic_ns()
        far.sendto(b"one", (HOST, stamped.port))
        after = time.monotonic_ns()
        time.sleep(0.05)
        async with asyncio.timeout(30):
            data, address, at_ns = await heard.get()
        assert (data, address) == (b"one", far.getsockname())
        # Two clocks are compared; how well, depends on what else the machine does.
        assert before - 10_000_000 <= at_ns <= after + 30_000_000
        stamped.send(b"two", address)
        assert far.recv(100) == b"two"
    stamped.close()
