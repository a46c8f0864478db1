"""An owner's link to one worker process: it is started, spoken to, watched, and ended here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never, cast

import structlog

from media import protocol, worker
from media.engine import EngineSettings
from media.errors import MediaError
from media.events import MediaEvent

log = structlog.get_logger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
# To import and to bind takes seconds; a machine on which several servers start at once was seen to take 20 s for it.
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 3.0
_REQUEST_TIMEOUT_S = 20.0
_HEARTBEAT_S = 1.0
_MISSED_BEATS = 5
# What nobody waits for wakes the worker with what comes next, or after this time.
_PATIENCE_S = 0.05


class WorkerLink(asyncio.Protocol):
    """One worker process and the connection to it.

    `on_lost` is called once, when the process ends, the connection breaks or the worker falls silent, unless `close`
    came first. After that every request raises MediaError worker_lost.
    """

    def __init__(
        self,
        settings: EngineSettings,
        socket_path: Path,
        generation: int,
        on_event: Callable[[MediaEvent], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._settings = replace(settings, prompt_root=settings.prompt_root.resolve())
        self._path = socket_path
        self._generation = generation
        self._on_event = on_event
        self._on_lost = on_lost
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._flushing = False
        self._late: asyncio.TimerHandle | None = None
        self._frames = protocol.FrameReader()
        self._ended = asyncio.Event()
        # By request, in order: who waits, until when by the loop's clock, and for what.
        self._waiting: dict[int, tuple[asyncio.Future[Any], float, str]] = {}
        self._welcomed: asyncio.Future[None] | None = None
        self._next_id = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._unanswered = 0
        self._closing = False
        self.alive = False
        self.pulse = protocol.Pulse(0, 0, 0, 0, 0)

    @property
    def pid(self) -> int | None:
        """The process id of the worker."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process and take ownership; MediaError worker_start_failed."""
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await self._start()
        except asyncio.CancelledError:
            await self.close()
            raise
        except (OSError, TimeoutError, protocol.ProtocolError, MediaError) as error:
            await self.close()
            raise MediaError("worker_start_failed", repr(error)) from error

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "media.worker",
            f"--socket={self._path}",
            f"--parent={os.getpid()}",
            *worker.arguments(self._settings),
            cwd=_ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        if (await self._process.stdout.readline()).strip() != b"ready":
            raise MediaError("worker_start_failed", f"exit status {await self._process.wait()}")
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self, str(self._path))
        if self._ended.is_set():
            raise MediaError("worker_lost", "before it welcomed its owner")
        self._welcomed = loop.create_future()
        self._tasks = [asyncio.create_task(self._guard(self._beat()), name=f"media-link-beat-{self.pid}")]
        self._write(protocol.Hello(self._generation))
        await self._welcomed
        self.alive = True

    async def request(self, method: str, **args: Any) -> Any:
        """Call a method of the worker's engine. MediaError as the engine raises it, worker_lost, worker_timeout."""
        return await self.call(method, args)

    def call(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> asyncio.Future[Any]:
        """As `request`, sent when this turn of the loop ends; `patiently` as in `order`. MediaError worker_lost at once
        where the worker is known to be gone.
        """
        if not self.alive:
            raise MediaError("worker_lost", method)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        number = self._request(method, args, patiently=patiently)
        self._waiting[number] = (answer, loop.time() + _REQUEST_TIMEOUT_S, method)
        return answer

    def order(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> None:
        """Call a method of the worker's engine that has no answer; what fails is told as an event of the leg.

        Requests and orders take effect as they were sent; `patiently`: it may go with the next one, or a little later.
        MediaError worker_lost where the worker is known to be gone.
        """
        if not self.alive:
            raise MediaError("worker_lost", method)
        self._write(protocol.Order(self._generation, method, args), patiently=patiently)

    def send(self, method: str, **args: Any) -> None:
        """As `request`, for what nobody waits for; a worker that is lost does it no more."""
        if self.alive:
            self._request(method, args)

    def _request(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> int:
        self._next_id += 1
        self._write(protocol.Request(self._next_id, self._generation, method, args), patiently=patiently)
        return self._next_id

    async def close(self) -> None:
        """End the worker in order, by force after three seconds; idempotent."""
        self._closing = True
        self._lose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            self._flush()
            self._transport.close()
            await self._ended.wait()
        if self._process is not None:
            await self._end(self._process)
        self._path.unlink(missing_ok=True)

    @staticmethod
    async def _end(process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            log.warning("media_worker_killed", pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _write(self, frame: protocol.Frame, *, patiently: bool = False) -> None:
        """What is said in one turn of the loop goes in one write, and wakes the worker once."""
        self._unsent.append(protocol.encode(frame))
        if patiently:
            if self._late is None and not self._flushing:
                self._late = asyncio.get_running_loop().call_later(_PATIENCE_S, self._flush)
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
        unsent, self._unsent = self._unsent, []
        if unsent and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))

    async def _guard(self, work: Any) -> None:
        """Whatever ends a task of the link, the link is lost with it."""
        try:
            await work
        except Exception:
            log.exception("media_link_failed", pid=self.pid)
        self._lose()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The worker listens."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has gone, or was closed."""
        if exc is not None:
            log.warning("media_link_broken", pid=self.pid, error=repr(exc))
        self._ended.set()
        self._lose()

    def data_received(self, data: bytes) -> None:
        """Whatever goes wrong here, the link is lost with it: nobody knows what the worker says next."""
        self._unanswered = 0
        try:
            for frame in self._frames.feed(data):
                self._received(frame)
        except protocol.ProtocolError as error:
            log.warning("media_link_broken", pid=self.pid, error=repr(error))
        except Exception:
            log.exception("media_link_failed", pid=self.pid)
        else:
            return
        if self._transport is not None:
            self._transport.abort()
        self._lose()

    async def _beat(self) -> None:
        # Beats are counted, not seconds: after a hold-up of this process the answers are only waiting to be read.
        while self._unanswered < _MISSED_BEATS:
            self._unanswered += 1
            self._write(protocol.Heartbeat(self._generation))
            self._give_up_overdue()
            await asyncio.sleep(_HEARTBEAT_S)
        log.error("media_worker_silent", pid=self.pid, beats=self._unanswered)

    def _give_up_overdue(self) -> None:
        """The worker answers heartbeats, but not these."""
        now = asyncio.get_running_loop().time()
        for request_id, (answer, until, method) in list(self._waiting.items()):
            if until > now:
                return  # whoever asked later waits longer
            del self._waiting[request_id]
            if not answer.done():
                answer.set_exception(MediaError("worker_timeout", method))

    def _received(self, frame: protocol.Frame) -> None:
        match frame:
            case protocol.Reply(id=request_id, result=result):
                if (asked := self._waiting.pop(request_id, None)) is not None and not asked[0].done():
                    asked[0].set_result(result)
            case protocol.Failure(id=request_id, reason=reason, detail=detail):
                if (asked := self._waiting.pop(request_id, None)) is not None and not asked[0].done():
                    asked[0].set_exception(MediaError(reason, detail))
            case protocol.Happened(event=event):
                self._on_event(event)
            case protocol.Pulse():
                self.pulse = frame
            case protocol.Welcome():
                if self._welcomed is not None and not self._welcomed.done():
                    self._welcomed.set_result(None)
            case protocol.Refused(generation=generation):
                raise protocol.ProtocolError(f"the worker's owner has generation {generation}")
            case protocol.Hello() | protocol.Request() | protocol.Order() | protocol.Heartbeat():
                raise protocol.ProtocolError(f"{type(frame).__name__} from a worker")
            case _:
                assert_never(frame)

    def _lose(self) -> None:
        """Fail what waits; tell the owner, once."""
        was_alive, self.alive = self.alive, False
        if self._welcomed is not None and not self._welcomed.done():
            self._welcomed.set_exception(MediaError("worker_lost", "before it welcomed its owner"))
        waiting, self._waiting = self._waiting, {}
        for answer, _, method in waiting.values():
            if not answer.done():
                answer.set_exception(MediaError("worker_lost", method))
        if was_alive and not self._closing:
            self._on_lost()
