"""Scripted agents with ears: what each hears is kept and can be measured."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiortc.mediastreams import MediaStreamError
from av import AudioResampler

from agents_ws import messages as m
from agents_ws.endpoint import PATH
from tests.audio import RATE_HZ, Sound, tone, write_wav
from tests.e2e.server import PASSWORD, Server
from tools.call.agent import RefusedError, ScriptedAgent

AGENT_TONE_HZ = 1330.0
AGENT_TONE_S = 30.0
ACK_EVERY = 4


class Ear:
    """Takes a WebRTC track in; `sound` places each frame at its timestamp, so that a lost packet is a gap."""

    def __init__(self) -> None:
        self._frames: list[tuple[int, Sound]] = []
        self._track: Any = None
        self._task: asyncio.Task[None] | None = None

    def addTrack(self, track: Any) -> None:  # noqa: N802 - the name that aiortc's recorders have
        """Listen to this track from `start` on."""
        self._track = track

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen(), name="ear")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def clear(self) -> None:
        """Forget what was heard."""
        self._frames.clear()

    @property
    def sound(self) -> Sound:
        """Mono int16 at 8 kHz, from the first frame on; silence where nothing came."""
        if not self._frames:
            return np.zeros(0, np.int16)
        start = self._frames[0][0]
        whole = np.zeros(max(at - start + frame.size for at, frame in self._frames), np.int16)
        for at, frame in self._frames:
            whole[at - start : at - start + frame.size] = frame
        return whole

    async def _listen(self) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        with suppress(MediaStreamError):
            while True:
                frame = await self._track.recv()
                at = round(frame.pts * frame.time_base * RATE_HZ)
                for part in resampler.resample(frame):
                    samples = part.to_ndarray().reshape(-1).astype(np.int16)
                    self._frames.append((at, samples))
                    at += samples.size


class _Page(ScriptedAgent):
    """A scripted agent who remembers the last snapshot."""

    snapshot: m.Snapshot

    async def until(self, kind: type[Any], timeout_s: float = 30.0) -> Any:
        message = await super().until(kind, timeout_s)
        if isinstance(message, m.Snapshot):
            self.snapshot = message
        return message


class Agent(_Page):
    """A scripted agent who speaks a tone on and on, and whose ear is kept; `returning` leaves presence as it finds it.

    `finished` are the wrap-ups whose end the server acknowledged.
    """

    repeats = True

    def __init__(self, server: Server, account: str, folder: Path, *, returning: bool = False) -> None:
        voice = folder / f"{account}.wav"
        if not voice.exists():
            write_wav(voice, tone(AGENT_TONE_HZ, seconds=AGENT_TONE_S))
        super().__init__(server.base, account, PASSWORD, voice)
        self.finished: set[str] = set()
        self._returning = returning
        self.ear = Ear()
        self._sink = self.ear  # type: ignore[assignment]  # takes the recorder's place

    async def __aexit__(self, *error: object) -> None:
        try:
            await self.ear.stop()
        finally:
            await super().__aexit__(*error)

    async def ask(self, command: m.Command, timeout_s: float = 30) -> m.Done | m.LegAnswer:
        if self._returning and isinstance(command, m.SetPresence):
            return m.Done(ref=command.ref)
        answer = await super().ask(command, timeout_s)
        if isinstance(command, m.FinishWrapUp):
            self.finished.add(command.reservation_id)
        return answer

    @property
    def is_connected(self) -> bool:
        """Whether the page still has its connection."""
        return not self._ws.closed

    async def reopen_leg(self) -> None:
        """What the page does when its leg is lost. Raises RefusedError while there is no media worker."""
        await self.ear.stop()
        if self._peer is not None:
            await self._peer.close()
        self.ear = Ear()
        self._sink = self.ear  # type: ignore[assignment]  # takes the recorder's place
        await self._open_leg()

    async def _send(self, message: m.ClientMessage) -> None:
        # As a busy page may: an acknowledgement covers all before it, and the server limits messages a second.
        if not isinstance(message, m.Ack) or message.seq % ACK_EVERY == 0:
            await super()._send(message)

    async def take(self, timeout_s: float = 30) -> m.Offer:
        """The next offer, accepted."""
        offer: m.Offer = await self.until(m.Offer, timeout_s)
        await self.ask(m.Accept(ref=self.ref(), reservation_id=offer.reservation_id))
        return offer

    async def joined(self, timeout_s: float = 30) -> m.Assignment:
        """The conversation that has begun."""
        while True:
            assignment: m.Assignment = await self.until(m.Assignment, timeout_s)
            if assignment.state == "connected":
                return assignment

    async def finish(self, reservation_id: str, disposition: str = "resolved") -> None:
        """Closes the wrap-up that is coming."""
        while (await self.until(m.WrapUp)).reservation_id != reservation_id:
            pass
        await self.ask(m.FinishWrapUp(ref=self.ref(), reservation_id=reservation_id, disposition=disposition))

    def waiting(self, kind: type[Any]) -> list[Any]:
        """Messages of this kind that have come in and were not yet looked at."""
        queue: list[Any] = list(self.inbox._queue)  # type: ignore[attr-defined]
        return [message for message in queue if isinstance(message, kind)]


class PhoneAgent(_Page):
    """The page of an agent who speaks on a SIP phone: no browser leg, presence only."""

    def __init__(self, server: Server, account: str) -> None:
        super().__init__(server.base, account, PASSWORD, Path())

    async def _open_leg(self) -> None:
        """The phone registers by itself; ready is refused before it has."""
        state = self.snapshot.leg
        while state != "phone_registered":
            state = (await self.until(m.Leg)).state


@dataclass(frozen=True, slots=True)
class Manner:
    """How an agent works by itself. `talk_s` of a caller's number: seconds until hanging up, None: the caller will."""

    think_s: Callable[[], float]
    talk_s: Callable[[str], float | None]
    rejects: Callable[[], bool] = lambda: False


