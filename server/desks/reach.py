"""By which media an agent can be reached: chats and mail by the page, calls by its browser leg or a registered phone.

Tells the router when that changes. An agent whom nothing reaches that they take counts as gone: somebody who takes
calls only and whose leg is lost, although the page is there.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from router.events import AgentConnected, AgentDisconnected, Event
from router.vocabulary import EVERY_MEDIUM, Medium

Media = tuple[Medium, ...]


@dataclass(slots=True)
class _Station:
    phone: str
    page: bool = False
    leg: bool = False
    registered: bool = False
    # The phone is registered at another node.
    far: bool = False
    generation: int = 0
    told: Media = ()

    @property
    def speaks(self) -> bool:
        """Whether a call could be joined: a phone rings without any page, a leg is of no use without its own."""
        if not self.phone:
            return self.page and self.leg
        return self.registered or (self.page and self.far)

    @property
    def media(self) -> Media:
        return tuple(medium for medium in Medium if (self.speaks if medium is Medium.VOICE else self.page))


class Reach:
    """One entry an agent. `generation` gives the last generation that the router knows of an agent, `takes` the media
    that the agent may have work of (none: it is not known yet, and everything counts). `node` is this node's label.
    """

    def __init__(
        self,
        tell: Callable[[Event, str], None],
        generation: Callable[[str], int],
        takes: Callable[[str], Collection[Medium]] = lambda _agent: EVERY_MEDIUM,
        node: str = "",
    ) -> None:
        self._tell = tell
        self._generation = generation
        self._takes = takes
        self.node = node
        self._stations: dict[str, _Station] = {}
        # Of whom another node tells the router.
        self._yielded: set[str] = set()
        self._agents: frozenset[str] = frozenset()
        self._agent_of: dict[str, str] = {}

    def follow(self, phones: Mapping[str, str], registered: Callable[[str], bool] = lambda _phone: False) -> None:
        """The agents of the site with their phones ("" for a browser); call it after the router was told of them.

        `registered` says whether a phone is. Who left the site is kept: they may have work to finish, or come back.
        """
        for agent_id, phone in phones.items():
            station = self._stations.setdefault(agent_id, _Station(""))
            if agent_id not in self._agents:
                station.told = ()  # the router has forgotten them meanwhile
            if station.phone != phone:
                station.phone, station.registered = phone, bool(phone) and registered(phone)
            self._tell_change(agent_id, station)
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

    def far_phone(self, agent_id: str, *, up: bool) -> None:
        """The agent's phone is registered at another node, or is no more."""
        self._change(agent_id, "far", up=up)

    def moved(self, agent_id: str, media: Media) -> bool:
        """Another node told the router of the agent, with these media. False when their page here is out of date.

        Of two nodes the one with the page tells of an agent with a phone; without a page, the last that did.
        """
        station = self._stations.get(agent_id)
        if station is None:
            return False
        if station.page and station.phone and media == (Medium.VOICE,):
            self._again(agent_id, station)  # it has their phone only
            return True
        if not station.page:
            station.told = ()
            self._yielded.add(agent_id)
        return not station.page

    def released(self, connected: Callable[[str], bool]) -> None:
        """A connection has ended: phones whose agent nobody tells of any more are told of here."""
        for agent_id in [agent_id for agent_id in sorted(self._yielded) if not connected(agent_id)]:
            self._yielded.discard(agent_id)
            self._again(agent_id, self._stations[agent_id])

    def leg_state(self, agent_id: str) -> bool:
        """Whether the agent's media (browser leg or phone) is there."""
        station = self._stations.get(agent_id)
        if station is None:
            return False
        return station.registered or station.far if station.phone else station.leg

    def signed_in(self) -> list[str]:
        """Agents whose page is connected."""
        return [agent_id for agent_id, station in self._stations.items() if station.page]

    def refused(self, agent_id: str) -> None:
        """Another node was first with the generation that this one told: it is told again, with the next."""
        if (station := self._stations.get(agent_id)) is not None and station.told:
            if station.page or not station.phone:
                self._again(agent_id, station)
            else:
                station.told = ()
                self._yielded.add(agent_id)

    def _change(self, agent_id: str, what: str, *, up: bool) -> None:
        station = self._stations.get(agent_id)
        if station is not None:
            setattr(station, what, up)
            self._tell_change(agent_id, station)

    def _again(self, agent_id: str, station: _Station) -> None:
        station.told = ()
        self._tell_change(agent_id, station)

    def _tell_change(self, agent_id: str, station: _Station) -> None:
        if station.page:
            self._yielded.discard(agent_id)
        elif agent_id in self._yielded:
            return
        takes = self._takes(agent_id)
        media = station.media if not takes or any(medium in takes for medium in station.media) else ()
        before, station.told = station.told, media
        if media == before:
            return
        if not media:
            self._tell(AgentDisconnected(agent_id, station.generation), f"agent:{agent_id}")
            return
        if not before:
            # On a node that does not own the shard the router's last word may be on its way.
            station.generation = max(station.generation, self._generation(agent_id)) + 1
        self._tell(AgentConnected(agent_id, station.generation, self.node, media), f"agent:{agent_id}")
