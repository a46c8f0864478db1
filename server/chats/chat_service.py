"""Chats as one part of the node: built in one place, started after the pump, stopped before it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from chat.conductor import ChatConductor
from chat.endpoint import PATH, ChatEndpoint
from chat.files import FileDesk
from chat.guests import Guests
from chat.listening import Listening, ListenMode
from chat.ports import ChatPorts, Estimates
from chat.rest import ChatRoute
from chat.vault import Vault
from config.chats import ChatsConfig
from config.site import Site
from http_api.routes import Parameter, Route
from records.chat_files import ChatFiles
from records.database import Database
from records.follow_ups import FollowUps
from records.handovers import Handovers
from records.interactions import Interactions
from records.messages import Chats
from records.whispers import Whispers
from router.commands import Command, Refuse
from router.events import AgentConnected, AgentDisconnected, NodeLost, WorkRecalled, WorkTakenUp
from router.rows import Turn
from server.chats.chat_cards import ChatCards
from server.chats.chat_desk import ChatDesk
from server.chats.chat_files import AgentFiles, FileKeeper
from server.chats.chat_home import ChatHome
from server.chats.chat_homes import ChatHomes, Peers
from server.chats.chat_screens import ChatScreens, ListenScreens
from server.chats.chat_shards import ChatHost, ChatLodger
from server.chats.chat_site import chat_site
from server.chats.chat_store import FileIndex, FollowUpMailbox, Phases, SqlChatStore, SqlWhispers
from server.chats.chat_watch import ChatWatch
from server.chats.far_files import FarFiles
from server.chats.live_chats import LiveChats
from server.clock import wall_us
from server.core.routing import Routing
from server.current import CurrentSite
from server.desks.contexts import InteractionContexts
from server.desks.desk import Desk, Send
from server.desks.park_desk import ParkDesk
from server.nodes.peer_pages import PeerPages
from server.nodes.shard_links import ShardLinks
from server.tasks import TaskOwner

_POLL = (
    Parameter("after", "The last number that the page has", {"type": "integer", "minimum": 0, "default": 0}),
    Parameter("version", "Wait for another version of the status too", {"type": "integer", "minimum": 0}),
    Parameter("wait", "Seconds to wait for something new", {"type": "integer", "minimum": 0, "default": 0}),
)
_FILE = (
    Parameter("client_id", "Names this send: sent again with the same one, it is still one message"),
    Parameter("name", "What the file is called"),
)
_QUERIES = {"readChat": _POLL, "sendFileInChat": _FILE}


class WaitSeconds:
    """chat.ports.Estimates on the node's, which are in microseconds."""

    def __init__(self, expected_us: Callable[[str], int | None]) -> None:
        self._expected_us = expected_us

    def expected_wait(self, work_id: str) -> int | None:
        """Whole seconds, rounded up: nobody is told that it takes none."""
        expected_us = self._expected_us(work_id)
        return None if expected_us is None else -(-expected_us // 1_000_000)


@dataclass(frozen=True, slots=True)
class ChatParts:
    """The neighbours in the node. `files` is the folder of what is sent in chats.

    `peers` are the other nodes, `nodes` the labels of those that the shard knows, `owning` whether this one owns it;
    `shard` is its name, `links` lead to other shards.
    """

    pump: Routing
    contexts: InteractionContexts
    desk: Desk
    hub: Send
    database: Database
    tasks: TaskOwner
    estimates: Estimates
    address_of: Callable[[web.Request], str]
    files: Path
    peers: Peers
    nodes: Callable[[], Awaitable[set[str]]]
    owning: Callable[[], bool]
    pages: PeerPages
    shard: str
    links: ShardLinks
    follow_ups: FollowUps


def emergencies(site: Site) -> Mapping[str, Mapping[str, str]]:
    """What those who wait are told, by queue and language."""
    return {name: queue.emergency_texts for name, queue in site.queues.items() if queue.emergency_texts}


class ChatService:
    """Chats of this node. `execute` takes committed commands; `restore` before the doors open; `close`, `aclose`."""

    def __init__(
        self,
        current: CurrentSite,
        chats: ChatsConfig,
        parts: ChatParts,
        *,
        node: str,
        new_id: Callable[[], str],
        serve_demo: bool,
    ) -> None:
        self._pump, self._desk, self._tasks = parts.pump, parts.desk, parts.tasks
        self._phases = Phases(Interactions(parts.database))
        store = SqlChatStore(Chats(parts.database), Handovers(parts.database))
        homes = self.homes = ChatHomes(node, parts.pump, parts.peers, store, parts.owning, parts.nodes)
        vault, records = Vault(parts.files), ChatFiles(parts.database)
        far_files = FarFiles(vault, parts.peers, node, parts.nodes)
        ports = ChatPorts(
            store=store,
            router=parts.pump,
            contexts=parts.contexts,
            notices=ChatScreens(homes.show, homes.here, homes.interaction_of),
            estimates=parts.estimates,
            mailbox=FollowUpMailbox(parts.follow_ups, wall_us),
            shards=ChatLodger(parts.shard, parts.links, parts.contexts, vault, far_files.fetch),
        )
        self._make_site = partial(
            chat_site,
            current,
            node=node,
            new_id=new_id,
            serve_demo=serve_demo,
            peers=lambda: parts.pages.addresses,
            own_origins=lambda: parts.pages.origins,
        )
        self.conductor = ChatConductor(self._make_site(chats), ports, parts.tasks)
        self.files = FileDesk(self.conductor, vault, FileIndex(records))
        self.files.fetch = far_files.fetch
        self.guests = Guests(self.conductor, ports, self.files, vault, parts.tasks, lambda: bool(parts.peers.reached))
        ChatHost(parts.peers, self.guests)
        self.conductor.fetch = self._fetch
        self.conductor.taking_up.held = homes.index.held
        self.endpoint = ChatEndpoint(self.conductor, self.files, parts.pump.now, parts.address_of)
        self.keeper = FileKeeper(vault, records, lambda: self._keep_us, parts.pump.now)
        self.agent_files = AgentFiles(homes, self.files)
        self._keep_us = chats.file_keep_us
        self._emergencies = emergencies(current.site)
        current.on_change(self._follow)
        # Who else has requests of chats open that would hold the end up.
        self.closers: list[Callable[[], None]] = []
        self._looking: asyncio.Task[None] | None = None
        screens = ListenScreens(homes.show, lambda: not current.site.calls.show_listeners, homes.interaction_of)
        self.listening = Listening(self.conductor, SqlWhispers(Whispers(parts.database)), screens)
        self.watch = ChatWatch(self.conductor, self.listening)
        self.closers.append(self.watch.close)
        self.live = LiveChats(self.watch, parts.peers)
        self.watch.changed = self.conductor.directory.changed = self.live.touch
        home = ChatHome(
            self.conductor, self.listening, screens, self.watch, lambda agent: _name(current, agent), homes.homed
        )
        homes.carry_out, homes.at_hand = home.carry_out, home.at_hand
        cards = ChatCards(homes, home.has, home.shown, parts.hub.send, parts.tasks)
        desk = ChatDesk(homes, cards, current, parts.desk.calls.availability, parts.tasks)
        self.parked = desk.parked = ParkDesk(
            parts.pump.dispatcher,
            cards,
            parts.hub.send,
            lambda work_id: parts.pump.tell(WorkRecalled(work_id), "agent"),
        )
        self.conductor.unqueued = self._unqueued
        self.conductor.taking_up.records = self._phases
        homes.redraw = self._redraw
        parts.desk.attach_chats(desk)
        self._begin()

    def _follow(self, site: Site) -> None:
        if (now := emergencies(site)) != self._emergencies:
            self._emergencies = now
            self.conductor.emergencies_changed()

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open."""
        between = {"guest_chats": len(self.guests), "far_chats": len(self.conductor.far)}
        return {**self.conductor.counts, **self.endpoint.counts, **self.files.counts, **between}

    def routes(self) -> tuple[Route, ...]:
        """Rows of the HTTP route table."""
        return tuple(_row(route) for route in self.endpoint.routes())

    def execute(self, command: Command) -> None:
        """A committed command."""
        self.conductor.execute(command)
        self.guests.execute(command)

    def follow(self, chats: ChatsConfig) -> None:
        """chats.toml was read again."""
        self._keep_us = chats.file_keep_us
        self.conductor.follow(self._make_site(chats))
        self.endpoint.follow()

    def observe(self, turn: Turn) -> None:
        """A committed turn, before its commands."""
        self.homes.observe(turn)
        if any(isinstance(command, Refuse) for command in turn.commands):
            return
        match turn.event:
            case AgentConnected(agent_id) | AgentDisconnected(agent_id):
                self.conductor.agent_page(agent_id, up=self.homes.here(agent_id))
            case NodeLost():
                self.conductor.pages_lost(self.homes.here)
            case WorkTakenUp(work_id):
                self._redraw(work_id)
            case _:
                return

    def _begin(self) -> None:
        """What is open is known before the first turn is."""
        self.homes.index.begin()
        self.parked.restore(self._pump.dispatcher.works())

    async def restore(self) -> None:
        """Takes up the chats that were open when the server ended."""
        await self.conductor.taking_up.restore(self._phases)

    def look_after(self) -> None:
        """From now on chats of nodes that are gone are taken up while this one owns the shard."""
        self._looking = self._tasks.spawn(self.homes.look_after(self.conductor), "chat_homes", endless=True)

    def _redraw(self, work_id: str) -> None:
        """Whoever has the chat at this node sees it as its home has it now."""
        for one in self._pump.dispatcher.holders(work_id):
            if self._desk.page_up(one.agent_id):
                self._desk.news.assignment(one.agent_id, one.reservation_id)

    async def _unqueued(self, interaction_id: str) -> bool:
        return await self._phases.phase(interaction_id) != "over"

    async def _fetch(self, interaction_id: str) -> bool:
        listeners = await self.homes.fetch(interaction_id)
        if listeners:
            modes = {one.agent_id: ListenMode(one.mode) for one in listeners}
            await self.listening.arrive(interaction_id, modes)
        return listeners is not None

    def close(self) -> None:
        """No new chats; those that are open wait for the next start."""
        if self._looking is not None:
            self._looking.cancel()
        self.conductor.close()
        self.guests.close()
        for close in self.closers:
            close()
        self.keeper.close()

    async def aclose(self) -> None:
        """Visitors are told to connect again."""
        await self.endpoint.aclose()


def _name(current: CurrentSite, agent_id: str) -> str:
    agent = current.agent(agent_id)
    return agent.display_name if agent is not None else ""


def _row(route: ChatRoute) -> Route:
    return Route(
        method=route.method,
        path=route.path,
        handler=route.handler,
        operation=route.operation,
        summary=route.summary,
        body=route.body,
        replies=route.replies,
        query=_QUERIES.get(route.operation, ()),
        problems=() if route.path == PATH else route.problems,
    )
