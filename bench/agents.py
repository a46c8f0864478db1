"""Thousands of agents' sockets in one process: a WebSocket client of the least that is needed, for benchmarks.

    python -m bench.agents URL TOKENS SOURCE [--nice N]       (run by `Agents`, which says what to do over a pipe)

Each agent says hello, answers what its heartbeat asks for, acknowledges now and then, and resumes its session when it
connects again. Commands, one a line on standard input: `connect`, `reconnect N`, `end`. Answers, one a line: `done`
after each, led by one line for each agent (microseconds from the first SYN until it was welcomed and up to date) and,
after `late`, by how late this process was for each heartbeat meanwhile; at the end `interaction nanoseconds` for each
offer that arrived.

It is one loop over epoll without asyncio: on a machine of few cores whatever the clients take is not the server's.
"""

import argparse
import asyncio
import errno
import gc
import os
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum
from heapq import heappop, heappush
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from agents_ws import messages as m
from bench.figures import allow_descriptors
from bench.frames import frames, masked

# How many knock at one time, as browsers would whose server has just come back.
AT_ONCE = 250
HEARTBEAT_S = 15.0
ACK_EVERY = 20
PAUSES_S = (0.1, 0.5, 1.0, 2.0)
ROOM = 1 << 16
_NS = 1_000_000_000


class Heard(msgspec.Struct):
    """As much of any message of the server as matters here."""

    type: str
    seq: int = 0
    session: str = ""
    interaction_id: str = ""
    resumed: bool = False


_heard = msgspec.json.Decoder(Heard)


PING = masked(m.encode(m.Ping()))


class Step(IntEnum):
    """How far an agent's connection is."""

    AWAY = 0
    KNOCKING = 1
    ASKING = 2
    SAYING_HELLO = 3
    UP_TO_DATE = 4


class Agent:
    """One agent over all their connections."""

    __slots__ = ("began", "last_seq", "left", "line", "session", "step", "token", "tries")

    def __init__(self, token: str) -> None:
        self.token = token
        self.session: str | None = None
        self.last_seq: int | None = None
        self.line: socket.socket | None = None
        self.step = Step.AWAY
        # What was read of a frame that is not whole yet.
        self.left = b""
        # When it first knocked (monotonic ns), and how often it was turned away since.
        self.began = 0
        self.tries = 0


