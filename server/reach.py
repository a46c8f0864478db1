"""Whether an agent can be reached: page and browser leg up, or phone registered. Tells the router when that changes."""

from collections.abc import Callable
from dataclasses import dataclass

from router.events import AgentConnected, AgentDisconnected, Event


@dataclass(slots=True)
class _Station:
    phone: bool
    page: bool = False
    leg: bool = False
    registered: bool = False
    generation: int = 0

    @property
    def reachable(self) -> bool:
        return self.registered if self.phone else self.page and self.leg


class Reach:
    """One entry an agent. `generation` gives the last generation that the router knows of an agent."""

    def __init__(self, tell: Callable[[Event, str], None], generation: Callable[[str], int]) -> None:
        self._tell = tell
        self._generation = generation
        self._stations: dict[str, _Station] = {}

    def add(self, agent_id: str, *, phone: bool) -> None:
        """An agent of the site."""
        self._stations.setdefault(agent_id, _Station(phone))

    def page(self, agent_id: str, *, up: bool) -> None:
        """The agent's WebSocket is up or gone."""
        self._change(agent_id, "page", up=up)

    def leg(self, agent_id: str, *, up: bool) -> None:
        """The agent's browser leg is up or gone."""
        self._change(agent_id, "leg", up=up)

    def registered(self, agent_id: str, *, up: bool) -> None:
        """The agent's phone is registered or absent."""
        self._change(agent_id, "registered", up=up)

    def leg_state(self, agent_id: str) -> bool:
        """Whether the agent's media (browser leg or phone) is there."""
        station = self._stations.get(agent_id)
        if station is None:
            return False
        return station.registered if station.phone else station.leg

    def signed_in(self) -> list[str]:
        """Agents whose page is connected."""
        return [agent_id for agent_id, station in self._stations.items() if station.page]

    def _change(self, agent_id: str, what: str, *, up: bool) -> None:
        station = self._stations.get(agent_id)
        if station is None:
            return
        before = station.reachable
        setattr(station, what, up)
        after = station.reachable
        if after and not before:
            station.generation = self._generation(agent_id) + 1
            self._tell(AgentConnected(agent_id, station.generation), f"agent:{agent_id}")
        elif before and not after:
            self._tell(AgentDisconnected(agent_id, station.generation), f"agent:{agent_id}")
