"""Whether an agent could be offered work of a medium now; the router decides, this spares a wait in vain."""

from typing import Protocol

from http_api.targets_api import Availability
from router.rows import AgentRow
from router.vocabulary import Medium, Presence


class Rooms(Protocol):
    """The dispatcher's read views."""

    def agent(self, agent_id: str) -> AgentRow | None: ...

    def has_room(self, agent_id: str, medium: Medium) -> bool: ...


def availability(board: Rooms, agent_id: str, medium: Medium) -> Availability:
    """As colleagues see it."""
    row = board.agent(agent_id)
    if row is None or not row.connected or medium not in row.media or row.presence is Presence.OFFLINE:
        return "offline"
    if medium not in row.takes:
        return "not_ready"
    return "free" if board.has_room(agent_id, medium) else "busy"
