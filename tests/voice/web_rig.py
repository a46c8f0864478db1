"""Web calls on a desk and media that only write down what they were asked."""

import asyncio

from tests.voice.fakes import Media
from voice.caller_leg import CallerLeg
from voice.moved import AwaitedCalls
from voice.ports import CallerIdentity, MediaUnavailableError
from voice.web_calls import WebCallPorts, WebCalls
from voice.web_limits import WebCallLimits
from voice.web_messages import ServerMessage


class Desk:
    """Takes every call as work "w1" unless `busy`."""

    def __init__(self) -> None:
        self.busy = False
        self.admitted: list[tuple[CallerLeg, str, CallerIdentity]] = []
        self.ended: list[tuple[str, str]] = []
        self.digits: list[str] = []
        self.awaited = AwaitedCalls()

    def admit(self, caller: CallerLeg, entry_name: str, who: CallerIdentity) -> str | None:
        if self.busy:
            caller.refuse(503, "no room for another call")
            return None
        self.admitted.append((caller, entry_name, who))
        return "w1"

    def call_ended(self, call: str, reason: str) -> None:
        self.ended.append((call, reason))

    def digit_pressed(self, call: str, digit: str) -> None:
        self.digits.append(digit)


class Socket:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[ServerMessage] = []
        self.closed = asyncio.Event()

    def send(self, message: ServerMessage) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.closed.set()


class Rig:
    """`calls` on these neighbours; `place` is what the router would say, `told` an emergency's text by language."""

    def __init__(self, limits: WebCallLimits | None = None) -> None:
        self.desk = Desk()
        self.media = Media()
        self.place: int | None = None
        self.told: dict[str, str] = {}
        self.limits = limits or WebCallLimits(resume_within_s=0.1)
        ports = WebCallPorts(
            desk=self.desk,
            media=self.media,
            is_open=lambda entry: entry == "4000",
            place=lambda _work_id: self.place,
            name_of=lambda agent_id: agent_id.title(),
            emergency=lambda _work_id, locale: self.told.get(locale, ""),
        )
        self.calls = WebCalls(ports, self.limits)


UNAVAILABLE = MediaUnavailableError("worker_lost")
