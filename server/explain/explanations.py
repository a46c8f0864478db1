"""Explanations for people: now from the live state, the past by replay of the journal in another process."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from http_api.explain_api import (
    AgentExplanation,
    Busy,
    HeldItems,
    OfferExplanation,
    QueueReason,
    WorkExplanation,
)
from http_api.supervision_api import Candidate
from http_api.supervision_api import Explanation as Shown
from records.decisions import Decisions, RecordedOffer
from records.roles import Action, Scope
from router import explain_agent
from router.explain import Explanation, explaining
from router.summary import Summary, summary
from router.views import Views
from router.vocabulary import Presence, WorkState
from server.explain.explain_worker import Found
from server.explain.past_decisions import BusyError

MAX_OFFERS = 10
WORDS = {
    "removed": "are no longer in the policy",
    "directed": "are not the one it is kept for",
    "team": "are in no team of the queue",
    "named": "are not among those it is for",
    "queue": "do not take from this queue",
    "skill": "do not have the skills",
    "delay": "take from this queue only after a longer wait",
    "medium": "take none of this medium",
    "presence": "are not ready",
    "connection": "are not connected",
    "next_presence": "have another presence to follow and take nothing new before it",
    "reach": "cannot be reached by this medium now",
    "paused": "take nothing of this medium for now",
    "capacity": "hold as many items as they may",
    "total_units": "have too few units left",
    "resting": "declined it and rest from it",
    "fresh_limit": "took new items a moment ago, as many as they may",
    "interrupts": "hold something that this medium may not come on top of",
    "not_before": "wait for its time",
    "preferred": "are not those it waits for first",
    "reserve": "are kept back for more urgent work",
}


class Past(Protocol):
    """Explains past decisions (server.explain.past_decisions). Raises BusyError."""

    async def find(self, work_id: str, sequences: Sequence[int], candidates: int) -> Sequence[Found]: ...


class Explainer:
    """`views` is the state that counts as now."""

    def __init__(self, views: Views, decisions: Decisions, past: Past) -> None:
        self._views = views
        self._decisions = decisions
        self._past = past

    async def queue_of(self, work_id: str) -> str | None:
        """As http_api.explain_api.Explanations has it."""
        row = self._views.work(work_id)
        if row is not None:
            return row.queue
        recorded = await self._decisions.of_work(work_id)
        return None if recorded is None else recorded.queue

    async def of_work(self, work_id: str, candidates: int) -> WorkExplanation | None:
        """As http_api.explain_api.Explanations has it. Raises Busy."""
        recorded = await self._decisions.of_work(work_id)
        offers = () if recorded is None else recorded.offers
        asked = [offer.sequence for offer in offers[-MAX_OFFERS:]]
        try:
            found = await self._past.find(work_id, asked, candidates) if asked else ()
        except BusyError as error:
            raise Busy from error
        by_offer = {(one.sequence, one.agent_id): one.summary for one in found}
        told = tuple(_offer(one, by_offer.get((one.sequence, one.agent_id))) for one in offers)
        now = await explained(self._views, work_id)
        row = self._views.work(work_id)
        if row is None or now is None:
            if recorded is None:
                return None
            return WorkExplanation(
                work_id=work_id,
                interaction_id=recorded.interaction_id,
                queue=recorded.queue,
                state=WorkState.CLOSED.value,
                summary=_closed_words(offers),
                offers=told,
            )
        return WorkExplanation(
            work_id=work_id,
            interaction_id=row.interaction_id,
            queue=row.queue,
            state=row.state.value,
            summary=_words(row.state, now, row.queue),
            place=now.place,
            now=shown(summary(now, candidates)),
            offers=told,
        )

    async def of_agent(self, agent_id: str, scope: Scope | None) -> AgentExplanation | None:
        """As http_api.explain_api.Explanations has it; every queue when `scope` is None."""
        own = explain_agent.own_state(self._views, agent_id)
        if own is None:
            return None
        queues: list[explain_agent.QueueReason] = []
        for reason in explain_agent.queue_reasons(self._views, agent_id):
            if reason is None:
                await asyncio.sleep(0)  # calls go on in between
            elif scope is None or scope.covers_queue(Action.SEE_QUEUES, reason.queue):
                queues.append(reason)
        code, words = _agent_words(own, queues)
        return AgentExplanation(
            agent_id=agent_id,
            reason=code,
            summary=words,
            presence=own.presence,
            presence_reason=own.reason,
            since=own.since,
            connected=own.connected,
            load=own.units,
            capacity=own.total_units,
            held={medium.value: HeldItems(held, limit) for medium, held, limit in own.held},
            queues=tuple(_queue(reason) for reason in queues),
        )


async def explained(views: Views, work_id: str) -> Explanation | None:
    """The explanation now; calls go on in between, for it looks at every agent."""
    found: Explanation | None = None
    for found in explaining(views, work_id):
        if found is None:
            await asyncio.sleep(0)
    return found


def shown(found: Summary) -> Shown:
    """As the API tells it."""
    return Shown(
        strategy=found.strategy,
        policy_version=found.policy_version,
        failed=dict(found.failed),
        candidates=tuple(Candidate(one.agent_id, one.failed, one.detail, dict(one.terms)) for one in found.candidates),
    )


def _offer(offer: RecordedOffer, found: Summary | None) -> OfferExplanation:
    detail, replayed = offer.detail, None if found is None else shown(found)
    return OfferExplanation(
        sequence=offer.sequence,
        at=offer.at,
        agent_id=offer.agent_id,
        attempt=detail["attempt"],
        policy_version=detail["policy"],
        strategy=detail["strategy"],
        terms=detail["terms"],
        runner_up=detail["runner_up"],
        runner_up_terms=detail["runner_up_terms"],
        failed=None if replayed is None else replayed.failed,
        candidates=None if replayed is None else replayed.candidates,
    )


def _words(state: WorkState, now: Explanation, queue: str) -> str:
    if state is not WorkState.WAITING:
        return f"It is {state.value.replace('_', ' ')}, with {now.winner}."
    told = summary(now, 0)
    able = told.agents - sum(count for _, count in told.failed)
    where = f"It waits in {queue}" + ("" if now.place is None else f" at place {now.place}")
    if able:
        return f"{where}; {_people(able)} may take it."
    reasons = ", ".join(
        f"{count} {WORDS.get(rule, f'fail the rule {rule}')}"
        for rule, count in sorted(told.failed, key=lambda pair: -pair[1])
    )
    return f"{where}; of {_people(told.agents)} {reasons or 'nobody is there'}."


def _closed_words(offers: Sequence[RecordedOffer]) -> str:
    if not offers:
        return "It is closed and was never offered."
    times = "once" if len(offers) == 1 else f"{len(offers)} times"
    return f"It is closed. It was offered {times}, last to {offers[-1].agent_id}."


def _agent_words(own: explain_agent.OwnState, queues: Iterable[explain_agent.QueueReason]) -> tuple[str, str]:
    waiting = [one for one in queues if one.waiting]
    if own.presence != Presence.READY:
        because = f" ({own.reason})" if own.reason else ""
        return "presence", f"The agent is {own.presence.replace('_', ' ')}{because}."
    if not own.connected:
        return "connection", "The agent is ready, but neither page nor phone is connected."
    if own.units >= own.total_units:
        return "total_units", f"The agent holds {own.units} of {own.total_units} units."
    if not waiting:
        return "nothing_waits", "Nothing waits in these queues."
    if any(one.first_failed is None for one in waiting):
        return "may_take", "The agent may take work that waits; it is offered in its turn."
    rules = ", ".join(f"{one.queue}: {one.first_failed} ({one.detail})" for one in waiting)
    return "rules", f"What waits fails a rule. {rules}."


def _queue(one: explain_agent.QueueReason) -> QueueReason:
    return QueueReason(
        queue=one.queue,
        medium=one.medium.value,
        waiting=one.waiting,
        looked_at=one.looked_at,
        failed=dict(one.failed),
        work_id=one.work_id,
        first_failed=one.first_failed,
        detail=one.detail,
    )


def _people(count: int) -> str:
    return "1 agent" if count == 1 else f"{count} agents"
