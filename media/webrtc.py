"""WebRTC packet transport: a browser's leg as plain RTP packets in and out.

aiortc and aioice carry ICE, DTLS and SRTP only. Senders, receivers and jitter buffers stay out: the engine has one
tick for all legs and its own ring for each, and a decrypted packet reaches it inside the socket callback.
"""

import asyncio
import ipaddress
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast

import pylibsrtp
import structlog
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters

from media.errors import MediaError
from media.webrtc_ice import IceConnection
from media.webrtc_sdp import (
    Fingerprint,
    LocalCandidate,
    LocalParameters,
    Offer,
    OfferError,
    WireCodec,
    build_answer,
    parse_offer,
)

__all__ = ["OfferError", "TransportState", "WebRtcTransport", "open_webrtc_transport"]

log = structlog.get_logger(__name__)

TransportState = Literal["connected", "failed", "closed"]

CONNECT_TIMEOUT_S: Final = 15.0
"""From the answer to the first media key: a browser that holds the answer needs well under a second."""

_certificate: RTCCertificate | None = None


async def open_webrtc_transport(
    offer_sdp: str,
    *,
    hosts: Sequence[str],
    advertise: str | None,
    port_range: tuple[int, int] | None,
    allow_opus: bool = False,
    on_packet: Callable[[bytes], None],
    on_state: Callable[[TransportState], None],
) -> tuple["WebRtcTransport", str]:
    """Answer a browser's audio offer; returns the transport, already waiting for the peer, and the answer.

    `hosts` are local addresses to bind (loopback and the wildcard are allowed), `port_range` an inclusive range of
    UDP ports, `advertise` the address that peers are told in place of the bound ones (a 1:1 NAT or a container).
    `on_packet` gets each decrypted RTP packet, audio and telephone-events, from inside the socket callback: it must
    return at once. `on_state` gets "connected" once, then at most one of "failed" (see `failure`) and "closed" (the
    peer hung up); after `close` neither is called. The transport releases its sockets by itself when it fails or
    the peer closes. Raises MediaError: an OfferError for an offer that cannot be answered, "ports_exhausted" when no
    host has a free port.
    """
    offer = parse_offer(offer_sdp, allow_opus=allow_opus)
    transport = WebRtcTransport(offer, hosts, port_range, on_packet, on_state)
    return transport, await transport._open(hosts, advertise)


