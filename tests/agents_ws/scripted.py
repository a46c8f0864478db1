"""A scripted gateway: it remembers what agents asked, answers as told, and lets a test speak to them by a hub."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import aiohttp
from aiohttp import web

from agents_ws.codec import JSON, Codec
from agents_ws.endpoint import PATH, AgentEndpoint, OriginPolicy
from agents_ws.hub import Hub
from agents_ws.limits import EndpointLimits
from agents_ws.messages import (
    AgentIdentity,
    CallCommand,
    ClientMessage,
    Hello,
    ServerMessage,
    Snapshot,
    Welcome,
)
from agents_ws.ports import Refusal
from router.vocabulary import Medium, Presence


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass
class ScriptedGateway:
    """Tokens are `token:<agent>`. `calls` is what was asked; `refusals` and `gates` say how to answer by method."""

    station: str = "webrtc"
    withdrawn: str = ""
    gone: str = ""
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    generations: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def authenticate(self, token: str) -> AgentIdentity | None:
        await self._pass("authenticate")
        self.looked_up.append(token)
        kind, _, agent = token.partition(":")
        return self.identity(agent) if kind == "token" else None

    def identity(self, agent_id: str) -> AgentIdentity | None:
        if agent_id == self.gone:
            return None
        station = "sip" if self.station == "sip" else "webrtc"
        return AgentIdentity(id=agent_id, name=agent_id.title(), role="agent", team="first-line", station=station)  # type: ignore[arg-type]

    async def may_stay(self, agent_id: str, token: str) -> bool:
        await self._pass("may_stay")
        return token == f"token:{agent_id}" and token != self.withdrawn

    async def connected(self, agent_id: str) -> int:
        self.generations[agent_id] += 1
        self.calls.append(("connected", agent_id, self.generations[agent_id]))
        return self.generations[agent_id]

    async def disconnected(self, agent_id: str, generation: int) -> None:
        self.calls.append(("disconnected", agent_id, generation))

    async def snapshot(self, agent_id: str) -> Snapshot:
        await self._pass("snapshot")
        return self.snapshots.get(agent_id, Snapshot(presence=Presence.NOT_READY, since_us=now_us(), leg="none"))

    async def set_presence(self, agent_id: str, presence: str, reason: str | None) -> Refusal | None:
        return await self._did("set_presence", agent_id, presence, reason)

    async def queue_presence(self, agent_id: str, presence: str | None, reason: str | None) -> Refusal | None:
        return await self._did("queue_presence", agent_id, presence, reason)

    async def pause_media(self, agent_id: str, media: tuple[Medium, ...]) -> Refusal | None:
        return await self._did("pause_media", agent_id, media)

    async def echo_test(self, agent_id: str, on: bool) -> Refusal | None:
        return await self._did("echo_test", agent_id, on)

    async def accept(self, agent_id: str, reservation_id: str) -> Refusal | None:
        return await self._did("accept", agent_id, reservation_id)

    async def reject(self, agent_id: str, reservation_id: str, reason: str | None) -> Refusal | None:
        return await self._did("reject", agent_id, reservation_id, reason)

    async def hang_up(self, agent_id: str, reservation_id: str) -> Refusal | None:
        return await self._did("hang_up", agent_id, reservation_id)

    async def call(self, agent_id: str, command: CallCommand) -> Refusal | None:
        return await self._did("call", agent_id, command)

    async def park(self, agent_id: str, reservation_id: str, last: int, until_us: int | None) -> Refusal | None:
        return await self._did("park", agent_id, reservation_id, last, until_us)

    async def unpark(self, agent_id: str, interaction_id: str) -> Refusal | None:
        return await self._did("unpark", agent_id, interaction_id)

    async def ask_supervisor(self, agent_id: str, reservation_id: str, on: bool) -> Refusal | None:
        return await self._did("ask_supervisor", agent_id, reservation_id, on)

    async def call_back(self, agent_id: str, follow_up: int) -> Refusal | None:
        return await self._did("call_back", agent_id, follow_up)

    async def watch_targets(self, agent_id: str, medium: Medium | None) -> Refusal | None:
        return await self._did("watch_targets", agent_id, medium)

    async def send_digit(self, agent_id: str, reservation_id: str, digit: str) -> Refusal | None:
        return await self._did("send_digit", agent_id, reservation_id, digit)

    async def extend_wrap_up(self, agent_id: str, reservation_id: str, by_s: int) -> Refusal | None:
        return await self._did("extend_wrap_up", agent_id, reservation_id, by_s)

    async def finish_wrap_up(
        self, agent_id: str, reservation_id: str, disposition: str | None, note: str | None
    ) -> Refusal | None:
        return await self._did("finish_wrap_up", agent_id, reservation_id, disposition, note)

    async def chat_message(self, agent_id: str, reservation_id: str, client_id: str, text: str) -> Refusal | None:
        return await self._did("chat_message", agent_id, reservation_id, client_id, text)

    def chat_typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        self.calls.append(("chat_typing", agent_id, reservation_id, on))

    def chat_read(self, agent_id: str, reservation_id: str, number: int) -> None:
        self.calls.append(("chat_read", agent_id, reservation_id, number))

    async def open_leg(self, agent_id: str, sdp: str) -> str | Refusal:
        return await self._did("open_leg", agent_id, sdp) or f"answer to {sdp}"

    async def sign_out(self, agent_id: str) -> Refusal | None:
        return await self._did("sign_out", agent_id)

    async def _pass(self, method: str) -> None:
        if method in self.failures:
            raise self.failures[method]
        if method in self.gates:
            await self.gates[method].wait()

    async def _did(self, method: str, *arguments: Any) -> Refusal | None:
        self.calls.append((method, *arguments))
        await self._pass(method)
        return self.refusals.get(method)


@dataclass
class Stage:
    """A running server: endpoint, hub and gateway on a real port of the loopback."""

    gateway: ScriptedGateway
    hub: Hub
    endpoint: AgentEndpoint
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"


@asynccontextmanager
async def stage(
    limits: EndpointLimits | None = None, *, gateway: ScriptedGateway | None = None, app: web.Application | None = None
) -> AsyncIterator[Stage]:
    limits = limits or EndpointLimits()
    gateway = gateway or ScriptedGateway()
    numbers = iter(range(1, 10_000))
    hub = Hub(now=now_us, new_session_id=lambda: f"s-{next(numbers)}", limits=limits.session)
    allowed = OriginPolicy(lambda: {"https://agents.example.org"})
    endpoint = AgentEndpoint(gateway, hub, now=now_us, origin_allowed=allowed, limits=limits)
    app = app or web.Application()
    app.router.add_get(PATH, endpoint.handle)
    runner = web.AppRunner(app, shutdown_timeout=2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Stage(gateway, hub, endpoint, port)
    finally:
        await endpoint.aclose()
        await runner.cleanup()


class Client:
    """An agent's program over a real socket."""

    spoken: ClassVar[Codec] = JSON  # the fixture `each_codec` runs a test once with each

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.codec = self.spoken
        self.frame = aiohttp.WSMsgType.BINARY if self.codec.binary else aiohttp.WSMsgType.TEXT

    async def say(self, message: ClientMessage) -> None:
        await self.ws.send_frame(self.codec.encode(message), self.frame)

    async def hear(self) -> ServerMessage:
        message = await self.ws.receive(timeout=5)
        assert message.type is self.frame, (message, self.ws.close_code)
        return self.codec.decode_server(message.data)

    async def hear_until(self, kind: type) -> Any:
        while not isinstance(message := await self.hear(), kind):
            pass
        return message

    async def closed_with(self) -> int | None:
        """The code of the server's close frame, or what the library makes of an end without one."""
        while (message := await self.ws.receive(timeout=5)).type is self.frame:
            pass
        return int(message.data) if message.type is aiohttp.WSMsgType.CLOSE else self.ws.close_code


@asynccontextmanager
async def connect(place: Stage, **headers: str) -> AsyncIterator[Client]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(place.url, protocols=(Client.spoken.subprotocol,), headers=headers) as ws,
    ):
        yield Client(ws)


@asynccontextmanager
async def signed_in(
    place: Stage, agent: str = "ann", session: str | None = None, last_seq: int | None = None
) -> AsyncIterator[tuple[Client, Welcome]]:
    async with connect(place) as client:
        await client.say(Hello(token=f"token:{agent}", session=session, last_seq=last_seq))
        welcome = await client.hear()
        assert isinstance(welcome, Welcome)
        yield client, welcome
