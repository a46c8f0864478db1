"""Visitors of the widget: each opens a chat, answers what the agent says, and comes back wherever a node lives.

What is said follows from what is on the page: after a lost connection, or a kill of this process, the same is said
again with the same client id.
"""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import aiohttp

from chat import messages as c
from chat.endpoint import PATH
from tests.failure.agent_chats import GOODBYE
from tests.failure.history import Diary
from tests.failure.layout import CHAT_ENTRY, CHAT_QUEUE, Layout

PATIENCE_S = 3.0
ASK_EVERY_S = 0.5
PAUSE_S, PAUSE_MAX_S = 0.05, 1.0
REFUSED_PAUSE_S = 0.3
THINK_S = 0.5
# So many answers, then goodbye.
TURNS = 2
LEAVES_WAITING, LEAVES_TALKING, LEAVES_S = 0.03, 0.05, 1.5


class Visitor:
    """One page. `live` returns when the chat is over and all of it is on the page."""

    def __init__(self, key: str, layout: Layout, diary: Diary, http: aiohttp.ClientSession) -> None:
        self._key = key
        self._layout = layout
        self._diary = diary
        self._http = http
        self._dice = random.Random(f"{layout.seed} {key}")
        self._secret = uuid.UUID(int=self._dice.getrandbits(128)).hex
        self._leaves_waiting = self._dice.random() < LEAVES_WAITING
        self._leaves_talking = self._dice.random() < LEAVES_TALKING
        self._token, self._known = "", False
        self._lines: list[c.Line] = []
        self._status: c.Status | None = None
        self._said: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def live(self) -> None:
        """At one node after the other."""
        self._diary.write(self._key, "posting", medium="chat", queue=CHAT_QUEUE)
        pause_s = PAUSE_S
        while not self._over:
            heard = len(self._lines)
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                await self._at(self._dice.choice(list(self._layout.bases.values())))
            self._cancel_all()
            pause_s = PAUSE_S if len(self._lines) > heard else min(2 * pause_s, PAUSE_MAX_S)
            await asyncio.sleep(self._dice.uniform(0, pause_s))
        assert self._status is not None
        self._diary.write(self._key, "over", interaction=self._status.chat_id, text=self._status.ended_by or "")

    @property
    def _over(self) -> bool:
        shown = self._status
        return shown is not None and shown.state == "ended" and len(self._lines) >= shown.last

    async def _at(self, base: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            self._ws = await self._http.ws_connect(f"{base}{PATH}", protocols=[c.SUBPROTOCOL])
        self._said.clear()
        self._heard_at = asyncio.get_running_loop().time()
        both = {asyncio.create_task(self._read(), name="read"), asyncio.create_task(self._watch(), name="watch")}
        try:
            await self._send(self._opening())
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._ws.close()

    def _opening(self) -> c.Opening:
        if self._token:
            return c.Resume(token=self._token, after=len(self._lines))
        self._lines.clear()
        return c.Open(entry=CHAT_ENTRY, key=self._secret, question=f"{self._key} question", name=self._key)

    async def _watch(self) -> None:
        """Raises TimeoutError where nothing comes."""
        loop = asyncio.get_running_loop()
        while loop.time() - self._heard_at < PATIENCE_S:
            await asyncio.sleep(ASK_EVERY_S)
            await self._send(c.Ping())
        raise TimeoutError

    async def _read(self) -> None:
        async for raw in self._ws:
            if raw.type is not aiohttp.WSMsgType.TEXT:
                continue
            self._heard_at = asyncio.get_running_loop().time()
            self._take(c.decode_server(raw.data))
            if self._over:
                return
            await self._act()

    def _take(self, message: c.ServerMessage) -> None:
        match message:
            case c.Welcome(status=status, token=token):
                self._status, self._token = status, token or self._token
                if not self._known:
                    self._diary.write(self._key, "posted", medium="chat", interaction=status.chat_id)
                self._known = True
            case c.StatusShown(status=status):
                self._status = status
            case c.Messages(messages=messages):
                for line in messages:
                    self._hear(line)
            case c.Refused():
                self._diary.write(self._key, "refused", text=message.code, client_id=message.client_id or "")
                self._later(REFUSED_PAUSE_S, partial(self._again, message.client_id or ""))
            case c.Bye():
                self._diary.write(self._key, "lost", text=message.code.value)
            case _:
                pass

    def _hear(self, line: c.Line) -> None:
        self._lines.append(line)
        assert self._status is not None
        self._diary.write(
            self._key,
            "heard",
            interaction=self._status.chat_id,
            line=line.number,
            author=line.author,
            client_id=line.client_id or "" if line.author == "customer" else "",
            text=line.text,
        )

    async def _act(self) -> None:
        """Says what the page asks for now, once on each connection."""
        shown = self._status
        if shown is None or shown.state == "ended":
            return
        if shown.state == "waiting" and self._leaves_waiting:
            self._later(self._dice.uniform(0, LEAVES_S), self._leave)
        spoken = [line for line in self._lines if line.author != "system"]
        mine = sum(line.author == "customer" for line in spoken)
        if shown.state != "talking" or not spoken or spoken[-1].author != "agent" or mine > TURNS + 1:
            return
        if self._leaves_talking and mine > 1:
            await self._leave()
            return
        text = f"{self._key} says {mine}" if mine <= TURNS else f"{self._key} {GOODBYE}"
        client_id = f"c{mine}"
        if client_id not in self._said:
            self._said.add(client_id)
            self._later(self._dice.uniform(0, THINK_S), partial(self._say, client_id, text))

    async def _say(self, client_id: str, text: str) -> None:
        self._diary.write(self._key, "saying", client_id=client_id, text=text)
        await self._send(c.Say(client_id=client_id, text=text))

    async def _leave(self) -> None:
        if "leave" not in self._said:
            self._said.add("leave")
            self._diary.write(self._key, "leaving")
            await self._send(c.End())

    async def _again(self, client_id: str) -> None:
        self._said.discard(client_id)
        await self._act()

    def _later(self, delay_s: float, what: Callable[[], Awaitable[None]]) -> None:
        async def wait() -> None:
            await asyncio.sleep(delay_s)
            await what()

        task = asyncio.create_task(wait(), name="later")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _send(self, message: c.ClientMessage) -> None:
        with suppress(ConnectionError):
            await self._ws.send_str(c.encode(message).decode())
