"""A media worker: one engine in a process of its own, behind a unix socket.

`python -m media.worker --socket PATH --prompts DIR ...` prints `ready` on standard output when it listens. It obeys one
owner at a time; without a word from the owner for five seconds it closes its legs, and when the process that started
it dies, it ends: at once where the system tells of it (Linux), within a second elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_never, cast

import structlog
import uvloop

from media import protocol
from media.engine import EngineSettings, InProcessEngine
from media.errors import MediaError
from media.events import MediaEvent
from media.orders import Orders
from media.orders import arguments as arguments_of

log = structlog.get_logger(__name__)

OWNER_TIMEOUT_US = 5_000_000
METHODS = frozenset(
    {
        "open_rtp",
        "reserve",
        "open_trunk",
        "open_webrtc",
        "set_remote",
        "close_leg",
        "play",
        "stop_play",
        "send_digits",
        "set_room",
        "stats",
        "record",
        "mute_record",
        "stop_record",
        "reload_prompts",
    }
)
_PR_SET_PDEATHSIG = 1
# Longer than an owner waits that ends its worker (media.link); for one whose owner is gone.
_LAST_S = 10
_WRITE_LIMIT = 8 * 1024 * 1024


class Worker:
    """Serves one engine to the newest owner that says Hello."""

    def __init__(self, settings: EngineSettings, owner_timeout_us: int = OWNER_TIMEOUT_US, parent: int = 0) -> None:
        self._settings = settings
        self._parent = parent
        self._timeout_us = owner_timeout_us
        self._engine = InProcessEngine(settings, self._tell)
        self._orders = Orders(self._engine, self._tell, self._spawn)
        self._generation = -1
        self._owner: OwnerConnection | None = None
        self._quiet = 0
        self._closed_legs = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, path: Path, stop: asyncio.Event) -> None:
        """Listen until `stop` is set or the parent is gone, then close every leg."""
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: OwnerConnection(self), path)
        self._engine.preload_prompts()
        await self._engine.start()
        watch = asyncio.create_task(self._watch_owner(), name="media-worker-owner-watch")
        print("ready", flush=True)
        try:
            waiting = asyncio.create_task(stop.wait(), name="media-worker-stop")
            await asyncio.wait({waiting, watch}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if watch.done():
                watch.result()
        finally:
            watch.cancel()
            server.close()
            await self._engine.aclose()
            if self._owner is not None:
                self._owner.close()

    def received(self, connection: OwnerConnection, frame: protocol.Frame) -> None:
        """One frame from an owner."""
        match frame:
            case protocol.Hello(generation=generation):
                self._hello(connection, generation)
            case protocol.Heartbeat(generation=generation):
                if connection is self._owner and generation == self._generation:
                    self._quiet = 0
                    connection.send(self._pulse())
            case protocol.Request():
                self._start(connection, frame)
            case protocol.Order():
                self._obey(connection, frame)
            case (
                protocol.Welcome()
                | protocol.Refused()
                | protocol.Reply()
                | protocol.Failure()
                | protocol.Happened()
                | protocol.Pulse()
            ):
                raise protocol.ProtocolError(f"{type(frame).__name__} from an owner")
            case _:
                assert_never(frame)

    def disconnected(self, connection: OwnerConnection) -> None:
        """The connection ended; its legs live on until the owner has been silent for too long."""
        if connection is self._owner:
            self._owner = None

    def _hello(self, connection: OwnerConnection, generation: int) -> None:
        if generation < self._generation:
            connection.send(protocol.Refused(self._generation))
            connection.close()
            return
        former, self._owner = self._owner, connection
        self._generation = generation
        self._quiet = 0
        if former is not None:
            former.close()
        self._spawn(self._welcome(connection), "media-worker-welcome")

    async def _welcome(self, connection: OwnerConnection) -> None:
        await self._close_legs()
        connection.send(protocol.Welcome(self._generation, os.getpid()))

    def _start(self, connection: OwnerConnection, request: protocol.Request) -> None:
        """Run a request. Each method does its work before it first waits, so all take effect as they came."""
        if connection is not self._owner or request.generation != self._generation:
            connection.send(protocol.Failure(request.id, "stale_generation", str(self._generation)))
        elif request.method not in METHODS:
            connection.send(protocol.Failure(request.id, "unknown_method", request.method))
        else:
            self._quiet = 0
            if request.method == "close_leg":
                self._count_closed(request.args)
            self._orders.begin(request.method, request.args, self._answer(connection, request))

    def _obey(self, connection: OwnerConnection, order: protocol.Order) -> None:
        """Carry out an order. What a former owner says is of no effect: its legs are closed."""
        if connection is not self._owner or order.generation != self._generation:
            return
        self._quiet = 0
        if order.method == "close_leg":
            self._count_closed(order.args)
        try:
            self._orders.obey(order.method, order.args)
        except ValueError as error:
            raise protocol.ProtocolError(str(error)) from error

    async def _answer(self, connection: OwnerConnection, request: protocol.Request) -> None:
        args = arguments_of(request.method, request.args)
        answer: protocol.Frame
        try:
            answer = protocol.Reply(request.id, await getattr(self._engine, request.method)(**args))
        except MediaError as error:
            answer = protocol.Failure(request.id, error.reason, error.detail)
        except Exception as error:
            log.exception("media_request_failed", method=request.method)
            answer = protocol.Failure(request.id, "internal_error", repr(error))
        connection.send(answer)

    def _count_closed(self, args: Mapping[str, Any]) -> None:
        self._closed_legs += self._engine.closes_later(args.get("leg_id", ""))

    def _spawn(self, work: Any, name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self, event: MediaEvent) -> None:
        if self._owner is not None:
            # Whoever had it stopped knows that.
            stopped = event.kind == "played" and event.reason == "stopped"
            self._owner.send(protocol.Happened(event), patiently=stopped)

    def _pulse(self) -> protocol.Pulse:
        ticker = self._engine.ticker
        lateness = sorted(ticker.lateness_us)
        return protocol.Pulse(
            legs=self._engine.leg_count,
            ports_in_use=self._engine.ports_in_use,
            ticks=ticker.ticks,
            skipped_ticks=ticker.skipped,
            lateness_us=lateness[len(lateness) * 99 // 100] if lateness else 0,
        )

    async def _watch_owner(self) -> None:
        # Fifths of the time are counted, so that heartbeats that wait to be read after a hold-up are not missed.
        while True:
            await asyncio.sleep(self._timeout_us / 5e6)
            if self._parent and os.getppid() != self._parent:
                log.error("media_parent_gone", parent=self._parent)
                _end_soon()
                return
            self._quiet += 1
            self._collect_garbage()
            if self._quiet > 5 and self._engine.leg_count:
                log.error("media_owner_lost", legs=self._engine.leg_count, generation=self._generation)
                await self._close_legs(report=True)

    def _collect_garbage(self) -> None:
        """Closed legs of browsers are cycles of their sockets, timers and callbacks, too old for the young generations.

        What the process began with is frozen, so a full collection walks live legs only: some milliseconds with
        hundreds of them, at most once a second, and only after such legs were closed; others go at once.
        """
        if self._closed_legs:
            self._closed_legs = 0
            gc.collect()

    async def _close_legs(self, *, report: bool = False) -> None:
        """Close every leg; say so to an owner that may only have been slow."""
        if not report:
            await self._engine.drop_reserved()
        for leg_id in self._engine.leg_ids:
            await self._engine.close_leg(leg_id)
            if report:
                self._tell(MediaEvent("leg_failed", leg_id, reason="owner_lost"))


class OwnerConnection(asyncio.Protocol):
    """One connection from an owner."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._reader = protocol.FrameReader()
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on complete frames; a peer that does not speak the protocol is cut off."""
        try:
            for frame in self._reader.feed(data):
                self._worker.received(self, frame)
        except protocol.ProtocolError as error:
            log.error("media_protocol_error", error=str(error))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol
        """Tell the worker."""
        self._transport = None
        self._worker.disconnected(self)

    def send(self, frame: protocol.Frame, *, patiently: bool = False) -> None:
        """Send one frame; `patiently`: with the next one, which is the answer to a heartbeat at the latest."""
        self._held.append(protocol.encode(frame))
        if not patiently:
            self._flush()

    def _flush(self) -> None:
        """An owner that has stopped reading is cut off instead of buffered without end."""
        held, self._held = self._held, []
        if self._transport is None or self._transport.is_closing() or not held:
            return
        self._transport.write(held[0] if len(held) == 1 else b"".join(held))
        if self._transport.get_write_buffer_size() > _WRITE_LIMIT:
            log.error("media_owner_does_not_read")
            self._transport.abort()

    def close(self) -> None:
        """End the connection after what was sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()


