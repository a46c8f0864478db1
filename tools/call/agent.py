"""A scripted agent: signs in and works over the ordinary agents' protocol, with an ordinary WebRTC peer connection."""

import asyncio
import itertools
from pathlib import Path
from typing import Any, Self

import aiohttp
import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaPlayer

from agents_ws import messages as m
from agents_ws.endpoint import PATH


class RefusedError(Exception):
    """The server refused what the agent asked."""


def any_certificate() -> aiohttp.TCPConnector:
    """Over TLS too the server is found by its address, for which its certificate may not be."""
    return aiohttp.TCPConnector(ssl=False)


class ScriptedAgent:
    """`async with ScriptedAgent(...)`: signed in, leg open, ready. `inbox` is what came in."""

    repeats = False  # whether the recording begins anew at its end

    def __init__(self, base: str, account: str, password: str, voice: Path) -> None:
        self.account = account
        self.inbox: asyncio.Queue[m.ServerMessage] = asyncio.Queue()
        self._base = base
        self._password = password
        self._voice = voice
        self._refs = itertools.count(1)
        self._replies: dict[str, asyncio.Future[m.Done | m.Refused | m.LegAnswer]] = {}
        self._http = aiohttp.ClientSession(connector=any_certificate())
        self._peer: RTCPeerConnection | None = None
        self._player: Any = None
        self._sink = MediaBlackhole()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._begin()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _begin(self) -> None:
        self.token = await self._sign_in()
        self._ws = await self._http.ws_connect(f"{self._base}{PATH}", protocols=[m.SUBPROTOCOL])
        await self._send(m.Hello(token=self.token))
        self._reader = asyncio.create_task(self._read(), name="scripted-agent")
        await self.until(m.Snapshot)
        await self._open_leg()
        await self.ask(m.SetPresence(ref=self.ref(), presence="ready"))

    async def _sign_in(self) -> str:
        body = {"account": self.account, "password": self._password}
        async with self._http.post(f"{self._base}/api/v1/session", json=body) as answer:
            if answer.status >= 400:
                raise RefusedError(f"{self.account} cannot sign in: {answer.status} {await answer.text()}")
            token: str = (await answer.json())["token"]
        return token

    async def __aexit__(self, *_: object) -> None:
        if self._reader is not None:
            self._reader.cancel()
        try:
            if self._peer is not None:
                await self._peer.close()
        finally:
            await self._http.close()

    def ref(self) -> str:
        """A fresh reference for a request."""
        return str(next(self._refs))

    async def ask(self, command: m.Command, timeout_s: float = 10.0) -> m.Done | m.LegAnswer:
        """Sends a request and waits for its answer. Raises RefusedError."""
        future: asyncio.Future[m.Done | m.Refused | m.LegAnswer] = asyncio.get_running_loop().create_future()
        self._replies[command.ref] = future
        try:
            await self._send(command)
            async with asyncio.timeout(timeout_s):
                reply = await future
        finally:
            self._replies.pop(command.ref, None)
        if isinstance(reply, m.Refused):
            raise RefusedError(f"{command.__class__.__name__}: {reply.code}: {reply.message}")
        return reply

    async def until(self, kind: type[Any], timeout_s: float = 30.0) -> Any:
        """The next message of this kind."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.inbox.get()
                if isinstance(message, kind):
                    return message

    def speak(self) -> None:
        """Says the recording into the call."""
        self._sender.replaceTrack(self._player.audio)

    async def sign_out(self) -> None:
        """Presence offline."""
        await self.ask(m.SignOut(ref=self.ref()))

    async def _open_leg(self) -> None:
        # aiortc leaves loopback out; the server may be reachable nowhere else.
        own_addresses = aioice.ice.get_host_addresses
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [*own_addresses(use_ipv4, use_ipv6), "127.0.0.1"]
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._player = MediaPlayer(str(self._voice), loop=self.repeats)
        transceiver = self._peer.addTransceiver("audio", direction="sendrecv")
        self._sender = transceiver.sender
        self._peer.on("track", self._sink.addTrack)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = await self.ask(m.OpenLeg(ref=self.ref(), sdp=self._peer.localDescription.sdp))
        if isinstance(answer, m.LegAnswer):
            await self._peer.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        await self._sink.start()
        await self._until_leg_is_up()

    async def _until_leg_is_up(self) -> None:
        while True:
            leg = await self.until(m.Leg)
            if leg.state == "up":
                return

    async def _send(self, message: m.ClientMessage) -> None:
        await self._ws.send_str(m.encode(message).decode())

    async def _read(self) -> None:
        async for raw in self._ws:
            if raw.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                continue
            message = m.decode_server(raw.data)
            if isinstance(message, m.NumberedMessage):
                await self._send(m.Ack(seq=message.seq))
            if isinstance(message, m.Done | m.Refused | m.LegAnswer) and message.ref in self._replies:
                # Whoever asked may have been cancelled a moment ago.
                if not self._replies[message.ref].done():
                    self._replies[message.ref].set_result(message)
            else:
                self.inbox.put_nowait(message)
