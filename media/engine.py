"""The media engine of one process: legs, rooms, prompts and the tick behind the MediaEngine port.

Run it in the server's own process for tests, or in workers of its own (media.worker, media.client).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from media.clock import monotonic_us, ntp_now
from media.codecs import CodecName
from media.dtmf import schedule
from media.errors import MediaError
from media.events import MediaEvent
from media.leg import Leg, LegKind, LegStats
from media.outstream import OutStream
from media.player import Player
from media.ports import DEFAULT_COOL_DOWN_US, PortAllocator
from media.prompts import PromptStore
from media.recordings import Recordings
from media.render import Ended, render
from media.rooms import Rooms
from media.rtp import build_sender_report
from media.rtp_ports import RtpPorts
from media.sockets import PacketTransport, Poller, RtpSocket
from media.tick import Ticker

log = structlog.get_logger(__name__)

CAPABILITIES: Final = frozenset({"rtp", "webrtc", "trunk", "play", "dtmf", "record", "gains"})
_WATCH_S = 1.0
_REPORT_EVERY = 5
# SSRC, sequence and timestamp that nobody can guess (RFC 3550, section 5.1).
_START = struct.Struct("=IHI")
_NOWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Where an engine listens and what it may use; times in microseconds, port ranges inclusive.

    `advertise_host` is what others are told (the bound address when empty); `webrtc_ports` None lets the system
    choose; `no_media_us` is how long an RTP leg may be silent before it is reported, 0 for never.
    """

    prompt_root: Path
    bind_host: str = "127.0.0.1"
    advertise_host: str = ""
    rtp_ports: tuple[int, int] = (20000, 29999)
    webrtc_hosts: tuple[str, ...] = ()
    webrtc_ports: tuple[int, int] | None = None
    no_media_us: int = 60_000_000
    port_cool_down_us: int = DEFAULT_COOL_DOWN_US


