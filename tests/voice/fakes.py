"""Narrow ports that only write down what they were asked."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from router import events as facts
from router.commands import Command
from voice.events import ShowRecording
from voice.party import PartyView
from voice.ports import MediaUnavailableError, NodeUnreachableError, RemoteMedia, SdpRefusedError, Talk

REMOTE = RemoteMedia("127.0.0.1", 4000, "PCMU", 0, 101, send=True, receive=True)


class Media:
    """`fail` names methods that raise; `hold` makes them wait."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open_legs: set[str] = set()
        self.ports = 4998
        self.rooms: list[tuple[str, dict[tuple[str, str], float]]] = []
        self.fail: set[str] = set()
        self.hold: dict[str, asyncio.Event] = {}
        self.in_advance: list[tuple[str, int]] = []
        self.waits_for_rooms = True

    async def _do(self, method: str, leg_id: str) -> None:
        self.asked.append(f"{method} {leg_id}")
        if gate := self.hold.get(leg_id):
            await gate.wait()
        if method in self.fail:
            raise MediaUnavailableError("worker_lost")

    async def open_rtp(self, leg_id: str) -> tuple[str, int]:
        await self._do("open_rtp", leg_id)
        self.open_legs.add(leg_id)
        self.ports += 2
        return "127.0.0.1", self.ports

    def open_at_once(self, leg_id: str) -> tuple[str, int] | None:
        if not self.in_advance:
            return None
        self.asked.append(f"open_at_once {leg_id}")
        self.open_legs.add(leg_id)
        return self.in_advance.pop(0)

    async def set_remote(self, leg_id: str, remote: RemoteMedia) -> None:
        await self._do("set_remote", leg_id)

    async def open_webrtc(self, leg_id: str, offer_sdp: str, *, opus: bool = False) -> str:
        await self._do("open_webrtc", leg_id)
        self.open_legs.add(leg_id)
        return f"answer {offer_sdp}"

    async def close_leg(self, leg_id: str) -> None:
        self.open_legs.discard(leg_id)
        await self._do("close_leg", leg_id)

    def play(
        self, leg_id: str, play_id: str, files: Sequence[str], *, loop: bool = False, gain: float = 1.0
    ) -> None: ...

    def stop_play(self, leg_id: str, play_id: str | None = None) -> None: ...

    async def send_digits(self, leg_id: str, digits: str) -> None: ...

    async def set_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> None:
        self.rooms.append((room_id, dict(gains)))

    def room_at_once(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool:
        if self.waits_for_rooms:
            return False
        self.rooms.append((room_id, dict(gains)))
        return True


class Nodes:
    """One other node, a.1, which has every call; `unreachable` times it is not reached."""

    def __init__(self) -> None:
        self.attached: list[tuple[str, str, str, tuple[str, int]]] = []
        self.detached: list[str] = []
        self.unreachable = 0
        self.phones: dict[str, bool] = {}

    def phone_here(self, user: str) -> bool | None:
        return self.phones.get(user)

    async def attach(
        self, reservation_id: str, work_id: str, interaction_id: str, at: tuple[str, int]
    ) -> tuple[str, tuple[str, int]]:
        self.attached.append((reservation_id, work_id, interaction_id, at))
        if len(self.attached) <= self.unreachable:
            raise NodeUnreachableError("a.1")
        return "a.1", ("192.0.2.1", 6000)

    def detach(self, reservation_id: str, node: str, at: tuple[str, int]) -> None:
        self.detached.append(f"{reservation_id} at {node}:{at[1]}")


class Signalling:
    """Writes down; `broken` makes dialling raise what nobody foresaw."""

    def __init__(self) -> None:
        self.dialled: list[dict[str, Any]] = []
        self.ended: list[str] = []
        self.answered: list[str] = []
        self.rejected: list[tuple[str, int]] = []
        self.referred: list[tuple[str, str]] = []
        self.broken = False

    def ring(self, call: str) -> None: ...

    def answer(self, call: str, sdp: bytes) -> None:
        self.answered.append(call)

    def reject(self, call: str, code: int, reason: str | None = None) -> None:
        self.rejected.append((call, code))

    def redirect(self, call: str, uri: str) -> None: ...

    def hangup(self, call: str, reason: str | None = None) -> None:
        self.ended.append(call)

    def dial(
        self, call: str, target: str, sdp: bytes, *, from_user: str, from_display: str, headers: Mapping[str, str]
    ) -> None:
        if self.broken:
            raise ValueError("unforeseen")
        self.dialled.append({"call": call, "target": target, "from": (from_user, from_display), **headers})

    def accept_offer(self, call: str, sdp: bytes) -> None: ...

    def reject_offer(self, call: str, code: int) -> None: ...

    def challenge(self, call: str) -> None: ...

    def refer(self, call: str, uri: str) -> None:
        self.referred.append((call, uri))

    def accept_refer(self, call: str) -> None: ...

    def finish_refer(self, call: str, code: int) -> None: ...


class Sdp:
    """Knows only b"good"."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def read_offer(self, leg_id: str, sdp: bytes) -> RemoteMedia:
        return REMOTE

    def answer(self, leg_id: str, host: str, port: int) -> bytes:
        return b"answer"

    def offer(self, leg_id: str, host: str, port: int) -> bytes:
        return b"offer"

    def read_answer(self, leg_id: str, sdp: bytes) -> RemoteMedia:
        if sdp != b"good":
            raise SdpRefusedError("no codec")
        return REMOTE

    def forget(self, leg_id: str) -> None:
        self.forgotten.append(leg_id)


class Router:
    """Answers every post with `answers`."""

    def __init__(self) -> None:
        self.told: list[facts.Event] = []
        self.answers: tuple[Command, ...] = ()
        self.gate: asyncio.Event | None = None
        self.taken_up: list[str] = []
        self.takes = True

    async def post(self, event: facts.Event, cause: str) -> tuple[Command, ...]:
        self.told.append(event)
        if self.gate:
            await self.gate.wait()
        return self.answers

    def tell(self, event: facts.Event, cause: str) -> None:
        self.told.append(event)

    def here(self, _work_id: str, /) -> bool:
        return True

    def agent_here(self, _agent_id: str, /) -> bool:
        return True

    def talks(self, _agent_id: str, /) -> tuple[Talk, ...]:
        return ()

    async def take_up(self, work_id: str, /) -> bool:
        self.taken_up.append(work_id)
        return self.takes

    def callback_queue(self, work_id: str) -> str | None:
        return None

    def place(self, work_id: str) -> int | None:
        return None

    def now(self) -> int:
        return 0


class Quiet:
    """Contexts and notices that nobody looks at here."""

    def opened(self, interaction_id: str, channel: str, caller: str, caller_name: str, kind: str = "phone") -> None: ...

    def collected(self, interaction_id: str, data: Mapping[str, str], path: Sequence[str], language: str) -> None: ...

    async def acquainted(self, interaction_id: str, queue: str) -> tuple[str, ...]:
        return ()

    def closed(self, interaction_id: str) -> None: ...

    def language(self, interaction_id: str) -> str:
        return ""

    async def number(self, interaction_id: str) -> str:
        return ""

    async def who(self, interaction_id: str, work_id: str) -> tuple[str, str]:
        return ("", "")

    def held(self, agent_id: str, reservation_id: str, on: bool) -> None: ...

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None: ...

    def recording(self, interaction_id: str, shown: ShowRecording) -> None: ...

    def leg_changed(self, agent_id: str, up: bool) -> None: ...
