"""A running server with agents on SIP phones: what the whole-server benchmarks measure."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from agents_ws import messages as m
from bench.phones import Phones
from bench.sessions import open_sessions
from records.database import Database, sqlite_url
from tests.e2e.server import PASSWORD, Server
from tests.e2e.site import make_site
from tests.ports import RTP_BLOCKS
from tools.call.agent import ScriptedAgent

STRAIGHT = "4100"
"""The number that leads into the queue without a menu."""
AGENT = """
[agents.{name}]
display_name = "Bench {name}"
team = "first_line"
role = "agent"
skills = {{ english = 8, orders = 8, after_sales = 8 }}
capacity = {{ voice = 1, total = 1 }}
station = "sip"
sip_user = "{user}"
"""
SIGN_IN_TOGETHER = 4
ACK_EVERY = 10
# A page that says nothing for 40 s counts as gone.
HEARTBEAT_S = 15.0
LIMIT_S = 20.0


class Page(ScriptedAgent):
    """An agent's page without sound: the agent speaks on a SIP phone. `token`: of a session that is open already."""

    def __init__(self, server: Server, account: str, token: str = "") -> None:
        super().__init__(server.base, account, PASSWORD, Path())
        self._token = token
        self._connected = ""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._heart = asyncio.create_task(self._beat(), name=f"heart-{self.account}")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._heart.cancel()
        await super().__aexit__(*error)

    async def _sign_in(self) -> str:
        return self._token or await super()._sign_in()

    async def _beat(self) -> None:
        with suppress(ConnectionError):  # it is closed: whoever works with the page sees that
            while True:
                await asyncio.sleep(HEARTBEAT_S)
                await self._send(m.Ping(ref=self.ref()))

    async def _open_leg(self) -> None:
        """The phone registers by itself."""

    async def _send(self, message: m.ClientMessage) -> None:
        """Acknowledges only now and then, as a page does."""
        if not isinstance(message, m.Ack) or message.seq % ACK_EVERY == 0:
            await super()._send(message)

    async def finish(self, reservation_id: str) -> None:
        """Closes a wrap-up."""
        await self.ask(m.FinishWrapUp(ref=self.ref(), reservation_id=reservation_id, disposition="resolved"))

    async def wrapped_up(self) -> None:
        """Waits for the next wrap-up and closes it."""
        wrap_up: m.WrapUp = await self.until(m.WrapUp)
        await self.finish(wrap_up.reservation_id)

    async def connected(self) -> str:
        """The reservation of the next conversation that has begun; its card may be sent again with more on it."""
        while True:
            assignment: m.Assignment = await self.until(m.Assignment)
            if assignment.state == "connected" and assignment.reservation_id != self._connected:
                self._connected = assignment.reservation_id
                return self._connected


class Office:
    """Agents who close each wrap-up at once; counts conversations that began and wrap-ups that were closed."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages
        self.joined = asyncio.Semaphore(0)
        self.closed = asyncio.Semaphore(0)

    async def __aenter__(self) -> "Office":
        self._tasks = [asyncio.create_task(self._serve(page), name=f"office-{page.account}") for page in self._pages]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _serve(self, page: Page) -> None:
        joined = ""
        while True:
            match await page.inbox.get():
                case m.Assignment(reservation_id=reservation_id, state="connected") if reservation_id != joined:
                    joined = reservation_id  # The card may be sent again with more on it.
                    self.joined.release()
                case m.WrapUp(reservation_id=reservation_id):
                    await page.finish(reservation_id)
                    self.closed.release()


async def times(happened: asyncio.Semaphore, count: int = 1) -> None:
    """Waits until it has happened so often."""
    async with asyncio.timeout(LIMIT_S):
        for _ in range(count):
            await happened.acquire()


def bench_site(folder: Path, agents: int) -> Path:
    """The demo site with so many more agents, all on SIP phones: bench0, bench1... whose phones are 3000, 3001..."""
    site = make_site(folder)
    with (site / "agents.toml").open("a") as file:
        file.writelines(AGENT.format(name=f"bench{n}", user=user_of(n)) for n in range(agents))
    return site


def user_of(number: int) -> str:
    """The SIP user of an agent's phone."""
    return str(3000 + number)


@asynccontextmanager
async def call_center(folder: Path, phones: Phones, agents: int) -> AsyncIterator[tuple[Server, Sequence[Page]]]:
    """Starts the server, registers the phones, signs the agents in and makes them ready."""
    server = Server(folder, bench_site(folder, agents), ["--log-level=warning"])
    # Two for each call, and for two seconds after it: at many calls a second a run's own thousand would not do.
    server.rtp_first, server.rtp_last = RTP_BLOCKS.start, RTP_BLOCKS.stop - 1
    tokens = await _enroll(server.data_dir, [f"bench{number}" for number in range(agents)])
    async with AsyncExitStack() as stack:
        stack.callback(server.close)
        await asyncio.to_thread(server.start)
        pages = [Page(server, account, token) for account, token in tokens.items()]
        together = asyncio.Semaphore(SIGN_IN_TOGETHER)

        async def arrive(number: int) -> None:
            async with together:
                await phones.register(user_of(number), PASSWORD, server.sip_port)
                await stack.enter_async_context(pages[number])

        await asyncio.gather(*(arrive(number) for number in range(agents)))
        yield server, pages
        for page in pages:
            await page.sign_out()
        await asyncio.to_thread(server.interrupt)


async def _enroll(data: Path, agents: Sequence[str]) -> dict[str, str]:
    """Their sessions' tokens, made before the server starts."""
    await asyncio.to_thread(data.mkdir)
    database = await Database.open(sqlite_url(data / "jackfield.db"))
    try:
        return await open_sessions(database, agents)
    finally:
        await database.close()
