"""Whether an agent can be reached: page and browser leg up, or phone registered. Tells the router when that changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from router.events import AgentConnected, AgentDisconnected, Event


@dataclass(slots=True)
class _Station:
    phone: str
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
        self._agents: frozenset[str] = frozenset()
        self._agent_of: dict[str, str] = {}

    def follow(self, phones: Mapping[str, str], registered: Callable[[str], bool] = lambda _phone: False) -> None:
        """The agents of the site with their phones ("" for a browser); call it after the router was told of them.

        `registered` says whether a phone is. Who left the site is kept: they may have work to finish, or come back.
        """
        for agent_id, phone in phones.items():
            station = self._stations.setdefault(agent_id, _Station(""))
            before = station.reachable and agent_id in self._agents
            if station.phone != phone:
                station.phone, station.registered = phone, bool(phone) and registered(phone)
            self._tell_change(agent_id, station, before=before)
            if phone:
                self._agent_of[phone] = agent_id
        self._agents = frozenset(phones)

    def agent_of(self, phone: str) -> str | None:
        """Whose phone it is."""
        return self._agent_of.get(phone)

    def on_phone(self, agent_id: str) -> bool:
        """Whether the agent speaks on a phone."""
        station = self._stations.get(agent_id)
        return station is not None and station.phone != ""

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
        self._tell_change(agent_id, station, before=before)

    def _tell_change(self, agent_id: str, station: _Station, *, before: bool) -> None:
        after = station.reachable
        if after and not before:
            station.generation = self._generation(agent_id) + 1
            self._tell(AgentConnected(agent_id, station.generation), f"agent:{agent_id}")
        elif before and not after:
            self._tell(AgentDisconnected(agent_id, station.generation), f"agent:{agent_id}")
