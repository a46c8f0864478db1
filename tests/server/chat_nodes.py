"""Nodes with chats in one process: one router and one database; only what they say to each other is not over TCP."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec

from agents_ws import messages as m
from chat.listening import Listening, ListenMode
from config.site import Site
from records.whispers import Whispers
from router.vocabulary import Medium
from server.chats.chat_cards import ChatCards
from server.chats.chat_desk import ChatDesk
from server.chats.chat_home import ChatHome
from server.chats.chat_homes import ANSWER_S, ChatHomes
from server.chats.chat_screens import ChatScreens, ListenScreens
from server.chats.chat_store import SqlWhispers
from server.chats.chat_watch import ChatWatch
from server.chats.live_chats import LiveChats
from server.current import CurrentSite
from server.desks.availability import availability
from server.nodes.peer_link import Answer, Hear, PeerUnreachableError
from tests.chat.house import House, house
from tests.server.sites import ORDERS, agent, small_site


def site() -> Site:
    chats = replace(ORDERS, name="web_chat", medium=Medium.CHAT)
    agents = {name: agent(name, capacity={Medium.CHAT: 3}, total_units=3) for name in ("ann", "bob")}
    return small_site(agents, queues={"web_chat": chats, "orders": ORDERS})


class Wires:
    """server.chats.chat_homes.Peers of one node; all of `site` are reached but those that are `cut` off."""

    def __init__(self, label: str, site: dict[str, "Wires"], cut: set[str]) -> None:
        self.label, self._site, self._cut = label, site, cut
        self.answer: dict[str, Answer] = {}
        self.hear: dict[str, Hear] = {}
        self.found: list[Callable[[str], None]] = []
        self.lost: list[Callable[[str], None]] = []
        site[label] = self

    @property
    def reached(self) -> frozenset[str]:
        gone = self._cut if self.label not in self._cut else set(self._site)
        return frozenset(self._site) - gone - {self.label}

    async def ask(self, node: str, kind: str, body: Any = None, timeout_s: float = ANSWER_S) -> Any:
        if node not in self.reached:
            raise PeerUnreachableError(node)
        return carried(await self._site[node].answer[kind](self.label, carried(body)))

    def tell(self, node: str, kind: str, body: Any = None) -> bool:
        if node not in self.reached:
            return False
        self._site[node].hear[kind](self.label, carried(body))
        return True


def carried(body: Any) -> Any:
    """As it comes out at the other end of a connection."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(body))


class ChatNode:
    """A node's chats over a house; `sent` is what its pages are shown."""

    def __init__(self, place: House, wires: Wires, labels: set[str], *, owning: bool = True) -> None:
        self.place, self.wires = place, wires
        self.sent: list[tuple[str, m.NumberedMessage]] = []
        self.redrawn: list[str] = []
        self.quiet = False
        self.current = CurrentSite(site())

        async def nodes() -> set[str]:
            return labels

        homes = self.homes = ChatHomes(place.node, cast("Any", place.router), wires, place.store, lambda: owning, nodes)
        place.router.observe.append(homes.observe)
        place.notices = ChatScreens(homes.show, homes.here, homes.interaction_of)
        place.rebuild()
        place.conductor.fetch = self._fetch
        screens = ListenScreens(homes.show, lambda: self.quiet, homes.interaction_of)
        self.listening = Listening(place.conductor, SqlWhispers(Whispers(place.database)), screens)
        self.watch = ChatWatch(place.conductor, self.listening)
        self.live = LiveChats(self.watch, wires)
        self.watch.changed = place.conductor.directory.changed = self.live.touch
        home = ChatHome(place.conductor, self.listening, screens, self.watch, str.title, homes.homed)
        homes.carry_out, homes.at_hand = home.carry_out, home.at_hand
        homes.redraw = self.redrawn.append
        self.cards = ChatCards(homes, home.has, home.shown, self._send, place.tasks)
        board = place.router.dispatcher
        self.desk = ChatDesk(
            homes,
            self.cards,
            self.current,
            lambda agent_id, medium: availability(board, agent_id, medium),
            place.tasks,
        )

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for _, message in self.sent if isinstance(message, kind)]

    def _send(self, agent_id: str, message: m.NumberedMessage) -> bool:
        self.sent.append((agent_id, message))
        return True

    async def _fetch(self, interaction_id: str) -> bool:
        listeners = await self.homes.fetch(interaction_id)
        if listeners:
            await self.listening.arrive(interaction_id, {one.agent_id: ListenMode(one.mode) for one in listeners})
        return listeners is not None


@asynccontextmanager
async def one_node(folder: Path) -> AsyncIterator[ChatNode]:
    async with house(folder) as place:
        node = ChatNode(place, Wires(place.node, {}, set()), {place.node})
        try:
            yield node
        finally:
            node.watch.close()


class Two:
    """Nodes one and two; `cut` those that are not reached, `labels` those that the shard knows."""

    def __init__(self, place: House, other: House) -> None:
        self.cut: set[str] = set()
        self.labels = {place.node, other.node}
        wires: dict[str, Wires] = {}
        self.one = ChatNode(place, Wires(place.node, wires, self.cut), self.labels)
        self.two = ChatNode(other, Wires(other.node, wires, self.cut), self.labels)
        self.router = place.router


@asynccontextmanager
async def two_nodes(folder: Path) -> AsyncIterator[Two]:
    async with house(folder) as place, house(folder, beside=place) as other:
        two = Two(place, other)
        try:
            yield two
        finally:
            two.one.watch.close()
            two.two.watch.close()
