"""The fold from turns to drafts and steps."""

from records.projection import Projection
from router.commands import (
    CloseWork,
    EndWrapUp,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    StartWrapUp,
)
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    CustomerLeft,
    Event,
    InteractionClosed,
    InteractionNoted,
    NodeLost,
    OfferAccepted,
    OfferFailed,
    OfferRejected,
    PresenceSet,
    TimePassed,
    WorkCancelled,
    WorkDirected,
    WorkMoved,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import EndedBy, Medium, Outcome, Presence, WithdrawReason
from tests.records.transfers import handed_on
from tests.records.turns import (
    SECOND,
    START,
    abandoned_call,
    fold,
    handled_call,
    kinds,
    lost_node,
    offer,
    opened,
    queued,
    turn,
    withdraw,
)


def test_handled_call_has_every_step_once_and_in_order() -> None:
    assert kinds(fold(handled_call()), "i1") == [
        "opened",
        "answered",
        "menu",
        "digit",
        "queued",
        "offered",
        "rejected",
        "offered",
        "missed",
        "offered",
        "accepted",
        "joined",
        "ended",
        "wrap_up_started",
        "closed",
        "wrapped_up",
    ]


def test_handled_call_has_its_times() -> None:
    draft = fold(handled_call()).interactions["i1"]
    assert (draft.answered_at, draft.queued_at, draft.offered_at) == (
        START + 1_200_000,
        START + 6 * SECOND,
        START + 6 * SECOND,
    )
    assert (draft.connected_at, draft.ended_at, draft.closed_at) == (
        START + 31 * SECOND,
        START + 91_100_000,
        START + 101 * SECOND,
    )
    assert (draft.wait_us, draft.talk_us, draft.wrap_up_us) == (25 * SECOND, 60 * SECOND, 10 * SECOND)
    assert (draft.queue, draft.agent_id, draft.outcome, draft.disposition, draft.state) == (
        "orders",
        "cai",
        "handled",
        "order_changed",
        "closed",
    )


def test_an_offer_says_to_whom_and_why() -> None:
    step = next(step for step in fold(handled_call()).steps if step.kind == "offered")
    assert step.detail == {
        "agent": "anna",
        "queue": "orders",
        "attempt": 1,
        "deadline": START + 26 * SECOND,
        "policy": "v1",
        "strategy": "best_proficiency",
        "terms": {"load": 0, "proficiency": 8},
        "runner_up": "ben",
        "runner_up_terms": {"proficiency": 6},
    }


def test_a_refused_event_leaves_no_step() -> None:
    projection = fold([turn(1, 0, opened()), turn(2, 1, queued(), Refuse("queue_unknown", "no such queue"))])
    assert kinds(projection, "i1") == ["opened"]
    assert projection.interactions["i1"].open_work == 0


def test_abandon_while_offered() -> None:
    projection = fold(abandoned_call())
    assert kinds(projection, "i2") == ["opened", "queued", "offered", "offer_withdrawn", "abandoned", "closed"]
    draft = projection.interactions["i2"]
    assert (draft.wait_us, draft.outcome, draft.state) == (4 * SECOND, "abandoned", "closed")
    assert draft.connected_at is None


def test_wrap_up_that_runs_out_has_no_disposition() -> None:
    turns = handled_call()
    last = turns[-1]
    closed_for_them = EndWrapUp("r3", "w1", "i1", "cai", None)
    turns[-1] = turn(14, 121, TimePassed(), closed_for_them, last.commands[1])
    projection = fold(turns)
    assert projection.interactions["i1"].disposition is None
    assert projection.steps[-1].detail == {"agent": "cai", "disposition": None}


def test_an_agent_lost_for_good_while_joined_gives_the_customer_back() -> None:
    turns = [*handled_call()[:10], turn(11, 30, AssignmentConnected("r3"))]
    lost = withdraw("r3", "cai", WithdrawReason.FAILED), RequeueWork("w1", "i1", "orders")
    projection = fold([*turns, turn(12, 60, AssignmentFailed("r3", "agent_leg_lost"), *lost)])
    assert kinds(projection, "i1")[-2:] == ["joined", "connection_lost"]
    assert projection.interactions["i1"].state == "waiting"


def test_a_failed_join_goes_back_to_waiting_and_the_record_stays_open() -> None:
    turns = handled_call()[:10]
    turns.append(
        turn(
            11,
            31,
            AssignmentFailed("r3", "no_answer"),
            withdraw("r3", "cai", WithdrawReason.FAILED),
            RequeueWork("w1", "i1", "orders"),
        )
    )
    turns.append(turn(12, 32, AssignmentConnected("r3")))
    projection = fold(turns)
    assert kinds(projection, "i1")[-2:] == ["accepted", "join_failed"]
    assert projection.steps[-1].detail == {"agent": "cai", "reason": "no_answer"}
    draft = projection.interactions["i1"]
    assert (draft.state, draft.ended_at, draft.talk_us) == ("waiting", None, None)


