"""What stands around the house: agents' screens as a list, a media engine that can fail or wait, callers and phones."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import structs

from agents_ws import messages as m
from media.engine import EngineSettings, InProcessEngine
from media.errors import MediaError
from media.events import MediaEvent
from media.orders import finish
from sip import events as sip
from sip.clock import monotonic_us, random_ids
from sip.settings import Settings as SipSettings
from sip.ua import Ua
from tests.waiting import until
from voice.ports import MediaUnavailableError, RemoteMedia

E = TypeVar("E")
M = TypeVar("M", bound=m.NumberedMessage)


class ListHub:
    """Keeps what agents would be shown."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, m.NumberedMessage]] = []
        self.redrawn: list[str] = []
        self.closed: list[tuple[str, m.ByeCode]] = []

    def send(self, agent_id: str, message: m.NumberedMessage) -> bool:
        self.sent.append((agent_id, message))
        return True

    def resync(self, agent_id: str) -> None:
        self.redrawn.append(agent_id)

    def close(self, agent_id: str, code: m.ByeCode) -> None:
        self.closed.append((agent_id, code))

    def to(self, agent_id: str) -> list[m.NumberedMessage]:
        return [message for to, message in self.sent if to == agent_id]

    def of(self, kind: type[M], agent_id: str = "anna") -> list[M]:
        return [message for message in self.to(agent_id) if isinstance(message, kind)]

    def words(self, agent_id: str = "anna") -> list[str]:
        """The course of one agent's work, in short."""
        return [
            f"assignment:{message.state}" if isinstance(message, m.Assignment) else type(message).__name__
            for message in self.to(agent_id)
            if not isinstance(message, m.Leg | m.PresenceShown | m.Call)
        ]


class Engine(InProcessEngine):
    """The real engine. `fail` makes a method raise, `hold` lets it wait; a browser's offer opens an RTP leg."""

    def __init__(self, settings: EngineSettings, on_event: Callable[[MediaEvent], None]) -> None:
        super().__init__(settings, on_event)
        self.fail: dict[str, str] = {}
        self.hold: dict[str, asyncio.Event] = {}
        self.asked: list[str] = []
        self.played: list[tuple[str, ...]] = []
        self.far_port = 9

    async def _gate(self, method: str, leg_id: str) -> None:
        self.asked.append(f"{method} {leg_id}")
        if method in self.hold:
            await self.hold[method].wait()
        if method in self.fail:
            raise MediaError(self.fail[method], leg_id)

    async def open_rtp(self, leg_id: str) -> tuple[str, int]:
        await self._gate("open_rtp", leg_id)
        return await super().open_rtp(leg_id)

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str:
        await self._gate("open_webrtc", leg_id)
        host, port = await super().open_rtp(leg_id)
        await self.answer_far(leg_id)
        return f"answer to {offer_sdp} at {host}:{port}"

    async def answer_far(self, leg_id: str) -> None:
        await super().set_remote(
            leg_id,
            host="127.0.0.1",
            port=self.far_port,
            codec="PCMU",
            payload_type=0,
            dtmf_payload_type=101,
            send=True,
            receive=True,
        )

    async def set_remote(self, leg_id: str, **what: Any) -> None:
        await self._gate("set_remote", leg_id)
        await super().set_remote(leg_id, **what)

    async def play(
        self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0
    ) -> None:
        await self._gate("play", leg_id)
        self.played.append(tuple(files))
        await super().play(leg_id, play_id, files, loop=loop, gain=gain)

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        await self._gate("set_room" if gains else "dissolve", room_id)
        await super().set_room(room_id, gains)

    async def close_leg(self, leg_id: str) -> None:
        await super().close_leg(leg_id)
        await self._gate("close_leg", leg_id)

    @property
    def rooms(self) -> dict[str, dict[tuple[str, str], float]]:
        return self._rooms.gains


class AwaitedPort:
    """The engine as voice asks for it, each thing waited for: so that it can be held and fail where it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_at_once(self, _leg_id: str) -> None:
        return None

    def room_at_once(self, _room_id: str, _gains: object) -> bool:
        return False

    async def set_remote(self, leg_id: str, remote: RemoteMedia) -> None:
        await _told(self._engine.set_remote(leg_id, **structs.asdict(remote)))

    def play(self, *args: Any, **kwargs: Any) -> None:
        finish(_told(self._engine.play(*args, **kwargs)))

    def stop_play(self, *args: Any) -> None:
        finish(_told(self._engine.stop_play(*args)))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: _told(getattr(self._engine, method)(*args, **kwargs))


async def _told(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except MediaError as error:
        raise MediaUnavailableError(error.reason) from error


class Outside:
    """Callers and desk phones: one user agent of its own, with what it was told."""

    def __init__(self) -> None:
        self.events: list[sip.SipEvent] = []
        self.script: Callable[[sip.SipEvent], None] = lambda _event: None
        self.ua = Ua(SipSettings(port=0, now=monotonic_us, ids=random_ids()), self._on_event)

    def _on_event(self, event: sip.SipEvent) -> None:
        self.events.append(event)
        self.script(event)

    def seen(self, kind: type[E], call: str | None = None) -> list[E]:
        return [e for e in self.events if isinstance(e, kind) and call in (None, getattr(e, "call", None))]

    async def wait(self, kind: type[E], call: str | None = None, count: int = 1) -> E:
        await until(lambda: len(self.seen(kind, call)) >= count, f"{kind.__name__} x{count} in {self.events}")
        return self.seen(kind, call)[count - 1]
