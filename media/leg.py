"""A leg: one endpoint's media on one packet transport, with what it hears and who hears it."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from typing import Literal, NamedTuple, TypedDict

from media import codecs, rtp
from media.clock import monotonic_us
from media.codecs import CodecName, Samples
from media.conceal import Concealer
from media.dtmf import DtmfReceiver, EventFrame
from media.events import MediaEvent
from media.jitter import JitterBuffer
from media.outstream import OutStream, Stamp
from media.player import Player
from media.recorder import Recorder
from media.rtp import Reception, RtpPacket
from media.sockets import PacketTransport

LegKind = Literal["rtp", "trunk", "webrtc"]
_DELAYS_KEPT = 512
_LONGEST_DELAY = 10_000_000


class LegStats(TypedDict):
    """Counters since the leg was opened. Delays are RTP in to RTP out of what this leg was sent, microseconds;
    `last_in_age_ms` is None before the first packet; `foreign` counts packets from strangers before the latch."""

    kind: str
    packets_in: int
    packets_out: int
    lost: int
    late: int
    unknown: int
    foreign: int
    send_errors: int
    jitter_ms: float
    last_in_age_ms: int | None
    delay_us_p50: int | None
    delay_us_p99: int | None


class Route(NamedTuple):
    """A listener that gets this leg's packets as they come, through a translation table when one is needed."""

    target: Leg
    table: bytes | None


