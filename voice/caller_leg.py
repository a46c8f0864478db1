"""The caller's side of a call: what a call asks of it, whatever carries its signalling."""

from dataclasses import dataclass
from typing import Protocol

from voice.call_table import CallState


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another node for a caller: host:port of its SIP, where its pages are, and the word (or entry) to call there.

    `sip` "" is for phones that are not to be sent there.
    """

    sip: str
    pages: str
    word: str


class CallerLeg(Protocol):
    """One caller's signalling and the negotiation of their media leg. Only `answer` waits; all else returns at once."""

    @property
    def call(self) -> str:
        """Names the signalling; unique on this node."""
        ...

    @property
    def is_shown(self) -> bool:
        """Whether the caller sees where their call is; `moved` need not be told else."""
        ...

    async def answer(self, leg_id: str) -> bool:
        """Opens the media leg, answers, and waits until sound may begin. False: the caller did not stay that long.

        Raises SdpRefusedError or MediaUnavailableError; the runner then refuses the call and closes the leg.
        """
        ...

    def media_up(self) -> None:
        """The engine says that the leg's media path is there."""
        ...

    def gone(self) -> None:
        """The caller left, or the call is over: `answer` need not wait any longer."""
        ...

    def moved(self, state: CallState, agent_id: str | None, work_id: str | None) -> None:
        """Where the call is now: whom the caller speaks with, and by which work item somebody comes to them.

        Repeats are possible.
        """
        ...

    def shown(self, state: CallState, agent: str) -> None:
        """Where the call is while a node of another shard has it; `agent` is the display name of whom they hear."""
        ...

    def move(self, there: Elsewhere) -> bool:
        """Asks the caller to call another node instead; the call goes on. False: nobody can be asked."""
        ...

    def redirect(self, there: Elsewhere) -> bool:
        """Refuses a call that was not answered yet, and says where it may be made again. False: it cannot be."""
        ...

    def refuse(self, code: int, reason: str) -> None:
        """A final answer (SIP's codes); the call ends when it has been answered already."""
        ...

    def hang_up(self, reason: str) -> None:
        """The call is over; idempotent, the first reason stands."""
        ...

    def release(self) -> None:
        """Nothing of this call is needed any more."""
        ...
