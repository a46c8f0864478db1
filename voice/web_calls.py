"""Callers by WebRTC: the caller's side of a call on a browser's socket, and the register of those calls.

A socket may be lost and come back: the call goes on without one for a few seconds. What the browser must know is
either the answer to what it asked or a state that is told again, so nothing is kept for a browser that is away.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

import structlog

from voice.call_table import CallState
from voice.caller_leg import CallerLeg, Elsewhere
from voice.ports import CallerIdentity, MediaEngine, MediaUnavailableError
from voice.web_limits import WebCallLimits
from voice.web_messages import Answer, Ended, Move, Place, Refused, RefusedCode, Resumed, ServerMessage, Start, State

log = structlog.get_logger(__name__)

_REFUSALS: Final[dict[int, RefusedCode]] = {404: "no_such_entry", 488: "unusable_offer"}


class CallDesk(Protocol):
    """The conductor, as web calls see it."""

    def admit(self, caller: CallerLeg, entry_name: str, who: CallerIdentity) -> str | None: ...

    def call_ended(self, call: str, reason: str) -> None: ...

    def digit_pressed(self, call: str, digit: str) -> None: ...


class Socket(Protocol):
    """One browser's connection. Neither method waits or raises."""

    def send(self, message: ServerMessage) -> None: ...

    def close(self) -> None:
        """After what was sent is out."""
        ...


@dataclass(frozen=True, slots=True)
class WebCallPorts:
    """`is_open` says whether web callers may reach an entry, `place` a work item's place in its queue, `name_of` an
    agent's display name, `emergency` what all who wait where this item is are told now, in a locale ("": nothing)."""

    desk: CallDesk
    media: MediaEngine
    is_open: Callable[[str], bool]
    place: Callable[[str], int | None]
    name_of: Callable[[str], str]
    emergency: Callable[[str, str], str] = lambda _work_id, _locale: ""


class WebCaller:
    """Implements CallerLeg on a browser's socket. `work_id` names the call's work once it was admitted."""

    is_shown = True

    def __init__(
        self,
        call: str,
        start: Start,
        socket: Socket,
        ports: WebCallPorts,
        limits: WebCallLimits,
        over: Callable[[], None],
    ) -> None:
        self.call = call
        self.token = secrets.token_urlsafe(24)
        self.socket: Socket | None = socket
        self.work_id = ""
        self.leg_id = ""
        self.grace: asyncio.TimerHandle | None = None
        self._offer = start.sdp
        self._locale = start.locale or ""
        self._ports = ports
        self._limits = limits
        self._over = over
        self._up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answered = False
        self._ended = False
        self._state: State | None = None

    # --- CallerLeg ----------------------------------------------------------------------------------------------

    async def answer(self, leg_id: str) -> bool:
        """Opens the leg, sends the answer and waits for the media path, so that nothing of the greeting is cut off."""
        self.leg_id = leg_id
        sdp = await self._ports.media.open_webrtc(leg_id, self._offer, opus=True)
        self._answered = True
        self.send(Answer(sdp=sdp, call=self.call, token=self.token, resume_within_s=self._limits.resume_within_s))
        try:
            # The engine reports a path that does not come up; the call then ends and `gone` cancels this.
            await self._up
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return False
        return True

    def media_up(self) -> None:
        """Sound may begin."""
        if not self._up.done():
            self._up.set_result(None)

    def gone(self) -> None:
        """Ends the wait for the media path."""
        self._up.cancel()

    def moved(self, state: CallState, agent_id: str | None, work_id: str | None) -> None:
        """Tells the browser where the call is, when that has changed. A ringing agent is no change."""
        self.work_id = work_id or self.work_id
        place = _place_of(state)
        if place is None or self._ended:
            return
        agent = self._ports.name_of(agent_id) if agent_id and place in ("connected", "held") else None
        self._show(self._waiting() if place == "waiting" else State(state=place, agent=agent))

    def shown(self, state: CallState, agent: str) -> None:
        """As `moved`, by names of another shard. The place in a queue there is not known."""
        place = _place_of(state)
        if place is not None and not self._ended:
            named = agent if agent and place in ("connected", "held") else None
            self._show(State(state=place, agent=named))

    def move(self, there: Elsewhere) -> bool:
        """By a message to the page, which calls the other node by itself."""
        if self.socket is None or self._ended:
            return False
        self.send(Move(node=there.pages, entry=there.word))
        return True

    def redirect(self, there: Elsewhere) -> bool:
        """The page goes on by itself."""
        moved = self.move(there)
        self._ended = moved
        return moved

    def refuse(self, code: int, reason: str) -> None:
        """The call is not taken; one that was answered already ends."""
        if self._answered:
            self.hang_up(reason)
        elif not self._ended:
            self._ended = True
            self.send(Refused(code=_REFUSALS.get(code, "unavailable"), reason=reason))

    def hang_up(self, reason: str) -> None:
        """The call is over; the browser is told once."""
        if not self._ended:
            self._ended = True
            self.send(Ended(reason=reason))

    def release(self) -> None:
        """The socket has nothing to carry any more."""
        self._over()
        if self.socket is not None:
            self.socket.close()

    # --- the browser's side -------------------------------------------------------------------------------------

    def send(self, message: ServerMessage) -> None:
        """To the browser, if it is there."""
        if self.socket is not None:
            self.socket.send(message)

    def refresh(self) -> None:
        """A waiting caller's place, and what all who wait are told, when that has changed."""
        if self._state is not None and self._state.state == "waiting" and not self._ended:
            self._show(self._waiting())

    def show_again(self) -> None:
        """The state once more, for a new socket."""
        if self._state is not None:
            self.send(self._state)

    async def renegotiate(self, sdp: str) -> str:
        """A new media path in place of the old one. Raises MediaUnavailableError."""
        return await self._ports.media.open_webrtc(self.leg_id, sdp, opus=True)

    def _show(self, state: State) -> None:
        if state != self._state:
            self._state = state
            self.send(state)

    def _waiting(self) -> State:
        told = self._ports.emergency(self.work_id, self._locale)
        return State(state="waiting", place=self._waiting_place(), emergency=told or None)

    def _waiting_place(self) -> int | None:
        # While an agent rings, the item has no place; the caller is still told the last one.
        place = self._ports.place(self.work_id)
        known = self._state.place if self._state is not None and self._state.state == "waiting" else None
        return known if place is None else place


