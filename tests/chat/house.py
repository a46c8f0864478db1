"""Chats on a real dispatcher, a real SQLite file and a real port; only agents' screens and contexts are lists."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from chat import messages as c
from chat.conductor import ChatConductor
from chat.endpoint import PATH, ChatEndpoint
from chat.files import FileDesk
from chat.limits import ChatLimits
from chat.machine import Patience
from chat.ports import AgentNotices, Identity, LeftMessage, StoreAwayError
from chat.rules import Rule
from chat.runner import ChatPorts
from chat.site import ChatEntry, ChatSite
from chat.vault import Vault
from records.chat_files import ChatFiles
from records.database import Database
from records.handovers import Handovers
from records.messages import Chats, Message
from router import events as facts
from router.commands import Command, SendOffer
from router.dispatcher import Dispatcher
from router.invariants import check
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import EndedBy, Medium, Presence, Requirement
from server.chat_index import ChatIndex
from server.chat_store import FileIndex, SqlChatStore
from server.tasks import TaskOwner
from tests.databases import migrated

SECRET = "a-secret-of-the-site"
ORIGIN = "https://shop.example"
KEY = "k" * 22


async def until(condition: Callable[[], Any], what: str = "condition", seconds: float = 30) -> None:
    """Wait for a condition with a deadline."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}")
        await asyncio.sleep(0.002)


def policy(wrap_up_us: int = 60_000_000) -> Policy:
    queue = QueuePolicy("web_chat", Medium.CHAT, wrap_up_us=wrap_up_us)
    rules = AgentPolicy("ann", "t1", {"mandarin": 5}, {Medium.CHAT: 3}, 3)
    return Policy("v1", {"web_chat": queue}, {"ann": rules, "bob": replace(rules, agent_id="bob", skills={})})


