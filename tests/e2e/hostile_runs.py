"""Each kind of nonsense against a whole server: how much of it, what may not change, and who may not notice."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp
import psutil  # type: ignore[import-untyped]

from agents_ws.endpoint import PATH as AGENTS_PATH
from agents_ws.messages import SUBPROTOCOL as AGENTS_SPEAK
from chat.endpoint import PATH as CHATS_PATH
from chat.examples import CLIENT_EXAMPLES as CHAT_EXAMPLES
from chat.messages import SUBPROTOCOL as VISITORS_SPEAK
from chat.messages import encode
from tests.e2e.hostile import (
    agent_message,
    bodies,
    changed,
    datagrams,
    media_packet,
    silent,
    sip_message,
    web_sockets,
)
from tests.e2e.leaks import Footprint
from tests.e2e.neighbour import Neighbour
from tests.e2e.office import STANDING, Office
from tests.e2e.raw_sip import SDP, RawSip
from tests.e2e.server import Server
from tests.e2e.site import make_site
from tests.e2e.waiting import wait_until
from tests.ports import HOST

Attack = Callable[[int, int], Awaitable[None]]
# With more of the processors busy for others it is they who are measured.
ELSEWHERE = 0.3
# What changes the site for everybody is not for nonsense that happens to be right.
SPARED = ("/api/v1/site/reload", "/api/v1/session")


async def withstand(server: Server, office: Office, attack: Attack, first: int, count: int, mib: float) -> str:
    """A warm-up of `first`, then `count`: nothing is left, memory is flat, all are served; a line for people."""
    before = await office.quiet()
    await attack(first, 1)
    start = Footprint.of(server)
    async with Neighbour(server).beside() as neighbour:
        await attack(count, 2)
    neighbour.assert_served()

    async def closed() -> bool:
        now = await office.open_things()
        return not any(now[kind] > before[kind] for kind in now if kind not in (*STANDING, "browser_legs"))

    await wait_until(closed, 90, "as much is open as before")
    end = Footprint.of(server)
    grown = {name: end.rss[name] - start.rss[name] for name in ("server", "media")}
    assert max(grown.values()) < mib, f"memory is not flat: {grown}"
    return f"{count}: server {grown['server']:+.1f} MiB, media {grown['media']:+.1f} MiB; {neighbour}"


def sip(server: Server) -> Attack:
    """SIP messages, structured and mutated."""

    async def attack(count: int, seed: int) -> None:
        dice = Random(f"sip-{seed}")
        await datagrams(server.sip_port, count, lambda: sip_message(server, dice))

    return attack


def media(server: Server, heard: list[float]) -> Attack:
    """RTP, RTCP, STUN and DTLS on the port of a call that goes on; `heard` gets its packets a second."""

    async def attack(count: int, seed: int) -> None:
        dice = Random(f"media-{seed}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear, RawSip(server, f"caller{seed}") as caller:
            ear.bind((HOST, 0))
            ear.setblocking(False)
            offer = SDP.format(port=ear.getsockname()[1])
            answer = await asyncio.to_thread(caller.exchange, caller.request("INVITE", "4100", body=offer))
            assert answer.status == 200, answer.text
            caller.send(caller.request("ACK", "4100", to=answer.to))
            port = int(answer.text.partition("m=audio ")[2].split()[0])
            listening = asyncio.create_task(_packets_a_second(ear, heard))
            for source in ("127.0.0.9", HOST):
                await datagrams(port, count // 3, lambda: media_packet(dice), source)
            await datagrams(port + 1, count // 3, lambda: media_packet(dice))
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            bye = caller.request("BYE", "4100", 2, to=answer.to)
            assert (await asyncio.to_thread(caller.exchange, bye)).status == 200

    return attack


async def _packets_a_second(ear: socket.socket, heard: list[float]) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_recv(ear, 2048)
    while True:
        began, count = loop.time(), 0
        while loop.time() < began + 1:
            async with asyncio.timeout(30):
                await loop.sock_recv(ear, 2048)
            count += 1
        heard.append(count / (loop.time() - began))


def agent_frames(server: Server) -> Attack:
    """Frames and messages at the agents' WebSocket."""
    token = server.token()

    async def attack(count: int, seed: int) -> None:
        await web_sockets(server, (AGENTS_PATH, AGENTS_SPEAK), count, lambda dice: agent_message(token, dice), seed)

    return attack


def chat_frames(server: Server) -> Attack:
    """The same at the visitors' one."""
    examples = [encode(each) for each in CHAT_EXAMPLES]

    async def attack(count: int, seed: int) -> None:
        await web_sockets(
            server, (CHATS_PATH, VISITORS_SPEAK), count, lambda dice: changed(dice.choice(examples), dice), seed
        )

    return attack


