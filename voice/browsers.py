"""Agents' browser legs: one an agent, open from sign-in, silent when idle: accepting needs no negotiation."""

from collections.abc import Callable

from voice.closing import close_leg
from voice.ports import MediaEngine, MediaUnavailableError


class BrowserLegs:
    """Which media leg is whose. A reload opens a new leg and closes the old one.

    `lost` is told the agent whose leg was up when a new one took its place: until that is up too, nobody hears them.
    """

    def __init__(self, media: MediaEngine, lost: Callable[[str], None]) -> None:
        self._media = media
        self._lost = lost
        self._leg_of: dict[str, str] = {}
        self._agent_of: dict[str, str] = {}
        self._newest: dict[str, str] = {}
        self._up: set[str] = set()
        self._opened = 0

    async def open(self, agent_id: str, offer_sdp: str) -> str:
        """Negotiates a fresh leg for the agent; returns the answer. The leg before it lives on when this one fails.

        Raises MediaUnavailableError, with "replaced" when a later offer or a sign-out came in between.
        """
        self._opened += 1
        leg_id = f"browser:{agent_id}:{self._opened}"
        self._newest[agent_id] = leg_id
        self._agent_of[leg_id] = agent_id
        try:
            answer = await self._media.open_webrtc(leg_id, offer_sdp)
        except BaseException:
            self._forget(leg_id)
            raise
        if self._newest.get(agent_id) != leg_id:
            await self.drop(leg_id)
            raise MediaUnavailableError("replaced")
        old = self._leg_of.get(agent_id)
        self._leg_of[agent_id] = leg_id
        if old is not None:
            was_up = old in self._up
            await self.drop(old)
            if was_up:
                self._lost(agent_id)
        return answer

    async def close(self, agent_id: str) -> None:
        """The agent signed out or their page is gone for good."""
        self._newest.pop(agent_id, None)
        if (leg_id := self._leg_of.get(agent_id)) is not None:
            await self.drop(leg_id)

    async def drop(self, leg_id: str) -> None:
        """Forgets a leg and closes it; idempotent."""
        self._forget(leg_id)
        await close_leg(self._media, leg_id)

    def leg(self, agent_id: str) -> str | None:
        """The agent's leg, if its media path is up."""
        leg_id = self._leg_of.get(agent_id)
        return leg_id if leg_id in self._up else None

    async def echo(self, agent_id: str, *, on: bool) -> None:
        """The agent hears themselves back through the server; a conversation's room takes the leg out of it.

        Raises MediaUnavailableError; "no_leg" when the media path is not up.
        """
        leg_id = self.leg(agent_id)
        if leg_id is None:
            raise MediaUnavailableError("no_leg")
        await self._media.set_room(f"echo:{agent_id}", {(leg_id, leg_id): 1.0} if on else {})

    def connected(self, leg_id: str) -> str | None:
        """Media path up; returns the agent when this is their current leg."""
        agent_id = self._agent_of.get(leg_id)
        if agent_id is None or self._leg_of.get(agent_id) != leg_id:
            return None
        self._up.add(leg_id)
        return agent_id

    def failed(self, leg_id: str) -> str | None:
        """Media path gone (`drop` is still due); returns the agent when it was their current leg."""
        agent_id = self._agent_of.get(leg_id)
        current = agent_id is not None and self._leg_of.get(agent_id) == leg_id
        self._forget(leg_id)
        return agent_id if current else None

    @property
    def count(self) -> int:
        """How many legs are known."""
        return len(self._agent_of)

    def _forget(self, leg_id: str) -> None:
        self._up.discard(leg_id)
        agent_id = self._agent_of.pop(leg_id, None)
        if agent_id is None:
            return
        for table in (self._leg_of, self._newest):
            if table.get(agent_id) == leg_id:
                del table[agent_id]
