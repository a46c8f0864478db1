"""The customer's end of trunk legs: calls of this node whose agents have their devices on other nodes.

The node of the device opens its end and comes here with its address; from then on the leg is an agent's leg like any
other. It may break and come again: the agent is away meanwhile, as with a browser that is loaded anew.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from voice.closing import close_leg
from voice.ports import MediaEngine, RemoteMedia, Tasks

# The node of the device begins within one turn of the shard; a browser's leg or an answered phone is there by then.
EXPECTED_S = 5.0


def trunk_media(host: str, port: int) -> RemoteMedia:
    """What both ends speak: G.711 in frames of 20 ms, and telephone-events (RFC 3551, RFC 4733)."""
    return RemoteMedia(host, port, "PCMU", 0, 101, send=True, receive=True)


@dataclass(frozen=True, slots=True)
class _TrunkLeg:
    leg_id: str
    node: str
    at: tuple[str, int]


class TrunkLegs:
    """By reservation. `arrived` is told the leg that an agent has from now on, `lost` that it is gone."""

    def __init__(
        self, media: MediaEngine, tasks: Tasks, arrived: Callable[[str, str], None], lost: Callable[[str], None]
    ) -> None:
        self._media = media
        self._tasks = tasks
        self._arrived = arrived
        self._lost = lost
        self._legs: dict[str, _TrunkLeg] = {}
        self._expected: dict[str, asyncio.TimerHandle] = {}
        self._opened = 0

    def __len__(self) -> int:
        return len(self._legs) + len(self._expected)

    async def attach(self, node: str, reservation_id: str, at: tuple[str, int]) -> tuple[str, int]:
        """A fresh leg towards `at` on that node; returns where it is itself. Raises MediaUnavailableError."""
        self._opened += 1
        leg_id = f"trunk:{reservation_id}:{self._opened}"
        try:
            own = await self._media.open_rtp(leg_id)
            await self._media.set_remote(leg_id, trunk_media(*at))
        except BaseException:
            await close_leg(self._media, leg_id)
            raise
        before = self._legs.get(reservation_id)
        self._legs[reservation_id] = _TrunkLeg(leg_id, node, at)
        if before is not None:
            self._tasks.spawn(close_leg(self._media, before.leg_id), f"close:{before.leg_id}")
        self._forget_expected(reservation_id)
        self._arrived(reservation_id, leg_id)
        return own

    def leg(self, reservation_id: str) -> str | None:
        """The agent's leg, if it is there."""
        found = self._legs.get(reservation_id)
        return found.leg_id if found is not None else None

    def expect(self, reservation_id: str, late: Callable[[], None]) -> None:
        """The agent was told to come; `late` is called when nothing of their device is heard in time."""

        def over() -> None:
            if self._expected.pop(reservation_id, None) is not None:
                late()

        self._forget_expected(reservation_id)
        self._expected[reservation_id] = asyncio.get_running_loop().call_later(EXPECTED_S, over)

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when it is none of these."""
        for reservation_id, leg in self._legs.items():
            if leg.leg_id == leg_id:
                self._end(reservation_id)
                return True
        return False

    def detached(self, node: str, reservation_id: str, at: tuple[str, int]) -> None:
        """The other node is done with this end of its own; another one may have taken its place."""
        found = self._legs.get(reservation_id)
        if found is not None and (found.node, found.at) == (node, at):
            self._end(reservation_id)

    def node_lost(self, node: str) -> None:
        """Everything that this node had here is gone."""
        for reservation_id in [name for name, leg in self._legs.items() if leg.node == node]:
            self._end(reservation_id)

    def release(self, reservation_id: str) -> None:
        """The router is done with it, or the agent has come to this node."""
        self._forget_expected(reservation_id)
        if (leg := self._legs.pop(reservation_id, None)) is not None:
            self._tasks.spawn(close_leg(self._media, leg.leg_id), f"close:{leg.leg_id}")

    def _end(self, reservation_id: str) -> None:
        self.release(reservation_id)
        self._lost(reservation_id)

    def _forget_expected(self, reservation_id: str) -> None:
        if (timer := self._expected.pop(reservation_id, None)) is not None:
            timer.cancel()
