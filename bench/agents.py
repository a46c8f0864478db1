"""Thousands of agents' sockets in one process: a WebSocket client of the least that is needed, for benchmarks.

    python -m bench.agents URL TOKENS SOURCE          (run by `Agents`, which says what to do over a pipe)

Each agent says hello, answers what its heartbeat asks for, acknowledges now and then, and resumes its session when it
connects again. Commands, one a line on standard input: `connect`, `reconnect N`, `end`. Answers, one a line: `done`
after each, led by one line for each agent (microseconds from the first SYN until it was welcomed and up to date), and
at the end `interaction nanoseconds` for each offer that arrived.
"""

import argparse
import asyncio
import gc
import os
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from agents_ws import messages as m

# How many knock at one time, as browsers would whose server has just come back.
AT_ONCE = 250
HEARTBEAT_S = 15.0
ACK_EVERY = 20
PAUSES_S = (0.1, 0.5, 1.0, 2.0)


class Heard(msgspec.Struct):
    """As much of any message of the server as matters here."""

    type: str
    seq: int = 0
    session: str = ""
    interaction_id: str = ""
    resumed: bool = False


_heard = msgspec.json.Decoder(Heard)


def masked(payload: bytes) -> bytes:
    """A client's text frame (RFC 6455 s.5.2); the mask is nought, which leaves the payload as it is."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + payload
    return bytes((0x81, 0xFE)) + size.to_bytes(2, "big") + bytes(4) + payload


def frames(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Takes the whole frames out of the buffer: opcode and payload of each."""
    found = []
    while len(buffer) >= 2:
        size, head = buffer[1] & 0x7F, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:head], "big")
        if len(buffer) < head + size:
            break
        found.append((buffer[0] & 0x0F, bytes(buffer[head : head + size])))
        del buffer[: head + size]
    return found


