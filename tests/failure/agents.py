"""A crew as a process: agents who work at whichever node lives, and write down what they are told and what they ask.

`python -m tests.failure.agents layout.json crew-number`. Ends by signal.
"""

import asyncio
import random
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp

from agents_ws import messages as m
from agents_ws.endpoint import PATH
from tests.e2e.server import PASSWORD
from tests.failure.history import Diary, now_us
from tests.failure.layout import Layout, load
from tests.failure.page import PATIENCE_S, Page
from tests.failure.phones import Phones

# The first pause after a lost connection, and the longest after several in a row.
PAUSE_S, PAUSE_MAX_S = 0.05, 1.0
# Hashing a password takes its time where everybody comes at once.
SIGN_IN_S = 30.0
# After a lost connection the agent tries the same node once more, or goes to another.
SAME_NODE = 0.3


class Clerk:
    """One agent: signs in, works at a node as long as it answers, goes to the next."""

    def __init__(self, account: str, layout: Layout, diary: Diary, http: aiohttp.ClientSession, phones: Phones) -> None:
        self._account = account
        self._layout = layout
        self._diary = diary
        self._http = http
        self._phones = phones
        self._dice = random.Random(f"{layout.seed} {account} {now_us()}")
        self._page = Page(account, diary, self._dice, layout.handle_s)
        self._token_file = layout.path / f"{account}.token"

    async def work(self) -> None:
        """Until cancelled."""
        names = list(self._layout.bases)
        node = self._dice.choice(names)
        pause_s = PAUSE_S
        while True:
            # Killed, cut, or silent: that is what this is about.
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                await self._at(node)
            pause_s = PAUSE_S if self._page.forget_served() else min(2 * pause_s, PAUSE_MAX_S)
            self._diary.write(self._account, "lost", node=node)
            await asyncio.sleep(self._dice.uniform(0, pause_s))
            if self._dice.random() > SAME_NODE:
                node = self._dice.choice(names)

    async def _at(self, node: str) -> None:
        base = self._layout.bases[node]
        self._phones.at(self._account, node)
        async with asyncio.timeout(SIGN_IN_S):
            token = await self._token(base)
        async with asyncio.timeout(PATIENCE_S):
            ws = await self._http.ws_connect(f"{base}{PATH}", protocols=[m.SUBPROTOCOL])
        try:
            if await self._page.serve(ws, token, node) is m.ByeCode.UNAUTHORIZED:
                self._token_file.unlink(missing_ok=True)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await ws.close()

    async def _token(self, base: str) -> str:
        if self._token_file.exists():
            return self._token_file.read_text()
        body = {"account": self._account, "password": PASSWORD}
        async with self._http.post(f"{base}/api/v1/session", json=body) as answer:
            answer.raise_for_status()
            token: str = (await answer.json())["token"]
        self._token_file.write_text(token)
        return token


async def main(layout: Layout, crew: int) -> None:
    """All agents of a crew, until killed."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE_S)
    with Diary(Path(layout.folder) / f"agents-{crew}.history") as diary:
        phones = Phones(layout, crew, random.Random(f"{layout.seed} {crew} {now_us()}"))
        async with aiohttp.ClientSession(timeout=timeout) as http, phones, asyncio.TaskGroup() as tasks:
            for account in layout.crews[crew]:
                tasks.create_task(Clerk(account, layout, diary, http, phones).work(), name=account)


if __name__ == "__main__":
    asyncio.run(main(load(sys.argv[1]), int(sys.argv[2])))