class InProcessEngine:
    """Implements MediaEngine on the running event loop. Every method raises MediaError with a stable `reason`."""

    capabilities: frozenset[str] = CAPABILITIES

    def __init__(self, settings: EngineSettings, on_event: Callable[[MediaEvent], None]) -> None:
        self._settings = settings
        self._emit = on_event
        self._prompts = PromptStore(settings.prompt_root)
        self._poller = Poller()
        ports = PortAllocator(*settings.rtp_ports, settings.port_cool_down_us)
        self._sockets = RtpPorts(self._poller, settings.bind_host, ports)
        self._ticker = Ticker(self._tick)
        self._recordings = Recordings(on_event)
        self._legs: dict[str, Leg] = {}
        self._rooms = Rooms(self._legs, self._note_ticked)
        self._ticked: dict[str, Leg] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._watches = 0

    async def start(self) -> None:
        """Begin to watch for legs that fall silent."""
        self._arm_watch()

    def preload_prompts(self) -> None:
        """Read all prompts now, because reading a long one during calls would hold up the tick."""
        for error in self._prompts.preload():
            log.warning("prompt_not_loaded", error=str(error))

    async def reload_prompts(self, root: str) -> None:
        """Read the prompts of this folder anew; what is being played goes on as it began."""
        fresh = PromptStore(Path(root))
        # In a thread, because the tick must go on.
        for error in await asyncio.to_thread(fresh.preload):
            log.warning("prompt_not_loaded", error=str(error))
        fresh.keep(self._prompts)
        self._prompts = fresh

    @property
    def leg_count(self) -> int:
        """Legs that are open."""
        return len(self._legs)

    @property
    def leg_ids(self) -> tuple[str, ...]:
        """Names of the open legs, oldest first."""
        return tuple(self._legs)

    @property
    def ports_in_use(self) -> int:
        """RTP ports that legs have."""
        return self._sockets.in_use

    @property
    def ticker(self) -> Ticker:
        """The tick, for its counters."""
        return self._ticker

    async def open_rtp(self, leg_id: str) -> tuple[str, int]:
        """Open an RTP leg: the address and port to tell the peer. MediaError leg_exists, ports_exhausted."""
        return self._open_socket(leg_id, "rtp")

    async def open_trunk(self, leg_id: str) -> tuple[str, int]:
        """Open a leg to another worker or node: as open_rtp, but it reports neither digits nor silence."""
        return self._open_socket(leg_id, "trunk")

    async def reserve(self, count: int) -> tuple[str, list[int]]:
        """Open what so many RTP legs need before there are any: host and ports, fewer where no more are left."""
        ports: list[int] = []
        with contextlib.suppress(MediaError):
            while len(ports) < count:
                ports.append(self._sockets.reserve())
        return self._told_host, ports

    async def adopt(self, leg_id: str, port: int) -> None:
        """What was reserved at `port` is an RTP leg from now on. MediaError leg_exists, unknown_leg."""
        leg = self._new_leg(leg_id, "rtp")
        leg.transport = self._sockets.take(port, leg.receive)
        self._legs[leg_id] = leg

    async def drop_reserved(self) -> None:
        """Nobody is left who knows of what was reserved."""
        await self._sockets.drop_reserved()

    async def set_remote(
        self,
        leg_id: str,
        *,
        host: str,
        port: int,
        codec: CodecName,
        payload_type: int,
        dtmf_payload_type: int | None,
        send: bool,
        receive: bool,
    ) -> None:
        """Name the negotiated peer and format; again at each re-negotiation. MediaError unknown_leg, bad_address."""
        leg = self._leg(leg_id)
        if not isinstance(leg.transport, RtpSocket):
            raise MediaError("wrong_kind", f"{leg_id} is a {leg.kind} leg")
        if host in _NOWHERE:
            # The old way to hold (RFC 3264 section 8.4): there is no address to send to.
            send = False
        else:
            leg.transport.set_peer(host, port)
        leg.negotiate(codec, payload_type, dtmf_payload_type, send=send, receive=receive)
        self._rooms.rewire(leg)

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str:
        """Answer a browser's offer; for a leg that exists, put the new connection in place of the old one.

        `opus` allows that codec beside G.711 (the offer's order decides): for callers, whose sound is transcoded.
        """
        from media.browser import open_browser

        leg = self._legs.get(leg_id)
        if leg is not None and leg.kind != "webrtc":
            raise MediaError("leg_exists", leg_id)
        fresh = leg or self._new_leg(leg_id, "webrtc")
        self._legs[leg_id] = fresh
        settings = self._settings
        try:
            opened = await open_browser(
                offer_sdp,
                hosts=settings.webrtc_hosts or (settings.bind_host,),
                advertise=settings.advertise_host or None,
                port_range=settings.webrtc_ports,
                allow_opus=opus,
                on_packet=lambda packet: fresh.receive(packet, monotonic_us()),
                on_change=lambda transport, failure: self._browser_changed(fresh, transport, failure),
            )
        except BaseException:
            if fresh.transport is None and self._legs.get(leg_id) is fresh:
                await self.close_leg(leg_id)
            raise
        transport = opened.transport
        if self._legs.get(leg_id) is not fresh:
            await transport.close()
            raise MediaError("unknown_leg", f"{leg_id} was closed while its connection was made")
        old, fresh.transport = fresh.transport, transport
        fresh.negotiate(opened.codec, opened.payload_type, opened.dtmf_payload_type, send=True, receive=True)
        self._rooms.rewire(fresh)
        if old is not None:
            await old.close()
        return opened.answer

    def _browser_changed(self, leg: Leg, transport: PacketTransport, failure: str | None) -> None:
        if leg.transport is not transport:
            return
        if failure is None:
            leg.connected = True
            self._emit(MediaEvent("connected", leg.leg_id))
        else:
            self._emit(MediaEvent("leg_failed", leg.leg_id, reason=failure))

    def closes_later(self, leg_id: str) -> bool:
        """Whether `close_leg` has to wait: for a browser, or for a recording's file."""
        leg = self._legs.get(leg_id)
        return leg is not None and (bool(leg.recorders) or not isinstance(leg.transport, RtpSocket))

    async def close_leg(self, leg_id: str) -> None:
        """Close a leg, leave its room, free its port; idempotent."""
        leg = self._legs.get(leg_id)
        if leg is None:
            return
        self._end_play(leg, "stopped")
        self._rooms.leave(leg)
        del self._legs[leg_id]
        self._ticked.pop(leg_id, None)
        if isinstance(leg.transport, RtpSocket):
            await self._sockets.close(leg.transport)
        elif leg.transport is not None:
            await leg.transport.close()
        await self._recordings.end(leg, None)

    async def play(
        self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0
    ) -> None:
        """Play prompt files one after the other, in place of what plays now (which reports stopped)."""
        leg = self._leg(leg_id)
        prompts = self._prompts.get_all(files)
        self._end_play(leg, "stopped")
        leg.player = Player(play_id, prompts, loop=loop, gain=gain)
        self._rooms.rewire(leg)

    async def stop_play(self, leg_id: str, play_id: str | None = None) -> None:
        """Stop what plays, or only this play; no error when it has ended already."""
        leg = self._leg(leg_id)
        if leg.player is not None and play_id in (None, leg.player.play_id):
            self._end_play(leg, "stopped")
            self._rooms.rewire(leg)

    async def send_digits(self, leg_id: str, digits: str, duration_ms: int = 100, gap_ms: int = 60) -> None:
        """Queue digits as telephone-events. MediaError no_telephone_event, bad_digits."""
        leg = self._leg(leg_id)
        if leg.dtmf_payload_type is None:
            raise MediaError("no_telephone_event", f"{leg_id}'s peer has negotiated none")
        try:
            leg.digits.extend(schedule(digits, duration_ms, gap_ms))
        except ValueError as error:
            raise MediaError("bad_digits", str(error)) from error
        self._rooms.rewire(leg)

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        """Set a room's whole gain matrix; {} dissolves it. A leg in another room moves. MediaError unknown_leg."""
        for leg_id in {leg_id for pair in gains for leg_id in pair}:
            self._leg(leg_id)
        self._rooms.arrange(room_id, gains)

    async def stats(self, leg_id: str) -> LegStats:
        """The leg's counters."""
        return self._leg(leg_id).stats(monotonic_us())

    async def record(self, leg_id: str, path: str) -> None:
        """Record what the leg says (left) and hears (right): Ogg Opus for a name in .ogg, else WAV.

        MediaError record_failed; what fails later is told by the event of that name.
        """
        self._recordings.begin(self._leg(leg_id), path)

    async def mute_record(self, leg_id: str, path: str, on: bool) -> None:
        """Write silence to this recording from now on, or the sound again. MediaError not_recorded."""
        self._recordings.mute(self._leg(leg_id), path, on=on)

    async def stop_record(self, leg_id: str, path: str | None = None) -> int:
        """Finish this recording, or all of the leg; its length in microseconds, 0 when there is none."""
        return await self._recordings.end(self._leg(leg_id), path)

    async def aclose(self) -> None:
        """Close every leg and stop; idempotent."""
        self._ticker.stop()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for leg_id in list(self._legs):
            await self.close_leg(leg_id)
        await self.drop_reserved()
        await self._recordings.aclose()
        self._poller.close()

    def _leg(self, leg_id: str) -> Leg:
        leg = self._legs.get(leg_id)
        if leg is None:
            raise MediaError("unknown_leg", leg_id)
        return leg

    def _new_leg(self, leg_id: str, kind: LegKind) -> Leg:
        if leg_id in self._legs:
            raise MediaError("leg_exists", leg_id)
        now = monotonic_us()
        ssrc, sequence, timestamp = _START.unpack(os.urandom(_START.size))
        stream = OutStream(ssrc, sequence, timestamp, now)
        return Leg(leg_id, kind, stream, self._emit, now)

    def _open_socket(self, leg_id: str, kind: LegKind) -> tuple[str, int]:
        leg = self._new_leg(leg_id, kind)
        leg.transport = opened = self._sockets.open(leg.receive)
        self._legs[leg_id] = leg
        return self._told_host, opened.port

    @property
    def _told_host(self) -> str:
        return self._settings.advertise_host or self._settings.bind_host

    def _note_ticked(self, leg: Leg) -> None:
        if leg.ticked:
            self._ticked[leg.leg_id] = leg
            self._ticker.start()
        else:
            self._ticked.pop(leg.leg_id, None)

    def _end_play(self, leg: Leg, reason: str) -> None:
        player, leg.player = leg.player, None
        if player is not None:
            self._emit(MediaEvent("played", leg.leg_id, play_id=player.play_id, reason=reason))

    def _tick(self, now: int, skipped: int) -> None:
        for leg in tuple(self._ticked.values()):
            if skipped:
                leg.skip_frames(skipped)
            try:
                ended = render(leg, now)
                if ended:
                    self._ended(leg, ended)
            except Exception:
                # A fault in one leg must not take the others' sound away.
                log.exception("media_leg_broken", leg_id=leg.leg_id)
                del self._ticked[leg.leg_id]
                self._emit(MediaEvent("leg_failed", leg.leg_id, reason="internal_error"))
        if not self._ticked:
            self._ticker.stop()

    def _ended(self, leg: Leg, ended: Ended) -> None:
        if ended == "played":
            self._end_play(leg, "finished")
        self._rooms.rewire(leg)

    def _arm_watch(self) -> None:
        self._watch = asyncio.get_running_loop().call_later(_WATCH_S, self._watch_legs)

    def _watch_legs(self) -> None:
        """Once a second: report RTP legs that are silent for too long; every fifth time send RTCP reports."""
        self._arm_watch()
        self._watches += 1
        now = monotonic_us()
        reporting = self._watches % _REPORT_EVERY == 0
        for leg in tuple(self._legs.values()):
            if reporting and leg.packets_out and isinstance(leg.transport, RtpSocket):
                report = build_sender_report(leg.ssrc, ntp_now(), leg.timestamp, leg.packets_out, leg.octets_out)
                leg.transport.send_rtcp(report)
            if leg.kind == "rtp" and leg.receiving and not leg.failed:
                self._check_silence(leg, now)

    def _check_silence(self, leg: Leg, now: int) -> None:
        since = max(leg.receiving_since, leg.last_in or 0)
        if 0 < self._settings.no_media_us <= now - since:
            leg.failed = True
            self._emit(MediaEvent("leg_failed", leg.leg_id, reason="no_media"))
