"""Telephones that we call. An agent's SIP phone is rung for one offer: the INVITE is the offer, the 200 OK the accept.

docs/states/phone.md is drawn from `TABLE`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import assert_never

import structlog
from msgspec import Struct

from router import events as facts
from router.commands import Refuse, SendOffer
from router.vocabulary import EndedBy
from voice.closing import close_leg
from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError, RemoteMedia, SdpRefusedError

log = structlog.get_logger(__name__)

BUSY = 486  # RFC 3261 section 21.4.24
DECLINE = 603  # RFC 3261 section 21.6.2: the callee explicitly does not wish to take part.


class PhoneState(StrEnum):
    """Where the phone's leg stands. Whether it is joined with the caller is the call's business."""

    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class PhoneRang(Struct, frozen=True, gc=False):
    """180: a person hears it."""


class PhoneAnswered(Struct, frozen=True, gc=False):
    """200 OK with the phone's answer."""

    sdp: bytes


class PhoneFailed(Struct, frozen=True, gc=False):
    """A final answer other than 2xx, or nobody to dial."""

    code: int
    reason: str


class PhoneLeft(Struct, frozen=True, gc=False):
    """The phone hung up."""


class PhoneLost(Struct, frozen=True, gc=False):
    """The media engine cannot carry this leg (any more)."""

    reason: str


class PhoneReleased(Struct, frozen=True, gc=False):
    """The router or the caller is done with this leg."""


class PhoneMoved(Struct, frozen=True):
    """The same person's other phone takes the leg's place by this call, as long as it is `there`.

    `taken` is told what the other phone sends: it may go on where the first one had put the call on hold.
    """

    call: str
    sdp: bytes
    there: Callable[[], bool]
    taken: Callable[[RemoteMedia], None]


PhoneEvent = PhoneMoved | PhoneRang | PhoneAnswered | PhoneFailed | PhoneLeft | PhoneLost | PhoneReleased

UNANSWERED = (PhoneState.DIALLING, PhoneState.RINGING)

# (state, event) -> the states that may follow. What is not in the table is without effect there: it came late.
TABLE: dict[tuple[PhoneState, type[PhoneEvent]], tuple[PhoneState, ...]] = {
    (PhoneState.DIALLING, PhoneRang): (PhoneState.RINGING,),
    (PhoneState.DIALLING, PhoneAnswered): (PhoneState.ANSWERED, PhoneState.ENDED),
    (PhoneState.DIALLING, PhoneFailed): (PhoneState.ENDED,),
    (PhoneState.DIALLING, PhoneMoved): (PhoneState.ANSWERED, PhoneState.ENDED),
    (PhoneState.DIALLING, PhoneLeft): (PhoneState.ENDED,),
    (PhoneState.DIALLING, PhoneLost): (PhoneState.ENDED,),
    (PhoneState.DIALLING, PhoneReleased): (PhoneState.ENDED,),
    (PhoneState.RINGING, PhoneAnswered): (PhoneState.ANSWERED, PhoneState.ENDED),
    (PhoneState.RINGING, PhoneFailed): (PhoneState.ENDED,),
    (PhoneState.RINGING, PhoneMoved): (PhoneState.ANSWERED, PhoneState.ENDED),
    (PhoneState.RINGING, PhoneLeft): (PhoneState.ENDED,),
    (PhoneState.RINGING, PhoneLost): (PhoneState.ENDED,),
    (PhoneState.RINGING, PhoneReleased): (PhoneState.ENDED,),
    (PhoneState.ANSWERED, PhoneMoved): (PhoneState.ANSWERED,),
    (PhoneState.ANSWERED, PhoneLeft): (PhoneState.ENDED,),
    (PhoneState.ANSWERED, PhoneLost): (PhoneState.ENDED,),
    (PhoneState.ANSWERED, PhoneReleased): (PhoneState.ENDED,),
}


