"""Brings calls, agents' legs and the router together: a directory of who is concerned, no decisions of its own.

Signalling and media events come in by their own methods, the router's committed commands by `execute`.
"""

from collections.abc import Callable, Mapping
from functools import partial

import structlog
from msgspec.structs import replace

from router import events as facts
from router.commands import CloseWork, Command, DivertWork, JoinLegs, PartLegs, RequeueWork, SendOffer, WithdrawOffer
from router.vocabulary import EndedBy, Medium, Outcome
from voice.asked import Asked
from voice.browsers import BrowserLegs
from voice.called_back import CallBacks, Promise
from voice.caller_leg import CallerLeg, Elsewhere
from voice.dialled_legs import DialledLegs
from voice.events import (
    AgentLegLost,
    AgentReady,
    CallerLeft,
    Deny,
    DigitPressed,
    EmergenciesSet,
    Parted,
    PlayEnded,
    Requeued,
)
from voice.guests import GuestCall, GuestCaller
from voice.listening import Listening
from voice.listening_phone import ListeningPhones
from voice.moved import AwaitedCalls, MovingCalls
from voice.neighbours import VoicePorts
from voice.numbers import NumberCalls
from voice.over_nodes import OverNodes
from voice.over_shards import OverShards
from voice.phone import (
    PhoneAnswered,
    PhoneFailed,
    PhoneLeg,
    PhoneLost,
    PhoneRang,
    PhoneReleased,
)
from voice.phone_calls import PhoneCalls
from voice.ports import Assignment, CallerIdentity, CallOffer, PlayReason, Tasks
from voice.recorded_calls import RecordedCalls
from voice.renegotiation import Renegotiations
from voice.runner import CallRunner
from voice.sip_caller import SipCaller
from voice.site import VoiceSite
from voice.starting import Starting

log = structlog.get_logger(__name__)


