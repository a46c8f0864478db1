"""Agents, visitors and a program who go from node to node by themselves, as pages do, while nodes come and go."""

import asyncio
import itertools
import secrets
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp

from agents_ws import messages as m
from chat import messages as c
from tests.e2e.agents import RawAgent, sign_in
from tests.e2e.server import ROOT, Server
from tests.e2e.site import make_site
from tests.e2e.visitors import Visitor

_GONE = (aiohttp.ClientError, ConnectionError, TimeoutError, AssertionError)
# Chat-like work that nobody is asked for twice at the same time; a browser's leg is not needed.
BACKLOG = 8
AGAIN_S = 0.2
# Each of them is a message too, of which a page may send so many a second.
ACK_EVERY = 16
WORK = {"medium": "chat", "queue": "web_chat", "channel": "web"}


class Nodes:
    """A site of up to three nodes on one Redis and one database."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self.database = folder / "shared.db"
        self._site = make_site(folder, wrap_up_s=5)
        url = f"sqlite+aiosqlite:///{self.database}"
        shared = [f"--redis-url={store_url}", f"--database-url={url}", "--lease-ms=5000", "--drain-s=30"]
        self.all: dict[str, Server] = {}
        self.up: dict[str, Server] = {}
        for name in ("one", "two", "three"):
            (folder / name).mkdir()
            self.all[name] = Server(folder / name, self._site, [*shared, f"--node={name}"])

    async def start(self, name: str) -> None:
        """Returns when it serves."""
        await asyncio.to_thread(self.all[name].start)
        self.up[name] = self.all[name]

    async def drain(self, name: str) -> str:
        """As `python -m server drain`; returns when the process has ended."""
        server = self.up.pop(name)
        command = (sys.executable, "-m", "server", "drain", f"--data-dir={server.data_dir}", f"--site={self._site}")
        done = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        out, _ = await done.communicate()
        assert await asyncio.to_thread(server.ended) == 0
        return out.decode().strip()

    def make_key(self) -> str:
        """A program's."""
        url = f"--database-url=sqlite+aiosqlite:///{self.database}"
        command = [sys.executable, "-m", "server", "make-api-key", "crm", url, f"--site={self._site}"]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return made.stdout.split()[-1]

    def any(self) -> Server:
        """A node that is up, each time another one."""
        return list(self.up.values())[next(_turn) % len(self.up)]

    def close(self) -> None:
        """At the end, whatever happened."""
        for server in self.all.values():
            server.close()


_turn = itertools.count()


@dataclass
class Tally:
    """What was promised and what came of it."""

    submitted: list[str] = field(default_factory=list)
    # By interaction, the reservations with which agents had it to its wrap-up: that shows again at a page's next node.
    handled: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    withdrawn: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    said: int = 0

    @property
    def open(self) -> int:
        """How many items were promised and have not come to a wrap-up."""
        return sum(one not in self.handled for one in self.submitted)


class Roamer:
    """An agent who takes whatever is offered, at whichever node."""

    def __init__(self, nodes: Nodes, account: str, http: aiohttp.ClientSession, tally: Tally) -> None:
        self._nodes = nodes
        self._account = account
        self._http = http
        self._tally = tally
        self._refs = map(str, itertools.count(1))
        self._peers: tuple[str, ...] = ()
        # What was said and is not known to be taken, by its ref.
        self._said: dict[str, m.SayInChat] = {}

    async def run(self) -> None:
        """Until cancelled."""
        token, base = await sign_in(self._nodes.any(), self._http, self._account), self._nodes.any().base
        while True:
            agent = RawAgent(cast("Any", SimpleNamespace(base=base)), self._http)
            try:
                with suppress(*_GONE):
                    await agent.connect(token)
                    await self._work(agent)
            finally:
                await agent.close()
            self._tally.moves += 1
            # Its own again as well: the others may be gone by now, and it only wanted a pause.
            others = [*self._peers, self._nodes.any().base]
            base = others[next(_turn) % len(others)]
            await asyncio.sleep(0.05)

    async def _work(self, agent: RawAgent) -> None:
        while (message := await agent.next(30)) is not None:
            match message:
                case m.Welcome(peers=peers):
                    self._peers = peers
                case m.Snapshot():
                    await agent.send(m.SetPresence(ref=next(self._refs), presence="ready"))
                    for each in (*message.offers, *message.assignments, *message.wrap_ups):
                        await self._see(agent, each)
                case m.OfferWithdrawn(reason=reason):
                    self._tally.withdrawn[reason.value] += 1
                case m.Refused(code=code, ref=ref):
                    self._tally.refused[code] += 1
                    await self._again(agent, ref)
                case m.Done(ref=ref):
                    self._said.pop(ref, None)
                case _:
                    await self._see(agent, message)
            if (seq := getattr(message, "seq", 0)) % ACK_EVERY == 1:
                await agent.send(m.Ack(seq=seq))

    async def _see(self, agent: RawAgent, message: Any) -> None:
        match message:
            case m.Offer(reservation_id=held):
                await agent.send(m.Accept(ref=next(self._refs), reservation_id=held))
            case m.Assignment(state="connected", reservation_id=held, chat=None):
                await agent.send(m.HangUp(ref=next(self._refs), reservation_id=held))
            case m.Assignment(state="connected", reservation_id=held, chat=chat):
                for line in chat.lines if chat is not None else ():
                    await self._answer(agent, held, line)
            case m.ChatMessage(reservation_id=held):
                await self._answer(agent, held, message)
            case m.WrapUp(reservation_id=held, interaction_id=interaction):
                self._tally.handled[interaction].add(held)
                done = m.FinishWrapUp(ref=next(self._refs), reservation_id=held, disposition="resolved")
                await agent.send(done)

    async def _again(self, agent: RawAgent, ref: str) -> None:
        """What the chat's node did not take is said once more, as a person would: it may be on its way elsewhere."""
        said = self._said.pop(ref, None)
        if said is not None:
            await asyncio.sleep(AGAIN_S)
            await self._say(agent, said)

    async def _say(self, agent: RawAgent, said: m.SayInChat) -> None:
        self._said[said.ref] = said
        await agent.send(said)

    async def _answer(self, agent: RawAgent, held: str, line: m.ChatLine | m.ChatMessage) -> None:
        """Each message of the visitor's is answered once, however often it is seen."""
        if line.author == "customer":
            said = m.SayInChat(ref=next(self._refs), reservation_id=held, client_id=f"to-{line.number}", text=line.text)
            await self._say(agent, said)


