"""Rows, turns and one typical interaction, as tests and benchmarks of the store use them."""

from collections.abc import Callable

from router.commands import (
    CloseWork,
    Command,
    Decision,
    EndWrapUp,
    JoinLegs,
    PartLegs,
    SendOffer,
    ShowPresence,
    StartWrapUp,
)
from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    InteractionClosed,
    InteractionNoted,
    InteractionOpened,
    OfferAccepted,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import AgentRow, Changes, ReservationRow, Turn, WorkRow
from router.vocabulary import EndedBy, Medium, OfferState, Outcome, Presence, Requirement, WorkState

T0 = 1_790_000_000_000_000  # microseconds
SECOND = 1_000_000


def agent(agent_id: str = "a1", presence: Presence = Presence.READY, at: int = T0) -> AgentRow:
    return AgentRow(agent_id, presence, None, at, 3, True, at)


def work(
    work_id: str = "w1",
    *,
    queue: str = "orders",
    priority: int = 0,
    queued_at: int = T0,
    sequence: int = 1,
    state: WorkState = WorkState.WAITING,
) -> WorkRow:
    needs = (Requirement("billing", 3), Requirement("zh"))
    return WorkRow(
        work_id,
        f"i-{work_id}",
        Medium.VOICE,
        queue,
        needs,
        priority,
        queued_at,
        sequence,
        state,
        1,
        "n1.1",
        (("a9", T0),),
    )


def reservation(reservation_id: str = "r1", state: OfferState = OfferState.OFFERED) -> ReservationRow:
    return ReservationRow(reservation_id, "w1", "a1", Medium.VOICE, 1, state, T0, T0 + 20 * SECOND)


def policy(version: str = "p1", team: str = "east") -> Policy:
    queues = {"orders": QueuePolicy("orders", Medium.VOICE, (Requirement("billing", 2),), teams=("east",))}
    return Policy(version, queues, {"a1": AgentPolicy("a1", team, {"billing": 7, "zh": 10})})


def turn(
    sequence: int,
    changes: Changes | None = None,
    event: Event | None = None,
    commands: tuple[Command, ...] = (),
    cause: str = "test",
) -> Turn:
    return Turn(sequence, T0 + sequence, cause, event or CustomerLeft(f"w{sequence}"), commands, changes or Changes())


def typical_interaction(first: int, identifier: Callable[[str], str]) -> list[Turn]:
    """Return the turns of a call: menu, queue, offer, accept, conversation, wrap-up. `identifier(kind)` makes ids."""
    work_id, interaction_id, reservation_id = identifier("w"), identifier("i"), identifier("r")
    chosen, waiting = identifier("a"), work(work_id)
    ids = (reservation_id, work_id, interaction_id, chosen)
    terms = (("load", 0), ("proficiency", 15), ("idle", 41_233_120))
    decision = Decision("7f3a9c21", "best_proficiency", terms, identifier("a"), (("load", 0), ("proficiency", 13)))
    offer = SendOffer(*ids, "orders", Medium.VOICE, waiting.requirements, T0, T0 + 20 * SECOND, 1, decision)
    steps: list[tuple[Event, tuple[Command, ...], Changes]] = [
        (InteractionOpened(interaction_id, "hotline", Medium.VOICE, "400", "n1.1"), (), Changes()),
        (_noted(interaction_id, "answered"), (), Changes()),
        (_noted(interaction_id, "menu", ("node", "main")), (), Changes()),
        (_noted(interaction_id, "digit", ("digit", "2"), ("node", "main")), (), Changes()),
        (_noted(interaction_id, "menu", ("node", "after_sales")), (), Changes()),
        (_noted(interaction_id, "digit", ("digit", "1"), ("node", "after_sales")), (), Changes()),
        (
            WorkQueued(work_id, interaction_id, Medium.VOICE, "orders", waiting.requirements, 0, "n1.1"),
            (offer,),
            Changes(work=(waiting,), reservations=(reservation(reservation_id),)),
        ),
        (_noted(interaction_id, "ringing", ("agent", chosen)), (), Changes()),
        (
            OfferAccepted(reservation_id, chosen),
            (JoinLegs(*ids),),
            Changes(work=(waiting,), reservations=(reservation(reservation_id, OfferState.ACCEPTED),)),
        ),
        (
            AssignmentConnected(reservation_id),
            (),
            Changes(work=(waiting,), reservations=(reservation(reservation_id, OfferState.CONNECTED),)),
        ),
        (
            AssignmentEnded(reservation_id, EndedBy.CUSTOMER),
            (PartLegs(*ids, EndedBy.CUSTOMER), StartWrapUp(*ids, T0 + 90 * SECOND)),
            Changes(work=(waiting,), reservations=(reservation(reservation_id, OfferState.WRAP_UP),)),
        ),
        (_noted(interaction_id, "hung_up", ("by", "customer")), (), Changes()),
        (InteractionClosed(interaction_id, "handled"), (), Changes()),
        (
            WrapUpFinished(reservation_id, chosen, "resolved"),
            (
                EndWrapUp(*ids, "resolved"),
                CloseWork(work_id, interaction_id, Outcome.HANDLED),
                ShowPresence(chosen, Presence.READY, None, T0),
            ),
            Changes(agents=(agent(chosen),), work_closed=(work_id,), reservations_closed=(reservation_id,)),
        ),
    ]
    return [
        Turn(first + index, T0 + (first + index) * 3_700_011, "sip", event, commands, changes)
        for index, (event, commands, changes) in enumerate(steps)
    ]


def _noted(interaction_id: str, kind: str, *detail: tuple[str, str]) -> InteractionNoted:
    return InteractionNoted(interaction_id, kind, detail)
