"""The far end of a WebRTC leg without a browser: a bare, controlling ICE and DTLS endpoint that sends and hears
raw RTP packets, in the form of offer that Chromium writes."""

import asyncio
import re
from collections.abc import Callable
from typing import cast

from aioice import Candidate
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters

from media.webrtc_ice import IceConnection

OFFER = """v=0
o=- 2149210319193228485 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 0 8 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:3522274786 1 udp 2113937151 caea1a54-7ca8-444e-bffb-eeb591682a0d.local 51987 typ host generation 0
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:{setup}
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=rtcp-mux
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:126 telephone-event/8000
"""


class WebRtcPeer:
    """`offer()`, then `connect(answer)`, then `send` protected packets; `packets` keeps what was decrypted."""

    def __init__(self, on_packet: Callable[[bytes], None] | None = None, setup: str = "actpass") -> None:
        self.packets: list[bytes] = []
        self.ended = asyncio.Event()
        self.setup = setup
        self._on_packet = on_packet or self.packets.append
        self.ice = IceConnection(["127.0.0.1"], None, self._media_received)
        self.ice.ice_controlling = True
        self._certificate = RTCCertificate.generateCertificate()
        self.dtls = RTCDtlsTransport(cast("RTCIceTransport", self.ice), [self._certificate])

    async def offer(self, fingerprint: str | None = None) -> str:
        """The offer; `fingerprint` replaces the true one."""
        await self.ice.gather_candidates()
        own = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return OFFER.format(
            ufrag=self.ice.local_username,
            password=self.ice.local_password,
            fingerprint=fingerprint or own,
            setup=self.setup,
        ).replace("\n", "\r\n")

    async def connect(self, answer: str) -> None:
        """Check the answer's candidates and shake hands. Raises ConnectionError when either does not succeed."""
        self.ice.remote_username = _value(answer, "ice-ufrag")
        self.ice.remote_password = _value(answer, "ice-pwd")
        for line in re.findall(r"a=candidate:(.*)", answer):
            await self.ice.add_remote_candidate(Candidate.from_sdp(line.strip()))
        await self.ice.add_remote_candidate(None)
        await self.ice.connect()
        self.dtls._set_role("server" if _value(answer, "setup") == "active" else "client")
        algorithm, _, value = _value(answer, "fingerprint").partition(" ")
        await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm=algorithm, value=value)]))
        if self.dtls.state != "connected":
            raise ConnectionError(f"DTLS {self.dtls.state}")
        assert self.dtls._task is not None
        self.dtls._task.add_done_callback(lambda _: self.ended.set())

    def protect(self, packet: bytes) -> bytes:
        protected: bytes = self.dtls._tx_srtp.protect(packet)
        return protected

    def send(self, packet: bytes) -> None:
        """Protect and send one RTP packet."""
        assert self.ice.send_media(self.protect(packet))

    @property
    def address(self) -> tuple[str, int]:
        """The server's address, as nominated."""
        return self.ice._nominated[1].remote_addr

    async def vanish(self) -> None:
        """Close the sockets without a word, as a pulled cable does."""
        await self.ice.close()

    async def close(self) -> None:
        """Say goodbye and close."""
        pump = self.dtls._task
        await self.dtls.stop()
        if pump is not None:
            await asyncio.wait([pump])
        await self.ice.close()

    def _media_received(self, data: bytes) -> None:
        if self.dtls._rx_srtp is not None:
            self._on_packet(self.dtls._rx_srtp.unprotect(data))


def _value(sdp: str, name: str) -> str:
    match = re.search(rf"^a={name}:(.*?)\r?$", sdp, re.MULTILINE)
    assert match, f"no {name} in the answer"
    return match[1]
