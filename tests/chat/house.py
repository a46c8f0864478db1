"""Chats on a real dispatcher, a real SQLite file and a real port; only agents' screens and contexts are lists."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
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
from chat.ports import AgentNotices, ChatPorts, Shards
from chat.rules import Rule
from chat.site import ChatEntry, ChatSite
from chat.vault import Vault
from records.chat_files import ChatFiles
from records.database import Database
from records.handovers import Handovers
from records.messages import Chats
from router import events as facts
from router.policy import Policy
from router.vocabulary import EndedBy, Requirement
from server.chats.chat_index import ChatIndex
from server.chats.chat_store import FileIndex
from server.tasks import TaskOwner
from tests.chat.neighbours import Known, Mailbox, Phases, RealRouter, Screens, Waits, WeakStore
from tests.chat.pages import KEY, Page
from tests.databases import migrated

SECRET = "a-secret-of-the-site"
ORIGIN = "https://shop.example"


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
        rules: Policy | None = None,
    ) -> None:
        self.folder, self.database = folder, database
        router = beside.router if beside is not None else None
        self.node = "n2.1" if beside is not None else "n1.1"
        self.router: RealRouter = router or RealRouter(rules)
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
        self.shards: Shards | None = None
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
            entries={
                "web": entry,
                "early": replace(entry, name="early", queue="open_chat"),
                "closed": closed,
                "night": night,
                "notice": replace(night, take_messages=False),
            },
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
        notices = self.notices or self.screens
        ports = self.ports = ChatPorts(self.store, self.router, self.known, notices, Waits(), self.mailbox, self.shards)
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
    async def page(self, **headers: str) -> AsyncIterator[Page]:
        """A connected page that has said nothing yet."""
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{self.url}{PATH}", protocols=(c.SUBPROTOCOL,), headers=headers) as ws,
        ):
            yield Page(ws)


@asynccontextmanager
async def house(
    folder: Path,
    patience: Patience | None = None,
    limits: ChatLimits | None = None,
    beside: House | None = None,
    rules: Policy | None = None,
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
    one = House(folder, database, patience or Patience(), limits or ChatLimits(), runner.addresses[0], beside, rules)
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
