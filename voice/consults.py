"""The second call of an agent's phone: whom it calls while it has a customer is asked as in a warm transfer.

The customer is on hold meanwhile. In the conversation the agent has one leg: that of the call in which they speak, and
by holding one call and resuming the other they swap. A phone that holds neither of its two calls mixes them by itself
(its conference key): then all hear each other, by the one leg, and what the phone sends in the other call is not heard.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum

import structlog

from voice.asked import Asked, ConferenceAsked, DropAsked, HoldAsked, SwapAsked, TransferAsked
from voice.closing import close_leg
from voice.events import AgentReady, Deny
from voice.neighbours import VoicePorts
from voice.party import CUSTOMER, PartyState, PartyView
from voice.phone import PhoneLeg
from voice.ports import CallOffer, MediaUnavailableError, SdpRefusedError, Tasks
from voice.runner import CallRunner

log = structlog.get_logger(__name__)

Ask = Callable[[str, Asked], Awaitable[Deny | None]]
_REFUSED = {"unknown_agent": 404, "unknown_queue": 404, "unclear_target": 404, "agent_unavailable": 486}


class ConsultState(StrEnum):
    """Where the second call stands. TALKING: the agent speaks in it; ASIDE: in the first one; TOGETHER: in both."""

    RINGING = "ringing"
    TALKING = "talking"
    ASIDE = "aside"
    TOGETHER = "together"
    OVER = "over"


# (the phone holds its first call, it holds the second) -> where it speaks.
_WANTED = {
    (True, False): ConsultState.TALKING,
    (False, True): ConsultState.ASIDE,
    (False, False): ConsultState.TOGETHER,
}


class Consult:
    """One second call. `ask` is what the agent may ask in the conversation of `first`, their call with the customer."""

    def __init__(self, offer: CallOffer, first: PhoneLeg, runner: CallRunner, ports: VoicePorts, ask: Ask) -> None:
        self.call = offer.call
        self.leg_id = f"consult:{offer.call}"
        self.reservation_id = first.reservation_id
        self.state = ConsultState.RINGING
        self.held = False
        self._offer = offer
        self.first = first
        self._runner = runner
        self._ports = ports
        self._ask = ask
        self._party = ""
        self._answer = b""
        self._inbox: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()

    async def run(self) -> None:
        """The whole call. However it ends, nothing of it is left, and the agent speaks in their first call again."""
        signalling = self._ports.signalling
        signalling.ring(self.call)
        try:
            await self._open()
            while self.state is not ConsultState.OVER:
                await (await self._inbox.get())()
        except SdpRefusedError as error:
            log.info("consult_refused", call=self.call, reason=str(error))
            self._end(488)
        except MediaUnavailableError as error:
            log.warning("consult_lost", call=self.call, reason=error.reason)
            self._end(503)
        finally:
            self._end(480)
            self._runner.watchers.discard(self._shown)
            self._ports.sdp.forget(self.leg_id)
            await close_leg(self._ports.media, self.leg_id)

    def left(self) -> None:
        """The phone has hung it up, or its media path is gone: whoever was asked is sent away."""
        self._inbox.put_nowait(self._left)

    def released(self) -> None:
        """The agent's part in the conversation is over."""
        self._inbox.put_nowait(self._released)

    def turned(self) -> None:
        """The phone has held one of its two calls, or goes on in it."""
        self._inbox.put_nowait(self._turn)

    async def _open(self) -> None:
        ports = self._ports
        if self._offer.sdp is None:
            raise SdpRefusedError("an INVITE without an offer is not taken")
        target = ports.target(self.first.agent_id, self._offer.entry)
        if isinstance(target, Deny):
            self._deny(target)
            return
        host, port = await ports.media.open_rtp(self.leg_id)
        await ports.media.set_remote(self.leg_id, ports.sdp.read_offer(self.leg_id, self._offer.sdp))
        self._answer = ports.sdp.answer(self.leg_id, host, port)
        before = {view.party_id for view in self._runner.parties}
        denied = await self._ask(self.reservation_id, TransferAsked("", target, warm=True))
        if denied is not None:
            self._deny(denied)
            return
        coming = [view for view in self._runner.parties if view.party_id not in before]
        self._party = coming[-1].party_id if coming else ""
        self._runner.watchers.add(self._shown)
        self._shown(self._runner.parties)

    def _deny(self, denied: Deny) -> None:
        log.info("consult_denied", call=self.call, code=denied.code)
        self._end(_REFUSED.get(denied.code, 403))

    def _shown(self, parties: tuple[PartyView, ...]) -> None:
        self._inbox.put_nowait(lambda: self._look(parties))

    async def _look(self, parties: tuple[PartyView, ...]) -> None:
        """Whoever was asked is there, or is no more."""
        state = next((view.state for view in parties if view.party_id == self._party), None)
        if state is None:
            self._end(480)
            await self._back()
        elif state in (PartyState.HERE, PartyState.HELD) and self.state is ConsultState.RINGING:
            self.state = ConsultState.TALKING
            self._ports.signalling.answer(self.call, self._answer)
            self._speak_in(self.leg_id)

    async def _left(self) -> None:
        self._end(487)
        await self._ask(self.reservation_id, DropAsked("", self._party))
        await self._back()

    async def _back(self) -> None:
        """The agent is in the first call alone; where the phone does not hold it, the customer hears them at once."""
        self._speak_in(self.first.leg_id)
        if not self.first.held:
            await self._ask(self.reservation_id, HoldAsked("", on=False))

    async def _released(self) -> None:
        self._end(480)

    async def _turn(self) -> None:
        """As the phone has them now. While it holds both, whoever it spoke with last is still in front."""
        wanted = _WANTED.get((self.first.held, self.held))
        if self.state in (ConsultState.RINGING, ConsultState.OVER) or wanted in (None, self.state):
            return
        self.state = wanted
        if wanted is ConsultState.TOGETHER:
            await self._ask(self.reservation_id, ConferenceAsked(""))
            return
        aside = wanted is ConsultState.ASIDE
        self._speak_in(self.first.leg_id if aside else self.leg_id)
        # Out of a conference the first swap puts the customer on hold, and a second one takes them back.
        for _ in range(2):
            if self._is_held(CUSTOMER) is aside or self._is_held(self._party) is not aside:
                await self._ask(self.reservation_id, SwapAsked(""))

    def _is_held(self, party: str) -> bool:
        return any(view.party_id == party and view.state is PartyState.HELD for view in self._runner.parties)

    def _speak_in(self, leg_id: str) -> None:
        first = self.first
        self._runner.tell(AgentReady(first.work_id, first.reservation_id, first.agent_id, leg_id))

    def _end(self, code: int) -> None:
        """A final answer while it rings, a BYE afterwards."""
        if self.state is ConsultState.RINGING:
            self._ports.signalling.reject(self.call, code)
        elif self.state is not ConsultState.OVER:
            self._ports.signalling.hangup(self.call, "over")
        self.state = ConsultState.OVER