class RealRouter:
    """A dispatcher whose turns are committed at once; `away` gives nobody an estimate."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher(policy())
        self.events: list[facts.Event] = []
        self.offers: list[SendOffer] = []
        self.execute: list[Callable[[Command], None]] = []
        self.observe: list[Callable[[Turn], None]] = []
        self.skew = 0
        self._generation = itertools.count(1)

    def now(self) -> int:
        return time.time_ns() // 1000 + self.skew

    def place(self, work_id: str) -> int | None:
        return self.dispatcher.place(work_id)

    def directed(self, work_id: str) -> str | None:
        row = self.dispatcher.work(work_id)
        return row.directed if row else None

    def tell(self, event: facts.Event, cause: str) -> None:
        self._turn(event)

    async def post(self, event: facts.Event, cause: str) -> tuple[Command, ...]:
        await asyncio.sleep(0)
        return self._turn(event)

    def ready(self, *agents: str, node: str = "") -> None:
        for agent in agents:
            self._turn(facts.AgentConnected(agent, next(self._generation), node))
            self._turn(facts.PresenceSet(agent, Presence.READY))

    def accept(self, number: int = -1) -> str:
        offer = self.offers[number]
        self._turn(facts.OfferAccepted(offer.reservation_id, offer.agent_id))
        return offer.reservation_id

    def finish(self, reservation_id: str, agent_id: str) -> None:
        self._turn(facts.WrapUpFinished(reservation_id, agent_id))

    def _turn(self, event: facts.Event) -> tuple[Command, ...]:
        self.events.append(event)
        now = self.now()
        commands = tuple(self.dispatcher.handle(event, now))
        turn = Turn(len(self.events), now, "test", event, commands, self.dispatcher.drain_changes())
        check(self.dispatcher)
        for observe in self.observe:
            observe(turn)
        for command in commands:
            if isinstance(command, SendOffer):
                self.offers.append(command)
            for execute in self.execute:
                execute(command)
        return commands

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Screens:
    """What agents are shown; agents in `pages` have a page."""

    pages: set[str] = field(default_factory=lambda: {"ann", "bob"})
    messages: list[tuple[str, str, Message]] = field(default_factory=list)
    typed: list[tuple[str, str, bool]] = field(default_factory=list)
    receipts: list[tuple[str, str, int, int]] = field(default_factory=list)

    def here(self, agent_id: str) -> bool:
        return agent_id in self.pages

    def message(self, agent_id: str, reservation_id: str, message: Message) -> bool:
        self.messages.append((agent_id, reservation_id, message))
        return agent_id in self.pages

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        self.typed.append((agent_id, reservation_id, on))

    def receipt(self, agent_id: str, reservation_id: str, delivered: int, read: int) -> None:
        self.receipts.append((agent_id, reservation_id, delivered, read))


@dataclass
class Known:
    """Contexts: who opened what."""

    opened: dict[str, Identity | None] = field(default_factory=dict)
    over: list[str] = field(default_factory=list)
    told: dict[str, dict[str, str]] = field(default_factory=dict)

    def collected(self, interaction_id: str, data: Mapping[str, str], path: Sequence[str], language: str) -> None:
        self.told[interaction_id] = dict(data)

    def chat_opened(self, interaction_id: str, channel: str, name: str, locale: str, identity: Identity | None) -> None:
        self.opened[interaction_id] = identity

    async def acquainted(self, interaction_id: str, queue: str) -> tuple[str, ...]:
        return ()

    def closed(self, interaction_id: str) -> None:
        self.over.append(interaction_id)


@dataclass
class Mailbox:
    """What visitors left; `away` keeps nothing."""

    kept: list[LeftMessage] = field(default_factory=list)
    away: bool = False

    async def keep(self, message: LeftMessage) -> None:
        if self.away:
            raise StoreAwayError("away")
        self.kept.append(message)


class Waits:
    """Estimates: a minute for everybody."""

    def expected_wait(self, work_id: str) -> int | None:
        return 60


class Phases:
    """Records: every interaction is open."""

    async def phase(self, interaction_id: str) -> str | None:
        return "open"


class WeakStore(SqlChatStore):
    """The real store; `fail_before` and `fail_after` make the next adds fail, before or after they are kept."""

    fail_before = 0
    fail_after = 0

    async def add(self, interaction_id: str, message: Message) -> Message:
        if self.fail_before:
            self.fail_before -= 1
            raise StoreAwayError("away")
        kept = await super().add(interaction_id, message)
        if self.fail_after:
            self.fail_after -= 1
            raise StoreAwayError("away")
        return kept


class House:
    """`async with house(tmp_path)`; `restart` is a new incarnation on the same router and database."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        patience: Patience,
        limits: ChatLimits,
        base: tuple[str, int],
        beside: "House | None" = None,
    ) -> None:
        self.folder, self.database = folder, database
        router = beside.router if beside is not None else None
        self.node = "n2.1" if beside is not None else "n1.1"
        self.router: RealRouter = router or RealRouter()
        self.store = WeakStore(Chats(database), Handovers(database))
        self.screens = Screens()
        self.known = Known()
        self.mailbox = Mailbox()
        self.is_day = False
        self.patience, self.limits = patience, limits
        self.base = base
        self.failures: list[tuple[str, BaseException]] = []
        self._ids: Iterator[int] = itertools.count(1) if beside is None else beside._ids
        # What agents see, in place of the lists of `screens`.
        self.notices: AgentNotices | None = None
        self._build()

    def _build(self) -> None:
        self.tasks = TaskOwner(lambda name, error: self.failures.append((name, error)))
        entry = ChatEntry(
            "web",
            "web_chat",
            "web_chat",
            SECRET,
            frozenset({ORIGIN}),
            {"zh": (Requirement("mandarin", 1),)},
            rules=(
                Rule(signed={"tier": "gold"}, priority=7),
                Rule(data={"topic": "complaint"}, priority=2, requirements=(Requirement("mandarin", 3),)),
            ),
        )
        closed = ChatEntry("closed", "web_chat", "no_such_queue")
        night = replace(entry, name="night", hours="day", take_messages=True)
        site = ChatSite(
            entries={"web": entry, "closed": closed, "night": night, "notice": replace(night, take_messages=False)},
            agent_name=lambda agent_id: agent_id.title(),
            new_id=lambda: f"chat{next(self._ids)}",
            node=self.node,
            patience=self.patience,
            limits=self.limits,
            is_open=lambda hours, _now: self.is_day,
            holiday=lambda hours, _now: f"holiday of {hours}",
            opens_at=lambda hours, now: now + 5,
        )
        self.index = ChatIndex(self.router.dispatcher)
        self.index.begin()
        self.router.observe.append(self.index.observe)
        ports = ChatPorts(self.store, self.router, self.known, self.notices or self.screens, Waits(), self.mailbox)
        self.conductor = ChatConductor(site, ports, self.tasks)
        self.router.execute.append(self.conductor.execute)
        self.conductor.taking_up.held = self.index.held
        self.vault = Vault(self.folder / "files")
        self.files = FileDesk(self.conductor, self.vault, FileIndex(ChatFiles(self.database)))
        self.endpoint = ChatEndpoint(self.conductor, self.files, self.router.now)

    def rebuild(self) -> None:
        """With other neighbours, before anything happened."""
        self.conductor.close()
        self.router.execute.remove(self.conductor.execute)
        self._build()

    async def stop(self) -> None:
        self.conductor.close()
        self.router.execute = [one for one in self.router.execute if one != self.conductor.execute]
        await self.tasks.aclose(2)
        await self.endpoint.aclose()

    async def restart(self) -> None:
        await self.stop()
        self._build()
        await self.conductor.taking_up.restore(Phases())

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Whatever path: to the endpoint of this incarnation."""
        for route in self.endpoint.routes():
            pattern = route.path.split("/")
            given = request.path.split("/")
            fits = len(pattern) == len(given) and all(
                p == g or p.startswith("{") for p, g in zip(pattern, given, strict=True)
            )
            if fits and route.method == request.method:
                request.match_info.update({p[1:-1]: g for p, g in zip(pattern, given, strict=True) if p[:1] == "{"})
                return await route.handler(request)
        raise web.HTTPNotFound

    async def token(self) -> str:
        """The token of the chat of KEY, opened if it is not."""
        return str((await rest(self, "POST", "", {"entry": "web", "key": KEY, "question": "x"}))[1]["token"])

    def end_by_agent(self, reservation_id: str) -> None:
        self.router.tell(facts.AssignmentEnded(reservation_id, EndedBy.AGENT), "test")

    @property
    def url(self) -> str:
        return f"http://{self.base[0]}:{self.base[1]}"

    @asynccontextmanager
    async def page(self, **headers: str) -> AsyncIterator["Page"]:
        """A connected page that has said nothing yet."""
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{self.url}{PATH}", protocols=(c.SUBPROTOCOL,), headers=headers) as ws,
        ):
            yield Page(ws)


class Page:
    """A visitor's page over a real socket."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.token = ""
        self.status: c.Status | None = None
        self.seen: list[c.Line] = []

    async def say(self, message: c.ClientMessage) -> None:
        await self.ws.send_str(c.encode(message).decode())

    async def speak(self, client_id: str, text: str) -> None:
        await self.say(c.Say(client_id=client_id, text=text))

    async def hear(self) -> c.ServerMessage:
        raw = await self.ws.receive(timeout=5)
        assert raw.type is aiohttp.WSMsgType.TEXT, (raw, self.ws.close_code)
        message = c.decode_server(raw.data)
        if isinstance(message, c.Welcome | c.StatusShown):
            self.status = message.status
        elif isinstance(message, c.Messages):
            self.seen += message.messages
        return message

    async def until(self, kind: type[Any], fits: Callable[[Any], Any] = lambda _message: True) -> Any:
        while True:
            message = await self.hear()
            if isinstance(message, kind) and fits(message):
                return message

    async def open(self, question: str = "hello", key: str = KEY, **more: Any) -> c.Welcome:
        await self.say(c.Open(**{"entry": "web", "key": key, "question": question, "name": "Visitor", **more}))
        welcome: c.Welcome = await self.until(c.Welcome)
        self.token = welcome.token or ""
        return welcome

    async def lines(self, count: int) -> list[c.Line]:
        """Everything that was said, once it is so much."""
        while len(self.seen) < count:
            await self.hear()
        return self.seen

    async def state(self, state: str) -> c.Status:
        if self.status is None or self.status.state != state:
            await self.until(c.StatusShown, lambda shown: shown.status.state == state)
        assert self.status is not None
        return self.status