class WebRtcTransport:
    """One browser's media path. Built by `open_webrtc_transport`.

    `negotiated` is (codec, payload type, telephone-event payload type or None), the same in both directions.
    `ssrc` is the SSRC of everything sent. `failure` is "ice_failed" or "dtls_failed" once the state is "failed".
    `received`, `sent` and `dropped` count RTP packets; dropped ones came or went without a key, or failed
    authentication or the replay check.
    """

    def __init__(
        self,
        offer: Offer,
        hosts: Sequence[str],
        port_range: tuple[int, int] | None,
        on_packet: Callable[[bytes], None],
        on_state: Callable[[TransportState], None],
    ) -> None:
        self.negotiated: tuple[WireCodec, int, int | None] = (
            offer.codec,
            offer.payload_type,
            offer.dtmf_payload_type,
        )
        self.dtmf_rate = offer.dtmf_rate
        self.ssrc = secrets.randbits(32)
        self.failure: Literal["ice_failed", "dtls_failed"] | None = None
        self.received = 0
        self.sent = 0
        self.dropped = 0
        self._ssrc_bytes = self.ssrc.to_bytes(4, "big")
        self._offer = offer
        self._on_packet = on_packet
        self._on_state = on_state
        self._certificate = _process_certificate()
        self._ice = IceConnection(hosts, port_range, self._media_received)
        self._ice.remote_username = offer.ufrag
        self._ice.remote_password = offer.password
        self._dtls = RTCDtlsTransport(cast("RTCIceTransport", self._ice), [self._certificate])
        self._dtls._set_role(offer.dtls_role)
        self._supervisor: asyncio.Task[None] | None = None
        self._rx_srtp: pylibsrtp.Session | None = None
        self._tx_srtp: pylibsrtp.Session | None = None
        self._closing = False
        self._release_lock = asyncio.Lock()

    def send(self, packet: bytes) -> None:
        """Protect and send one plain RTP packet (12-byte header or longer, at most 1,400 bytes).

        The SSRC is replaced by the announced one. Before "connected" and after the end packets are dropped.
        """
        session = self._tx_srtp
        if session is None:
            self.dropped += 1
            return
        if packet[8:12] != self._ssrc_bytes:
            packet = packet[:8] + self._ssrc_bytes + packet[12:]
        if self._ice.send_media(session.protect(packet)):
            self.sent += 1
        else:
            self.dropped += 1

    async def close(self) -> None:
        """Say goodbye to the peer and release sockets and tasks. Idempotent; no callback follows."""
        self._closing = True
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
        await self._release()

    async def _open(self, hosts: Sequence[str], advertise: str | None) -> str:
        try:
            await self._ice.gather_candidates()
        except BaseException:  # cancelled between two sockets
            await self._ice.close()
            raise
        candidates = _announced(self._ice, advertise)
        if not candidates:
            raise MediaError("ports_exhausted", f"no UDP port on {', '.join(hosts)}")
        answer = build_answer(
            self._offer,
            LocalParameters(
                ufrag=self._ice.local_username,
                password=self._ice.local_password,
                fingerprint=_fingerprint(self._certificate),
                candidates=candidates,
                ssrc=self.ssrc,
                cname=secrets.token_hex(8),
                session_id=secrets.randbits(62),
            ),
        )
        self._supervisor = asyncio.create_task(
            self._supervise(), name=f"webrtc:{self._ice.local_username}:{candidates[0].port}"
        )
        return answer

    async def _supervise(self) -> None:
        """The leg's life: checks, handshake, media until the end, release, and one word about how it ended."""
        try:
            ended = await self._live()
        except Exception as error:  # whatever breaks in the stack below is this leg's failure
            log.exception("webrtc_transport_broken", error=str(error))
            self.failure, ended = self.failure or "dtls_failed", "failed"
        self._rx_srtp = self._tx_srtp = None
        await self._release()
        self._report(ended)

    async def _live(self) -> Literal["failed", "closed"]:
        self.failure = "ice_failed"
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._ice.connect()
                self.failure = "dtls_failed"
                await self._dtls.start(_remote_parameters(self._offer))
        except (TimeoutError, ConnectionError) as error:
            log.info("webrtc_connect_failed", reason=self.failure, error=repr(error))
            return "failed"
        pump = self._dtls._task
        if self._dtls.state != "connected" or pump is None:
            log.info("webrtc_connect_failed", reason=self.failure, dtls=self._dtls.state)
            return "failed"
        self.failure = None
        self._rx_srtp, self._tx_srtp = self._dtls._rx_srtp, self._dtls._tx_srtp
        self._report("connected")
        await asyncio.wait([pump])  # ends with the peer's close_notify, or when ICE consent expires
        if not pump.cancelled() and (broken := pump.exception()) is not None:
            raise broken
        if self._ice.lost:
            self.failure = "ice_failed"
            return "failed"
        return "closed"

    def _report(self, state: TransportState) -> None:
        if self._closing:
            return
        try:
            self._on_state(state)
        except Exception as error:  # the owner's mistake must not keep the sockets of this leg open
            log.exception("webrtc_on_state_failed", state=state, error=str(error))

    async def _release(self) -> None:
        async with self._release_lock:
            self._rx_srtp = self._tx_srtp = None
            pump = self._dtls._task
            await self._dtls.stop()
            if pump is not None:
                await asyncio.wait([pump])
            await self._ice.close()

    def _media_received(self, data: bytes) -> None:
        """One datagram of the RTP range. RTCP shares the port (RFC 5761, 4) and is ignored: the peer's liveness is
        ICE consent, and reception is measured by the engine."""
        if len(data) < 12 or 192 <= data[1] <= 223:
            return
        session = self._rx_srtp
        if session is None:
            self.dropped += 1
            return
        try:
            packet = session.unprotect(data)
        except (pylibsrtp.Error, ValueError):  # forged, replayed, or longer than any audio packet
            self.dropped += 1
            return
        self.received += 1
        self._ice.heard = True
        self._on_packet(packet)


def _announced(ice: IceConnection, advertise: str | None) -> list[LocalCandidate]:
    """Gathered candidates with the advertised address in place of each bound one. Loopback addresses stay beside
    it for a browser on this machine, unless nothing else was bound."""
    gathered = ice.local_candidates
    only_loopback = all(ipaddress.ip_address(c.host).is_loopback for c in gathered)
    return [
        LocalCandidate(
            c.foundation,
            c.priority,
            advertise if advertise and (only_loopback or not ipaddress.ip_address(c.host).is_loopback) else c.host,
            c.port,
        )
        for c in gathered
    ]


def _remote_parameters(offer: Offer) -> RTCDtlsParameters:
    return RTCDtlsParameters(
        fingerprints=[RTCDtlsFingerprint(algorithm=f.algorithm, value=f.value) for f in offer.fingerprints]
    )


def _process_certificate() -> RTCCertificate:
    """The DTLS certificate of this process, made on first use and again a day before it expires (30 days)."""
    global _certificate  # noqa: PLW0603 - one certificate a process is the point
    if _certificate is None or _certificate.expires - datetime.now(UTC) < timedelta(days=1):
        _certificate = RTCCertificate.generateCertificate()
    return _certificate


def _fingerprint(certificate: RTCCertificate) -> Fingerprint:
    prints = certificate.getFingerprints()
    return next(Fingerprint(f.algorithm, f.value) for f in prints if f.algorithm == "sha-256")