class DialledLeg(ABC):
    """A telephone that we call; ends by itself and releases call and leg. `call` names both.

    `held`: the phone has put it on hold (by re-INVITE).
    """

    def __init__(self, call: str, interaction_id: str, ports: VoicePorts) -> None:
        self.call = self.leg_id = call
        self.interaction_id = interaction_id
        self.state = PhoneState.DIALLING
        self.held = False
        self._ports = ports
        self._inbox: deque[PhoneEvent] = deque()
        # While `run` waits for the next event.
        self._asleep: asyncio.Future[None] | None = None
        self._dialled = False

    @abstractmethod
    def _place(self, sdp: bytes) -> None:
        """Sends the INVITE."""

    @abstractmethod
    async def _taken(self) -> bool:
        """Somebody answered and the leg is there; False when it is not wanted any more."""

    @abstractmethod
    def _refused(self, code: int, reason: str, *, rang: bool) -> None:
        """A final answer other than 2xx, or nothing in it that we can use."""

    @abstractmethod
    def _gone(self, *, answered: bool) -> None:
        """They hung up."""

    @abstractmethod
    def _broken(self, reason: str, *, answered: bool) -> None:
        """Nobody wanted this end."""

    def tell(self, event: PhoneEvent) -> None:
        """Something happened to this leg."""
        asleep = self._asleep
        if asleep is None or asleep.done():
            self._inbox.append(event)
        elif isinstance(event, PhoneRang):
            self._rings()  # the task need not be woken for it
        else:
            self._inbox.append(event)
            asleep.set_result(None)

    def begin(self) -> None:
        """Dials before `run` does, where a media leg is there at once."""
        try:
            at = self._ports.media.open_at_once(self.leg_id)
        except MediaUnavailableError:
            return  # `run` asks again, and tells
        if at is not None:
            self._place(self._ports.sdp.offer(self.leg_id, *at))
            self._dialled = True

    async def run(self) -> None:
        """Dials, and follows the leg to its end. Whatever ends it is told, and nothing of it is left."""
        try:
            if not self._dialled:
                host, port = await self._ports.media.open_rtp(self.leg_id)
                self._place(self._ports.sdp.offer(self.leg_id, host, port))
            while self.state is not PhoneState.ENDED:
                while not self._inbox:
                    self._asleep = asyncio.get_running_loop().create_future()
                    await self._asleep
                await self._handle(self._inbox.popleft())
        except MediaUnavailableError as error:
            self._lost(error.reason)
        finally:
            self._lost("internal error")  # without effect unless something unforeseen got us here
            self._ports.signalling.hangup(self.call, "over")
            self._ports.sdp.forget(self.leg_id)
            await close_leg(self._ports.media, self.leg_id)
            self._refuse_late()  # last: until then, somebody may find the leg and ask for its place

    def _refuse_late(self) -> None:
        """What was to take the place of a call that is over by now has none to take."""
        while self._inbox:
            if isinstance(event := self._inbox.popleft(), PhoneMoved):
                self._ports.signalling.reject(event.call, 481)

    async def _handle(self, event: PhoneEvent) -> None:
        if (self.state, type(event)) not in TABLE:
            return
        answered = self.state not in UNANSWERED
        match event:
            case PhoneRang():
                self._rings()
            case PhoneAnswered(sdp):
                await self._answered(sdp)
            case PhoneFailed(code, reason):
                self._failed(code, reason)
            case PhoneLeft():
                self.state = PhoneState.ENDED
                self._gone(answered=answered)
            case PhoneLost(reason):
                self._lost(reason)
            case PhoneMoved():
                await self._move(event)
            case PhoneReleased():
                self.state = PhoneState.ENDED
            case _:
                assert_never(event)

    def _rings(self) -> None:
        if (self.state, PhoneRang) in TABLE:
            self.state = PhoneState.RINGING

    async def _answered(self, sdp: bytes) -> None:
        try:
            remote = self._ports.sdp.read_answer(self.leg_id, sdp)
        except SdpRefusedError as error:
            self._failed(488, str(error))
            return
        await self._ports.media.set_remote(self.leg_id, remote)
        self.state = PhoneState.ANSWERED
        if not await self._taken():
            self.state = PhoneState.ENDED

    async def _move(self, event: PhoneMoved) -> None:
        signalling, sdp = self._ports.signalling, self._ports.sdp
        try:
            remote = sdp.read_offer(self.leg_id, event.sdp)
        except SdpRefusedError as error:
            log.info("move_refused", call=event.call, reason=str(error))
            signalling.reject(event.call, 488)
            return
        if not event.there():
            return
        # At once: should the other phone give up meanwhile, that ends the leg.
        before, self.call = self.call, event.call
        rang, self.state = self.state in UNANSWERED, PhoneState.ANSWERED
        try:
            await self._ports.media.set_remote(self.leg_id, remote)
            if rang and not await self._taken():
                self.state = PhoneState.ENDED
                return
            signalling.answer(self.call, sdp.answer(self.leg_id, "", 0))
            event.taken(remote)
        finally:
            signalling.hangup(before, "replaced")

    def _failed(self, code: int, reason: str) -> None:
        rang, self.state = self.state is PhoneState.RINGING, PhoneState.ENDED
        log.info("dialled_leg_failed", call=self.call, code=code, reason=reason)
        self._refused(code, reason, rang=rang)

    def _lost(self, reason: str) -> None:
        if self.state is PhoneState.ENDED:
            return
        log.warning("dialled_leg_lost", call=self.call, reason=reason)
        answered, self.state = self.state not in UNANSWERED, PhoneState.ENDED
        self._broken(reason, answered=answered)