class WebCalls:
    """All web calls of this node, by name and by resume token."""

    def __init__(self, ports: WebCallPorts, limits: WebCallLimits) -> None:
        self._ports = ports
        self._limits = limits
        self._by_token: dict[str, WebCaller] = {}

    def __len__(self) -> int:
        return len(self._by_token)

    def refresh(self) -> None:
        """What those who wait are told may have changed."""
        for caller in self._by_token.values():
            caller.refresh()

    def start(self, message: Start, socket: Socket) -> WebCaller | None:
        """A new call on this socket; None when it was refused, as the socket was told."""
        call = f"web:{secrets.token_hex(8)}"
        caller = WebCaller(call, message, socket, self._ports, self._limits, lambda: self._forget(caller))
        if not self._ports.is_open(message.entry):
            caller.refuse(404, "no such entry")
            return None
        self._by_token[caller.token] = caller
        who = CallerIdentity("visitor", message.visitor_id or "", message.name.strip(), message.locale or "")
        work_id = self._ports.desk.admit(caller, message.entry, who)
        if work_id is None:
            self._forget(caller)
            return None
        caller.work_id = work_id
        log.info("web_call_started", call=call, work_id=work_id, entry=message.entry, locale=message.locale)
        return caller

    async def resume(self, token: str, sdp: str | None, socket: Socket) -> WebCaller | None:
        """The call that the token belongs to, now on this socket; None when there is none any more."""
        caller = self._by_token.get(token)
        if caller is None:
            socket.send(Refused(code="unknown_call", reason="this call is over"))
            return None
        self._stop_grace(caller)
        old, caller.socket = caller.socket, socket
        if old is not None:
            old.close()
        try:
            answer = None if sdp is None else await caller.renegotiate(sdp)
        except MediaUnavailableError as error:
            log.info("web_call_not_renegotiated", call=caller.call, reason=error.reason)
            socket.send(Refused(code="unusable_offer", reason=error.reason))
            return caller
        socket.send(Resumed(sdp=answer))
        caller.show_again()
        log.info("web_call_resumed", call=caller.call, new_media=sdp is not None)
        return caller

    def hang_up(self, caller: WebCaller) -> None:
        """The caller leaves."""
        caller.hang_up("caller")
        self._ports.desk.call_ended(caller.call, "caller hung up")

    def press(self, caller: WebCaller, digit: str) -> None:
        """A digit that came by message."""
        self._ports.desk.digit_pressed(caller.call, digit)

    def detached(self, caller: WebCaller, socket: Socket) -> None:
        """That socket is lost: the caller has left unless a new one comes in time."""
        if caller.socket is not socket:
            return
        caller.socket = None
        if caller.token in self._by_token:
            loop = asyncio.get_running_loop()
            caller.grace = loop.call_later(self._limits.resume_within_s, self._give_up, caller)

    def _give_up(self, caller: WebCaller) -> None:
        caller.grace = None
        self._ports.desk.call_ended(caller.call, "connection lost")

    def _forget(self, caller: WebCaller) -> None:
        self._stop_grace(caller)
        self._by_token.pop(caller.token, None)

    def _stop_grace(self, caller: WebCaller) -> None:
        if caller.grace is not None:
            caller.grace.cancel()
            caller.grace = None


def _place_of(state: CallState) -> Place | None:
    """What a caller is told of the machine's state; None for what they see otherwise."""
    match state:
        case CallState.ARRIVING | CallState.AWAY | CallState.ENDED:
            return None
        case CallState.IVR | CallState.NOTICE:
            return "in_ivr"
        case CallState.QUEUED:
            return "waiting"
        case CallState.JOINED:
            return "connected"
        case CallState.HELD | CallState.LOST_AGENT:
            return "held"
        case _:
            assert_never(state)
