"""A UDP socket that tells when the kernel took each packet: a benchmark that reads it late measures the same."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable

Address = tuple[str, int]

# Linux, asm-generic/socket.h: the option and the kind of what then comes with a packet (two long integers).
SO_TIMESTAMPNS = 35
_STAMP = struct.Struct("@qq")
_PACKET = 65_535
# The two clocks are read within so long, or again.
_AT_ONCE_NS = 5_000
_TRIES = 10


class StampedSocket:
    """Bound to a free port of `host` in the running loop. `received`: packet, sender, monotonic time in nanoseconds.

    On loopback that is the time at which it was sent.
    """

    def __init__(self, host: str, received: Callable[[bytes, Address, int], None]) -> None:
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket.fileno(), self._read)

    def send(self, data: bytes, address: Address) -> None:
        """Raises OSError."""
        self._socket.sendto(data, address)

    def close(self) -> None:
        """Nothing is received any more."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        behind = wall_ahead_ns()
        while True:
            try:
                data, ancillary, _, address = self._socket.recvmsg(_PACKET, socket.CMSG_SPACE(_STAMP.size))
            except BlockingIOError:
                return
            stamps = [item for level, kind, item in ancillary if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)]
            seconds, ns = _STAMP.unpack(stamps[0])
            self._received(data, address, seconds * 1_000_000_000 + ns - behind)


def wall_ahead_ns() -> int:
    """By how much the wall clock, of which the kernel's stamps are, is ahead of the monotonic one."""
    for _ in range(_TRIES):
        before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before < _AT_ONCE_NS:
            break
    return wall - (before + after) // 2
