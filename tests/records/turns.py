"""Turns as the pump would journal them, written by hand. Times in microseconds; SECOND is one second."""

from records.projection import Projection
from router.commands import (
    CloseWork,
    Command,
    Decision,
    EndWrapUp,
    JoinLegs,
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
    AssignmentEnded,
    CustomerLeft,
    Event,
    InteractionClosed,
    InteractionNoted,
    InteractionOpened,
    NodeLost,
    OfferAccepted,
    OfferRejected,
    PresenceSet,
    TimePassed,
    WorkQueued,
    WrapUpFinished,
)
from router.rows import Changes, Turn
from router.vocabulary import EndedBy, Medium, Outcome, Presence, Requirement, WithdrawReason

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
ENGLISH = Requirement("english", 5)


def turn(sequence: int, seconds: float, event: Event, *commands: Command) -> Turn:
    return Turn(sequence, START + int(seconds * SECOND), "test", event, commands, Changes())


def opened(interaction: str = "i1", node: str = "n1") -> InteractionOpened:
    return InteractionOpened(interaction, "line-400", Medium.VOICE, "400", node)


def queued(work: str = "w1", interaction: str = "i1") -> WorkQueued:
    return WorkQueued(work, interaction, Medium.VOICE, "orders", (ENGLISH,), 3, "n1")


def offer(
    reservation: str, agent: str, attempt: int, *, work: str = "w1", interaction: str = "i1", queued_at: float = 6
) -> SendOffer:
    decision = Decision("v1", "best_proficiency", (("load", 0), ("proficiency", 8)), "ben", (("proficiency", 6),))
    return SendOffer(
        reservation_id=reservation,
        work_id=work,
        interaction_id=interaction,
        agent_id=agent,
        queue="orders",
        medium=Medium.VOICE,
        requirements=(ENGLISH,),
        queued_at=START + int(queued_at * SECOND),
        deadline=START + 26 * SECOND,
        attempt=attempt,
        decision=decision,
    )


def withdraw(
    reservation: str, agent: str, reason: WithdrawReason, *, work: str = "w1", interaction: str = "i1"
) -> WithdrawOffer:
    return WithdrawOffer(reservation, work, interaction, agent, reason)


def handled_call() -> list[Turn]:
    """IVR, queue, one rejects, one misses, the third takes it, talks for 60 s and wraps up in 10 s."""
    return [
        turn(1, 0, PresenceSet("anna", Presence.READY), ShowPresence("anna", Presence.READY, None, START)),
        turn(2, 1, opened()),
        turn(3, 1.2, InteractionNoted("i1", "answered")),
        turn(4, 2, InteractionNoted("i1", "menu", (("node", "main"),))),
        turn(5, 5, InteractionNoted("i1", "digit", (("detail", "1 orders"), ("node", "main")))),
        turn(6, 6, queued(), offer("r1", "anna", 1)),
        turn(
            7,
            8,
            OfferRejected("r1", "anna", "lunch"),
            withdraw("r1", "anna", WithdrawReason.REJECTED),
            RequeueWork("w1", "i1", "orders"),
            offer("r2", "ben", 2),
        ),
        turn(8, 8.5, OfferAccepted("r1", "anna"), Refuse("offer_gone", "too late")),
        turn(
            9,
            28,
            TimePassed(),
            withdraw("r2", "ben", WithdrawReason.EXPIRED),
            ShowPresence("ben", Presence.NOT_READY, "missed_offer", START),
            RequeueWork("w1", "i1", "orders"),
            offer("r3", "cai", 3),
        ),
        turn(10, 30, OfferAccepted("r3", "cai"), JoinLegs("r3", "w1", "i1", "cai")),
        turn(11, 31, AssignmentConnected("r3")),
        turn(
            12,
            91,
            AssignmentEnded("r3", EndedBy.CUSTOMER, "bye"),
            PartLegs("r3", "w1", "i1", "cai", EndedBy.CUSTOMER),
            StartWrapUp("r3", "w1", "i1", "cai", START + 121 * SECOND),
        ),
        turn(13, 91.1, InteractionClosed("i1", "handled")),
        turn(
            14,
            101,
            WrapUpFinished("r3", "cai", "order_changed"),
            EndWrapUp("r3", "w1", "i1", "cai", "order_changed"),
            CloseWork("w1", "i1", Outcome.HANDLED),
        ),
    ]


def abandoned_call() -> list[Turn]:
    """The caller leaves while the phone of an agent rings."""
    return [
        turn(1, 0, opened("i2")),
        turn(2, 6, queued("w2", "i2"), offer("r9", "anna", 1, work="w2", interaction="i2")),
        turn(
            3,
            10,
            CustomerLeft("w2"),
            withdraw("r9", "anna", WithdrawReason.ABANDONED, work="w2", interaction="i2"),
            CloseWork("w2", "i2", Outcome.ABANDONED),
        ),
        turn(4, 10, InteractionClosed("i2", "abandoned")),
    ]


def lost_node() -> list[Turn]:
    """A node dies with one call waiting, one in the IVR; a call of another node lives on."""
    return [
        turn(1, 0, opened("waiting")),
        turn(2, 1, opened("menu")),
        turn(3, 2, opened("elsewhere", node="n2")),
        turn(4, 3, queued("w1", "waiting")),
        turn(5, 9, NodeLost("n1"), CloseWork("w1", "waiting", Outcome.NODE_LOST)),
    ]


def fold(turns: list[Turn]) -> Projection:
    projection = Projection()
    for each in turns:
        projection.apply(each)
    return projection


def kinds(projection: Projection, interaction: str) -> list[str]:
    return [step.kind for step in projection.steps if step.interaction_id == interaction]
