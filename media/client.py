"""The MediaEngine port on worker processes: legs are placed, workers watched and started again."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import structlog

from media.codecs import CodecName
from media.engine import CAPABILITIES, EngineSettings
from media.errors import MediaError
from media.events import MediaEvent
from media.leg import LegStats
from media.link import WorkerLink
from media.placement import port_slice
from media.protocol import Pulse
from media.spanned_rooms import SpannedRooms
from media.spares import Spares

log = structlog.get_logger(__name__)

_FIRST_BACK_OFF_S = 0.2
_LAST_BACK_OFF_S = 5.0


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


class WorkerEngine:
    """Implements MediaEngine by one or several worker processes; call `start` first.

    A new leg goes to the live worker with the fewest. A room may span workers; trunks join its parts. When a worker
    dies, each of its legs is reported as leg_failed worker_lost, and a new worker is started with back-off.
    """

    capabilities: frozenset[str] = CAPABILITIES

    def __init__(
        self,
        settings: EngineSettings,
        on_event: Callable[[MediaEvent], None],
        *,
        workers: int = 1,
        generation: int = 0,
        socket_dir: Path | None = None,
    ) -> None:
        """`socket_dir` holds the workers' sockets (a temporary folder by default); keep its path under 90 bytes."""
        self._settings = settings
        self._emit = on_event
        self._count = workers
        self._generation = generation
        self._given_dir = socket_dir
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._links: list[WorkerLink] = []
        self._spares: list[Spares] = []
        self._place: dict[str, int] = {}
        self._rooms = SpannedRooms(self._links, self._place, settings.bind_host)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self) -> None:
        """Start the workers and wait until all are ready; MediaError worker_start_failed."""
        if self._given_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="jackfield-media-")
        self._links += [self._new_link(index) for index in range(self._count)]
        try:
            await asyncio.gather(*(link.start() for link in self._links))
        except MediaError:
            await self.aclose()
            raise
        self._spares = [self._new_spares(index) for index in range(self._count)]

    async def reload_prompts(self, root: Path) -> None:
        """Every worker reads the prompts of this folder anew, also one that starts later."""
        self._settings = replace(self._settings, prompt_root=root)
        folder = os.path.abspath(root)  # noqa: ASYNC240 - it asks for the working directory at most
        asked = (link.request("reload_prompts", root=folder) for link in self._links)
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, MediaError):
                # It is starting again, with the new folder, or is still reading.
                log.warning("prompts_not_reloaded", reason=answer.reason, detail=answer.detail)
            elif isinstance(answer, BaseException):
                raise answer

    @property
    def worker_pids(self) -> tuple[int | None, ...]:
        """Process ids of the workers."""
        return tuple(link.pid for link in self._links)

    @property
    def alive_workers(self) -> int:
        """How many workers can take legs."""
        return sum(link.alive for link in self._links)

    @property
    def pulses(self) -> tuple[Pulse, ...]:
        """What each worker said about itself last."""
        return tuple(link.pulse for link in self._links)

    async def open_rtp(self, leg_id: str) -> tuple[str, int]:
        """As InProcessEngine.open_rtp, without waiting where a worker has one in advance.

        MediaError no_worker while none is alive.
        """
        if (spare := self.open_at_once(leg_id)) is not None:
            return spare
        try:
            opened = await self._open_socket("open_rtp", leg_id)
        except MediaError as error:
            # The last ports may have become spares meanwhile: what was asked for before is answered before.
            if error.reason == "ports_exhausted" and (spare := self.open_at_once(leg_id)) is not None:
                return spare
            raise
        if (index := self._place.get(leg_id)) is not None:
            self._spares[index].fill()
        return opened

    def open_at_once(self, leg_id: str) -> tuple[str, int] | None:
        """As `open_rtp`, None where no worker has one in advance; a leg that fails after all is told as leg_failed."""
        if leg_id in self._place:
            raise MediaError("leg_exists", leg_id)
        index = self._choose()
        spare = self._spares[index].take(leg_id)
        if spare is not None:
            self._place[leg_id] = index
        return spare

    async def open_trunk(self, leg_id: str) -> tuple[str, int]:
        """As InProcessEngine.open_trunk; MediaError no_worker while none is alive."""
        return await self._open_socket("open_trunk", leg_id)

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str:
        """As InProcessEngine.open_webrtc; a leg that exists stays on its worker."""
        known = leg_id in self._place
        index = self._place[leg_id] if known else self._choose()
        self._place[leg_id] = index
        link = self._links[index]
        try:
            answer: str = await link.request("open_webrtc", leg_id=leg_id, offer_sdp=offer_sdp, opus=opus)
        except BaseException:
            if not known:
                self._not_opened(leg_id, link)
            raise
        return answer

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
        """As InProcessEngine.set_remote."""
        await self._request(
            "set_remote",
            leg_id,
            host=host,
            port=port,
            codec=codec,
            payload_type=payload_type,
            dtmf_payload_type=dtmf_payload_type,
            send=send,
            receive=receive,
        )

    def order(self, method: str, leg_id: str, **args: Any) -> None:
        """One of set_remote, play and stop_play, done when the worker comes to it: before whatever it is told next.

        What fails there is told: a leg without its far end as leg_failed, what was not played as played, failed.
        MediaError unknown_leg, worker_lost.
        """
        index = self._place.get(leg_id)
        if index is None:
            raise MediaError("unknown_leg", leg_id)
        # Nothing comes of a far end by itself: it is named with what is done to the leg next, or a little later. Nobody
        # hears whether a sound ends, or music begins, within these milliseconds.
        patiently = method != "play" or args.get("loop", False)
        self._links[index].order(method, {"leg_id": leg_id, **args}, patiently=patiently)

    def order_close(self, leg_id: str) -> None:
        """As `close_leg`, done when the worker comes to it: before whatever it is told next."""
        index = self._place.get(leg_id)
        if index is None:
            return
        if not self._rooms.leave_at_once(leg_id):
            self._spawn(self.close_leg(leg_id), f"media-close-{leg_id}")
            return
        del self._place[leg_id]
        if self._links[index].alive:
            self._links[index].order("close_leg", {"leg_id": leg_id}, patiently=True)

    async def close_leg(self, leg_id: str) -> None:
        """As InProcessEngine.close_leg; a leg of a dead worker is closed already."""
        index = self._place.pop(leg_id, None)
        if index is None:
            return
        try:
            await self._links[index].request("close_leg", leg_id=leg_id)
        except MediaError as error:
            if error.reason != "worker_lost":
                raise
        await self._rooms.leave(leg_id)

    async def play(
        self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0
    ) -> None:
        """As InProcessEngine.play."""
        await self._request("play", leg_id, play_id=play_id, files=list(files), loop=loop, gain=gain)

    async def stop_play(self, leg_id: str, play_id: str | None = None) -> None:
        """As InProcessEngine.stop_play."""
        await self._request("stop_play", leg_id, play_id=play_id)

    async def send_digits(self, leg_id: str, digits: str, duration_ms: int = 100, gap_ms: int = 60) -> None:
        """As InProcessEngine.send_digits."""
        await self._request("send_digits", leg_id, digits=digits, duration_ms=duration_ms, gap_ms=gap_ms)

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        """As InProcessEngine.set_room, over all workers."""
        await self._rooms.arrange(room_id, gains)

    def order_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool:
        """As `set_room`, done when the worker comes to it: before whatever it is told next.

        False, with nothing done, where the room spans workers. MediaError unknown_leg.
        """
        return self._rooms.arrange_at_once(room_id, gains)

    def order_end(self, room_id: str) -> None:
        """The room is dissolved when the worker comes to it: before whatever it is told next."""
        if not self._rooms.arrange_at_once(room_id, {}):
            self._spawn(self.set_room(room_id, {}), f"media-end-{room_id}")

    async def stats(self, leg_id: str) -> LegStats:
        """As InProcessEngine.stats."""
        found: LegStats = await self._request("stats", leg_id)
        return found

    async def record(self, leg_id: str, path: str) -> None:
        """As InProcessEngine.record; the worker writes the file."""
        await self._request("record", leg_id, path=_absolute(path))

    async def mute_record(self, leg_id: str, path: str, on: bool) -> None:
        """As InProcessEngine.mute_record."""
        await self._request("mute_record", leg_id, path=_absolute(path), on=on)

    async def stop_record(self, leg_id: str, path: str | None = None) -> int:
        """As InProcessEngine.stop_record."""
        length: int = await self._request("stop_record", leg_id, path=None if path is None else _absolute(path))
        return length

    async def aclose(self) -> None:
        """End all workers, in order; idempotent."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(link.close() for link in self._links))
        self._place.clear()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    async def _request(self, method: str, leg_id: str, **args: Any) -> Any:
        index = self._place.get(leg_id)
        if index is None:
            raise MediaError("unknown_leg", leg_id)
        return await self._links[index].request(method, leg_id=leg_id, **args)

    async def _open_socket(self, method: Literal["open_rtp", "open_trunk"], leg_id: str) -> tuple[str, int]:
        if leg_id in self._place:
            raise MediaError("leg_exists", leg_id)
        index = self._place[leg_id] = self._choose()
        link = self._links[index]
        try:
            host, port = await link.request(method, leg_id=leg_id)
        except BaseException:
            self._not_opened(leg_id, link)
            raise
        return host, port

    def _not_opened(self, leg_id: str, link: WorkerLink) -> None:
        """Whoever asked was refused or waits no more: then the worker may open it all the same."""
        self._place.pop(leg_id, None)
        link.send("close_leg", leg_id=leg_id)

    def _choose(self) -> int:
        """The live worker with the fewest legs."""
        alive = [index for index, link in enumerate(self._links) if link.alive]
        if not alive:
            raise MediaError("no_worker", "all media workers are down")
        if len(alive) == 1:
            return alive[0]
        legs = Counter(self._place.values())
        return min(alive, key=lambda index: legs[index])

    def _new_link(self, index: int) -> WorkerLink:
        folder = self._given_dir or Path(self._temporary.name if self._temporary else "")
        ports = port_slice(self._settings.rtp_ports, index, self._count)
        webrtc = self._settings.webrtc_ports
        settings = replace(
            self._settings,
            rtp_ports=ports,
            webrtc_ports=None if webrtc is None else port_slice(webrtc, index, self._count),
        )
        return WorkerLink(
            settings,
            folder / f"media-{index}.sock",
            self._generation,
            self._happened,
            lambda: self._lost(index),
        )

    def _new_spares(self, index: int) -> Spares:
        first, last = port_slice(self._settings.rtp_ports, index, self._count)
        spares = Spares(self._links[index], (last - first + 1) // 2)
        spares.fill()
        return spares

    def _happened(self, event: MediaEvent) -> None:
        """Pass on events of legs that the owner knows; trunks inside rooms are this module's own affair."""
        if event.leg_id in self._place:
            self._emit(event)

    def _lost(self, index: int) -> None:
        """A worker is gone: report its legs, then start another in its place."""
        failed = [leg_id for leg_id, place in self._place.items() if place == index]
        log.error("media_worker_lost", worker=index, pid=self._links[index].pid, legs=len(failed))
        for leg_id in failed:
            del self._place[leg_id]
        for leg_id in failed:
            self._emit(MediaEvent("leg_failed", leg_id, reason="worker_lost"))
        if not self._closing:
            self._spawn(self._replace(index, failed), f"media-worker-restart-{index}")

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, index: int, failed: Sequence[str]) -> None:
        """Clear the dead worker away, free the survivors' ends of its trunks, and start again until it works."""
        await self._links[index].close()
        for leg_id in failed:
            try:
                await self._rooms.leave(leg_id)
            except MediaError as error:
                log.warning("media_room_not_cleared", leg_id=leg_id, reason=error.reason, detail=error.detail)
        back_off = _FIRST_BACK_OFF_S
        while True:
            await asyncio.sleep(back_off)
            link = self._new_link(index)
            try:
                await link.start()
            except MediaError as error:
                log.error("media_worker_start_failed", worker=index, detail=error.detail)
                back_off = min(back_off * 2, _LAST_BACK_OFF_S)
                continue
            self._links[index] = link
            self._spares[index] = self._new_spares(index)
            return