class Leg:
    """State of one leg. Packets come in by `receive`, at once or by the tick they go out by `send_*`.

    The engine sets `routes`, `mix` and `listeners` from the room's gains; a leg never looks at rooms itself.
    """

    def __init__(
        self, leg_id: str, kind: LegKind, stream: OutStream, emit: Callable[[MediaEvent], None], now: int
    ) -> None:
        self.leg_id = leg_id
        self.kind = kind
        self.transport: PacketTransport | None = None
        self.room_id: str | None = None
        self.codec: CodecName | None = None
        self.payload_type = 0
        self.dtmf_payload_type: int | None = None
        self.sending = False
        self.receiving = False
        self.receiving_since = now
        self.failed = False
        self.connected = False

        self.routes: tuple[Route, ...] = ()
        self.event_targets: tuple[Leg, ...] = ()
        self.mix: tuple[tuple[Leg, float], ...] = ()
        self.ticked = False
        self.player: Player | None = None
        self.digits: deque[EventFrame | None] = deque()
        self.recorders: tuple[Recorder, ...] = ()

        self.reception = Reception()
        self.last_in: int | None = None
        self.packets_out = 0
        self.octets_out = 0
        self.unknown = 0
        self._emit = emit
        self._stream = stream
        self._dtmf = DtmfReceiver()
        self._jitter: JitterBuffer | None = None
        self._concealer = Concealer()
        self._frame_tick = -1
        self._frame: Samples | None = None
        self._event_timestamp = 0
        self._delays = array("i")
        self._delay_count = 0

    def negotiate(
        self, codec: CodecName, payload_type: int, dtmf_payload_type: int | None, *, send: bool, receive: bool
    ) -> None:
        """Take over what signalling agreed; `send` and `receive` are from this side's point of view."""
        if codec != self.codec and self._jitter is not None:
            self._jitter = JitterBuffer(codecs.SILENCE[codec])
        if receive and not self.receiving:
            self.receiving_since = monotonic_us()
        self.codec = codec
        self.payload_type = payload_type
        self.dtmf_payload_type = dtmf_payload_type
        self.sending = send
        self.receiving = receive

    @property
    def ssrc(self) -> int:
        """The SSRC of everything that this leg is sent."""
        return self._stream.ssrc

    @property
    def timestamp(self) -> int:
        """The timestamp sent last."""
        return self._stream.timestamp

    def needs_frames(self, needed: bool) -> None:
        """Keep a jitter buffer only while a mixed leg hears this one."""
        if not needed:
            self._jitter = None
        elif self._jitter is None and self.codec is not None:
            self._jitter = JitterBuffer(codecs.SILENCE[self.codec])

    def receive(self, data: bytes, now: int) -> None:
        """One datagram from the peer, arrived at `now`."""
        packet = rtp.parse(data)
        if packet is None:
            self.unknown += 1
            return
        self.last_in = now
        if not self.connected:
            self.connected = True
            if self.kind != "webrtc":
                self._emit(MediaEvent("connected", self.leg_id))
        if not self.receiving:
            return
        self.failed = False
        if packet.payload_type == self.payload_type:
            self._receive_audio(packet, now)
        elif packet.payload_type == self.dtmf_payload_type:
            self._receive_event(packet, now)
        else:
            self.unknown += 1

    def _receive_audio(self, packet: RtpPacket, now: int) -> None:
        self.reception.update(packet, now)
        for target, table in self.routes:
            target.send_forwarded(self.leg_id, packet, table, now)
        if self._jitter is not None:
            self._jitter.push(packet.ssrc, packet.timestamp, packet.payload, now)
        if self.codec is not None:
            for recorder in self.recorders:
                recorder.said(packet.ssrc, packet.timestamp, self.codec, packet.payload, now)

    def _receive_event(self, packet: RtpPacket, now: int) -> None:
        digit = self._dtmf.receive(packet.timestamp, packet.payload, now)
        # A trunk only carries on what the leg at its other end has already reported.
        if digit is not None and self.kind != "trunk":
            self._emit(MediaEvent("digit", self.leg_id, digit=digit))
        for target in self.event_targets:
            target.send_forwarded_event(self.leg_id, packet, now)

    def frame(self, tick: int) -> Samples | None:
        """This leg's next 20 ms for the mixers, the same one for each that asks at this tick; None when silent."""
        if self._frame_tick != tick:
            self._frame_tick = tick
            self._frame = self._pull(tick)
        return self._frame

    def _pull(self, tick: int) -> Samples | None:
        jitter = self._jitter
        coded = None if jitter is None or not self.receiving else jitter.pull(tick)
        if jitter is None or coded is None or self.codec is None:
            self._concealer.reset()
            return None
        return self._concealer.repair(codecs.decode(self.codec, coded), jitter.lost)

    def frame_delay_us(self, now: int) -> int:
        """How old the samples of the last `frame` are."""
        return 0 if self._jitter is None else self._jitter.delay_us(now)

    def send_forwarded(self, source: str, packet: RtpPacket, table: bytes | None, arrived: int) -> None:
        """Pass another leg's audio packet on."""
        if not self.sending or self.digits:
            return
        stamp = self._stream.forward(source, packet.ssrc, packet.sequence, packet.timestamp, packet.marker, arrived)
        if stamp is not None:
            payload = packet.payload if table is None else packet.payload.translate(table)
            self._send(self.payload_type, stamp, payload)
            self._hear(stamp.timestamp, payload, arrived)
            self.note_delay(monotonic_us() - arrived)

    def send_forwarded_event(self, source: str, packet: RtpPacket, arrived: int) -> None:
        """Pass another leg's telephone-event on; it is dropped when this side did not negotiate any."""
        if not self.sending or self.digits or self.dtmf_payload_type is None:
            return
        stamp = self._stream.forward_event(
            source, packet.ssrc, packet.sequence, packet.timestamp, packet.marker, arrived
        )
        if stamp is not None:
            self._send(self.dtmf_payload_type, stamp, packet.payload)

    def send_frame(self, payload: bytes, now: int) -> None:
        """Send a 20 ms frame of this process's own making, at the tick `now`."""
        stamp = self._stream.tick(now)
        self._send(self.payload_type, stamp, payload)
        if self.recorders:
            self._hear(stamp.timestamp, payload, now)

    def send_event(self, frame: EventFrame, now: int) -> None:
        """Send one packet of a digit in place of a frame."""
        stamp = self._stream.tick(now)
        if frame.first:
            self._event_timestamp = stamp.timestamp
        if self.dtmf_payload_type is not None:
            stamp = Stamp(stamp.sequence, self._event_timestamp, frame.first)
            self._send(self.dtmf_payload_type, stamp, frame.payload)

    def skip_frames(self, count: int) -> None:
        """Ticks left out because the process was held up."""
        self._stream.skip(count)

    def _send(self, payload_type: int, stamp: Stamp, payload: bytes) -> None:
        if self.transport is not None:
            self.packets_out += 1
            self.octets_out += len(payload)
            self.transport.send(
                rtp.build(
                    payload_type, stamp.sequence, stamp.timestamp, self._stream.ssrc, payload, marker=stamp.marker
                )
            )

    def _hear(self, timestamp: int, payload: bytes, now: int) -> None:
        if self.codec is not None:
            for recorder in self.recorders:
                recorder.heard(self._stream.ssrc, timestamp, self.codec, payload, now)

    def note_delay(self, delay: int) -> None:
        """Keep the engine delay of one packet out, microseconds, among the latest 512; 10 s stands for more.

        A tick may be a little early, then there was none.
        """
        delay = min(max(0, delay), _LONGEST_DELAY)
        if len(self._delays) < _DELAYS_KEPT:
            self._delays.append(delay)
        else:
            self._delays[self._delay_count % _DELAYS_KEPT] = delay
        self._delay_count += 1

    def stats(self, now: int) -> LegStats:
        """The counters at `now`."""
        delays = sorted(self._delays)
        return LegStats(
            kind=self.kind,
            packets_in=self.reception.packets - getattr(self.transport, "concealed", 0),
            packets_out=self.packets_out,
            lost=self.reception.lost + getattr(self.transport, "concealed", 0),
            late=0 if self._jitter is None else self._jitter.late,
            unknown=self.unknown,
            foreign=getattr(self.transport, "strangers", 0),
            send_errors=getattr(self.transport, "send_errors", 0),
            jitter_ms=round(self.reception.jitter_ms, 3),
            last_in_age_ms=None if self.last_in is None else (now - self.last_in) // 1000,
            delay_us_p50=delays[len(delays) // 2] if delays else None,
            delay_us_p99=delays[len(delays) * 99 // 100] if delays else None,
        )
