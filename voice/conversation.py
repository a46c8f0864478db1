"""The machine of one conversation: who is in it, who comes, and who put whom on hold. Pure.

It knows no rooms and no sound: `voice.call` makes those from where the parties stand (`where`, `voice.floor.gains`).
One rule serves every transfer: who leaves a conversation leaves it to those who are in it, or who are coming.
"""

from enum import StrEnum
from typing import assert_never

from router.vocabulary import EndedBy
from voice.events import (
    AgentLegLost,
    AgentReady,
    CallCommand,
    CancelWork,
    DialNumber,
    DropNumber,
    EndAssignment,
    EnterQueue,
    GiveBack,
    LeaveQueue,
    Note,
    NumberGone,
    NumberReady,
    Parted,
    PartyEvent,
    ReleaseDirection,
    Requeued,
)
from voice.listeners import Listeners
from voice.party import CUSTOMER, Party, PartyCause, PartyKind, PartyState, PartyView

TAKE_OVER_PRIORITY = 1_000_000
_SPEAKS = (PartyState.HERE, PartyState.AWAY, PartyState.HELD)
Commands = list[CallCommand]


class Where(StrEnum):
    """Where that leaves the customer."""

    TALKING = "talking"
    HELD = "held"
    LOST = "lost"
    WAITING = "waiting"
    ALONE = "alone"


