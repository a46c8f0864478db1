"""What agents and supervisors ask of a conversation: pure data. `by` names the asking agent's party (work item)."""

from dataclasses import dataclass

from voice.listeners import ListenMode


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """Put the customer on hold, or take them back."""

    by: str
    on: bool


@dataclass(frozen=True, slots=True)
class MuteAsked:
    """Let nobody hear this agent, or everybody again."""

    by: str
    on: bool


@dataclass(frozen=True, slots=True)
class AgentTarget:
    """A named agent."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """Whoever takes it out of this queue."""

    queue: str


@dataclass(frozen=True, slots=True)
class NumberTarget:
    """A telephone number, through a trunk."""

    number: str


Target = AgentTarget | QueueTarget | NumberTarget


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """Hand the customer on; `warm`: speak with the target first while the customer is on hold."""

    by: str
    target: Target
    warm: bool


@dataclass(frozen=True, slots=True)
class CompleteAsked:
    """Leave the conversation to the others in it, or to who is coming."""

    by: str


@dataclass(frozen=True, slots=True)
class SwapAsked:
    """Speak with the one on hold, and put the other on hold."""

    by: str


@dataclass(frozen=True, slots=True)
class ConferenceAsked:
    """Let everybody hear everybody."""

    by: str


@dataclass(frozen=True, slots=True)
class DropAsked:
    """Send one party away, or call one back who is still coming."""

    by: str
    party_id: str


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """Keep what is said from now on out of the recording (card numbers), or go on recording."""

    by: str
    on: bool


@dataclass(frozen=True, slots=True)
class ListenAsked:
    """A supervisor (by their agent's name and leg) listens from now on, in this way; `beside` names an agent."""

    agent_id: str
    leg_id: str
    mode: ListenMode
    beside: str = ""


@dataclass(frozen=True, slots=True)
class ListenEnded:
    """The supervisor does not listen any more, or their leg is gone."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class TakeOverAsked:
    """A supervisor takes the customer over from whoever speaks with them."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class PauseOrdered:
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
