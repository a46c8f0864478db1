"""Offer/answer for voice: keeps each leg's last offer and origin, so that voice handles bytes and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from sip.sdp import Negotiated, Origin, SdpError, build_answer, build_offer, negotiate
from voice.ports import Codec, RemoteMedia, SdpRefusedError

HELD_HOST = "0.0.0.0"  # noqa: S104 - RFC 2543's sign for hold, not an address to bind


@dataclass(slots=True)
class _Side:
    origin: Origin
    host: str = ""
    port: int = 0
    described: bool = False
    offer: bytes = b""
    chosen: Negotiated | None = None
    remote: RemoteMedia | None = None


class SdpPort:
    """One entry a leg, until `forget`. `session_id` makes fresh numbers for o= lines."""

    def __init__(self, session_id: Callable[[], int]) -> None:
        self._session_id = session_id
        self._sides: dict[str, _Side] = {}

    def __len__(self) -> int:
        return len(self._sides)

    def read_offer(self, leg_id: str, sdp: bytes) -> RemoteMedia:
        """What the peer offers, cut to what we take. Raises SdpRefusedError."""
        side = self._side(leg_id)
        remote = self._read(side, sdp)
        side.offer = sdp
        return remote

    def answer(self, leg_id: str, host: str, port: int) -> bytes:
        """Our answer to the last offer; an empty `host` means the address that this leg has already."""
        side = self._sides.get(leg_id)
        if side is None or side.chosen is None:
            raise SdpRefusedError("there is no offer to answer")
        self._place(side, host, port)
        return build_answer(side.offer, side.chosen, host=side.host, port=side.port, origin=side.origin)

    def offer(self, leg_id: str, host: str, port: int) -> bytes:
        """Our own offer."""
        side = self._side(leg_id)
        self._place(side, host, port)
        return build_offer(host=side.host, port=side.port, origin=side.origin)

    def read_answer(self, leg_id: str, sdp: bytes) -> RemoteMedia:
        """What the peer answered. Raises SdpRefusedError."""
        return self._read(self._side(leg_id), sdp)

    def forget(self, leg_id: str) -> None:
        """The leg is gone."""
        self._sides.pop(leg_id, None)

    def _side(self, leg_id: str) -> _Side:
        side = self._sides.get(leg_id)
        if side is None:
            side = self._sides[leg_id] = _Side(Origin(self._session_id(), 0, "127.0.0.1"))
        return side

    def _place(self, side: _Side, host: str, port: int) -> None:
        if host:
            side.host, side.port = host, port
        origin = side.origin
        if side.described or origin.host != side.host:
            side.origin = Origin(origin.session_id, origin.version + side.described, side.host)
        side.described = True

    def _read(self, side: _Side, sdp: bytes) -> RemoteMedia:
        try:
            chosen = negotiate(sdp)
        except SdpError as error:
            raise SdpRefusedError(error.reason) from error
        host, port = chosen.remote_host, chosen.remote_port
        if host == HELD_HOST:
            # Held in the old way: nothing is sent, and what comes still comes from where it came.
            host, port = (side.remote.host, side.remote.port) if side.remote else ("127.0.0.1", port)
        codec: Codec = "PCMA" if chosen.codec == "PCMA" else "PCMU"
        side.chosen = chosen
        side.remote = RemoteMedia(
            host=host,
            port=port,
            codec=codec,
            payload_type=chosen.payload_type,
            dtmf_payload_type=chosen.dtmf_payload_type,
            send=chosen.direction.sends,
            receive=chosen.direction.receives,
        )
        return side.remote
