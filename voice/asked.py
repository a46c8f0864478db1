"""What agents and supervisors ask of a conversation: pure data. `by` names the asking agent's party (work item)."""

from msgspec import Struct

from voice.listeners import ListenMode


class HoldAsked(Struct, frozen=True, gc=False):
    """Put the customer on hold, or take them back."""

    by: str
    on: bool


class MuteAsked(Struct, frozen=True, gc=False):
    """Let nobody hear this agent, or everybody again."""

    by: str
    on: bool


class AgentTarget(Struct, frozen=True, gc=False):
    """A named agent."""

    agent_id: str


class QueueTarget(Struct, frozen=True, gc=False):
    """Whoever takes it out of this queue."""

    queue: str


class NumberTarget(Struct, frozen=True, gc=False):
    """A telephone number, through a trunk."""

    number: str


Target = AgentTarget | QueueTarget | NumberTarget


class TransferAsked(Struct, frozen=True, gc=False):
    """Hand the customer on; `warm`: speak with the target first while the customer is on hold."""

    by: str
    target: Target
    warm: bool


class CompleteAsked(Struct, frozen=True, gc=False):
    """Leave the conversation to the others in it, or to who is coming."""

    by: str


class SwapAsked(Struct, frozen=True, gc=False):
    """Speak with the one on hold, and put the other on hold."""

    by: str


class ConferenceAsked(Struct, frozen=True, gc=False):
    """Let everybody hear everybody."""

    by: str


class DropAsked(Struct, frozen=True, gc=False):
    """Send one party away, or call one back who is still coming."""

    by: str
    party_id: str


class PauseAsked(Struct, frozen=True, gc=False):
    """Keep what is said from now on out of the recording (card numbers), or go on recording."""

    by: str
    on: bool


class ListenAsked(Struct, frozen=True, gc=False):
    """A supervisor (by their agent's name and leg) listens from now on, in this way; `beside` names an agent."""

    agent_id: str
    leg_id: str
    mode: ListenMode
    beside: str = ""


class ListenEnded(Struct, frozen=True, gc=False):
    """The supervisor does not listen any more, or their leg is gone."""

    agent_id: str


class TakeOverAsked(Struct, frozen=True, gc=False):
    """A supervisor takes the customer over from whoever speaks with them."""

    agent_id: str


class PauseOrdered(Struct, frozen=True, gc=False):
    """The same by a program (a payment page) or a supervisor, from outside; `by` and `name` are their account."""

    name: str
    on: bool
    program: bool

    @property
    def by(self) -> str:
        """Who wants it."""
        return self.name


# What moves parties or changes who hears whom (voice.steering); the rest is about the recording.
MoveAsked = HoldAsked | MuteAsked | TransferAsked | CompleteAsked | SwapAsked | ConferenceAsked | DropAsked
ListeningAsked = ListenAsked | ListenEnded | TakeOverAsked
Asked = MoveAsked | PauseAsked
SupervisorAsked = ListeningAsked | PauseOrdered