class Consults:
    """The second calls of this node's phones, by their call."""

    def __init__(self, ports: VoicePorts, tasks: Tasks, ask: Ask) -> None:
        self._ports = ports
        self._tasks = tasks
        self._ask = ask
        self._all: dict[str, Consult] = {}

    def __len__(self) -> int:
        return len(self._all)

    def begin(self, offer: CallOffer, first: PhoneLeg, runner: CallRunner) -> None:
        """An agent who has a customer calls somebody else; one at a time."""
        if self.of(first.reservation_id) is not None:
            self._ports.signalling.reject(offer.call, 486)
            return
        consult = self._all[offer.call] = Consult(offer, first, runner, self._ports, self._ask)
        self._tasks.spawn(self._run(consult), consult.leg_id)

    async def _run(self, consult: Consult) -> None:
        try:
            await consult.run()
        finally:
            self._all.pop(consult.call, None)

    def get(self, call: str) -> Consult | None:
        """The second call of this name."""
        return self._all.get(call)

    def of(self, reservation_id: str) -> Consult | None:
        """The second call of the agent in this conversation."""
        return next((one for one in self._all.values() if one.reservation_id == reservation_id), None)

    def of_leg(self, leg_id: str) -> Consult | None:
        """The second call with this media leg."""
        return self._all.get(leg_id.removeprefix("consult:"))

    def release(self, reservation_id: str) -> None:
        """The agent's part in the conversation is over."""
        if (consult := self.of(reservation_id)) is not None:
            consult.released()