async def visit(nodes: Nodes, http: aiohttp.ClientSession, tally: Tally, stop: asyncio.Event) -> None:
    """One visitor after the other: each says a few things, hears each back, and ends the chat."""
    while not stop.is_set():
        async with Visitor(nodes.any()) as visitor:
            question = f"Is it there? {secrets.token_hex(4)}"
            await _opened(visitor, nodes, question)
            await _through(visitor, nodes, question, "")
            for number in range(4):
                await _through(visitor, nodes, f"{visitor.chat_id} {number}", f"said-{number}")
                tally.said += 1
            await _ended(visitor, nodes)
            counts = Counter(visitor.texts)
            assert set(counts.values()) == {2}, f"each is said once and answered once: {counts}"
        tally.submitted.append(visitor.chat_id)


async def _opened(visitor: Visitor, nodes: Nodes, question: str) -> None:
    async with asyncio.timeout(60):
        while not visitor.token:
            with suppress(*_GONE):
                await visitor.cut()
                await visitor.at(nodes.any()).open(question)


@asynccontextmanager
async def _in_time(visitor: Visitor) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(60):
            yield
    except TimeoutError:
        raise RuntimeError(f"chat {visitor.chat_id} stands still: {visitor.status}, {visitor.texts}") from None


async def _through(visitor: Visitor, nodes: Nodes, text: str, name: str) -> None:
    """Said under that name ("" for what was said already), and heard back, over as many nodes as it takes."""
    async with _in_time(visitor):
        while True:
            with suppress(*_GONE):
                if name:
                    await visitor.say(text, name)
                await visitor.until(lambda page: page.texts.count(text) >= 2 or page.bye is not None, 15)
            if visitor.texts.count(text) == 2:
                return
            with suppress(*_GONE):
                await visitor.move(nodes.any())


async def _ended(visitor: Visitor, nodes: Nodes) -> None:
    async with asyncio.timeout(60):
        while visitor.status is None or visitor.status.state != "ended":
            with suppress(*_GONE):
                await visitor.send(c.End())
                await visitor.until(lambda page: page.bye is not None or page.status.state == "ended", 10)
            if visitor.status is not None and visitor.status.state != "ended":
                with suppress(*_GONE):
                    await visitor.move(nodes.any())


async def submit(nodes: Nodes, http: aiohttp.ClientSession, key: str, tally: Tally, stop: asyncio.Event) -> None:
    """A program's work, at any node; what was not acknowledged was not promised."""
    while not stop.is_set():
        with suppress(*_GONE):
            url, headers = f"{nodes.any().base}/api/v1/work", {"Authorization": f"Bearer {key}"}
            async with http.post(url, json=WORK, headers=headers) as answer:
                if answer.status == 201:
                    tally.submitted.append((await answer.json())["interaction_id"])
        await asyncio.sleep(0.25)
        while tally.open > BACKLOG and not stop.is_set():  # or visitors would wait behind it for minutes
            await asyncio.sleep(0.25)