class Conductor:
    """All calls of this node."""

    def __init__(self, site: VoiceSite, ports: VoicePorts, tasks: Tasks) -> None:
        self.site = site
        self._ports = ports
        self._tasks = tasks
        self._calls: dict[str, CallRunner] = {}
        self._by_interaction: dict[str, CallRunner] = {}
        self._by_leg: dict[str, CallRunner] = {}
        self._sip_callers: dict[str, SipCaller] = {}
        self.legs = DialledLegs(tasks)
        self._assignments: dict[str, Assignment] = {}
        self._closing = False
        self.draining = False
        # Where callers may go who come while this node is drained.
        self.elsewhere: Callable[[str], Elsewhere | None] = lambda _entry: None
        self.browsers = BrowserLegs(ports.media, self._agent_leg_lost)
        self.nodes = OverNodes(ports, tasks, self._there, self._leg_lost, self._by_interaction.__contains__)
        self.callbacks = CallBacks(
            ports,
            tasks,
            self.legs.run,
            self._assignments.__contains__,
            lambda leg: self._begin(self._starting.called_back(leg)),
            self._by_interaction.get,
        )
        self.recorded = RecordedCalls(self._by_interaction.get)
        self.numbers = NumberCalls(ports, self.legs.run, self.legs.all, self._by_interaction.get)
        self.awaited = AwaitedCalls()
        self.moving = MovingCalls(self._by_interaction.get)
        self._starting = Starting(lambda: self.site, ports, self.numbers)
        self.shards = OverShards(ports, tasks, self._begin_guest, self._by_interaction.get, lambda: self._full)
        self.phones = PhoneCalls(ports, tasks, self.legs, self.ask, self._by_interaction.get)
        self._renegotiations = Renegotiations(ports, self.phones.renegotiated)
        self.listening = Listening(
            self.browsers,
            self._by_interaction.get,
            lambda agent_id: bool(self._held_by(agent_id) or ports.router.talks(agent_id)),
            ListeningPhones(ports, self.legs, lambda agent_id: self.site.phone_of(agent_id)),  # noqa: PLW0108
            ports.media,
            ports.listening,
            tasks,
        )

    def follow(self, site: VoiceSite) -> None:
        """The site holds for calls that come from now on; what everybody is told in an emergency for all at once."""
        before, now = self.site.emergencies, site.emergencies
        self.site = site
        if before != now:
            for runner in list(self._calls.values()):
                runner.tell(EmergenciesSet(now))

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open, for metrics and the leak test."""
        return {
            "calls": len(self._calls),
            "phone_legs": len(self.legs),
            "browser_legs": self.browsers.count,
            "assignments": len(self._assignments),
            "consults": len(self.phones.consults),
            "listeners": len(self.listening),
            **self.nodes.counts,
            **self.shards.counts,
        }

    @property
    def interactions(self) -> frozenset[str]:
        """The calls that are open."""
        return frozenset(self._by_interaction)

    @property
    def _full(self) -> bool:
        return self._closing or self.draining or len(self._calls) >= self.site.max_calls

    def close(self) -> None:
        """No new calls; those that are open are hung up."""
        self._closing = True
        for runner in list(self._calls.values()):
            runner.hang_up("shutting down")
        self.legs.release_all()
        self.nodes.far.close()
        self.shards.guests.close()
        self.awaited.close()

    # --- signalling ---------------------------------------------------------------------------------------------

    def call_received(self, offer: CallOffer) -> None:
        """An INVITE from outside reaches published entries only, one from an agent's phone what its agent may call."""
        ports = self._ports
        if (offer.replaces or offer.entry not in self.site.entries) and self.phones.received(offer):
            return
        caller = self._sip_callers[offer.call] = SipCaller(offer, ports.signalling, ports.media, ports.sdp)
        if self.admit(caller, offer.entry, CallerIdentity("phone", offer.caller, offer.caller_name)) is None:
            del self._sip_callers[offer.call]

    def admit(self, caller: CallerLeg, entry_name: str, who: CallerIdentity) -> str | None:
        """Starts the call and returns its interaction; None when it was refused, as `caller` has been told."""
        entry = self.site.entries.get(entry_name)
        if not self._full and (moved := self.awaited.take(entry_name)) is not None:
            return self._begin(self._starting.moved(caller, moved))
        if entry is None:
            caller.refuse(404, "no such entry")
        elif self._full:
            there = self.elsewhere(entry_name) if self.draining else None
            if there is None or not caller.redirect(there):
                caller.refuse(503, "no room for another call")
        else:
            return self._begin(self._starting.by_entry(caller, entry_name, entry, who))
        return None

    def _begin(self, runner: CallRunner) -> str:
        self._calls[runner.call] = self._by_interaction[runner.interaction_id] = runner
        self._by_leg[runner.leg_id] = runner
        self._tasks.spawn(self._run_call(runner), f"call:{runner.interaction_id}")
        return runner.interaction_id

    def _begin_guest(self, caller: GuestCaller, guest: GuestCall) -> str:
        return self._begin(self._starting.guest(caller, guest))

    async def _run_call(self, runner: CallRunner) -> None:
        try:
            await runner.run()
        finally:
            self._calls.pop(runner.call, None)
            self._by_interaction.pop(runner.interaction_id, None)
            self._by_leg.pop(runner.leg_id, None)
            self._sip_callers.pop(runner.call, None)
            self.listening.over(runner.interaction_id)
            self.shards.lodgings.over(runner.interaction_id)

    def call_confirmed(self, call: str, sdp: bytes | None) -> None:
        """An ACK: the caller's, or with the answer to an offer of ours."""
        if not self._renegotiations.confirmed(call, sdp) and (caller := self._sip_callers.get(call)):
            caller.confirmed(sdp)

    def call_answered(self, call: str, sdp: bytes) -> None:
        """An agent's phone answered."""
        self.legs.tell_call(call, PhoneAnswered(sdp))

    def call_rang(self, call: str) -> None:
        """An agent's phone rings."""
        self.legs.tell_call(call, PhoneRang())

    def call_failed(self, call: str, code: int, reason: str) -> None:
        """An agent's phone refused, or could not be reached."""
        self.legs.tell_call(call, PhoneFailed(code, reason))

    def call_ended(self, call: str, reason: str) -> None:
        """BYE, CANCEL, or the far side is gone."""
        self._renegotiations.over(call)
        if runner := self._calls.get(call):
            runner.tell(CallerLeft(reason))
        else:
            self.phones.ended(call)

    def digit_pressed(self, call: str, digit: str) -> None:
        """A digit by SIP INFO."""
        self._pressed(self._calls.get(call), digit)

    def _pressed(self, runner: CallRunner | None, digit: str) -> None:
        if runner is not None and not self.shards.lodgings.pressed(runner.interaction_id, digit):
            runner.tell(DigitPressed(digit))

    def offer_received(self, call: str, sdp: bytes | None) -> None:
        """A re-INVITE: hold, resume, or another address."""
        side = self._calls.get(call) or self.legs.by_call(call) or self.phones.consults.get(call)
        if side is None:
            self._ports.signalling.reject_offer(call, 481)
        else:
            self._tasks.spawn(self._renegotiations.offered(call, side, sdp), f"renegotiate:{call}")

    # --- media --------------------------------------------------------------------------------------------------

    def leg_digit(self, leg_id: str, digit: str) -> None:
        """A digit by RFC 4733."""
        self._pressed(self._by_leg.get(leg_id), digit)
        self.shards.lodgings.sent(leg_id, digit)

    def leg_played(self, leg_id: str, play_id: str, reason: PlayReason) -> None:
        """A play is over."""
        if runner := self._by_leg.get(leg_id):
            runner.tell(PlayEnded(play_id, reason))

    def leg_connected(self, leg_id: str) -> None:
        """A media path is up; for a browser the agent can be reached from now on."""
        if runner := self._by_leg.get(leg_id):
            runner.media_up()
            return
        agent_id = self.browsers.connected(leg_id)
        if agent_id is None:
            return
        self._ports.notices.leg_changed(agent_id, up=True)
        for reservation_id, _ in self._held_by(agent_id):
            self.nodes.release(reservation_id)
            self._there(reservation_id, leg_id)
        self.nodes.come(agent_id, leg_id)

    def leg_failed(self, leg_id: str, reason: str) -> None:
        """A media path is gone."""
        if runner := self._by_leg.get(leg_id):
            runner.hang_up(f"media: {reason}")
        elif consult := self.phones.consults.of_leg(leg_id):
            consult.left()
        elif not (
            self.legs.tell(leg_id, PhoneLost(reason))
            or self.nodes.failed(leg_id)
            or self.listening.failed(leg_id)
            or self.shards.lodgings.failed(leg_id)
        ):
            agent_id = self.browsers.failed(leg_id)
            # The engine reports a dead leg and keeps it until it is closed.
            self._tasks.spawn(self.browsers.drop(leg_id), f"close:{leg_id}")
            if agent_id is not None:
                self._agent_leg_lost(agent_id)

    def _agent_leg_lost(self, agent_id: str) -> None:
        self._ports.notices.leg_changed(agent_id, up=False)
        self.listening.leave(agent_id)
        self.nodes.far.leave(agent_id)
        for reservation_id, _ in self._held_by(agent_id):
            if self.nodes.trunks.leg(reservation_id) is None:  # else they are on another node by now
                self._leg_lost(reservation_id)

    def _leg_lost(self, reservation_id: str) -> None:
        held = self._assignments.get(reservation_id)
        if held is not None and (runner := self._by_interaction.get(held.interaction_id)):
            runner.tell(AgentLegLost(held.work_id))

    # --- the router's commands ----------------------------------------------------------------------------------

    def execute(self, command: Command, caller: tuple[str, str] = ("", "")) -> None:
        """A committed command that concerns voice; others are without effect here. `caller` is (number, name)."""
        self.shards.execute(command)
        match command:
            case SendOffer(medium=Medium.VOICE):
                self._ring(command, caller)
            case WithdrawOffer(reservation_id=reservation_id):
                self._release(reservation_id)
            case JoinLegs():
                self._join(command)
            case PartLegs(reservation_id=reservation_id, work_id=work_id, by=by):
                self._assignments.pop(reservation_id, None)
                self._release(reservation_id)
                if runner := self._by_interaction.get(command.interaction_id):
                    runner.tell(Parted(work_id, by))
            case RequeueWork():
                self._requeued(command)
            case DivertWork():
                if runner := self._by_interaction.get(command.interaction_id):
                    self._starting.divert(command, runner)
            case CloseWork(work_id=work_id, outcome=Outcome.CANCELLED | Outcome.NODE_LOST):
                if runner := self._by_interaction.get(command.interaction_id):
                    runner.tell(Parted(work_id, EndedBy.SYSTEM))
            case _:
                return

    def _ring(self, offer: SendOffer, caller: tuple[str, str]) -> None:
        router, runner = self._ports.router, self._by_interaction.get(offer.interaction_id)
        here = self.nodes.device_here(offer.agent_id, user := self.site.phone_of(offer.agent_id))
        if here and user is not None:
            self.legs.run(PhoneLeg(offer, user, caller, self._ports))
        elif here and self.browsers.leg(offer.agent_id) is None:
            router.tell(facts.OfferFailed(offer.reservation_id, "no_leg"), offer.work_id)
        elif user is None and runner is not None and runner.is_take_over(offer.work_id):
            # Whoever asked to take over has accepted by asking.
            router.tell(facts.OfferAccepted(offer.reservation_id, offer.agent_id), offer.work_id)

    def _release(self, reservation_id: str) -> None:
        self.callbacks.release(reservation_id)
        self.nodes.release(reservation_id)
        self.legs.tell(f"phone:{reservation_id}", PhoneReleased())
        self.phones.consults.release(reservation_id)

    def _join(self, command: JoinLegs) -> None:
        reservation_id, agent_id, nodes = command.reservation_id, command.agent_id, self.nodes
        here = nodes.device_here(agent_id, self.site.phone_of(agent_id))
        own = nodes.own(command.interaction_id, command.work_id)
        if not own and (not here or self._ports.router.here(command.work_id) or not nodes.is_call(command)):
            return  # The caller left meanwhile, CustomerLeft is on its way; or it is another node's, or no call.
        phone = self.legs.all.get(f"phone:{reservation_id}")
        leg_id = phone.leg_id if phone else nodes.trunks.leg(reservation_id) or self.browsers.leg(agent_id)
        if leg_id is None and here:
            self._ports.router.tell(facts.AssignmentFailed(reservation_id, "no_leg"), command.work_id)
            return
        self.listening.leave(agent_id, unless=command.interaction_id)
        if own:
            self._assignments[reservation_id] = Assignment(command.interaction_id, agent_id, command.work_id)
        if leg_id is None:
            nodes.expect(command)
            return
        there = partial(self._there, reservation_id, leg_id) if own else partial(nodes.join, command, leg_id)
        if isinstance(phone, PhoneLeg):
            # An offer that accepts itself is accepted before the phone is answered.
            phone.when_answered(there)
        else:
            there()

    def _there(self, reservation_id: str, leg_id: str) -> None:
        """An agent's leg is there, of this node or another; where their accept has not come yet, that finds it."""
        if (held := self._assignments.get(reservation_id)) is None:
            return
        if runner := self._by_interaction.get(held.interaction_id):
            runner.tell(AgentReady(held.work_id, reservation_id, held.agent_id, leg_id))
        elif (queue := self._ports.router.callback_queue(held.work_id)) is not None:
            agent = (held.agent_id, leg_id, queue)
            self.callbacks.begin(Promise(reservation_id, held.work_id, held.interaction_id, *agent))

    def _requeued(self, command: RequeueWork) -> None:
        for reservation_id, held in list(self._assignments.items()):
            if held.work_id == command.work_id:
                del self._assignments[reservation_id]
                self._release(reservation_id)
        self.nodes.far.end_work(command.work_id)
        if runner := self._by_interaction.get(command.interaction_id):
            runner.tell(Requeued(command.work_id, command.queue))

    # --- what agents ask ----------------------------------------------------------------------------------------

    async def ask(self, reservation_id: str, asked: Asked) -> Deny | None:
        """Carried out, or denied, when this returns; `asked.by` is filled in. Hold, mute, transfers, conference."""
        held = self._assignments.get(reservation_id)
        if held is None or (runner := self._by_interaction.get(held.interaction_id)) is None:
            return Deny("not_connected", "there is no such conversation")
        return await runner.ask(replace(asked, by=held.work_id))

    async def send_digits(self, reservation_id: str, digits: str) -> bool:
        """Digits towards the caller, by RFC 4733."""
        held = self._assignments.get(reservation_id)
        if held is None or (runner := self._by_interaction.get(held.interaction_id)) is None:
            return False
        await self._ports.media.send_digits(runner.leg_id, digits)
        return True

    async def agent_gone(self, agent_id: str) -> None:
        """The agent signed out, or did not come back: their browser leg is closed."""
        self.listening.leave(agent_id)
        await self.browsers.close(agent_id)

    def _held_by(self, agent_id: str) -> list[tuple[str, Assignment]]:
        return [(key, held) for key, held in self._assignments.items() if held.agent_id == agent_id]