def arguments(settings: EngineSettings) -> list[str]:
    """Command-line arguments that give a worker these settings."""
    low, high = settings.rtp_ports
    found = [
        f"--prompts={settings.prompt_root.resolve()}",
        f"--bind={settings.bind_host}",
        f"--rtp-ports={low}-{high}",
        f"--no-media-us={settings.no_media_us}",
        f"--port-cool-down-us={settings.port_cool_down_us}",
    ]
    if settings.advertise_host:
        found.append(f"--advertise={settings.advertise_host}")
    if settings.webrtc_hosts:
        found.append(f"--webrtc-hosts={','.join(settings.webrtc_hosts)}")
    if settings.webrtc_ports is not None:
        found.append("--webrtc-ports={}-{}".format(*settings.webrtc_ports))
    return found


def _port_range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m media.worker", description="A media worker process.")
    defaults = EngineSettings(prompt_root=Path())
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on")
    parser.add_argument("--parent", type=int, default=0, help="process id whose death ends this one (Linux)")
    parser.add_argument("--owner-timeout-us", type=int, default=OWNER_TIMEOUT_US)
    parser.add_argument("--prompts", type=Path, required=True, help="folder of prompt files")
    parser.add_argument("--bind", default=defaults.bind_host, help="address of RTP sockets")
    parser.add_argument("--advertise", default="", help="address told to peers, when it is another one")
    parser.add_argument("--rtp-ports", type=_port_range, default=defaults.rtp_ports, help="low-high, inclusive")
    parser.add_argument("--webrtc-hosts", default="", help="comma-separated addresses of WebRTC sockets")
    parser.add_argument("--webrtc-ports", type=_port_range, default=None, help="low-high; any by default")
    parser.add_argument("--no-media-us", type=int, default=defaults.no_media_us)
    parser.add_argument("--port-cool-down-us", type=int, default=defaults.port_cool_down_us)
    return parser


