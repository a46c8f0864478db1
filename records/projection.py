"""From journal entries to records and story steps: a pure fold, without a database and without a clock.

What a step holds is listed in docs/journal.md. A step says what became of something (commands), not only what was
asked for (events): an accept that came too late is a refusal, and leaves no step.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from records.drafts import CALLBACK, InteractionDraft, OfferDraft, RecordState, Step
from records.reasons import reason_for
from router.commands import (
    AnswerHandoff,
    CloseWork,
    Command,
    DivertWork,
    EndWrapUp,
    HandWork,
    JoinLegs,
    ParkWork,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    ShowPresence,
    StartWrapUp,
    WithdrawOffer,
)
from router.events import (
    AssignmentConnected,
    CallbackFailed,
    CustomerLeft,
    Event,
    HandoffAsked,
    InteractionClosed,
    InteractionNoted,
    InteractionOpened,
    NodeLost,
    WorkCancelled,
    WorkDirected,
    WorkMoved,
    WorkQueued,
    WorkTakenUp,
)
from router.rows import Entry
from router.vocabulary import Medium, Outcome, WithdrawReason

Detail: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Projection:
    """The rows that a batch of entries touches. Fill it with what is stored, `apply` each entry, store the result."""

    interactions: dict[str, InteractionDraft] = field(default_factory=dict)
    offers: dict[str, OfferDraft] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    _entry: Entry = field(init=False, repr=False)
    _index: int = field(init=False, default=0)

    def apply(self, entry: Entry) -> None:
        """Folds one entry in. Entries must come in the order of their sequence, each once."""
        self._entry = entry
        self._index = 0
        self._apply_event(entry.event)
        for command in entry.commands:
            self._apply_command(command)
        if isinstance(entry.event, NodeLost):
            self._lose_node(entry.event.node)

    # --- events ---------------------------------------------------------------------------------------------

    def _apply_event(self, event: Event) -> None:
        if any(isinstance(command, Refuse) for command in self._entry.commands):
            return
        match event:
            case InteractionOpened():
                self._opened(event)
            case InteractionNoted():
                self._noted(event)
            case InteractionClosed():
                self._closed(event)
            case WorkQueued():
                self._queued(event)
            case AssignmentConnected():
                self._joined(event)
            case WorkMoved() | WorkDirected():
                self._rerouted(event)
            case WorkTakenUp():
                self._taken_up(event)
            case _:
                pass  # the commands say what became of it

    def _opened(self, event: InteractionOpened) -> None:
        draft = self._interaction(event.interaction_id)
        draft.channel, draft.medium, draft.entry = event.channel, event.medium.value, event.entry
        draft.node = event.node
        self._step(draft.id, "opened", channel=event.channel, entry=event.entry, medium=event.medium.value)

    def _noted(self, event: InteractionNoted) -> None:
        draft = self._interaction(event.interaction_id)
        if event.kind == "answered" and draft.answered_at is None:
            draft.answered_at = self._entry.now
        self._step(draft.id, event.kind, **dict(event.detail))

    def _closed(self, event: InteractionClosed) -> None:
        draft = self._interaction(event.interaction_id)
        draft.customer_over = True
        draft.ended_at = self._entry.now
        # Whoever signals the call knows only that it ended; that it was cancelled says more.
        if draft.outcome != Outcome.CANCELLED.value:
            draft.outcome = event.outcome
        if draft.open_work:
            draft.state = RecordState.WRAP_UP
        self._step(draft.id, "closed", outcome=draft.outcome)
        draft.settle(self._entry.now)

    def _queued(self, event: WorkQueued) -> None:
        draft = self._interaction(event.interaction_id)
        draft.medium = draft.medium or event.medium.value
        draft.node = draft.node or event.node
        draft.queue = event.queue
        draft.open_work += 1
        self._place(draft, RecordState.WAITING)
        if draft.queued_at is None:
            draft.queued_at = self._entry.now
        requirements = [{"skill": each.skill, "minimum": each.minimum} for each in event.requirements]
        self._step(
            draft.id,
            "queued",
            work=event.work_id,
            queue=event.queue,
            priority=event.priority,
            requirements=requirements,
        )

    def _joined(self, event: AssignmentConnected) -> None:
        offer = self.offers.get(event.reservation_id)
        if offer is None or offer.accepted_at is None:
            return
        if any(at is not None for at in (offer.connected_at, offer.ended_at, offer.closed_at)):
            return  # a late or repeated word, without effect in the router too
        offer.connected_at = self._entry.now
        draft = self._interaction(offer.interaction_id)
        draft.state = RecordState.CONNECTED
        draft.agent_id = offer.agent_id
        if draft.connected_at is None:
            draft.connected_at = self._entry.now
        wait_us = self._entry.now - offer.queued_at
        draft.wait_us = (draft.wait_us or 0) + wait_us
        self._step(draft.id, "joined", agent=offer.agent_id, wait_us=wait_us)

    def _rerouted(self, event: WorkMoved | WorkDirected) -> None:
        """Before the offer that was withdrawn for it and the one that follows; told by the commands whose it is."""
        about = next(
            (c for c in self._entry.commands if isinstance(c, RequeueWork) and c.work_id == event.work_id), None
        )
        if about is None:
            return
        draft = self._interaction(about.interaction_id)
        if isinstance(event, WorkMoved):
            self._step(draft.id, "moved", queue=event.queue, before=draft.queue, by=event.by)
            draft.queue = event.queue
        else:
            self._step(draft.id, "directed", agent=event.agent_id, by=event.by)

    def _taken_up(self, event: WorkTakenUp) -> None:
        """Whoever calls a customer back has the call, and may be lost with it; chats outlive their node."""
        draft = self.interactions.get(event.work_id)
        if draft is not None and draft.medium == Medium.VOICE.value:
            draft.node = event.node

    def _lose_node(self, node: str) -> None:
        """Calls died with their node; chats and what else waits did not."""
        drafts = self.interactions.values()
        lost = [each for each in drafts if each.node == node and not each.customer_over and not each.not_called_yet]
        for draft in [draft for draft in lost if draft.medium in (Medium.VOICE.value, "")]:
            draft.customer_over = True
            draft.ended_at = self._entry.now
            draft.outcome = draft.outcome or Outcome.NODE_LOST.value
            self._step(draft.id, "node_lost", node=node)
            draft.settle(self._entry.now)

    # --- commands -------------------------------------------------------------------------------------------

    def _apply_command(self, command: Command) -> None:
        match command:
            case SendOffer():
                self._offered(command)
            case WithdrawOffer():
                self._withdrawn(command)
            case JoinLegs():
                self._accepted(command)
            case PartLegs():
                self._parted(command)
            case StartWrapUp():
                draft = self._interaction(command.interaction_id)
                left = draft.customer_over or isinstance(self._entry.event, CustomerLeft)
                waits = draft.open_work > 1 and not left
                self._place(draft, RecordState.WAITING if waits else RecordState.WRAP_UP)
                self._step(command.interaction_id, "wrap_up_started", agent=command.agent_id, deadline=command.deadline)
            case EndWrapUp():
                self._wrapped_up(command)
            case ParkWork():
                self._parked(command)
            case RequeueWork():
                self._requeued(command)
            case DivertWork() | HandWork() | AnswerHandoff():
                self._sent_on(command)
            case CloseWork():
                self._work_closed(command)
            case ShowPresence() | Refuse():
                pass  # nothing of an interaction

    def _sent_on(self, command: DivertWork | HandWork | AnswerHandoff) -> None:
        """An item leaves by a rule, goes to another shard, or is this one's from now on: its story goes on."""
        event = self._entry.event
        if isinstance(command, DivertWork):
            self._step(command.interaction_id, "diverted", to=command.divert, why=command.why)
            return
        if isinstance(command, HandWork):
            draft = self._interaction(command.interaction_id)
            self._place(draft, RecordState.LEAVING)
            self._step(draft.id, "leaving", shard=command.shard, queue=command.queue, why=command.why)
            return
        if isinstance(event, HandoffAsked) and command.first and not command.refused:
            self._step(command.interaction_id, "came_over", shard=command.shard)
            if event.work.callback:
                draft = self._interaction(command.interaction_id)
                draft.entry, draft.channel = CALLBACK, dict(event.work.attributes).get("channel", "")
            self._queued(event.work)

    def _offered(self, command: SendOffer) -> None:
        self.offers[command.reservation_id] = OfferDraft(
            reservation_id=command.reservation_id,
            work_id=command.work_id,
            interaction_id=command.interaction_id,
            agent_id=command.agent_id,
            queue=command.queue,
            queued_at=command.queued_at,
            offered_at=self._entry.now,
        )
        draft = self._interaction(command.interaction_id)
        self._place(draft, RecordState.OFFERED)
        draft.queue = command.queue
        if draft.offered_at is None:
            draft.offered_at = self._entry.now
        decision = command.decision
        self._step(
            draft.id,
            "offered",
            agent=command.agent_id,
            queue=command.queue,
            attempt=command.attempt,
            deadline=command.deadline,
            policy=decision.policy_version,
            strategy=decision.strategy,
            terms=dict(decision.terms),
            runner_up=decision.runner_up,
            runner_up_terms=dict(decision.runner_up_terms),
        )

    def _withdrawn(self, command: WithdrawOffer) -> None:
        offer = self.offers.get(command.reservation_id)
        if offer is not None:
            offer.closed_at = self._entry.now
        agent = command.agent_id
        why = reason_for(self._entry.event, command.reservation_id)
        match command.reason:
            case WithdrawReason.REJECTED:
                self._step(command.interaction_id, "rejected", agent=agent, reason=why)
            case WithdrawReason.EXPIRED:
                self._step(command.interaction_id, "missed", agent=agent)
            case WithdrawReason.FAILED if offer is not None and offer.connected_at is not None:
                self._step(command.interaction_id, "connection_lost", agent=agent, reason=why)
            case WithdrawReason.FAILED if offer is not None and offer.accepted_at is not None:
                self._step(command.interaction_id, "join_failed", agent=agent, reason=why)
            case WithdrawReason.FAILED:
                self._step(command.interaction_id, "offer_failed", agent=agent, reason=why)
            case reason:
                self._step(command.interaction_id, "offer_withdrawn", agent=agent, reason=reason.value)

    def _accepted(self, command: JoinLegs) -> None:
        offer = self.offers.get(command.reservation_id)
        if offer is not None:
            offer.accepted_at = self._entry.now
        draft = self._interaction(command.interaction_id)
        self._place(draft, RecordState.ASSIGNED)
        draft.agent_id = command.agent_id
        self._step(draft.id, "accepted", agent=command.agent_id)

    def _parted(self, command: PartLegs) -> None:
        now = self._entry.now
        draft = self._interaction(command.interaction_id)
        detail: Detail = {"agent": command.agent_id, "by": command.by.value}
        offer = self.offers.get(command.reservation_id)
        if offer is not None and offer.ended_at is None:
            offer.ended_at = now
            if offer.connected_at is not None:
                detail["talk_us"] = now - offer.connected_at
                draft.talk_us = (draft.talk_us or 0) + detail["talk_us"]
        still = self._talking(draft.id)
        if still:
            draft.agent_id = still[-1].agent_id
        draft.ended_at = now if draft.open_work <= 1 or draft.customer_over else None
        why = reason_for(self._entry.event, command.reservation_id)
        if why:
            detail["reason"] = why
        self._step(draft.id, "ended", **detail)

    def _parked(self, command: ParkWork) -> None:
        now, draft = self._entry.now, self._interaction(command.interaction_id)
        offer = self.offers.get(command.reservation_id)
        talk_us = None
        if offer is not None and offer.connected_at is not None:
            talk_us = now - offer.connected_at
            draft.talk_us = (draft.talk_us or 0) + talk_us
            offer.ended_at = offer.closed_at = now
        draft.state = RecordState.PARKED
        self._step(draft.id, "parked", agent=command.agent_id, until=command.until, talk_us=talk_us)

    def _wrapped_up(self, command: EndWrapUp) -> None:
        now = self._entry.now
        draft = self._interaction(command.interaction_id)
        offer = self.offers.get(command.reservation_id)
        if offer is not None:
            offer.closed_at = now
            if offer.ended_at is not None:
                draft.wrap_up_us = (draft.wrap_up_us or 0) + now - offer.ended_at
        # Who had handed the customer on may be done later: what the last one says of the conversation stands.
        if command.disposition and (draft.disposition is None or command.agent_id == draft.agent_id):
            draft.disposition = command.disposition
        self._step(draft.id, "wrapped_up", agent=command.agent_id, disposition=command.disposition)

    def _requeued(self, command: RequeueWork) -> None:
        draft = self._interaction(command.interaction_id)
        self._place(draft, RecordState.WAITING)
        draft.ended_at = None
        before, draft.queue = draft.queue, command.queue
        # After an offer that came to nothing, the step about the offer says it already.
        if isinstance(self._entry.event, WorkMoved | WorkDirected):
            return  # told by its own step
        if isinstance(self._entry.event, CallbackFailed):
            self._step(draft.id, "callback_failed", reason=self._entry.event.reason)
        elif before != command.queue:
            self._step(draft.id, "overflowed", queue=command.queue, before=before)
        elif not any(isinstance(other, WithdrawOffer) for other in self._entry.commands):
            self._step(draft.id, "requeued", queue=command.queue)

    def _work_closed(self, command: CloseWork) -> None:
        now = self._entry.now
        draft = self._interaction(command.interaction_id)
        draft.open_work, outcome = max(0, draft.open_work - 1), draft.outcome
        if not draft.customer_over and draft.open_work == 0:
            draft.outcome = command.outcome.value
        match command.outcome:
            case Outcome.ABANDONED:
                draft.ended_at = draft.ended_at if draft.customer_over else now
                if draft.wait_us is None and draft.queued_at is not None:
                    draft.wait_us = now - draft.queued_at
                self._step(draft.id, "abandoned", wait_us=draft.wait_us)
            case Outcome.CANCELLED:
                event = self._entry.event
                by = {"by": event.by} if isinstance(event, WorkCancelled) else {}
                self._step(draft.id, "cancelled", **by)
                draft.end_if_not_called(now)
            case Outcome.UNREACHED:
                event = self._entry.event
                self._step(draft.id, "unreached", reason=event.reason if isinstance(event, CallbackFailed) else None)
                draft.end_if_not_called(now)
            case Outcome.HANDED_OVER:
                # The other shard says how it ends.
                draft.outcome = command.outcome.value if draft.not_called_yet else outcome
                self._step(draft.id, "handed_over")
                draft.end_if_not_called(now)
            case Outcome.HANDLED | Outcome.NODE_LOST | Outcome.DIVERTED:
                pass  # told by "wrapped_up", "node_lost" and "diverted"
        draft.settle(now)

    # --- helpers --------------------------------------------------------------------------------------------

    def _talking(self, interaction_id: str) -> list[OfferDraft]:
        """The conversations of this interaction that go on."""
        return [offer for offer in self.offers.values() if offer.interaction_id == interaction_id and offer.goes_on]

    def _place(self, draft: InteractionDraft, state: RecordState) -> None:
        """With several work items (a transfer), the customer is with whoever speaks with them."""
        draft.state = RecordState.CONNECTED if self._talking(draft.id) else state

    def _interaction(self, interaction_id: str) -> InteractionDraft:
        # One whose beginning was never seen (a journal cut by hand) still gets a record, from here on.
        if interaction_id not in self.interactions:
            self.interactions[interaction_id] = InteractionDraft(interaction_id, opened_at=self._entry.now)
        return self.interactions[interaction_id]

    def _step(self, interaction_id: str, kind: str, /, **detail: Any) -> None:
        entry = self._entry
        self.steps.append(Step(interaction_id, entry.sequence, self._index, entry.now, kind, detail))
        self._index += 1