class Line(asyncio.Protocol):
    """One connection of an agent; `ready` is done when the agent is up to date, and fails when that never comes."""

    __slots__ = ("_agent", "_buffer", "_transport", "_upgraded", "ready")

    def __init__(self, agent: "Agent") -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._agent = agent
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._upgraded = False

    def abort(self) -> None:
        """The line breaks."""
        if self._transport is not None:
            self._transport.abort()

    def say(self, message: m.ClientMessage) -> None:
        """One message, if the line is up: before its upgrade a heartbeat would be a breach of the protocol."""
        if self._upgraded and self._transport is not None and not self._transport.is_closing():
            self._transport.write(masked(m.encode(message)))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        parts = urlsplit(self._agent.url)
        self._transport.write(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {m.SUBPROTOCOL}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        at = time.monotonic_ns()
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            if not self._buffer.startswith(b"HTTP/1.1 101 "):
                return self._fail(self._buffer.split(b"\r\n", 1)[0].decode())
            del self._buffer[: end + 4]
            self._upgraded = True
            self.say(self._agent.hello())
        for opcode, payload in frames(self._buffer):
            if opcode == 1:
                self._hear(_heard.decode(payload), at)
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(str(exc or "closed"))

    def _fail(self, why: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(why))

    def _hear(self, heard: Heard, at: int) -> None:
        agent = self._agent
        if heard.seq:
            agent.last_seq = heard.seq
            if heard.seq % ACK_EVERY == 0:
                self.say(m.Ack(seq=heard.seq))
        if heard.type == "offer":
            agent.offers.append((heard.interaction_id, at))
        elif heard.type == "welcome":
            agent.session = heard.session
        up_to_date = heard.type == "snapshot" or (heard.type == "welcome" and heard.resumed)
        if up_to_date and not self.ready.done():
            self.ready.set_result(None)


class Agent:
    """One agent over all their connections. `offers` gets (interaction, monotonic ns)."""

    __slots__ = ("_token", "last_seq", "line", "offers", "session", "url")

    def __init__(self, url: str, token: str, offers: list[tuple[str, int]]) -> None:
        self.url = url
        self.offers = offers
        self.session: str | None = None
        self.last_seq: int | None = None
        self.line: Line | None = None
        self._token = token

    def hello(self) -> m.Hello:
        """The first message, which asks for the session that there was."""
        return m.Hello(token=self._token, session=self.session, last_seq=self.last_seq)

    async def connect(self, source: str) -> float:
        """Microseconds until it is up to date: welcomed, and shown a snapshot unless it resumed.

        Tried again, as browsers do, when a server that is overrun turns it away. Raises ConnectionError in the end.
        """
        began = time.monotonic_ns()
        for pause_s in PAUSES_S:
            try:
                await self._connect(source)
                break
            except ConnectionError:
                await asyncio.sleep(pause_s)
        else:
            await self._connect(source)
        return (time.monotonic_ns() - began) / 1000

    async def _connect(self, source: str) -> None:
        loop, host = asyncio.get_running_loop(), urlsplit(self.url)
        line = self.line = Line(self)
        await loop.create_connection(lambda: line, host.hostname or "", host.port or 0, local_addr=(source, 0))
        await line.ready


async def connect_all(agents: Sequence[Agent], source: str) -> list[float]:
    """All of them, some at a time; microseconds of each from its own first SYN."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(agent: Agent) -> float:
        async with places:
            return await agent.connect(source)

    return list(await asyncio.gather(*(one(agent) for agent in agents)))


async def beat(agents: Sequence[Agent]) -> None:
    """Each agent's heartbeat, spread over the time between two of them."""
    while True:
        for agent in agents:
            if agent.line is not None:
                agent.line.say(m.Ping())
            await asyncio.sleep(HEARTBEAT_S / len(agents))


async def obey(agents: Sequence[Agent], offers: list[tuple[str, int]], source: str) -> None:
    """Commands until `end`."""
    loop = asyncio.get_running_loop()
    beating: asyncio.Task[Any] | None = None
    print("done", flush=True)
    while (command := (await loop.run_in_executor(None, sys.stdin.readline)).split()) and command[0] != "end":
        chosen = agents if command[0] == "connect" else agents[: int(command[1])]
        for line in [agent.line for agent in chosen if agent.line is not None]:
            line.abort()
        for us in await connect_all(chosen, source):
            print(round(us))
        if beating is None:
            beating = asyncio.create_task(beat(agents), name="beat")
            gc.collect()
            gc.freeze()
        print("done", flush=True)
    for name, at in offers:
        print(name, at)
    print("done", flush=True)
    os._exit(0)  # thousands of sockets need no farewell each


class Agents:
    """A process of agents, seen from the process that measures."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, url: str, tokens_file: Path, source: str = "127.0.0.1") -> "Agents":
        """An agent for each line of the file; none is connected yet. `source`: the address that they come from."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.agents", url, str(tokens_file), source),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        agents = cls(process)
        await agents._answer()
        return agents

    @property
    def pid(self) -> int:
        """For its CPU time."""
        return self._process.pid

    async def connect(self) -> list[float]:
        """All of them; microseconds of each until it was up to date."""
        return [float(us) for us in await self._order("connect")]

    async def reconnect(self, count: int) -> list[float]:
        """The lines of the first so many break, and they come back; microseconds of each as for `connect`."""
        return [float(us) for us in await self._order(f"reconnect {count}")]

    async def end(self) -> dict[str, int]:
        """Monotonic nanoseconds at which each interaction's offer arrived; the process ends."""
        found = (entry.split() for entry in await self._order("end"))
        await self._process.wait()
        return {name: int(at) for name, at in found}

    async def kill(self) -> None:
        """For the end of a run that failed."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _order(self, command: str) -> list[str]:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> list[str]:
        assert self._process.stdout is not None
        lines = []
        while (text := (await self._process.stdout.readline()).decode().strip()) != "done":
            if not text:
                raise RuntimeError("the process of the agents ended")
            lines.append(text)
        return lines


def main() -> None:
    """One process of agents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("tokens", type=Path)
    parser.add_argument("source")
    arguments = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    offers: list[tuple[str, int]] = []
    agents = [Agent(arguments.url, token, offers) for token in arguments.tokens.read_text().split()]
    uvloop.run(obey(agents, offers, arguments.source))


if __name__ == "__main__":
    main()