def _settings(args: argparse.Namespace) -> EngineSettings:
    return EngineSettings(
        prompt_root=args.prompts,
        bind_host=args.bind,
        advertise_host=args.advertise,
        rtp_ports=args.rtp_ports,
        webrtc_hosts=tuple(host for host in args.webrtc_hosts.split(",") if host),
        webrtc_ports=args.webrtc_ports,
        no_media_us=args.no_media_us,
        port_cool_down_us=args.port_cool_down_us,
    )


def _die_with(parent: int) -> None:
    """End when the parent process does; where the system cannot promise that, the owner timeout closes the legs."""
    if parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit("the parent process is gone")


def _end_soon() -> None:
    """Whatever the end waits for, a peer or a file, the kernel ends this process then."""
    signal.alarm(_LAST_S)


async def _serve(args: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told_to_stop() -> None:
        _end_soon()
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, told_to_stop)
    # Ctrl-C reaches the whole process group; the owner stops its workers in order.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    await Worker(_settings(args), args.owner_timeout_us, args.parent).run(args.socket, stop)


def main() -> None:
    """Run a worker until it is told to stop."""
    args = _parser().parse_args()
    _die_with(args.parent)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # Loaded now, because loading it during a call would hold up the tick for half a second.
    import media.webrtc  # noqa: F401

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1000)
    os.umask(0o077)
    args.socket.unlink(missing_ok=True)
    uvloop.run(_serve(args))


if __name__ == "__main__":
    main()
