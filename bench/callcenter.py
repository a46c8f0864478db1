"""A running server with agents on SIP phones: what the whole-server benchmarks measure."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from agents_ws import messages as m
from bench.phones import Phones
from tests.e2e.server import PASSWORD, Server
from tests.e2e.site import make_site
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


class Page(ScriptedAgent):
    """An agent's page without sound: the agent speaks on a SIP phone."""

    def __init__(self, server: Server, account: str) -> None:
        super().__init__(server.base, account, PASSWORD, Path())
        self._connected = ""

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
    async with AsyncExitStack() as stack:
        stack.callback(server.close)
        await asyncio.to_thread(server.start)
        pages = [Page(server, f"bench{number}") for number in range(agents)]
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
