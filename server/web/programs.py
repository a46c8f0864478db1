"""Work that programs bring in: who it is from is kept in SQL, the rest goes the way of all work.

Nobody has to be joined for it: an accepted item counts as connected at once, and its interaction ends with it.

A program whose request had no answer repeats it, perhaps at another node, while the first may be queued, on its way, or
handled already. So an attempt to queue takes effect within `ATTEMPT_US` or never (WorkQueued.until); a repeat waits for
that and looks in the records, which have every committed turn, before it makes the next attempt.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from http_api.problems import ProblemError
from http_api.supervision_api import Refused
from http_api.work_api import NewWork, Submitted
from records.customers import Customers
from records.sessions import Caller
from records.submissions import OtherBodyError, Submission, Submissions, body_hash
from router.commands import CloseWork, JoinLegs, Refuse
from router.events import AssignmentConnected, InteractionClosed, InteractionOpened, TimePassed, WorkQueued
from router.expression_parser import ExpressionError, parse
from router.rows import Turn
from router.vocabulary import Medium, OfferState, Requirement
from server.core.patience import patiently
from server.core.prompt import prompt
from server.core.routing import Routing

log = structlog.get_logger(__name__)

PREFIX = "api-"
ATTEMPT_US = 5_000_000
# How long a repeat waits to learn what became of the request before it; then it is to be repeated once more.
SETTLE_S = 10.0
LOOK_S = 0.2


class Programs:
    """`new_id` makes interaction ids, `wall` gives microseconds since the epoch.

    `recorded` gives the last turn that is in the records; `attempt_us`: see above.
    """

    def __init__(
        self,
        pump: Routing,
        submissions: Submissions,
        customers: Customers,
        new_id: Callable[[], str],
        wall: Callable[[], int],
        recorded: Callable[[], Awaitable[int]],
        attempt_us: int = ATTEMPT_US,
    ) -> None:
        self._pump = pump
        self._submissions = submissions
        self._customers = customers
        self._new_id = new_id
        self._wall = wall
        self._recorded = recorded
        self._attempt_us = attempt_us
        self._last = (0, 0)
        self._marking = False
        self._settling: set[str] = set()
        # Work that is over, by interaction: its outcome, until the interaction's end is committed.
        self._unclosed: dict[str, str] = {}

    def begin(self) -> None:
        """As the new owner: whoever had accepted such work has it, and what is over is closed."""
        for interaction_id, outcome in self._unclosed.items():
            self._pump.tell(InteractionClosed(interaction_id, outcome), "start")
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
            at=self._pump.now(),
        )
        try:
            kept = await self._submissions.begin(wanted)
        except OtherBodyError:
            return Refused("other_body", "this Idempotency-Key came with another body before")
        if kept is not wanted:
            kept = await self._settled(kept)
        while not kept.queued:
            await self._keep_customer(kept, work)
            refused = await self._queue(kept, work)
            if refused is None:
                await self._submissions.confirm(kept.work_id)
                break
            if refused.code != "too_late":
                self._pump.tell(InteractionClosed(kept.interaction_id, "refused"), kept.submitter)
                return refused
            kept = await self._settled(kept)
        return Submitted(kept.work_id, kept.interaction_id)

    async def close_left(self, upto: int) -> None:
        """What an owner left open that died between the end of the work and its interaction's; nobody else took over.

        Waits for the records to have the turn `upto`, the last one before this node began.
        """
        while await patiently(self._recorded, "submissions") < upto:  # noqa: ASYNC110 - another process has them
            await asyncio.sleep(LOOK_S)
        for interaction_id, outcome in await patiently(self._submissions.left_open, "submissions"):
            if interaction_id not in self._unclosed:
                self._pump.tell(InteractionClosed(interaction_id, outcome), "start")

    def observe(self, turn: Turn) -> None:
        """Keeps account of a committed turn."""
        self._last = (turn.sequence, turn.now)
        if self._unclosed and isinstance(turn.event, InteractionClosed):
            self._unclosed.pop(turn.event.interaction_id, None)

    def follow(self, turn: Turn, *, owning: bool = True) -> None:
        """What follows from a committed turn at once; the owner does it."""
        for command in turn.commands:
            match command:
                case JoinLegs(work_id=work_id, reservation_id=reservation_id) if work_id.startswith(PREFIX):
                    if owning:
                        self._pump.tell(AssignmentConnected(reservation_id), work_id)
                case CloseWork(work_id=work_id) if work_id.startswith(PREFIX):
                    self._unclosed[command.interaction_id] = command.outcome.value
                    if owning:
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
            until=None if kept.idempotency_key is None else kept.at + self._attempt_us,
        )
        for answer in await prompt(self._pump, queued, cause):
            if isinstance(answer, Refuse) and answer.code != "duplicate":
                return Refused(answer.code, answer.message)
        return None

    async def _settled(self, kept: Submission) -> Submission:
        """What became of an earlier attempt: it is queued, or it never will be and the next one is this node's.

        Raises ProblemError 503 when that cannot be told in time (the records are behind, or another node tries).
        """
        if kept.work_id in self._settling:
            raise _not_settled()
        over: int | None = None
        self._settling.add(kept.work_id)
        try:
            async with asyncio.timeout(SETTLE_S):
                while not (now := await self._submissions.of_work(kept.work_id) or kept).queued:
                    if now.at != kept.at:
                        kept, over = now, None  # another node has begun the next attempt
                    if over is None:
                        over = await self._over(kept)
                    elif await self._recorded() >= over:
                        if await self._submissions.has_waited(kept.interaction_id):
                            await self._submissions.confirm(kept.work_id)
                        elif await self._submissions.take_over(kept, mine := max(self._last[1], self._pump.now())):
                            return replace(kept, at=mine)
                    await asyncio.sleep(LOOK_S)
                return now
        except TimeoutError:
            raise _not_settled() from None
        finally:
            self._settling.discard(kept.work_id)

    async def _over(self, kept: Submission) -> int | None:
        """The turn after which an attempt has no effect any more; None: not yet, or it is seen to be queued."""
        until = kept.at + self._attempt_us
        if self._pump.dispatcher.work(kept.work_id) is not None:
            # What an owner has decided may not be committed yet, and never be: what follows it tells.
            await prompt(self._pump, TimePassed(), kept.submitter)
            await self._submissions.confirm(kept.work_id)
        elif self._last[1] > until:
            return self._last[0]
        elif self._pump.now() > until and not self._marking:
            self._marking = True
            try:
                await prompt(self._pump, TimePassed(), kept.submitter)  # where nothing else happens
            finally:
                self._marking = False
        return None


def _not_settled() -> ProblemError:
    detail = "What became of an earlier request with this Idempotency-Key is not known yet. Repeat it."
    return ProblemError(503, "not-settled", detail)