def http(server: Server) -> Attack:
    """Bodies at every path that takes one."""

    async def attack(count: int, seed: int) -> None:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.token()}"}) as client,
            client.get(f"{server.base}/api/v1/openapi.json") as answer,
        ):
            paths = (await answer.json())["paths"]
        asked = [
            (method.upper(), _filled(path))
            for path, methods in paths.items()
            for method in methods
            if method in ("post", "put", "patch", "delete") and not path.startswith(SPARED)
        ]
        assert len(asked) > 20
        seen = await bodies(server, server.token(), asked, count, seed)
        assert not [status for status in seen if status >= 500], seen
        assert {400, 401, 404, 422} & seen, seen

    return attack


def _filled(path: str) -> str:
    parts = path.split("/")
    return "/".join("nobody" if part.startswith("{") else part for part in parts)


def quiet_connections(server: Server, port: int, say: bytes, held_s: float, room: int = 0) -> Attack:
    """Connections that say a little or nothing, and stay; with `room` for so much that they do not read."""

    async def attack(count: int, _seed: int) -> None:
        assert await silent(port, count, say, lambda: asyncio.sleep(held_s), room) > count // 2

    return attack


@dataclass(frozen=True, slots=True)
class Measure:
    """How much of each kind, and what it may change: memory in MiB, packets a second that a caller still hears.

    `held_s`: how long silent connections stay. `slow_share`: which part of the seconds may be slower than that.
    """

    count: int
    connections: int
    mib: float
    held_s: float
    packets: int
    slow_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """One way in. `heard` gets what a caller meanwhile hears."""

    attack: Callable[[Server, Measure, list[float]], Attack]
    of_connections: bool = False


def _silent(port: Callable[[Server], int], say: bytes) -> Case:
    return Case(lambda server, measure, _: quiet_connections(server, port(server), say, measure.held_s), True)


def slow_readers(server: Server, held_s: float) -> Attack:
    """A twentieth of so many connections, which ask for much a hundred times each and read nothing of it.

    The kernel keeps up to 4 MiB of it for each: more of them would show how much memory this machine has.
    """
    ask = f"GET /i18n/zh-TW.json HTTP/1.1\r\nHost: {server.base.removeprefix('http://')}\r\n\r\n".encode() * 100
    attack = quiet_connections(server, server.http_port, ask, held_s, room=4096)
    return lambda count, seed: attack(count // 20, seed)


CASES = {
    "sip": Case(lambda server, _m, _h: sip(server)),
    "media ports": Case(lambda server, _m, heard: media(server, heard)),
    "agents' websocket": Case(lambda server, _m, _h: agent_frames(server)),
    "visitors' websocket": Case(lambda server, _m, _h: chat_frames(server)),
    "http bodies": Case(lambda server, _m, _h: http(server)),
    "silent at http": _silent(lambda server: server.http_port, b""),
    "half a request at http": _silent(lambda server: server.http_port, b"GET /api/v1/agents/ws HT"),
    "slow readers at http": Case(lambda server, measure, _h: slow_readers(server, measure.held_s), True),
    "silent at sip": _silent(lambda server: server.sip_port, b""),
    "half a request at sip": _silent(lambda server: server.sip_port, b"INVITE sip:4000"),
}


class Others:
    """Who else has the processors from now on, besides the server with its processes and this test."""

    def __init__(self, server: Server) -> None:
        self._all = [psutil.Process(), (main := psutil.Process(server.pid)), *main.children(recursive=True)]
        self._began = self._now()

    def share(self) -> float:
        """Their part of all processors so far."""
        passed, busy, ours = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return float((busy - ours) / passed)

    def _now(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        ours = sum(sum(process.cpu_times()[:2]) for process in self._all)
        return sum(times[:8]), sum(times[:8]) - times.idle - times.iowait, ours


async def tried(server: Server, office: Office, name: str, measure: Measure) -> str:
    """One case in this measure; a line for people."""
    case, heard = CASES[name], list[float]()
    # What so many connections take at one time stays taken; the same once more may add nothing.
    first, count = (measure.connections,) * 2 if case.of_connections else (measure.count // 5, measure.count)
    others = Others(server)
    said = await withstand(server, office, case.attack(server, measure, heard), first, count, measure.mib)
    if heard and others.share() > ELSEWHERE:
        return f"{said}; others had {others.share():.0%} of the processors: what a caller heard is not judged"
    slow = [rate for rate in heard if rate <= measure.packets]
    # One second of them may be somebody else's on this machine.
    assert len(slow) <= max(1, measure.slow_share * len(heard)), sorted(heard)[:10]
    return said


@contextmanager
def patient_server(folder: Path, *arguments: str) -> Iterator[Server]:
    """A server that shuts nobody out, so that all of it is read; no error may be in its log."""
    server = Server(folder, make_site(folder), ["--sip-offences=0", *arguments])
    try:
        yield server.start()
        assert server.interrupt() == 0
        assert not server.errors()
    finally:
        server.close()