def test_an_offer_that_could_not_reach_the_agent_says_why() -> None:
    failed = turn(7, 8, OfferFailed("r1", "busy"), withdraw("r1", "anna", WithdrawReason.FAILED))
    step = fold([*handled_call()[:6], failed]).steps[-1]
    assert (step.kind, step.detail) == ("offer_failed", {"agent": "anna", "reason": "busy"})


def test_caller_leaves_between_accept_and_join() -> None:
    left = turn(
        11,
        30.5,
        CustomerLeft("w1"),
        PartLegs("r3", "w1", "i1", "cai", EndedBy.CUSTOMER),
        CloseWork("w1", "i1", Outcome.ABANDONED),
    )
    late = turn(12, 31, AssignmentConnected("r3"), Refuse("assignment_gone", "too late"))
    projection = fold([*handled_call()[:10], left, late, turn(13, 31, InteractionClosed("i1", "abandoned"))])
    assert kinds(projection, "i1")[-3:] == ["ended", "abandoned", "closed"]
    assert projection.interactions["i1"].talk_us is None


def test_a_connect_after_the_end_does_not_count() -> None:
    ended = [*handled_call()[:12], turn(13, 92, AssignmentConnected("r3"))]
    assert kinds(fold(ended), "i1").count("joined") == 1


def test_a_lost_node_closes_what_it_signalled_and_nothing_else() -> None:
    projection = fold(lost_node())
    found = {draft.id: (draft.state, draft.outcome) for draft in projection.interactions.values()}
    assert found == {
        "waiting": ("closed", "node_lost"),
        "menu": ("closed", "node_lost"),
        "elsewhere": ("open", None),
    }
    assert kinds(projection, "waiting")[-1] == "node_lost"


def test_wrap_up_outlives_a_lost_node() -> None:
    lost = turn(
        12,
        50,
        NodeLost("n1"),
        PartLegs("r3", "w1", "i1", "cai", EndedBy.SYSTEM),
        StartWrapUp("r3", "w1", "i1", "cai", START + 80 * SECOND),
    )
    projection = fold([*handled_call()[:11], lost])
    draft = projection.interactions["i1"]
    assert (draft.state, draft.closed_at, draft.outcome) == ("wrap_up", None, "node_lost")
    projection.apply(turn(13, 55, handled_call()[-1].event, *handled_call()[-1].commands))
    assert (draft.state, draft.outcome) == ("closed", "node_lost")


def test_a_second_work_item_keeps_the_record_open() -> None:
    """A transfer: the first agent's work closes while the second still waits."""
    turns = [
        *handled_call()[:12],
        turn(13, 92, WorkQueued("w1b", "i1", Medium.VOICE, "experts")),
        turn(14, 95, handled_call()[-1].event, *handled_call()[-1].commands),
    ]
    draft = fold(turns).interactions["i1"]
    assert (draft.open_work, draft.queue, draft.closed_at) == (1, "experts", None)


def test_an_interaction_whose_beginning_is_unknown_gets_a_record() -> None:
    draft = fold([turn(50, 3, InteractionNoted("old", "digit", (("digit", "1"),)))]).interactions["old"]
    assert (draft.opened_at, draft.channel, draft.state) == (START + 3 * SECOND, "", "open")


def test_work_that_goes_back_by_itself_is_requeued() -> None:
    projection = fold([*handled_call()[:6], turn(7, 7, TimePassed(), RequeueWork("w1", "i1", "orders"))])
    assert projection.steps[-1].kind == "requeued"


def test_a_reason_belongs_to_its_own_reservation_only() -> None:
    """One rejects; the same turn takes another's offer away for a reason of its own."""
    rejected = turn(
        7, 8, OfferRejected("r1", "anna", "lunch"), withdraw("r5", "ben", WithdrawReason.REJECTED, interaction="i5")
    )
    assert fold([*handled_call()[:6], rejected]).steps[-1].detail == {"agent": "ben", "reason": None}


