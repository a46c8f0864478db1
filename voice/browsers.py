"""Agents' browser legs: one an agent, open from sign-in, silent when idle: accepting needs no negotiation."""

from voice.ports import MediaEngine


class BrowserLegs:
    """Which media leg is whose. A reload opens a new leg and closes the old one."""

    def __init__(self, media: MediaEngine) -> None:
        self._media = media
        self._leg_of: dict[str, str] = {}
        self._agent_of: dict[str, str] = {}
        self._up: set[str] = set()
        self._opened = 0

    async def open(self, agent_id: str, offer_sdp: str) -> str:
        """Negotiates a fresh leg for the agent; returns the answer. Raises MediaUnavailableError."""
        self._opened += 1
        leg_id = f"browser:{agent_id}:{self._opened}"
        old = self._leg_of.get(agent_id)
        self._leg_of[agent_id] = leg_id
        self._agent_of[leg_id] = agent_id
        try:
            answer = await self._media.open_webrtc(leg_id, offer_sdp)
        except BaseException:
            self._forget(leg_id)
            raise
        if old is not None:
            await self._drop(old)
        return answer

    async def close(self, agent_id: str) -> None:
        """The agent signed out or their page is gone for good."""
        if (leg_id := self._leg_of.get(agent_id)) is not None:
            await self._drop(leg_id)

    def leg(self, agent_id: str) -> str | None:
        """The agent's leg, if its media path is up."""
        leg_id = self._leg_of.get(agent_id)
        return leg_id if leg_id in self._up else None

    def connected(self, leg_id: str) -> str | None:
        """Media path up; returns the agent when this is their current leg."""
        agent_id = self._agent_of.get(leg_id)
        if agent_id is None or self._leg_of.get(agent_id) != leg_id:
            return None
        self._up.add(leg_id)
        return agent_id

    def failed(self, leg_id: str) -> str | None:
        """Media path gone; returns the agent when it was their current leg."""
        agent_id = self._agent_of.get(leg_id)
        current = agent_id is not None and self._leg_of.get(agent_id) == leg_id
        self._forget(leg_id)
        return agent_id if current else None

    @property
    def count(self) -> int:
        """How many legs are known."""
        return len(self._agent_of)

    async def _drop(self, leg_id: str) -> None:
        self._forget(leg_id)
        await self._media.close_leg(leg_id)

    def _forget(self, leg_id: str) -> None:
        self._up.discard(leg_id)
        agent_id = self._agent_of.pop(leg_id, None)
        if agent_id is not None and self._leg_of.get(agent_id) == leg_id:
            del self._leg_of[agent_id]
