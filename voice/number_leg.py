"""A number that an agent calls into a conversation, through a trunk."""

from collections.abc import Callable

from voice.events import NumberGone, NumberReady
from voice.neighbours import VoicePorts
from voice.phone import BUSY, DECLINE, DialledLeg
from voice.ports import Lines

TellCall = Callable[[NumberReady | NumberGone], None]


class NumberLeg(DialledLeg):
    """`call` is the party's name in its conversation; what becomes of it is told there."""

    def __init__(
        self, call: str, interaction_id: str, number: str, ports: VoicePorts, lines: Lines, told: TellCall
    ) -> None:
        super().__init__(call, interaction_id, ports)
        self._number = number
        self._lines = lines
        self._told = told

    def _place(self, sdp: bytes) -> None:
        self._lines.dial(self.call, self._number, sdp)

    async def _taken(self) -> bool:
        self._told(NumberReady(self.call, self.leg_id))
        return True

    def _refused(self, code: int, reason: str, *, rang: bool) -> None:  # noqa: ARG002 - logged already
        words = {BUSY: "busy", DECLINE: "declined", 408: "no_answer", 480: "no_answer", 404: "unknown_number"}
        self._told(NumberGone(self.call, words.get(code, f"sip_{code}")))

    def _gone(self, *, answered: bool) -> None:
        self._told(NumberGone(self.call, "hung_up" if answered else "no_answer"))

    def _broken(self, reason: str, *, answered: bool) -> None:  # noqa: ARG002 - either way they are gone
        self._told(NumberGone(self.call, reason))
