"""Chats as one part of the node: built in one place, started after the pump, stopped before it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from chat.conductor import ChatConductor
from chat.endpoint import PATH, ChatEndpoint
from chat.files import FileDesk
from chat.listening import Listening
from chat.ports import ChatRefusedError, Estimates, Held
from chat.rest import ChatRoute
from chat.runner import ChatPorts
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
from router.commands import Command
from router.events import WorkRecalled
from server.chat_desk import ChatDesk, ChatScreens, ListenScreens
from server.chat_files import AgentFiles, FileKeeper
from server.chat_site import chat_site, held_chats
from server.chat_store import FileIndex, FollowUpMailbox, Phases, SqlChatStore, SqlWhispers
from server.clock import wall_us
from server.contexts import InteractionContexts
from server.current import CurrentSite
from server.desk import Desk, Send
from server.park_desk import ParkDesk
from server.routing import Routing
from server.tasks import TaskOwner
from store.errors import StoreError

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


async def _nobody_else() -> set[str]:
    return set()


@dataclass(frozen=True, slots=True)
class ChatParts:
    """The neighbours in the node. `files` is the folder of what is sent in chats."""

    pump: Routing
    contexts: InteractionContexts
    desk: Desk
    hub: Send
    database: Database
    tasks: TaskOwner
    estimates: Estimates
    address_of: Callable[[web.Request], str]
    files: Path
    alive: Callable[[], Awaitable[set[str]]] = _nobody_else


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
        self._pump = parts.pump
        self._phases = Phases(Interactions(parts.database))
        ports = ChatPorts(
            store=SqlChatStore(Chats(parts.database), Handovers(parts.database)),
            router=parts.pump,
            contexts=parts.contexts,
            notices=ChatScreens(parts.hub.send, parts.desk.page_up),
            estimates=parts.estimates,
            mailbox=FollowUpMailbox(FollowUps(parts.database), wall_us),
        )
        self._make_site = partial(chat_site, current, node=node, new_id=new_id, serve_demo=serve_demo)
        self.conductor = ChatConductor(self._make_site(chats), ports, parts.tasks)
        vault, records = Vault(parts.files), ChatFiles(parts.database)
        self.files = FileDesk(self.conductor, vault, FileIndex(records))
        self.conductor.orphan = self._orphan
        self._alive = parts.alive
        self._node = node
        self.endpoint = ChatEndpoint(self.conductor, self.files, parts.pump.now, parts.address_of)
        self.keeper = FileKeeper(vault, records, lambda: self._keep_us, parts.pump.now)
        self.agent_files = AgentFiles(self.conductor, self.files)
        self._keep_us = chats.file_keep_us
        self._emergencies = emergencies(current.site)
        current.on_change(self._follow)
        # Who else has requests of chats open that would hold the end up.
        self.closers: list[Callable[[], None]] = []
        desk = ChatDesk(self.conductor, current, parts.desk.calls.availability)
        self.parked = desk.parked = ParkDesk(
            parts.pump.dispatcher,
            self.conductor,
            parts.hub.send,
            lambda work_id: parts.pump.tell(WorkRecalled(work_id), "agent"),
        )
        screens = ListenScreens(parts.hub.send, lambda: not current.site.calls.show_listeners)
        self.listening = Listening(self.conductor, SqlWhispers(Whispers(parts.database)), screens)
        desk.listening, desk.screens = self.listening, screens
        parts.desk.attach_chats(desk)

    def _follow(self, site: Site) -> None:
        if (now := emergencies(site)) != self._emergencies:
            self._emergencies = now
            self.conductor.emergencies_changed()

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open."""
        return {**self.conductor.counts, **self.endpoint.counts, **self.files.counts}

    def routes(self) -> tuple[Route, ...]:
        """Rows of the HTTP route table."""
        return tuple(_row(route) for route in self.endpoint.routes())

    def execute(self, command: Command) -> None:
        """A committed command."""
        self.conductor.execute(command)

    def follow(self, chats: ChatsConfig) -> None:
        """chats.toml was read again."""
        self._keep_us = chats.file_keep_us
        self.conductor.follow(self._make_site(chats))
        self.endpoint.follow()

    async def restore(self) -> None:
        """Takes up the chats that were open when the server ended."""
        self.parked.restore(self._pump.dispatcher.works())
        await self.conductor.taking_up.restore(held_chats(self._pump.dispatcher), self._phases)

    async def _orphan(self, interaction_id: str) -> Held | None:
        """How the router holds a chat whose node is gone. Raises ChatRefusedError while it lives."""
        held = held_chats(self._pump.dispatcher).get(interaction_id)
        if held is None or held.terms.node in ("", self._node):
            return None
        try:
            alive = await self._alive()
        except StoreError as error:
            raise ChatRefusedError("unavailable", "the chat cannot be found now") from error
        if held.terms.node in alive:
            raise ChatRefusedError("unavailable", "this chat is open at another node of the server")
        return held

    def close(self) -> None:
        """No new chats; those that are open wait for the next start."""
        self.conductor.close()
        for close in self.closers:
            close()
        self.keeper.close()

    async def aclose(self) -> None:
        """Visitors are told to connect again."""
        await self.endpoint.aclose()


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
