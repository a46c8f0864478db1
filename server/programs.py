"""Work that programs bring in: who it is from is kept in SQL, the rest goes the way of all work.

Nobody has to be joined for it: an accepted item counts as connected at once, and its interaction ends with it.
"""

import secrets
from collections.abc import Callable

import structlog

from http_api.supervision_api import Refused
from http_api.work_api import NewWork, Submitted
from records.customers import Customers
from records.sessions import Caller
from records.submissions import OtherBodyError, Submission, Submissions, body_hash
from router.commands import CloseWork, JoinLegs, Refuse
from router.events import AssignmentConnected, InteractionClosed, InteractionOpened, WorkQueued
from router.expression_parser import ExpressionError, parse
from router.rows import Turn
from router.vocabulary import Medium, OfferState, Requirement
from server.prompt import prompt
from server.routing import Routing

log = structlog.get_logger(__name__)

PREFIX = "api-"


class Programs:
    """`new_id` makes interaction ids, `wall` gives microseconds since the epoch."""

    def __init__(
        self,
        pump: Routing,
        submissions: Submissions,
        customers: Customers,
        new_id: Callable[[], str],
        wall: Callable[[], int],
    ) -> None:
        self._pump = pump
        self._submissions = submissions
        self._customers = customers
        self._new_id = new_id
        self._wall = wall

    def begin(self) -> None:
        """After a restart: whoever had accepted such work has it."""
        views = self._pump.dispatcher
        for agent in views.agents():
            for held in views.reservations_of(agent.agent_id):
                if held.work_id.startswith(PREFIX) and held.state is OfferState.ACCEPTED:
                    self._pump.tell(AssignmentConnected(held.reservation_id), "start")

    async def submit(
        self, caller: Caller, work: NewWork, idempotency_key: str | None, body: bytes
    ) -> Submitted | Refused:
        """Keeps the request, then queues the work; a request that was kept but not queued is queued by its repeat."""
        if (refused := self._check(work)) is not None:
            return refused
        wanted = Submission(
            work_id=PREFIX + secrets.token_hex(12),
            interaction_id=self._new_id(),
            submitter=caller.account,
            idempotency_key=idempotency_key,
            body_hash=body_hash(body),
            at=self._wall(),
        )
        try:
            kept = await self._submissions.begin(wanted)
        except OtherBodyError:
            return Refused("other_body", "this Idempotency-Key came with another body before")
        if not kept.queued and self._pump.dispatcher.work(kept.work_id) is None:
            await self._keep_customer(kept, work)
            if (refused := await self._queue(kept, work)) is not None:
                return refused
            await self._submissions.confirm(kept.work_id)
        return Submitted(kept.work_id, kept.interaction_id)

    def observe(self, turn: Turn) -> None:
        """Follows a committed turn."""
        for command in turn.commands:
            match command:
                case JoinLegs(work_id=work_id, reservation_id=reservation_id) if work_id.startswith(PREFIX):
                    self._pump.tell(AssignmentConnected(reservation_id), work_id)
                case CloseWork(work_id=work_id) if work_id.startswith(PREFIX):
                    self._pump.tell(InteractionClosed(command.interaction_id, command.outcome.value), work_id)
                case _:
                    pass

    def _check(self, work: NewWork) -> Refused | None:
        queue = self._pump.dispatcher.policy.queues.get(work.queue)
        if queue is None:
            return Refused("unknown_queue", f"there is no queue {work.queue}")
        if queue.medium.value != work.medium:
            return Refused("wrong_medium", f"queue {work.queue} takes {queue.medium}, not {work.medium}")
        agents = self._pump.dispatcher.policy.agents
        unknown = next((name for name in (*work.preferred, *work.named) if name not in agents), None)
        if unknown is not None:
            return Refused("unknown_agent", f"there is no agent {unknown}")
        try:
            parse(work.condition)
        except ExpressionError as wrong:
            return Refused("bad_condition", f"condition {wrong} (column {wrong.column + 1})")
        return None

    async def _keep_customer(self, kept: Submission, work: NewWork) -> None:
        who, now = work.customer, self._wall()
        if who is not None:
            customer = await self._customers.identify(who.kind, who.value, who.verified, now)
            await self._customers.attach(kept.interaction_id, customer, work.data, now)
        elif work.data:
            await self._customers.collect(kept.interaction_id, work.data, now)

    async def _queue(self, kept: Submission, work: NewWork) -> Refused | None:
        medium, cause = Medium(work.medium), kept.submitter
        opened = InteractionOpened(kept.interaction_id, work.channel, medium, kept.submitter, "")
        self._pump.tell(opened, cause)
        needs = tuple(Requirement(skill, minimum) for skill, minimum in sorted(work.requirements.items()))
        queued = WorkQueued(
            work_id=kept.work_id,
            interaction_id=kept.interaction_id,
            medium=medium,
            queue=work.queue,
            requirements=needs,
            priority=work.priority,
            condition=work.condition,
            attributes=tuple(sorted(work.attributes.items())),
            preferred=work.preferred,
            named=work.named,
            not_before=work.not_before,
        )
        for answer in await prompt(self._pump, queued, cause):
            if isinstance(answer, Refuse):
                self._pump.tell(InteractionClosed(kept.interaction_id, "refused"), cause)
                return Refused(answer.code, answer.message)
        return None
