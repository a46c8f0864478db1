"""Numbers that agents call into their conversations, through the site's trunks."""

from collections.abc import Callable, Mapping

from voice.events import NumberGone
from voice.neighbours import VoicePorts
from voice.number_leg import NumberLeg
from voice.phone import DialledLeg, PhoneReleased
from voice.runner import CallRunner


class NumberCalls:
    """Implements the runner's `Numbers`. `legs` are those that `run_leg` runs, `runner_of` finds a call."""

    def __init__(
        self,
        ports: VoicePorts,
        run_leg: Callable[[DialledLeg], None],
        legs: Mapping[str, DialledLeg],
        runner_of: Callable[[str], CallRunner | None],
    ) -> None:
        self._ports = ports
        self._run_leg = run_leg
        self._legs = legs
        self._runner_of = runner_of

    def may_dial(self, number: str) -> bool:
        """Whether the site lets agents call this number."""
        return self._ports.lines is not None and self._ports.lines.allows(number)

    def dial(self, interaction_id: str, party_id: str, number: str) -> None:
        """Calls a number into a conversation."""
        runner, lines = self._runner_of(interaction_id), self._ports.lines
        if runner is not None and lines is not None:
            self._run_leg(NumberLeg(party_id, interaction_id, number, self._ports, lines, runner.tell))
        elif runner is not None:
            runner.tell(NumberGone(party_id, "no_trunk"))

    def drop(self, party_id: str) -> None:
        """Hangs up on that number."""
        if leg := self._legs.get(party_id):
            leg.tell(PhoneReleased())
