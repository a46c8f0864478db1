"""Supervisors who listen to a conversation: heard by nobody, by one agent, or by everybody. Pure.

They are no parties: the customer is never left to them, and nobody is on hold because of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from voice.party import Party, PartyKind, PartyState, PartyView


class ListenMode(StrEnum):
    """Who hears the supervisor."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


@dataclass(frozen=True, slots=True)
class Listener:
    """`beside` is the party of the agent to whom they whisper, and with whom they stay."""

    agent_id: str
    leg_id: str
    mode: ListenMode
    beside: str

    def view(self) -> PartyView:
        """What may be shown of them."""
        return PartyView(
            f"supervisor:{self.agent_id}",
            PartyKind.SUPERVISOR,
            PartyState.HERE,
            self.agent_id,
            mode=self.mode.value,
            beside=self.beside,
        )


class Listeners:
    """The supervisors in one conversation, by their agent's name."""

    def __init__(self) -> None:
        self.all: dict[str, Listener] = {}

    def add(self, listener: Listener) -> None:
        """Begin to listen, or go on in another way."""
        self.all[listener.agent_id] = listener

    def remove(self, agent_id: str) -> bool:
        """They stop; False when they did not listen."""
        return self.all.pop(agent_id, None) is not None

    def follow(self, parties: Mapping[str, Party]) -> None:
        """After a change: they stay with another agent when theirs has left, and go when none is in the call."""
        agents = [
            p.party_id for p in parties.values() if p.kind is PartyKind.AGENT and p.state is not PartyState.COMING
        ]
        for listener in list(self.all.values()):
            joined = any(party.agent_id == listener.agent_id and party.leg_id for party in parties.values())
            if joined or not agents:
                del self.all[listener.agent_id]  # one leg is in a conversation once
            elif listener.beside not in agents:
                self.all[listener.agent_id] = Listener(listener.agent_id, listener.leg_id, listener.mode, agents[0])