class ClerkEndedError(Exception):
    """The agent's script ended before its time: the connection was lost, or the protocol broken."""


@asynccontextmanager
async def serving(agent: Agent, manner: Manner) -> AsyncIterator[None]:
    """The agent answers each offer, talks, and finishes every wrap-up, until this ends."""
    clerk = _Clerk(agent, manner)
    task = asyncio.create_task(clerk.run(), name=f"serving:{agent.account}")
    try:
        yield
        if task.done():
            raise ClerkEndedError from task.exception()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Clerk:
    def __init__(self, agent: Agent, manner: Manner) -> None:
        self._agent = agent
        self._manner = manner
        self._talking: set[str] = set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                message = await self._agent.inbox.get()
                match message:
                    case m.Offer(reservation_id=reservation_id):
                        tasks.create_task(self._answer(reservation_id))
                    case m.Assignment(state="connected") if message.reservation_id not in self._talking:
                        self._talking.add(message.reservation_id)
                        tasks.create_task(self._talk(message.reservation_id, message.caller.number))
                    case m.WrapUp(reservation_id=reservation_id):
                        tasks.create_task(self._finish(reservation_id))

    async def _answer(self, reservation_id: str) -> None:
        await asyncio.sleep(self._manner.think_s())
        if self._manner.rejects():
            await _quietly(self._agent, m.Reject(ref=self._agent.ref(), reservation_id=reservation_id))
        else:
            await _quietly(self._agent, m.Accept(ref=self._agent.ref(), reservation_id=reservation_id))

    async def _talk(self, reservation_id: str, number: str) -> None:
        seconds = self._manner.talk_s(number)
        if seconds is not None:
            await asyncio.sleep(seconds)
            await _quietly(self._agent, m.HangUp(ref=self._agent.ref(), reservation_id=reservation_id))

    async def _finish(self, reservation_id: str) -> None:
        done = m.FinishWrapUp(ref=self._agent.ref(), reservation_id=reservation_id, disposition="resolved")
        await _quietly(self._agent, done)


async def _quietly(agent: Agent, command: m.Command) -> bool:
    """False when the caller was quicker: that is an ordinary refusal."""
    try:
        await agent.ask(command)
    except RefusedError:
        return False
    return True


@asynccontextmanager
async def crew(server: Server, folder: Path, *accounts: str) -> AsyncIterator[dict[str, Agent]]:
    """These agents, ready, in this order; at the end each signs out, who was not yet."""
    async with AsyncExitStack() as stack:
        agents = {}
        for account in accounts:
            agents[account] = await stack.enter_async_context(Agent(server, account, folder))
        yield agents
        for agent in agents.values():
            if agent.is_connected:
                await _quietly(agent, m.SignOut(ref=agent.ref()))


class RawAgent:
    """The agents' protocol without any help: every message in the order in which it came, acknowledgements by hand."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self._server = server
        self._http = http
        self.got: list[m.ServerMessage] = []

    async def connect(
        self, token: str, session: str | None = None, last_seq: int | None = None
    ) -> aiohttp.ClientWebSocketResponse:
        """A new connection; resumes when session and last_seq are given."""
        self.ws = await self._http.ws_connect(f"{self._server.base}{PATH}", protocols=[m.SUBPROTOCOL])
        await self.send(m.Hello(token=token, session=session, last_seq=last_seq))
        return self.ws

    async def close(self) -> None:
        """Also one that never came to be."""
        if hasattr(self, "ws"):
            await self.ws.close()

    async def send(self, message: m.ClientMessage) -> None:
        """One message."""
        await self.ws.send_str(m.encode(message).decode())

    async def next(self, timeout_s: float = 30) -> m.ServerMessage | None:
        """The next message; None when the connection is closed."""
        raw = await self.ws.receive(timeout=timeout_s)
        if raw.type is not aiohttp.WSMsgType.TEXT:
            return None
        message = m.decode_server(raw.data)
        self.got.append(message)
        return message

    async def until(self, kind: type[Any], timeout_s: float = 30) -> Any:
        """The next message of this kind; those before it are kept in `got` as well."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.next(timeout_s)
                assert message is not None, f"closed while waiting for {kind.__name__}"
                if isinstance(message, kind):
                    return message


async def sign_in(server: Server, http: aiohttp.ClientSession, account: str) -> str:
    """A session token of this account."""
    body = {"account": account, "password": PASSWORD}
    async with http.post(f"{server.base}/api/v1/session", json=body) as answer:
        assert answer.status == 201, await answer.text()
        token: str = (await answer.json())["token"]
        return token