@asynccontextmanager
async def house(
    folder: Path,
    patience: Patience | None = None,
    limits: ChatLimits | None = None,
    beside: House | None = None,
) -> AsyncIterator[House]:
    """`beside` another one it is a second node on the same router and database."""
    database = beside.database if beside else await migrated(folder / "records.sqlite")
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=2)
    built: list[House] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        return await built[0].handle(request)

    app.router.add_route("*", "/{tail:.*}", handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one = House(folder, database, patience or Patience(), limits or ChatLimits(), runner.addresses[0], beside)
    built.append(one)
    try:
        yield one
        await one.stop()
        assert one.failures == []
        assert one.conductor.counts == {"chats": 0, "chats_looked_at": one.conductor.counts["chats_looked_at"]}
    finally:
        await one.stop()
        await runner.cleanup()
        if beside is None:
            await database.close()


async def rest(
    place: House, method: str, path: str, body: Any = None, token: str = "", origin: str = "", **query: Any
) -> tuple[int, Any, Any]:
    """One plain request: status, JSON body, headers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if origin:
        headers["Origin"] = origin
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{place.url}/chat/v1/chats{path}", json=body, params=query, headers=headers) as answer,
    ):
        content = await answer.json() if answer.content_type == "application/json" else None
        return answer.status, content, answer.headers
