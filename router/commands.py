"""Imperatives that the dispatcher gives. None is carried out before the turn that gave it is committed."""

from msgspec import Struct

from router.vocabulary import EndedBy, Medium, Outcome, Presence, Requirement, WithdrawReason


class Decision(Struct, frozen=True, gc=False, array_like=True):
    """Why this agent: the terms of the winner's score and the runner-up's, as (name, integer) pairs in rule order.

    The rest of the explanation (each candidate, the first rule that it failed) is derived by replay.
    """

    policy_version: str
    strategy: str
    terms: tuple[tuple[str, int], ...]
    runner_up: str | None = None
    runner_up_terms: tuple[tuple[str, int], ...] = ()


class SendOffer(Struct, frozen=True, gc=False, array_like=True):
    """Invite the agent. `deadline` and `queued_at` are shard times in microseconds; `attempt` counts from 1.

    auto_accept: the same turn accepts it (JoinLegs follows). callback: the customer is called once it is accepted.
    """

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    queue: str
    medium: Medium
    requirements: tuple[Requirement, ...]
    queued_at: int
    deadline: int
    attempt: int
    decision: Decision
    auto_accept: bool = False
    callback: bool = False


class WithdrawOffer(Struct, frozen=True, gc=False, array_like=True):
    """The offer is over for the agent; take card and ringing away at once."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    reason: WithdrawReason


class JoinLegs(Struct, frozen=True, gc=False, array_like=True):
    """The accept is committed: join the customer and the agent, then post AssignmentConnected or AssignmentFailed."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str


class PartLegs(Struct, frozen=True, gc=False, array_like=True):
    """The assignment is over: release what it holds (idempotent; either side may be gone already)."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    by: EndedBy


class StartWrapUp(Struct, frozen=True, gc=False, array_like=True):
    """The agent is in wrap-up until `deadline` (shard microseconds), then it is closed for them."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    deadline: int


class EndWrapUp(Struct, frozen=True, gc=False, array_like=True):
    """Wrap-up is over and the capacity free; `disposition` None when the deadline closed it."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    disposition: str | None


class ParkWork(Struct, frozen=True, gc=False, array_like=True):
    """The agent's part is over without wrap-up, the item waits for its customer until `until` (shard microseconds).

    RequeueWork follows when it comes back.
    """

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    until: int


class RequeueWork(Struct, frozen=True, gc=False, array_like=True):
    """The item is back at its place (its offer or its assignment came to nothing): wait on, with music."""

    work_id: str
    interaction_id: str
    queue: str


class DivertWork(Struct, frozen=True, gc=False, array_like=True):
    """The item left the router by a rule, for what its channel calls `divert`; CloseWork follows.

    `why`: the rule, one of ring, queue_full and queue_closed.
    """

    work_id: str
    interaction_id: str
    divert: str
    why: str


class HandWork(Struct, frozen=True, gc=False, array_like=True):
    """Ask the other shard to take the item, now and again until it answers (`Views.handoffs` has what to say).

    `why`: the rule, one of ring, queue_full and queue_closed, or moved; "ended" when it is told that the item ended.
    """

    work_id: str
    interaction_id: str
    shard: str
    queue: str
    token: int
    why: str


class AnswerHandoff(Struct, frozen=True, gc=False, array_like=True):
    """Tell the other shard whether its item was taken ("" in `refused`), and whether it is known to have ended.

    first: it was decided in this turn; otherwise the answer is the one from then.
    """

    shard: str
    token: int
    work_id: str
    interaction_id: str
    refused: str
    ended: bool
    first: bool


class CloseWork(Struct, frozen=True, gc=False, array_like=True):
    """The item left the router for good, with the system's outcome. After wrap-up for handled work."""

    work_id: str
    interaction_id: str
    outcome: Outcome


class ShowPresence(Struct, frozen=True, gc=False, array_like=True):
    """Tell the agent (and boards) what now holds. `since` is a shard time in microseconds.

    paused: media of which they take no new work. next_presence: what comes after the work that they hold.
    """

    agent_id: str
    presence: Presence
    reason: str | None
    since: int
    paused: tuple[Medium, ...] = ()
    next_presence: Presence | None = None
    next_reason: str | None = None


class Refuse(Struct, frozen=True, gc=False, array_like=True):
    """The event came too late or was not legal; tell whoever caused it. `code` is stable, `message` for people."""

    code: str
    message: str


Command = (
    SendOffer
    | WithdrawOffer
    | JoinLegs
    | PartLegs
    | StartWrapUp
    | EndWrapUp
    | ParkWork
    | RequeueWork
    | DivertWork
    | HandWork
    | AnswerHandoff
    | CloseWork
    | ShowPresence
    | Refuse
)