class Crowd:
    """All agents of this process. `offers` gets (interaction, monotonic ns), `late` ns for each heartbeat."""

    def __init__(self, url: str, tokens: Sequence[str], source: str) -> None:
        parts = urlsplit(url)
        self.agents = [Agent(token) for token in tokens]
        self.offers: list[tuple[str, int]] = []
        self.late: list[int] = []
        self._peer = (parts.hostname or "", parts.port or 0)
        self._source = source
        self._ask = (
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {m.SUBPROTOCOL}\r\n\r\n"
        ).encode()
        self._poll = select.epoll()
        self._agent_of: dict[int, Agent] = {}
        self._waiting: deque[Agent] = deque()
        self._under_way = 0
        self._again: list[tuple[int, int, Agent]] = []
        self._took: list[float] = []
        # When the next heartbeat is said, and when it was due.
        self._beat_at = 0
        self._beat_due = 0
        self._beaten = 0

    def watch(self, fd: int) -> None:
        """`turn` returns True when there is something to read from it."""
        self._poll.register(fd, select.EPOLLIN)

    def connect(self, agents: Sequence[Agent]) -> list[float]:
        """All of them, some at a time, after breaking the lines that stand; microseconds of each until up to date.

        Each counts from its own first SYN. Tried again, as browsers do, when a server that is overrun turns it away;
        raises ConnectionError in the end.
        """
        self._took = []
        for agent in agents:
            self.abort(agent)
        self._waiting.extend(agents)
        while len(self._took) < len(agents):
            while self._waiting and self._under_way < AT_ONCE:
                self._under_way += 1
                agent = self._waiting.popleft()
                agent.began, agent.tries = time.monotonic_ns(), 0
                self._knock(agent)
            self.turn()
        if not self._beat_at:
            self._beat_at = self._beat_due = time.monotonic_ns()
        return self._took

    def abort(self, agent: Agent) -> None:
        """The line breaks."""
        line, agent.line, agent.step, agent.left = agent.line, None, Step.AWAY, b""
        if line is not None:
            del self._agent_of[line.fileno()]
            line.close()

    def say(self, agent: Agent, message: m.ClientMessage) -> None:
        """One message, if the line is up: before its upgrade a heartbeat would be a breach of the protocol."""
        self._send(agent, masked(m.encode(message)))

    def turn(self) -> bool:
        """Waits for whatever comes next, and does all that is there; True when something watched can be read."""
        told = False
        for fd, _ in self._poll.poll(self._next_s()):
            agent = self._agent_of.get(fd)
            if agent is None:
                told = True
            elif agent.step is Step.KNOCKING:
                self._knocked(agent, fd)
            else:
                self._read(agent)
        now = time.monotonic_ns()
        while self._again and self._again[0][0] <= now:
            self._knock(heappop(self._again)[2])
        self._beat(now)
        return told

    # -- inside --------------------------------------------------------------------------------------------------

    def _next_s(self) -> float:
        at = min([one for one in (self._beat_at, *(self._again[0][:1] if self._again else ())) if one], default=0)
        return max(0.0, (at - time.monotonic_ns()) / _NS) if at else -1

    def _beat(self, now: int) -> None:
        """Each agent's heartbeat, spread over the time between two of them; how late this process is for it.

        What is late is not said all at once, which so many machines would never do, but at twice the pace at most.
        """
        if not self._beat_at or self._beat_at > now:
            return
        self.late.append(now - self._beat_due)
        agent = self.agents[self._beaten % len(self.agents)]
        self._beaten += 1
        step = int(HEARTBEAT_S * _NS) // len(self.agents)
        self._beat_due += step
        self._beat_at = max(self._beat_due, now + step // 2)
        if agent.step >= Step.SAYING_HELLO:
            self._send(agent, PING)

    def _knock(self, agent: Agent) -> None:
        line = agent.line = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        line.bind((self._source, 0))
        agent.step = Step.KNOCKING
        self._agent_of[line.fileno()] = agent
        failed = line.connect_ex(self._peer)
        if failed == errno.EINPROGRESS:
            self._poll.register(line.fileno(), select.EPOLLOUT)
        elif failed:
            self._turned_away(agent, os.strerror(failed))
        else:
            self._poll.register(line.fileno(), select.EPOLLIN)
            self._begin(agent)

    def _knocked(self, agent: Agent, fd: int) -> None:
        assert agent.line is not None
        if failed := agent.line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return self._turned_away(agent, os.strerror(failed))
        self._poll.modify(fd, select.EPOLLIN)
        return self._begin(agent)

    def _begin(self, agent: Agent) -> None:
        agent.step = Step.ASKING
        self._send(agent, self._ask)

    def _turned_away(self, agent: Agent, why: str) -> None:
        before = agent.step
        self.abort(agent)
        if before is Step.UP_TO_DATE:
            return
        if agent.tries >= len(PAUSES_S):
            raise ConnectionError(why)
        pause_ns = int(PAUSES_S[agent.tries] * _NS)
        agent.tries += 1
        heappush(self._again, (time.monotonic_ns() + pause_ns, id(agent), agent))

    def _send(self, agent: Agent, payload: bytes) -> None:
        if agent.line is not None:
            with suppress(BlockingIOError, ConnectionError):  # a broken line is read as one
                agent.line.send(payload)

    def _read(self, agent: Agent) -> None:
        assert agent.line is not None
        try:
            data = agent.line.recv(ROOM)
        except BlockingIOError:
            return None
        except OSError as error:
            return self._turned_away(agent, str(error))
        at = time.monotonic_ns()
        if not data:
            return self._turned_away(agent, "closed")
        data = agent.left + data
        if agent.step is Step.ASKING:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                agent.left = data
                return None
            if not data.startswith(b"HTTP/1.1 101 "):
                return self._turned_away(agent, data.split(b"\r\n", 1)[0].decode())
            data = data[end + 4 :]
            agent.step = Step.SAYING_HELLO
            self.say(agent, m.Hello(token=agent.token, session=agent.session, last_seq=agent.last_seq))
        heard, agent.left = frames(data)
        for opcode, payload in heard:
            if opcode == 1:
                self._hear(agent, _heard.decode(payload), at)
        return None

    def _hear(self, agent: Agent, heard: Heard, at: int) -> None:
        if heard.seq:
            agent.last_seq = heard.seq
            if heard.seq % ACK_EVERY == 0:
                self.say(agent, m.Ack(seq=heard.seq))
        if heard.type == "offer":
            self.offers.append((heard.interaction_id, at))
        elif heard.type == "welcome":
            agent.session = heard.session
        up_to_date = heard.type == "snapshot" or (heard.type == "welcome" and heard.resumed)
        if up_to_date and agent.step is Step.SAYING_HELLO:
            agent.step = Step.UP_TO_DATE
            self._under_way -= 1
            self._took.append((at - agent.began) / 1000)


def obey(crowd: Crowd) -> None:
    """Commands until `end`."""
    crowd.watch(0)
    print("done", flush=True)
    given = b""
    while True:
        while not crowd.turn():
            pass
        given += os.read(0, ROOM)
        while b"\n" in given:
            command, _, given = given.partition(b"\n")
            match command.decode().split():
                case ["end"]:
                    return
                case ["reconnect", count]:
                    chosen = crowd.agents[: int(count)]
                case _:
                    chosen = crowd.agents
            crowd.late.clear()
            print(*(round(us) for us in crowd.connect(chosen)), sep="\n")
            print("late", *(ns // 1000 for ns in crowd.late), sep="\n")
            gc.collect()
            gc.freeze()
            print("done", flush=True)


class Agents:
    """A process of agents, seen from the process that measures. `late`: microseconds, for the last order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.late: list[float] = []

    @classmethod
    async def start(cls, url: str, tokens_file: Path, source: str = "127.0.0.1", nice: int = 0) -> "Agents":
        """An agent for each line of the file; none is connected yet.

        `source`: the address that they come from; `nice`: how far the process gives way to others (nice(2)).
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.agents", url, str(tokens_file), source, "--nice", str(nice)),
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
        return await self._connected("connect")

    async def reconnect(self, count: int) -> list[float]:
        """The lines of the first so many break, and they come back; microseconds of each as for `connect`."""
        return await self._connected(f"reconnect {count}")

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

    async def _connected(self, command: str) -> list[float]:
        answer = await self._order(command)
        middle = answer.index("late")
        self.late = [float(us) for us in answer[middle + 1 :]]
        return [float(us) for us in answer[:middle]]

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
    parser.add_argument("--nice", type=int, default=0)
    arguments = parser.parse_args()
    os.nice(arguments.nice)
    allow_descriptors()
    crowd = Crowd(arguments.url, arguments.tokens.read_text().split(), arguments.source)
    obey(crowd)
    for name, at in crowd.offers:
        print(name, at)
    print("done", flush=True)
    os._exit(0)  # thousands of sockets need no farewell each


if __name__ == "__main__":
    main()
