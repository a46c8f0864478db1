"""The agent's end of trunk legs: agents of this node, by browser or phone, in calls that other nodes signal.

Here is nothing but a room of two, the device and the trunk leg. Who hears whom, holds, music, recording and everything
else is decided where the call is. An end that breaks is made anew as long as the agent has the call.
"""

import asyncio
import logging
from dataclasses import dataclass, field

import structlog

from voice.closing import close_leg, close_room
from voice.ports import MediaEngine, MediaUnavailableError, Nodes, NodeUnreachableError, Tasks
from voice.trunk_legs import trunk_media

log = structlog.get_logger(__name__)

AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class FarCall:
    """What an agent of this node was joined to, and the leg of their device."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    device_leg: str


@dataclass(slots=True)
class _End:
    call: FarCall
    leg_id: str
    at: tuple[str, int] = ("", 0)
    node: str = ""
    over: bool = False
    level: int = logging.INFO
    broken: asyncio.Event = field(default_factory=asyncio.Event)


class FarCalls:
    """By reservation. Without other nodes (`nodes` None) nothing ever begins here."""

    def __init__(self, media: MediaEngine, nodes: Nodes | None, tasks: Tasks) -> None:
        self._media = media
        self._nodes = nodes
        self._tasks = tasks
        self._ends: dict[str, _End] = {}
        self._opened = 0

    def __len__(self) -> int:
        return len(self._ends)

    def begin(self, call: FarCall) -> None:
        """Joins the device with the call, and keeps it joined until `end`; idempotent."""
        before = self._ends.get(call.reservation_id)
        if self._nodes is None or (before is not None and before.call == call):
            return
        self.end(call.reservation_id)
        self._opened += 1
        end = self._ends[call.reservation_id] = _End(call, f"far:{call.reservation_id}:{self._opened}")
        self._tasks.spawn(self._run(self._nodes, end), end.leg_id)

    def end(self, reservation_id: str) -> None:
        """The agent has this call no more, or not here."""
        if (end := self._ends.pop(reservation_id, None)) is not None:
            end.over = True
            end.broken.set()

    def end_work(self, work_id: str) -> None:
        """As `end`, for whoever has this work item."""
        for reservation_id in [name for name, end in self._ends.items() if end.call.work_id == work_id]:
            self.end(reservation_id)

    def leave(self, agent_id: str) -> None:
        """The agent's browser is gone: the calls wait for them at their own nodes."""
        for reservation_id in [name for name, end in self._ends.items() if end.call.agent_id == agent_id]:
            self.end(reservation_id)

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when it is none of these."""
        found = [end for end in self._ends.values() if end.leg_id == leg_id]
        for end in found:
            end.broken.set()
        return bool(found)

    def node_lost(self, node: str) -> None:
        """That node is not reached any more. Its calls end with it, unless only the connection broke."""
        for end in self._ends.values():
            if end.node == node:
                end.broken.set()

    def close(self) -> None:
        """The node ends."""
        for reservation_id in list(self._ends):
            self.end(reservation_id)

    async def _run(self, nodes: Nodes, end: _End) -> None:
        while not end.over:
            end.broken.clear()
            try:
                if await self._join(nodes, end):
                    await end.broken.wait()
            finally:
                await self._part(nodes, end)
            if not end.over:
                await asyncio.sleep(AGAIN_S)

    async def _join(self, nodes: Nodes, end: _End) -> bool:
        call, media = end.call, self._media
        try:
            end.at = await media.open_rtp(end.leg_id)
            end.node, at = await nodes.attach(call.reservation_id, call.work_id, call.interaction_id, end.at)
            await media.set_remote(end.leg_id, trunk_media(*at))
            if not end.over:
                both = {(call.device_leg, end.leg_id): 1.0, (end.leg_id, call.device_leg): 1.0}
                await media.set_room(end.leg_id, both)
        except NodeUnreachableError as error:
            log.log(end.level, "trunk_not_joined", reservation_id=call.reservation_id, reason=str(error))
            end.level = logging.DEBUG  # it is tried again and again: said once
        except MediaUnavailableError as error:
            log.warning("trunk_not_joined", reservation_id=call.reservation_id, reason=error.reason)
        except Exception:  # whatever it was: without another try the agent would hear nothing to the end
            log.exception("trunk_not_joined", reservation_id=call.reservation_id)
        else:
            log.info("trunk_joined", reservation_id=call.reservation_id, node=end.node)
            return True
        return False

    async def _part(self, nodes: Nodes, end: _End) -> None:
        if end.node:
            nodes.detach(end.call.reservation_id, end.node, end.at)
            end.node = ""
        await close_room(self._media, end.leg_id)
        await close_leg(self._media, end.leg_id)
