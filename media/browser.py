"""Opens the transport of a browser's leg, with the Opus transcoder in between where that was negotiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from media import opus
from media.codecs import CodecName
from media.opus_edge import OpusEdge
from media.sockets import PacketTransport
from media.webrtc import TransportState, WebRtcTransport, open_webrtc_transport


class Opened(NamedTuple):
    """The transport, the answer, and the format as the engine sees it."""

    transport: PacketTransport
    answer: str
    codec: CodecName
    payload_type: int
    dtmf_payload_type: int | None


class _OpusTransport:
    """A WebRTC transport behind an Opus edge."""

    def __init__(self, inner: WebRtcTransport, edge: OpusEdge) -> None:
        self._inner = inner
        self._edge = edge

    @property
    def concealed(self) -> int:
        """Lost packets that were filled before the engine saw the gap."""
        return self._edge.concealed

    def send(self, packet: bytes) -> None:
        for built in self._edge.outward(packet):
            self._inner.send(built)

    async def close(self) -> None:
        await self._inner.close()


async def open_browser(
    offer_sdp: str,
    *,
    hosts: Sequence[str],
    advertise: str | None,
    port_range: tuple[int, int] | None,
    allow_opus: bool,
    on_packet: Callable[[bytes], None],
    on_change: Callable[[PacketTransport, str | None], None],
) -> Opened:
    """As media.webrtc.open_webrtc_transport; `on_packet` gets G.711 whatever was negotiated.

    `on_change` gets the transport with None when it is connected, or with the reason why it is gone.
    """
    edge: OpusEdge | None = None
    outer: PacketTransport | None = None

    def received(packet: bytes) -> None:
        if edge is None:
            on_packet(packet)
            return
        for built in edge.inward(packet):
            on_packet(built)

    def changed(state: TransportState) -> None:
        if outer is not None:
            gone = "peer_closed" if state == "closed" else inner.failure or "ice_failed"
            on_change(outer, None if state == "connected" else gone)

    inner, answer = await open_webrtc_transport(
        offer_sdp,
        hosts=hosts,
        advertise=advertise,
        port_range=port_range,
        allow_opus=allow_opus and opus.available(),
        on_packet=received,
        on_state=changed,
    )
    codec, payload_type, dtmf_payload_type = inner.negotiated
    if codec != "OPUS":
        outer = inner
        return Opened(inner, answer, codec, payload_type, dtmf_payload_type)
    edge = OpusEdge(payload_type, dtmf_payload_type, inner.dtmf_rate)
    outer = _OpusTransport(inner, edge)
    return Opened(outer, answer, "PCMU", payload_type, dtmf_payload_type)