def test_what_the_real_dispatcher_says_makes_the_whole_story() -> None:
    """Not turns written by hand: missed by one, the next loses the leg, then the first takes it after all."""
    queue = QueuePolicy("orders", Medium.VOICE, offer_timeout_us=20 * SECOND, wrap_up_us=30 * SECOND)
    agents = {name: AgentPolicy(name, "all") for name in ("anna", "ben")}
    dispatcher = Dispatcher(Policy("v1", {"orders": queue}, agents))
    turns: list[Turn] = []

    def post(seconds: float, event: Event) -> None:
        now = START + int(seconds * SECOND)
        commands = dispatcher.expire(now) if isinstance(event, TimePassed) else dispatcher.handle(event, now)
        turns.append(Turn(len(turns) + 1, now, "test", event, tuple(commands), dispatcher.drain_changes()))

    def offered() -> SendOffer:
        return next(c for turn in reversed(turns) for c in turn.commands if isinstance(c, SendOffer))

    for name in agents:
        post(0, AgentConnected(name, 1))
        post(0, PresenceSet(name, Presence.READY))
    post(1, opened())
    post(2, WorkQueued("w1", "i1", Medium.VOICE, "orders", node="n1"))
    first = offered().agent_id
    post(22, TimePassed())
    second = offered().agent_id
    post(23, OfferAccepted(offered().reservation_id, second))
    post(24, AssignmentFailed(offered().reservation_id, "ice_failed"))
    post(25, PresenceSet(first, Presence.READY))
    assert offered().agent_id == first
    post(26, OfferAccepted(offered().reservation_id, first))
    post(27, AssignmentConnected(offered().reservation_id))
    post(87, AssignmentEnded(offered().reservation_id, EndedBy.AGENT))
    post(87, InteractionClosed("i1", "handled"))
    post(97, WrapUpFinished(offered().reservation_id, first, "done"))
    projection = fold(turns)
    told = [(step.kind, step.detail.get("agent")) for step in projection.steps if "agent" in step.detail]
    assert told == [
        ("offered", first),
        ("missed", first),
        ("offered", second),
        ("accepted", second),
        ("join_failed", second),
        ("offered", first),
        ("accepted", first),
        ("joined", first),
        ("ended", first),
        ("wrap_up_started", first),
        ("wrapped_up", first),
    ]
    draft = projection.interactions["i1"]
    assert (draft.state, draft.outcome, draft.open_work) == ("closed", "handled", 0)
    assert (draft.wait_us, draft.talk_us, draft.wrap_up_us) == (25 * SECOND, 60 * SECOND, 10 * SECOND)


def test_interventions_are_told_with_who_did_them() -> None:
    before = [turn(1, 0, opened()), turn(2, 1, queued()), turn(3, 2, TimePassed(), offer("r1", "anna", 1))]
    again = RequeueWork("w1", "i1", "care")
    projection = fold(
        [
            *before,
            turn(4, 3, WorkMoved("w1", "care", "sam"), withdraw("r1", "anna", WithdrawReason.MOVED), again),
            turn(5, 4, WorkDirected("w1", "ben", "sam"), again),
            turn(6, 5, WorkDirected("w1", "nobody", "sam"), Refuse("unknown_agent", "")),
            turn(7, 6, WorkCancelled("w1", "sam"), CloseWork("w1", "i1", Outcome.CANCELLED)),
            turn(8, 7, InteractionClosed("i1", "handled")),
        ]
    )
    told = [(step.kind, dict(step.detail)) for step in projection.steps[3:]]
    assert told == [
        ("moved", {"queue": "care", "before": "orders", "by": "sam"}),
        ("offer_withdrawn", {"agent": "anna", "reason": "moved"}),
        ("directed", {"agent": "ben", "by": "sam"}),
        ("cancelled", {"by": "sam"}),
        ("closed", {"outcome": "cancelled"}),
    ]
    draft = projection.interactions["i1"]
    assert (draft.queue, draft.outcome, draft.state) == ("care", "cancelled", "closed")


def test_a_call_that_is_handed_on_is_with_whoever_speaks_with_the_customer() -> None:
    projection, seen = Projection(), list[tuple[str, str, str | None]]()
    for each in handed_on():
        projection.apply(each)
        draft = projection.interactions.get("i1")
        if draft is not None and (not seen or (draft.state, draft.agent_id) != seen[-1][1:]):
            seen.append((type(each.event).__name__, draft.state, draft.agent_id))
        if draft is not None:
            assert (draft.ended_at is None) is not draft.customer_over
    assert seen == [
        ("InteractionOpened", "open", None),
        ("WorkQueued", "offered", None),
        ("OfferAccepted", "assigned", "anna"),
        ("AssignmentConnected", "connected", "anna"),
        ("OfferAccepted", "connected", "ben"),
        ("AssignmentEnded", "connected", "anna"),
        ("OfferAccepted", "connected", "cai"),
        ("CustomerLeft", "wrap_up", "cai"),
        ("WrapUpFinished", "closed", "cai"),
    ]
    draft = projection.interactions["i1"]
    assert (draft.outcome, draft.disposition, draft.open_work) == ("handled", "done", 0), (
        "by cai, though anna came later"
    )
    wrapped = [step.detail for step in projection.steps if step.kind == "wrapped_up"]
    assert [(one["agent"], one["disposition"]) for one in wrapped] == [
        ("ben", None),
        ("cai", "done"),
        ("anna", "passed_on"),
    ]
    assert draft.talk_us == (22 + 4 + 19) * SECOND
