"""The site's files as voice needs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivr.context import IvrContext
from ivr.flow import Flow
from ivr.machine import IvrMachine
from voice.recording import RecordingRule
from voice.waiting import WaitPlan


@dataclass(frozen=True, slots=True)
class Entry:
    """A published number or user: the channel it belongs to and the flow that answers."""

    channel: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class VoiceSite:
    """The site as calls need it. `phone_of` gives an agent's SIP user, None for an agent with a browser.

    language: in which customers are spoken to of whom nothing is known.
    flows: what a queue's rules may send a waiting caller through, by name; recordings: the rules of queues.
    """

    entries: Mapping[str, Entry]
    waits: Mapping[str, WaitPlan]
    ivr: IvrContext
    phone_of: Callable[[str], str | None]
    node: str
    new_id: Callable[[], str]
    max_calls: int = 2000
    language: str = "en"
    flows: Mapping[str, Flow] = field(default_factory=dict)
    recordings: Mapping[str, RecordingRule] = field(default_factory=dict)

    @property
    def emergencies(self) -> Mapping[str, str]:
        """The prompts that all who wait and come are told, by queue."""
        return {name: plan.emergency for name, plan in self.waits.items() if plan.emergency}

    def diversion(self, name: str, known: Mapping[str, str], language: str) -> IvrMachine | None:
        """A waiting caller's way through the flow of this name, from its beginning; None when there is none."""
        flow = self.flows.get(name)
        return None if flow is None else IvrMachine(flow, self.ivr, known, flow.spoken_to(language))