# What makes phones answer by themselves, where they are set up to allow it: there is no standard for it. Phones know
# `answer-after` as a parameter of Call-Info (RFC 3261, 20.9), or `info=alert-autoanswer` of Alert-Info (20.4).
AUTO_ANSWER: Mapping[str, str] = {
    "Call-Info": "<sip:jackfield.invalid>;answer-after=0",
    "Alert-Info": "<http://jackfield.invalid>;info=alert-autoanswer;delay=0",
}


class PhoneLeg(DialledLeg):
    """One reservation's leg at a registered phone. When it is lost, the caller is given back to the router."""

    def __init__(self, offer: SendOffer, target: str, caller: tuple[str, str], ports: VoicePorts) -> None:
        super().__init__(f"phone:{offer.reservation_id}", offer.interaction_id, ports)
        self.reservation_id = offer.reservation_id
        self.work_id = offer.work_id
        self.agent_id = offer.agent_id
        self.user = target
        self._caller = caller
        self._auto_accepted = offer.auto_accept
        self._then: Callable[[], None] | None = None

    def when_answered(self, then: Callable[[], None]) -> None:
        """Call it once the phone is answered, at once if it is."""
        if self.state is PhoneState.ANSWERED:
            then()
        else:
            self._then = then

    def begin(self) -> None:
        """As every leg, where it is known who calls."""
        if self._caller != ("", ""):
            super().begin()

    async def run(self) -> None:
        """As every leg; it rings with the caller's number, also where the call is on another node."""
        if self._caller == ("", "") and not self._dialled:
            self._caller = await self._ports.contexts.who(self.interaction_id, self.work_id)
        await super().run()

    def _place(self, sdp: bytes) -> None:
        number, name = self._caller
        answering = AUTO_ANSWER if self._auto_accepted else {}
        headers: Mapping[str, str] = {"X-Jackfield-Interaction": self.interaction_id, **answering}
        self._ports.signalling.dial(
            self.call,
            self.user,
            sdp,
            from_user=number or "anonymous",
            from_display=name or number,
            headers=headers,
        )

    async def _taken(self) -> bool:
        accepted = facts.OfferAccepted(self.reservation_id, self.agent_id)
        answers = await self._ports.router.post(accepted, self.call)
        if any(isinstance(answer, Refuse) for answer in answers):
            return False
        if self._then is not None:
            self._then()
        return True

    def _refused(self, code: int, reason: str, *, rang: bool) -> None:  # noqa: ARG002 - logged already
        # Busy after ringing is a finger on the decline key; busy at once is a phone that is in use.
        if self._auto_accepted:
            self._post(facts.AssignmentFailed(self.reservation_id, f"sip_{code}"))
        elif code == DECLINE or (code == BUSY and rang):
            self._post(facts.OfferRejected(self.reservation_id, self.agent_id, "declined"))
        else:
            self._post(facts.OfferFailed(self.reservation_id, f"sip_{code}"))

    def _gone(self, *, answered: bool) -> None:
        if answered or self._auto_accepted:
            # Right on both sides of the join: before it the caller is given back, after it wrap-up begins.
            self._post(facts.AssignmentEnded(self.reservation_id, EndedBy.AGENT, "phone_left"))
        else:
            self._post(facts.OfferFailed(self.reservation_id, "phone_left"))

    def _broken(self, reason: str, *, answered: bool) -> None:
        lost = facts.AssignmentFailed if answered or self._auto_accepted else facts.OfferFailed
        self._post(lost(self.reservation_id, reason))

    def _post(self, event: facts.Event) -> None:
        self._ports.router.tell(event, self.call)
