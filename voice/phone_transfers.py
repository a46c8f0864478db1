"""Transfers by an agent's phone: its REFER is what the call bar asks by the page, with the same rules.

RFC 5589: a blind transfer names the target; an attended one names the phone's other call with us (voice.consults).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from voice.asked import Asked, CompleteAsked, TransferAsked
from voice.consults import Consults
from voice.dialled_legs import DialledLegs
from voice.events import Deny
from voice.neighbours import VoicePorts
from voice.phone import PhoneLeg
from voice.ports import Tasks

log = structlog.get_logger(__name__)

Ask = Callable[[str, str, Asked], Awaitable[Deny | None]]
FORBIDDEN, NO_DIALOG = 403, 481
# What a refusal is called in SIP; whatever is not here is forbidden.
CODES = {
    "unknown_agent": 404,
    "unknown_queue": 404,
    "unclear_target": 404,
    "agent_unavailable": 486,
    "already_here": 486,
    "too_many": 486,
    "nobody_else": NO_DIALOG,
    "not_connected": NO_DIALOG,
}


@dataclass(frozen=True, slots=True)
class Referral:
    """A REFER in one of our calls: to `to_user` ("": not at our domain), or `attended`, to the call `replaces`."""

    call: str
    to_user: str
    replaces: str
    attended: bool


class PhoneTransfers:
    """`ask` carries out what an agent asks in the conversation of a reservation, on whatever node it is."""

    def __init__(self, ports: VoicePorts, tasks: Tasks, legs: DialledLegs, consults: Consults, ask: Ask) -> None:
        self._ports = ports
        self._tasks = tasks
        self._legs = legs
        self._consults = consults
        self._ask = ask

    def refer(self, referral: Referral) -> None:
        """Only an agent's phone may refer the other side: not callers, nor numbers that were called."""
        leg = self._legs.by_call(referral.call)
        consult = self._consults.get(referral.call)
        first = leg if isinstance(leg, PhoneLeg) else consult.first if consult is not None else None
        if first is None:
            log.info("refer_refused", call=referral.call)
            self._ports.signalling.finish_refer(referral.call, FORBIDDEN)
            return
        self._ports.signalling.accept_refer(referral.call)
        asked = self._attended(referral) if referral.attended else self._blind(referral, leg)
        work = self._carry_out(referral.call, first, asked)
        self._tasks.spawn(work, f"refer:{referral.call}")

    def _blind(self, referral: Referral, leg: object) -> Asked | Deny:
        if not isinstance(leg, PhoneLeg):
            return Deny("not_here", "a colleague who is asked is not transferred")
        target = self._ports.target(leg.agent_id, referral.to_user)
        return target if isinstance(target, Deny) else TransferAsked("", target, warm=False)

    def _attended(self, referral: Referral) -> Asked | Deny:
        """The customer's call and the consult of the same agent, either of which may be referred to the other."""
        for one, other in ((referral.call, referral.replaces), (referral.replaces, referral.call)):
            leg, consult = self._legs.by_call(one), self._consults.get(other)
            if consult is not None and isinstance(leg, PhoneLeg) and leg.reservation_id == consult.reservation_id:
                return CompleteAsked("")
        return Deny("not_connected", "that is no call of yours")

    async def _carry_out(self, call: str, leg: PhoneLeg, asked: Asked | Deny) -> None:
        code = 500
        try:
            ask = self._ask
            denied = asked if isinstance(asked, Deny) else await ask(leg.agent_id, leg.reservation_id, asked)
            code = 200 if denied is None else CODES.get(denied.code, FORBIDDEN)
            if denied is not None:
                log.info("refer_denied", call=call, code=denied.code)
        finally:
            self._ports.signalling.finish_refer(call, code)
