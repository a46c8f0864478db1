"""The machine of one conversation: who is in it, who comes, and who put whom on hold. Pure.

It knows no rooms and no sound: `voice.call` makes those from where the parties stand (`where`, `voice.floor.gains`).
One rule serves every transfer: who leaves a conversation leaves it to those who are in it, or who are coming.
"""

from enum import StrEnum
from typing import assert_never

from router.vocabulary import EndedBy
from voice.asked import (
    AgentTarget,
    Asked,
    CompleteAsked,
    ConferenceAsked,
    DropAsked,
    HoldAsked,
    MuteAsked,
    QueueTarget,
    SwapAsked,
    Target,
    TransferAsked,
)
from voice.events import (
    AgentLegLost,
    AgentReady,
    CallCommand,
    CancelWork,
    ConversationEvent,
    Deny,
    EndAssignment,
    EnterQueue,
    GiveBack,
    LeaveQueue,
    Note,
    Parted,
    ReleaseDirection,
    Requeued,
)
from voice.party import CUSTOMER, Party, PartyCause, PartyKind, PartyState, PartyView

MAX_PARTIES = 6
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

    def __init__(self, interaction_id: str, leg_id: str) -> None:
        self.grace_us = 15_000_000
        self.requirements: tuple[tuple[str, int], ...] = ()
        self.priority = 0
        self.served = False
        self._interaction_id = interaction_id
        self._works = 0
        customer = Party(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE, leg_id)
        self.parties: dict[str, Party] = {CUSTOMER: customer}

    # --- what the call looks at ---------------------------------------------------------------------------------

    @property
    def customer(self) -> Party:
        """The customer's party."""
        return self.parties[CUSTOMER]

    @property
    def others(self) -> list[Party]:
        """Everybody but the customer, in the order in which they were asked for."""
        return [party for party in self.parties.values() if party.kind is not PartyKind.CUSTOMER]

    @property
    def where(self) -> Where:
        """What follows for the customer from where the parties stand."""
        states = {party.state for party in self.others}
        if self.customer.state is PartyState.HELD:
            return Where.HELD
        if PartyState.HERE in states:
            return Where.TALKING
        if PartyState.AWAY in states:
            return Where.LOST
        return Where.WAITING if PartyState.COMING in states else Where.ALONE

    @property
    def awaited(self) -> Party | None:
        """Who comes next."""
        return next((party for party in self.others if party.state is PartyState.COMING), None)

    @property
    def speaker(self) -> Party | None:
        """The agent who speaks with the customer, or comes back to them: the first of them."""
        there = (PartyState.HERE, PartyState.AWAY, PartyState.HELD)
        return next((party for party in self.others if party.state in there), None)

    def views(self) -> tuple[PartyView, ...]:
        """All parties, for the agents' pages."""
        return tuple(party.view() for party in self.parties.values())

    def next_deadline(self) -> int | None:
        """When a lost leg counts as gone for good."""
        return min((p.away_until for p in self.others if p.away_until is not None), default=None)

    # --- what happens -------------------------------------------------------------------------------------------

    def expect(self, queue: str, directed: str = "") -> EnterQueue:
        """A work item of this call is queued: somebody will come by it."""
        self._works += 1
        work_id = self._interaction_id if self._works == 1 else f"{self._interaction_id}-{self._works}"
        self.parties[work_id] = Party(work_id, PartyKind.AGENT, queue=queue, directed=directed)
        return EnterQueue(work_id, queue, self.requirements, self.priority, directed)

    def handle(self, event: ConversationEvent, now: int) -> Commands:
        """An agent or the router did something."""
        match event:
            case AgentReady():
                return self._ready(event)
            case AgentLegLost(work_id):
                return self._lost(work_id, now)
            case Requeued(work_id, queue):
                return self._requeued(work_id, queue)
            case Parted(work_id, _):
                return self._leave(work_id)
            case _:
                return self._asked(event)

    def expire(self, now: int) -> Commands:
        """Whose leg did not come back: the others go on without them, or the customer is given back."""
        done: Commands = []
        for party in self.others:
            if party.away_until is None or party.away_until > now:
                continue
            party.away_until = None
            if self._goes_on_without(party):
                done.append(EndAssignment(party.reservation_id, EndedBy.SYSTEM, "agent_leg_lost"))
                done += self._leave(party.party_id)
            else:
                done.append(GiveBack(party.reservation_id, "agent_leg_lost"))
        return done

    def end(self) -> Commands:
        """The customer left: every work item that is open is told."""
        done: Commands = []
        talking = any(party.state is not PartyState.COMING for party in self.others)
        for party in self.others:
            # Nobody was kept waiting by a colleague who had not come yet: that is no abandoned queue.
            consult = talking and party.state is PartyState.COMING
            done.append(CancelWork(party.party_id, "") if consult else LeaveQueue(party.party_id))
            del self.parties[party.party_id]
        return done

    def close(self) -> Commands:
        """An agent sends the customer away: all who are in the conversation are done."""
        done: Commands = []
        for party in self.others:
            done.append(
                CancelWork(party.party_id, "")
                if party.state is PartyState.COMING
                else EndAssignment(party.reservation_id, EndedBy.AGENT, "dropped")
            )
            del self.parties[party.party_id]
        return done

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
        return [Note("agent_leg_back")] if back else []

    def _lost(self, work_id: str, now: int) -> Commands:
        party = self.parties.get(work_id)
        if party is None or not party.there:
            return []
        party.move(PartyCause.LOSE)
        party.away_until = now + self.grace_us
        # With nobody else there a hold does not outlive the leg: whoever comes back is joined at once.
        if not self._goes_on_without(party):
            self._resume_all(party.party_id)
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
            self._resume_all(party.party_id)
            missed = consult
        if missed and consult:
            return [CancelWork(work_id, ""), *self._leave(work_id)]
        if missed:
            party.directed = ""
            return [ReleaseDirection(work_id)]
        return []

    def _leave(self, party_id: str) -> Commands:
        party = self.parties.pop(party_id, None)
        if party is None:
            return []
        party.move(PartyCause.LEAVE)
        self._resume_all(party_id)
        return []

    def _goes_on_without(self, party: Party) -> bool:
        """Whether somebody else is in the conversation beside the customer and this party."""
        return any(other.there for other in self.others if other is not party)

    def _resume_all(self, holder: str | None = None) -> None:
        """Nobody is on hold any more, or nobody whom `holder` had put there."""
        for party in self.parties.values():
            if holder is None or party.held_by == holder:
                party.held_by = ""
                if party.state is PartyState.HELD:
                    party.move(PartyCause.RESUME)

    # --- what agents ask ----------------------------------------------------------------------------------------

    def _asked(self, event: Asked) -> Commands:
        by = self.parties.get(event.by)
        if by is None or not by.there:
            return [Deny("not_connected", "you are not in this conversation")]
        match event:
            case HoldAsked(_, on):
                return self._hold(by, on=on)
            case MuteAsked(_, on):
                by.muted = on
                return []
            case TransferAsked(_, target, warm):
                return self._transfer(by, target, warm=warm)
            case CompleteAsked():
                return self._complete(by)
            case SwapAsked():
                return self._swap(by)
            case ConferenceAsked():
                return self._conference(by)
            case DropAsked(_, party_id):
                return self._drop(by, party_id)
            case _:
                assert_never(event)

    def _hold(self, by: Party, *, on: bool) -> Commands:
        customer = self.customer
        if on is (customer.state is PartyState.HELD):
            return []
        self._put(customer, by, on=on)
        return [Note("held" if on else "resumed")]

    @staticmethod
    def _put(party: Party, by: Party, *, on: bool) -> None:
        """On hold, or back."""
        if on and party.state is PartyState.HERE:
            party.move(PartyCause.HOLD)
            party.held_by = by.party_id
        elif not on and party.state is PartyState.HELD:
            party.move(PartyCause.RESUME)
            party.held_by = ""

    def _transfer(self, by: Party, target: Target, *, warm: bool) -> Commands:
        if len(self.parties) >= MAX_PARTIES:
            return [Deny("too_many", f"a conversation has {MAX_PARTIES} parties at most")]
        match target:
            case AgentTarget(agent_id):
                if any(agent_id in (party.agent_id, party.directed) for party in self.others):
                    return [Deny("already_here", f"{agent_id} is in this conversation, or coming")]
                enter = self.expect(by.queue, agent_id)
                told = ("agent", agent_id)
            case QueueTarget(queue):
                enter = self.expect(queue)
                told = ("queue", queue)
            case _:
                assert_never(target)
        note = Note("transfer_asked", (("by", by.agent_id), told, ("warm", "yes" if warm else "no")))
        if not warm:
            return [enter, note, *self._hand_on(by)]
        held = self._hold(by, on=True) if self.customer.state is PartyState.HERE else []
        return [*held, enter, note]

    def _hand_on(self, by: Party) -> Commands:
        return [EndAssignment(by.reservation_id, EndedBy.AGENT, "transferred"), *self._leave(by.party_id)]

    def _complete(self, by: Party) -> Commands:
        if len(self.others) == 1:
            return [Deny("nobody_else", "there is nobody to leave the customer to")]
        return [Note("transfer_completed", (("by", by.agent_id),)), *self._hand_on(by)]

    def _swap(self, by: Party) -> Commands:
        others = [party for party in self.others if party is not by and party.there]
        if not others:
            return [Deny("nobody_else", "there is nobody to swap with")]
        to_customer = self.customer.state is PartyState.HELD
        self._put(self.customer, by, on=not to_customer)
        for party in others:
            self._put(party, by, on=to_customer)
        return [Note("swapped", (("by", by.agent_id),))]

    def _conference(self, by: Party) -> Commands:
        if not any(party.there for party in self.others if party is not by):
            return [Deny("nobody_else", "there is nobody to confer with")]
        self._resume_all()
        return [Note("conference", (("by", by.agent_id),))]

    def _drop(self, by: Party, party_id: str) -> Commands:
        party = self.parties.get(party_id)
        if party is None or party is by:
            return [Deny("unknown_party", "there is no such party; leave by hanging up")]
        if party.kind is PartyKind.CUSTOMER:
            return self.close()
        ended: CallCommand = (
            CancelWork(party_id, by.agent_id)
            if party.state is PartyState.COMING
            else EndAssignment(party.reservation_id, EndedBy.AGENT, "dropped")
        )
        note = Note("dropped", (("agent", party.agent_id or party.directed), ("by", by.agent_id)))
        return [ended, note, *self._leave(party_id)]
