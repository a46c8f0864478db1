"""Rooms over several workers: each has its part of the matrix, trunks join the parts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from media.errors import MediaError
from media.link import WorkerLink
from media.placement import RoomPlan, Trunk, plan_room, without

_Gains = Mapping[tuple[str, str], float]
_TRUNK_EVENT_TYPE = 101


class SpannedRooms:
    """All rooms of one owner. `links` and `place` (the worker of each open leg) are its own, and change under it.

    `bind_host` is where trunks listen.
    """

    def __init__(self, links: Sequence[WorkerLink], place: Mapping[str, int], bind_host: str) -> None:
        self._links = links
        self._place = place
        self._host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind_host, bind_host)  # noqa: S104
        self._rooms: dict[str, dict[tuple[str, str], float]] = {}
        self._room_of: dict[str, str] = {}
        self._trunks: set[Trunk] = set()
        self._room_lock = asyncio.Lock()

    async def arrange(self, room_id: str, gains: _Gains) -> None:
        """The whole matrix; {} dissolves the room. MediaError unknown_leg."""
        members = {leg_id for pair in gains for leg_id in pair}
        left = self._left(room_id, members)
        workers = {self._place[leg_id] for leg_id in members}.union(*map(self._workers_of, (room_id, *left)))
        if len(workers) <= 1 and not self._room_lock.locked():
            self._keep_within(room_id, gains, left)
            for worker in workers:
                if self._links[worker].alive:
                    await self._links[worker].request("set_room", room_id=room_id, gains=_listed(gains))
            return
        async with self._room_lock:
            left = self._left(room_id, members)
            await self._apply(room_id, gains)
            for former in left:
                remaining = self._rooms[former]
                for leg_id in members:
                    remaining = without(remaining, leg_id)
                await self._apply(former, remaining)

    def _left(self, room_id: str, members: Collection[str]) -> set[str]:
        """The rooms that lose a leg to this one. MediaError unknown_leg."""
        for leg_id in members:
            if leg_id not in self._place:
                raise MediaError("unknown_leg", leg_id)
        return {self._room_of[m] for m in members if self._room_of.get(m, room_id) != room_id}

    def arrange_at_once(self, room_id: str, gains: _Gains) -> bool:
        """As `arrange`, done when the worker comes to it: before whatever it is told next.

        False, with nothing done, where more than one worker has a part of it. MediaError unknown_leg.
        """
        members = {leg_id for pair in gains for leg_id in pair}
        left = self._left(room_id, members)
        workers = {self._place[leg_id] for leg_id in members}.union(*map(self._workers_of, (room_id, *left)))
        if len(workers) > 1 or self._room_lock.locked():
            return False
        self._keep_within(room_id, gains, left)
        for worker in workers:
            if self._links[worker].alive:
                # Silence may be a little late.
                order = {"room_id": room_id, "gains": _listed(gains)}
                self._links[worker].order("set_room", order, patiently=not gains)
        return True

    def _keep_within(self, room_id: str, gains: _Gains, left: Collection[str]) -> None:
        """All of it is one worker's, which takes the legs out of the rooms that they leave by itself."""
        members = {leg_id for pair in gains for leg_id in pair}
        for former in left:
            remaining = self._rooms[former]
            for leg_id in members:
                remaining = without(remaining, leg_id)
            self._remember(former, remaining)
        self._remember(room_id, gains)

    def leave_at_once(self, leg_id: str) -> bool:
        """A leg is about to be closed, and its worker takes it out of a room that is its own; False for other rooms."""
        room_id = self._room_of.get(leg_id)
        if self._room_lock.locked() or (room_id is not None and len(self._workers_of(room_id)) > 1):
            return False
        if room_id is not None:
            self._remember(room_id, without(self._rooms[room_id], leg_id))
        return True

    async def leave(self, leg_id: str) -> None:
        """A leg is gone: its room goes on without it."""
        async with self._room_lock:
            room_id = self._room_of.get(leg_id)
            if room_id is not None:
                await self._apply(room_id, without(self._rooms[room_id], leg_id))

    async def _apply(self, room_id: str, gains: _Gains) -> None:
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

    def _remember(self, room_id: str, gains: _Gains) -> None:
        for leg_id in {leg_id for pair in self._rooms.get(room_id, {}) for leg_id in pair}:
            if self._room_of.get(leg_id) == room_id:
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
                    gains=_listed(plan.gains.get(worker, {})),
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
        common = {"host": self._host, "codec": "PCMU", "payload_type": 0, "dtmf_payload_type": _TRUNK_EVENT_TYPE}
        await far.request("set_remote", leg_id=trunk.far, port=near_port, send=False, receive=True, **common)
        await near.request("set_remote", leg_id=trunk.near, port=far_port, send=True, receive=False, **common)

    async def _close_trunk_pair(self, trunk: Trunk) -> None:
        self._trunks.discard(trunk)
        for worker, leg_id in ((trunk.source_worker, trunk.near), (trunk.target_worker, trunk.far)):
            if self._links[worker].alive:
                await self._links[worker].request("close_leg", leg_id=leg_id)


def _listed(gains: _Gains) -> list[list[str | float]]:
    """As it goes to a worker, whose frames have no keys of two parts."""
    return [[source, target, gain] for (source, target), gain in gains.items()]