class Conversation:
    """`handle` and `expire` move the parties and return what others must do about it. Times in microseconds."""

    def __init__(self, interaction_id: str, leg_id: str, first_work: str = "") -> None:
        """`first_work`: the item by which the call came from another shard; those after it have other names."""
        self.grace_us = 15_000_000
        self.requirements: tuple[tuple[str, int], ...] = ()
        self.priority = 0
        self.attributes: tuple[tuple[str, str], ...] = ()
        self.served = False
        self.listeners = Listeners()
        self.last_queue = ""
        self._interaction_id = interaction_id
        _, _, number = first_work.removeprefix(interaction_id).rpartition("-")
        self._works = int(number) - 1 if number else 0
        self.customer = Party(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE, leg_id)
        # The customer first, from beginning to end.
        self.parties: dict[str, Party] = {CUSTOMER: self.customer}

    # --- what the call looks at ---------------------------------------------------------------------------------

    @property
    def others(self) -> list[Party]:
        """Everybody but the customer: agents and numbers, in the order in which they were asked for."""
        return list(self.parties.values())[1:]

    @property
    def where(self) -> Where:
        """What follows for the customer from where the parties stand."""
        if self.customer.state is PartyState.HELD:
            return Where.HELD
        states = [party.state for party in self.others]
        if PartyState.HERE in states:
            return Where.TALKING
        if PartyState.AWAY in states:
            return Where.LOST
        return Where.WAITING if PartyState.COMING in states else Where.ALONE

    @property
    def awaited(self) -> Party | None:
        """The agent who comes next."""
        for party in self.parties.values():
            if party.state is PartyState.COMING and party.kind is PartyKind.AGENT:
                return party
        return None

    @property
    def agents(self) -> list[Party]:
        """Agents alone."""
        return [party for party in self.parties.values() if party.kind is PartyKind.AGENT]

    @property
    def expects_somebody(self) -> bool:
        """Whether an agent or a number is coming."""
        return any(party.state is PartyState.COMING for party in self.others)

    @property
    def speaker(self) -> Party | None:
        """The agent who speaks with the customer, or comes back to them: the first of them."""
        for party in self.parties.values():
            if party.kind is PartyKind.AGENT and party.state in _SPEAKS:
                return party
        return None

    def views(self) -> tuple[PartyView, ...]:
        """All parties, for the agents' pages, and behind them who listens."""
        listeners = (listener.view() for listener in self.listeners.all.values())
        return (*(party.view() for party in self.parties.values()), *listeners)

    def next_deadline(self) -> int | None:
        """When a lost leg counts as gone for good."""
        due: int | None = None
        for party in self.parties.values():
            until = party.away_until
            if until is not None and (due is None or until < due):
                due = until
        return due

    # --- what happens -------------------------------------------------------------------------------------------

    def expect(self, queue: str, directed: str = "", *, takes_over: bool = False) -> EnterQueue:
        """A work item of this call is queued: somebody will come by it."""
        self._works += 1
        work_id = self._interaction_id if self._works == 1 else f"{self._interaction_id}-{self._works}"
        self.last_queue = queue
        party = Party(work_id, PartyKind.AGENT, queue=queue, directed=directed, takes_over=takes_over)
        self.parties[work_id] = party
        # Nobody's work comes before that of a supervisor who steps in.
        priority = TAKE_OVER_PRIORITY if takes_over else self.priority
        return EnterQueue(work_id, queue, self.requirements, priority, directed, self.attributes)

    def call_number(self, number: str) -> DialNumber:
        """A number is called, and comes."""
        self._works += 1
        party_id = f"number:{self._interaction_id}-{self._works}"
        self.parties[party_id] = Party(party_id, PartyKind.NUMBER, number=number)
        return DialNumber(party_id, number)

    def handle(self, event: PartyEvent, now: int) -> Commands:
        """The router or an agent's leg did something; what people ask is in voice.steering."""
        match event:
            case AgentReady():
                return self._ready(event)
            case AgentLegLost(work_id):
                return self._lost(work_id, now)
            case Requeued(work_id, queue):
                return self._requeued(work_id, queue)
            case Parted(work_id, _):
                return self.leave(work_id)
            case NumberReady(party_id, leg_id):
                return self._number_ready(party_id, leg_id)
            case NumberGone(party_id, reason):
                return self._number_gone(party_id, reason)
            case _:
                assert_never(event)

    def expire(self, now: int) -> Commands:
        """Whose leg did not come back: the others go on without them, or the customer is given back."""
        done: Commands = []
        for party in self.others:
            if party.away_until is None or party.away_until > now:
                continue
            party.away_until = None
            if self._goes_on_without(party):
                done.append(EndAssignment(party.reservation_id, EndedBy.SYSTEM, "agent_leg_lost"))
                done += self.leave(party.party_id)
            else:
                done.append(GiveBack(party.reservation_id, "agent_leg_lost"))
        return done

    def end(self) -> Commands:
        """The customer left: every work item that is open is told."""
        done: Commands = []
        talking = any(party.state is not PartyState.COMING for party in self.others)
        for party in self.others:
            if party.kind is PartyKind.NUMBER:
                done += self.send_away(party)
                continue
            # Nobody was kept waiting by a colleague who had not come yet: that is no abandoned queue.
            consult = talking and party.state is PartyState.COMING
            done.append(CancelWork(party.party_id, "") if consult else LeaveQueue(party.party_id))
            del self.parties[party.party_id]
        return done

    def close(self) -> Commands:
        """An agent sends the customer away: all who are in the conversation are done."""
        done: Commands = []
        for party in self.others:
            done += self.send_away(party)
        return done

    def send_away(
        self, party: Party, by: str = "", reason: str = "dropped", ended: EndedBy = EndedBy.AGENT
    ) -> Commands:
        """They are no party any more, whether they are here or still coming; `by` is the agent who wants it."""
        done: CallCommand
        if party.kind is PartyKind.NUMBER:
            done = DropNumber(party.party_id)
        elif party.state is PartyState.COMING:
            done = CancelWork(party.party_id, by)
        else:
            done = EndAssignment(party.reservation_id, ended, reason)
        return [done, *self.leave(party.party_id)]

    # --- the agents' sides --------------------------------------------------------------------------------------

    def _ready(self, event: AgentReady) -> Commands:
        party = self.parties.get(event.work_id)
        if party is None or (party.state is not PartyState.COMING and party.reservation_id != event.reservation_id):
            return []
        back = party.state is PartyState.AWAY
        party.leg_id, party.agent_id, party.reservation_id = event.leg_id, event.agent_id, event.reservation_id
        if not party.there:
            # Whom a colleague put on hold does not come back into the middle of the conversation.
            party.move(PartyCause.HOLD if back and party.held_by in self.parties else PartyCause.ARRIVE)
        party.away_until = None
        self.served = True
        taken = self._take_over(party) if party.takes_over else []
        return [*taken, Note("agent_leg_back")] if back else taken

    def _take_over(self, by: Party) -> Commands:
        """The supervisor is there: everybody else's part ends."""
        by.takes_over = False
        done: Commands = []
        for party in self.others:
            if party is not by and party.kind is PartyKind.AGENT:
                done += self.send_away(party, by.agent_id, "taken_over", EndedBy.SYSTEM)
        self.resume_all()
        return [*done, Note("taken_over", (("by", by.agent_id),))]

    def _lost(self, work_id: str, now: int) -> Commands:
        party = self.parties.get(work_id)
        if party is None or not party.there:
            return []
        party.move(PartyCause.LOSE)
        party.away_until = now + self.grace_us
        # With nobody else there a hold does not outlive the leg: whoever comes back is joined at once.
        if not self._goes_on_without(party):
            self.resume_all(party.party_id)
        return [Note("agent_leg_lost")]

    def _requeued(self, work_id: str, queue: str) -> Commands:
        party = self.parties.get(work_id)
        if party is None:
            return []
        if queue != party.queue:
            party.directed = ""
        party.queue = queue
        missed = party.state is PartyState.COMING and party.directed != ""
        consult = self._goes_on_without(party)
        if party.state is not PartyState.COMING:
            party.move(PartyCause.RETURN)
            party.leg_id = party.reservation_id = party.agent_id = party.held_by = ""
            party.connected, party.muted, party.away_until = False, False, None
            self.resume_all(party.party_id)
            missed = consult
        if missed and consult:
            return [CancelWork(work_id, ""), *self.leave(work_id)]
        if missed:
            party.directed = ""
            return [ReleaseDirection(work_id)]
        return []

    def _number_ready(self, party_id: str, leg_id: str) -> Commands:
        party = self.parties.get(party_id)
        if party is None or party.state is not PartyState.COMING:
            return []
        party.leg_id = leg_id
        party.move(PartyCause.ARRIVE)
        return [Note("number_joined")]

    def _number_gone(self, party_id: str, reason: str) -> Commands:
        party = self.parties.get(party_id)
        if party is None:
            return []
        came = party.state is not PartyState.COMING
        note = Note("number_gone", (("reason", reason),))
        done = self.leave(party_id)
        if came or self.others:
            return [note, *done]
        # The customer waited for this number alone: somebody else has to help them.
        return [note, *done, self.expect(self.last_queue)]

    def leave(self, party_id: str) -> Commands:
        """Somebody is no party any more; whom they had put on hold is off hold."""
        party = self.parties.pop(party_id, None)
        if party is None:
            return []
        party.move(PartyCause.LEAVE)
        self.resume_all(party_id)
        return []

    def _goes_on_without(self, party: Party) -> bool:
        """Whether somebody else is in the conversation beside the customer and this party."""
        return any(other.there for other in self.others if other is not party)

    def resume_all(self, holder: str | None = None) -> None:
        """Nobody is on hold any more, or nobody whom `holder` had put there."""
        for party in self.parties.values():
            if holder is None or party.held_by == holder:
                party.held_by = ""
                if party.state is PartyState.HELD:
                    party.move(PartyCause.RESUME)

    @staticmethod
    def put(party: Party, by: Party, *, on: bool) -> None:
        """On hold, or back."""
        if on and party.state is PartyState.HERE:
            party.move(PartyCause.HOLD)
            party.held_by = by.party_id
        elif not on and party.state is PartyState.HELD:
            party.move(PartyCause.RESUME)
            party.held_by = ""
