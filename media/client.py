"""The MediaEngine port on worker processes: legs are placed, workers watched and started again."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from media.placement import RoomPlan, Trunk, plan_room, port_slice, without
from media.protocol import Pulse

log = structlog.get_logger(__name__)

_FIRST_BACK_OFF_S = 0.2
_LAST_BACK_OFF_S = 5.0
_TRUNK_EVENT_TYPE = 101


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
        self._place: dict[str, int] = {}
        self._rooms: dict[str, dict[tuple[str, str], float]] = {}
        self._room_of: dict[str, str] = {}
        self._trunks: set[Trunk] = set()
        self._room_lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self) -> None:
        """Start the workers and wait until all are ready; MediaError worker_start_failed."""
        if self._given_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="jackfield-media-")
        self._links = [self._new_link(index) for index in range(self._count)]
        try:
            await asyncio.gather(*(link.start() for link in self._links))
        except MediaError:
            await self.aclose()
            raise

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
        """As InProcessEngine.open_rtp; MediaError no_worker while none is alive."""
        return await self._open_socket("open_rtp", leg_id)

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
        await self._leave(leg_id)

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
        async with self._room_lock:
            members = {leg_id for pair in gains for leg_id in pair}
            for leg_id in members:
                if leg_id not in self._place:
                    raise MediaError("unknown_leg", leg_id)
            left = {self._room_of[m] for m in members if self._room_of.get(m, room_id) != room_id}
            await self._apply(room_id, gains)
            for former in left:
                remaining = self._rooms[former]
                for leg_id in members:
                    remaining = without(remaining, leg_id)
                await self._apply(former, remaining)

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
        legs = Counter(self._place.values())
        alive = [index for index, link in enumerate(self._links) if link.alive]
        if not alive:
            raise MediaError("no_worker", "all media workers are down")
        return min(alive, key=lambda index: legs[index])

    async def _leave(self, leg_id: str) -> None:
        """A leg is gone: its room goes on without it."""
        async with self._room_lock:
            room_id = self._room_of.get(leg_id)
            if room_id is not None:
                await self._apply(room_id, without(self._rooms[room_id], leg_id))

    async def _apply(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        """Make a room what `gains` say: new trunks first, then each worker's matrix, then what is left over.

        Legs that have died meanwhile are left out, so that the survivors' room can always be set.
        """
        gains = {pair: gain for pair, gain in gains.items() if self._place.keys() >= set(pair)}
        plan = plan_room(room_id, gains, self._place)
        old = {trunk for trunk in self._trunks if trunk.room_id == room_id}
        before = self._workers_of(room_id)
        for trunk in sorted(plan.trunks - old):
            await self._open_trunk_pair(trunk)
        self._remember(room_id, gains)
        await self._set_rooms(room_id, plan, before)
        for trunk in sorted(old - plan.trunks):
            await self._close_trunk_pair(trunk)

    def _workers_of(self, room_id: str) -> set[int]:
        members = {leg_id for pair in self._rooms.get(room_id, {}) for leg_id in pair}
        return {self._place[leg_id] for leg_id in members if leg_id in self._place} | {
            worker
            for trunk in self._trunks
            if trunk.room_id == room_id
            for worker in (trunk.source_worker, trunk.target_worker)
        }

    def _remember(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        for leg_id in [leg for leg, room in self._room_of.items() if room == room_id]:
            del self._room_of[leg_id]
        self._room_of.update(dict.fromkeys((leg_id for pair in gains for leg_id in pair), room_id))
        if gains:
            self._rooms[room_id] = dict(gains)
        else:
            self._rooms.pop(room_id, None)

    async def _set_rooms(self, room_id: str, plan: RoomPlan, before: set[int]) -> None:
        alive = [w for w in sorted(before | set(plan.gains)) if self._links[w].alive]
        await asyncio.gather(
            *(
                self._links[worker].request(
                    "set_room",
                    room_id=room_id,
                    gains=[[f, t, gain] for (f, t), gain in plan.gains.get(worker, {}).items()],
                )
                for worker in alive
            )
        )

    async def _open_trunk_pair(self, trunk: Trunk) -> None:
        self._trunks.add(trunk)
        try:
            await self._connect_trunk(trunk)
        except MediaError:
            await self._close_trunk_pair(trunk)
            raise

    async def _connect_trunk(self, trunk: Trunk) -> None:
        near, far = self._links[trunk.source_worker], self._links[trunk.target_worker]
        _, near_port = await near.request("open_trunk", leg_id=trunk.near)
        _, far_port = await far.request("open_trunk", leg_id=trunk.far)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.bind_host, self._settings.bind_host)  # noqa: S104
        common = {"host": host, "codec": "PCMU", "payload_type": 0, "dtmf_payload_type": _TRUNK_EVENT_TYPE}
        await far.request("set_remote", leg_id=trunk.far, port=near_port, send=False, receive=True, **common)
        await near.request("set_remote", leg_id=trunk.near, port=far_port, send=True, receive=False, **common)

    async def _close_trunk_pair(self, trunk: Trunk) -> None:
        self._trunks.discard(trunk)
        for worker, leg_id in ((trunk.source_worker, trunk.near), (trunk.target_worker, trunk.far)):
            if self._links[worker].alive:
                await self._links[worker].request("close_leg", leg_id=leg_id)

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
            task = asyncio.create_task(self._replace(index, failed), name=f"media-worker-restart-{index}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _replace(self, index: int, failed: Sequence[str]) -> None:
        """Clear the dead worker away, free the survivors' ends of its trunks, and start again until it works."""
        await self._links[index].close()
        for leg_id in failed:
            try:
                await self._leave(leg_id)
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
            return
