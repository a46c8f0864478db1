"""What follows from where the parties stand: who hears whom, which sounds play to agents, what their pages show. Pure.

It remembers what it asked for last, and asks for changes alone.
"""

from voice import floor
from voice.call_table import CallState
from voice.conversation import Conversation
from voice.events import CallCommand, SetRoom, ShowParties, TellHold
from voice.party import PartyState, PartyView
from voice.tones import Tones
from voice.waiting import WaitSound

RINGING = "tone/ringback"


class Stage:
    """One call's. `waiting` knows the music of the queue that the call is in."""

    def __init__(self, conversation: Conversation, waiting: WaitSound, tones: Tones) -> None:
        self._conversation = conversation
        self._waiting = waiting
        self._tones = tones
        self._room: floor.Gains = {}
        self._shown: tuple[PartyView, ...] = ()
        self._told_held: set[str] = set()

    def all(self) -> list[CallCommand]:
        """Rooms, sounds and pages."""
        return [*self.rooms(), *self.sounds(), *self.show()]

    def clear(self) -> list[CallCommand]:
        """The call is over: no sounds, and nobody is shown in it."""
        shown: list[CallCommand] = [ShowParties(())] if self._shown else []
        self._shown = ()
        return [*self._tones.follow({}), *shown]

    def rooms(self) -> list[CallCommand]:
        """The matrix, when it has changed or an agent is heard for the first time."""
        conversation = self._conversation
        room = floor.gains(conversation.parties, conversation.listeners.all.values())
        fresh = [
            party
            for party in conversation.parties.values()
            if party.reservation_id and party.there and not party.connected
        ]
        for party in fresh:
            party.connected = True
        if room == self._room and not fresh:
            return []
        self._room = room
        return [SetRoom(room, tuple(party.reservation_id for party in fresh))]

    def aside(self, leg_id: str) -> list[CallCommand]:
        """The customer and a leg that is no party's hear each other, and nobody else is there."""
        own = self._conversation.customer.leg_id
        self._room = {(own, leg_id): 1.0, (leg_id, own): 1.0}
        return [SetRoom(self._room)]

    def customer_sound(self, before: CallState, after: CallState, language: str, now: int) -> list[CallCommand]:
        """Music and announcements for a customer with whom nobody speaks."""
        waiting = self._waiting
        if after is CallState.JOINED:
            return waiting.stop() if before is not CallState.JOINED else []
        awaited = self._conversation.awaited
        moved = False
        if after is CallState.QUEUED and awaited is not None:
            moved = waiting.enter(awaited.queue, now)
            if not moved and before is not CallState.QUEUED:
                waiting.wait_again(now)
        return waiting.start(language) if moved or before is not after else []

    def sounds(self) -> list[CallCommand]:
        """Music for a colleague on hold, a ringing tone for an agent who is alone until somebody comes."""
        parties = self._conversation.parties.values()
        here = [party for party in parties if party.state is PartyState.HERE]
        wanted: dict[str, str] = {}
        for party in self._conversation.others:
            if party.state is PartyState.HELD:
                wanted[party.leg_id] = self._waiting.plan.music
            elif here == [party] and self._conversation.expects_somebody:
                wanted[party.leg_id] = RINGING
        return self._tones.follow(wanted)

    def show(self) -> list[CallCommand]:
        """Who is held, and who is in the call."""
        conversation, done = self._conversation, list[CallCommand]()
        held = conversation.customer.state is PartyState.HELD
        there = {party.reservation_id: party.agent_id for party in conversation.agents if party.reservation_id}
        for reservation_id, agent_id in there.items():
            if held is not (reservation_id in self._told_held):
                done.append(TellHold(agent_id, reservation_id, held))
        self._told_held = set(there) if held else set()
        views = conversation.views() if conversation.speaker is not None else ()
        if views != self._shown:
            self._shown = views
            done.append(ShowParties(views))
        return done
