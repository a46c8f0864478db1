"""Customers who are called back: an agent has accepted, now the customer's telephone rings, by a trunk.

The agent hears it ring. Who answers has a call like any other from then on; who does not is the router's to try again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from router import events as facts
from router.errors import RoutingEndedError
from voice.call_table import CallState
from voice.caller_leg import Elsewhere
from voice.events import CallerLeft
from voice.neighbours import VoicePorts
from voice.phone import DialledLeg, PhoneLeft, PhoneReleased
from voice.ports import Lines, MediaUnavailableError, Tasks
from voice.runner import CallRunner, caller_leg_id
from voice.stage import RINGING

log = structlog.get_logger(__name__)

_RING_PLAY = "calling-back"


@dataclass(frozen=True, slots=True)
class Promise:
    """The accepted callback. `agent_leg` is where the agent listens."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    agent_leg: str
    queue: str


class CalledBack(DialledLeg):
    """The customer's leg; once it is answered, the `CallerLeg` of an ordinary call.

    `answered` starts that call. `left` is told when the customer hangs up in it, or their leg is lost.
    """

    def __init__(
        self,
        promise: Promise,
        number: str,
        ports: VoicePorts,
        lines: Lines,
        answered: Callable[["CalledBack"], object],
        left: Callable[[str], None],
    ) -> None:
        super().__init__(caller_leg_id(promise.interaction_id), promise.interaction_id, ports)
        self.promise = promise
        self._number = number
        self._lines = lines
        self._answered_by = answered
        self._left_by = left

    async def run(self) -> None:
        """Rings the customer, and the agent's ear with it."""
        leg_id = self.promise.agent_leg
        try:
            self._ports.media.play(leg_id, _RING_PLAY, [f"{RINGING}.wav"], loop=True)
        except MediaUnavailableError as error:
            log.info("no_ringing_tone", leg_id=leg_id, reason=error.reason)
        try:
            await super().run()
        finally:
            self._silence()

    def _place(self, sdp: bytes) -> None:
        self._lines.dial(self.call, self._number, sdp)

    async def _taken(self) -> bool:
        self._silence()
        self._answered_by(self)
        return True

    def _refused(self, code: int, reason: str, *, rang: bool) -> None:  # noqa: ARG002 - logged already
        self._not_reached(f"sip_{code}")

    def _gone(self, *, answered: bool) -> None:
        if answered:
            self._left_by("remote")
        else:
            self._not_reached("no_answer")

    def _broken(self, reason: str, *, answered: bool) -> None:
        if answered:
            self._left_by(f"media: {reason}")
        else:
            self._not_reached(reason)

    def _not_reached(self, reason: str) -> None:
        self._ports.router.tell(facts.CallbackFailed(self.promise.reservation_id, reason), self.call)

    def _silence(self) -> None:
        try:
            self._ports.media.stop_play(self.promise.agent_leg, _RING_PLAY)
        except MediaUnavailableError as error:
            log.info("leg_already_gone", leg_id=self.promise.agent_leg, reason=error.reason)


class AnsweredLeg:
    """Implements CallerLeg for a customer who has answered our call: there is nothing left to negotiate."""

    is_shown = False

    def __init__(self, leg: CalledBack) -> None:
        self.call = leg.call
        self._leg = leg

    async def answer(self, leg_id: str) -> bool:  # noqa: ARG002 - it is the leg that was dialled
        """They are there already."""
        return True

    def media_up(self) -> None:
        """Of no concern."""

    def gone(self) -> None:
        """Of no concern."""

    def moved(self, state: CallState, agent_id: str | None, work_id: str | None) -> None:
        """A telephone has no place to show it."""

    def shown(self, state: CallState, agent: str) -> None:
        """A telephone has no place to show it."""

    def move(self, there: Elsewhere) -> bool:  # noqa: ARG002 - it is we who called them
        """Nobody is asked."""
        return False

    def redirect(self, there: Elsewhere) -> bool:  # noqa: ARG002 - nothing is offered to us
        """They have answered."""
        return False

    def refuse(self, code: int, reason: str) -> None:  # noqa: ARG002 - nothing is offered to us
        """They are hung up on."""
        self._leg.tell(PhoneReleased())

    def hang_up(self, reason: str) -> None:  # noqa: ARG002 - a BYE says enough
        """The leg ends, and with it its call."""
        self._leg.tell(PhoneReleased())

    def release(self) -> None:
        """The leg releases what it holds by itself."""


class CallBacks:
    """The customers who are being called now, by reservation.

    `run_leg` runs a leg that is dialled, `holds` says whether a reservation still stands, `answered` begins a call,
    `runner_of` finds it by its interaction.
    """

    def __init__(
        self,
        ports: VoicePorts,
        tasks: Tasks,
        run_leg: Callable[[DialledLeg], None],
        holds: Callable[[str], bool],
        answered: Callable[[CalledBack], object],
        runner_of: Callable[[str], CallRunner | None],
    ) -> None:
        self._ports = ports
        self._tasks = tasks
        self._run_leg = run_leg
        self._holds = holds
        self._answered = answered
        self._runner_of = runner_of
        self._ringing: dict[str, CalledBack] = {}

    def begin(self, promise: Promise) -> None:
        """Rings the customer; not again for an agent whose leg came back meanwhile."""
        if promise.reservation_id in self._ringing:
            return
        self._tasks.spawn(self._begin(promise), f"callback:{promise.reservation_id}")

    async def _begin(self, promise: Promise) -> None:
        number, lines = await self._ports.contexts.number(promise.interaction_id), self._ports.lines
        if not self._holds(promise.reservation_id):
            return  # given up meanwhile
        if lines is None or not lines.allows(number):
            reason = "number_not_allowed" if number else "no_way_to_call"
            failed = facts.CallbackFailed(promise.reservation_id, reason)
            self._ports.router.tell(failed, promise.work_id)
            return
        taken = await self._taken_up(promise.work_id)
        if not taken or not self._holds(promise.reservation_id) or promise.reservation_id in self._ringing:
            return
        leg = CalledBack(promise, number, self._ports, lines, self._taken, lambda reason: self._left(promise, reason))
        self._ringing[promise.reservation_id] = leg
        self._run_leg(leg)

    async def _taken_up(self, work_id: str) -> bool:
        """Whoever calls has the item: where they are lost with the call, the router has to know whose it was."""
        try:
            return await self._ports.router.take_up(work_id)
        except RoutingEndedError:
            return False

    def give_up(self, reservation_id: str) -> bool:
        """The agent does not want to wait until the customer answers. False when nobody is being called."""
        leg = self._ringing.pop(reservation_id, None)
        if leg is not None:
            leg.tell(PhoneLeft())
        return leg is not None

    def release(self, reservation_id: str) -> None:
        """The router is done with it, reached or not."""
        leg = self._ringing.pop(reservation_id, None)
        if leg is not None:
            leg.tell(PhoneReleased())

    def _taken(self, leg: CalledBack) -> None:
        if self._ringing.pop(leg.promise.reservation_id, None) is not None:
            self._answered(leg)
        else:
            leg.tell(PhoneReleased())  # given up in the very moment in which they answered

    def _left(self, promise: Promise, reason: str) -> None:
        runner = self._runner_of(promise.interaction_id)
        if runner is not None:
            runner.tell(CallerLeft(reason))
