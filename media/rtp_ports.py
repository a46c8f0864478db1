"""The RTP sockets of one engine: bound to a free port when a leg asks for one, or reserved before there is a leg."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from media.clock import monotonic_us
from media.errors import MediaError
from media.ports import PortAllocator
from media.sockets import Poller, RtpSocket

log = structlog.get_logger(__name__)

_BIND_ATTEMPTS = 20


def _nobody(_data: bytes, _now: int) -> None:
    """Hears a packet."""


class RtpPorts:
    """`bind_host` is where they listen, `ports` says on which."""

    def __init__(self, poller: Poller, bind_host: str, ports: PortAllocator) -> None:
        self._poller = poller
        self._host = bind_host
        self._ports = ports
        self._spares: dict[int, RtpSocket] = {}

    @property
    def in_use(self) -> int:
        """How many legs have one."""
        return self._ports.in_use - len(self._spares)

    def open(self, on_packet: Callable[[bytes, int], None]) -> RtpSocket:
        """A socket on a free port. MediaError ports_exhausted."""
        for _ in range(_BIND_ATTEMPTS):
            port = self._ports.acquire(monotonic_us())
            try:
                return RtpSocket(self._poller, self._host, port, on_packet)
            except OSError as error:
                self._ports.release(port, monotonic_us())
                log.warning("rtp_port_taken", port=port, error=str(error))
        raise MediaError("ports_exhausted", f"{_BIND_ATTEMPTS} ports in a row are used by other processes")

    async def close(self, opened: RtpSocket) -> None:
        """Its port is free again after the cool-down."""
        opened.hand_over(_nobody)  # it and its leg know each other: nothing else would free them soon
        await opened.close()
        self._ports.release(opened.port, monotonic_us())

    def reserve(self) -> int:
        """The port of a socket that hears nobody yet. MediaError ports_exhausted."""
        opened = self.open(_nobody)
        self._spares[opened.port] = opened
        return opened.port

    def take(self, port: int, on_packet: Callable[[bytes, int], None]) -> RtpSocket:
        """What was reserved there. MediaError unknown_leg."""
        opened = self._spares.pop(port, None)
        if opened is None:
            raise MediaError("unknown_leg", f"port {port} is not reserved")
        opened.hand_over(on_packet)
        return opened

    async def drop_reserved(self) -> None:
        """Nobody is left who knows of what was reserved."""
        while self._spares:
            await self.close(self._spares.popitem()[1])
