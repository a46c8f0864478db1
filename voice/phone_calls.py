"""What agents' phones do by themselves: hold, call somebody else, transfer, go on with a call at another phone."""

from collections.abc import Callable
from functools import partial

import structlog

from voice.asked import Asked, HoldAsked
from voice.consults import Ask, Consult, Consults, ConsultState
from voice.dialled_legs import DialledLegs
from voice.events import Deny
from voice.neighbours import VoicePorts
from voice.phone import BUSY, PhoneLeg, PhoneState
from voice.phone_transfers import PhoneTransfers, Referral
from voice.ports import CallOffer, RemoteMedia, Tasks
from voice.runner import CallRunner

log = structlog.get_logger(__name__)

FORBIDDEN = 403


class PhoneCalls:
    """`ask` carries out what the agent of a reservation asks, `runner_of` finds a call by its interaction."""

    def __init__(
        self,
        ports: VoicePorts,
        tasks: Tasks,
        legs: DialledLegs,
        ask: Ask,
        runner_of: Callable[[str], CallRunner | None],
    ) -> None:
        self._ports = ports
        self._legs = legs
        self._runner_of = runner_of
        self.consults = Consults(ports, tasks, ask)
        self._ask = ask
        self._tasks = tasks
        self._transfers = PhoneTransfers(ports, tasks, legs, self.consults, self._carry_out)

    def received(self, offer: CallOffer) -> bool:
        """An INVITE that is for no published entry; False when it is none of an agent's phone either."""
        signalling = self._ports.signalling
        if not offer.user and offer.at_phone:
            signalling.challenge(offer.call)
        elif offer.replaces:
            leg = self._legs.by_call(offer.replaces)
            if isinstance(leg, PhoneLeg) and leg.user == offer.user and offer.sdp is not None:
                self._legs.move(leg, offer.call, offer.sdp, partial(self.renegotiated, leg))
            else:
                self._refuse(offer)
        elif not offer.user:
            return False
        else:
            first = self._in_call(offer.user)
            runner = self._runner_of(first.interaction_id) if first is not None else None
            if first is not None and runner is not None:
                self.consults.begin(offer, first, runner)
            else:
                # In a call of another node's the page asks colleagues (docs/phones.md): busy is no attempt to break in.
                self._refuse(offer, FORBIDDEN if first is None else BUSY)
        return True

    def _refuse(self, offer: CallOffer, code: int = FORBIDDEN) -> None:
        log.info("phone_call_refused", call=offer.call, user=offer.user, code=code)
        self._ports.signalling.reject(offer.call, code)

    def refer(self, referral: Referral) -> None:
        """A REFER in one of our calls."""
        self._transfers.refer(referral)

    def renegotiated(self, side: object, remote: RemoteMedia) -> None:
        """A re-INVITE holds: a phone that does not send has put us on hold.

        With two calls, the holds of both say in which of them the phone speaks.
        """
        if isinstance(side, Consult):
            side.held = not remote.send
            side.turned()
            return
        if not isinstance(side, PhoneLeg):
            return
        before, side.held = side.held, not remote.send
        consult = self.consults.of(side.reservation_id)
        if consult is not None and consult.state is not ConsultState.RINGING:
            consult.turned()
        elif side.held is before:
            return  # a new address, or the session's refresh: a hold that the agent's page asked for stands
        elif (runner := self._runner_of(side.interaction_id)) is not None:
            runner.tell(HoldAsked(side.work_id, on=side.held))
        else:
            self._tasks.spawn(self._hold(side), f"hold:{side.call}")

    async def _hold(self, leg: PhoneLeg) -> None:
        denied = await self._carry_out(leg.agent_id, leg.reservation_id, HoldAsked("", leg.held))
        if denied is not None:
            log.info("hold_denied", call=leg.call, code=denied.code)

    async def _carry_out(self, agent_id: str, reservation_id: str, asked: Asked) -> Deny | None:
        leg = self._legs.all.get(f"phone:{reservation_id}")
        if leg is None or self._runner_of(leg.interaction_id) is not None:
            return await self._ask(reservation_id, asked)
        return await self._ports.elsewhere(agent_id, reservation_id, asked)

    def ended(self, call: str) -> None:
        """BYE or CANCEL of a call that is no caller's."""
        if (consult := self.consults.get(call)) is not None:
            consult.left()
        else:
            self._legs.ended(call)

    def _in_call(self, user: str) -> PhoneLeg | None:
        """The call in which the phone's agent is; the one on hold, when there are two."""
        up = [
            leg
            for leg in self._legs.all.values()
            if isinstance(leg, PhoneLeg) and leg.user == user and leg.state is PhoneState.ANSWERED
        ]
        return next((leg for leg in up if leg.held), up[-1] if up else None)
