"""Offers to several at once, auto-accept, missed offers, wrap-up that is extended, callbacks."""

from dataclasses import replace

import pytest

from router.commands import (
    CloseWork,
    Command,
    JoinLegs,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    StartWrapUp,
    WithdrawOffer,
)
from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    CallbackFailed,
    CallbackRequested,
    NodeLost,
    OfferFailed,
    WorkCancelled,
    WorkDirected,
    WorkMoved,
    WorkQueued,
    WrapUpExtended,
)
from router.policy import AgentPolicy, QueuePolicy
from router.vocabulary import EndedBy, Medium, Outcome, Presence, WithdrawReason, WorkState
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, kinds, offers, policy


def site(new_world: NewWorld, agents: dict[str, AgentPolicy] | None = None, **rules: object) -> World:
    """One queue with these rules, and a second one without."""
    queue = replace(QueuePolicy("sales", Medium.VOICE), **rules)  # type: ignore[arg-type]
    return new_world(policy(agents, {"sales": queue, "vip": QueuePolicy("vip", Medium.VOICE)}))


def codes(commands: list[Command]) -> list[str]:
    return [command.code for command in commands if isinstance(command, Refuse)]


def withdrawn(commands: list[Command]) -> list[tuple[str, str]]:
    return [(one.reservation_id, one.reason.value) for one in commands if isinstance(one, WithdrawOffer)]


# -- several at once


@pytest.fixture
def ringing(new_world: NewWorld) -> World:
    """w is offered to ann, bob and cem at once."""
    world = site(new_world, offer_to=3)
    world.ready("ann", "bob", "cem")
    assert offers(world.queue("w")) == [("w", "ann"), ("w", "bob"), ("w", "cem")]
    return world


def test_the_first_to_accept_has_it_and_the_others_lose_it_in_the_same_turn(ringing: World) -> None:
    commands = ringing.accept("w.2")
    assert commands[0] == JoinLegs("w.2", "w", "i-w", "bob")
    assert withdrawn(commands) == [("w.1", "taken"), ("w.3", "taken")]
    assert len(commands) == 3
    assert codes(ringing.accept("w.1")) == ["offer_over"]
    assert [ringing.dispatcher.load(name) for name in ("ann", "bob", "cem")] == [0, 1, 0]
    assert offers(ringing.queue("next")) == [("next", "ann"), ("next", "cem")]


def test_the_item_waits_again_when_the_last_offer_is_gone(ringing: World) -> None:
    assert kinds(ringing.reject("w.1")) == ["WithdrawOffer"]
    assert kinds(ringing.post(OfferFailed("w.3", "busy"))) == ["ShowPresence", "WithdrawOffer"]
    commands = ringing.wait(20 * SECOND)
    assert kinds(commands) == ["ShowPresence", "WithdrawOffer", "RequeueWork"]
    assert offers(ringing.wait(10 * SECOND)) == [("w", "ann")]


def test_who_becomes_free_later_is_not_added_to_offers_that_stand(ringing: World) -> None:
    ringing.reject("w.1")
    assert ringing.presence("ann", Presence.NOT_READY) + ringing.ready("ann") != []
    assert len(ringing.dispatcher.shard.work["w"].reservations) == 2


def test_everybody_loses_it_when_the_customer_leaves(ringing: World) -> None:
    commands = ringing.leave("w")
    assert kinds(commands) == ["WithdrawOffer"] * 3 + ["CloseWork"]


def test_further_offers_go_only_to_whom_nobody_else_needs(new_world: NewWorld) -> None:
    world = site(new_world, offer_to=3)
    world.queue("one")
    world.queue("two")
    for name in ("ann", "bob", "cem"):
        world.connect(name)
    shard = world.dispatcher.shard
    assert offers(world.ready("ann")) == [("one", "ann")]
    assert offers(world.ready("bob")) == [("two", "bob")]
    assert offers(world.ready("cem")) == []
    assert {key: len(work.reservations) for key, work in shard.work.items()} == {"one": 1, "two": 1}


def test_directing_an_item_that_several_have_keeps_the_offer_of_that_one(ringing: World) -> None:
    assert withdrawn(ringing.post(WorkDirected("w", "bob", "sam"))) == [("w.1", "directed"), ("w.3", "directed")]
    assert ringing.post(WorkDirected("w", None, "sam")) == []
    assert ringing.dispatcher.shard.work["w"].state is WorkState.OFFERED


@pytest.mark.parametrize(("event", "reason"), [
    (WorkMoved("w", "vip", "sam"), WithdrawReason.MOVED),
    (WorkCancelled("w", "sam"), WithdrawReason.CANCELLED),
    (NodeLost("n1"), WithdrawReason.NODE_LOST),
])  # fmt: skip
def test_what_ends_one_offer_ends_all(ringing: World, event: WorkMoved, reason: WithdrawReason) -> None:
    assert withdrawn(ringing.post(event)) == [(f"w.{number}", reason) for number in (1, 2, 3)]


def test_an_agent_with_room_for_two_is_asked_once(new_world: NewWorld) -> None:
    world = site(new_world, {"ann": agent("ann", voice=2)}, offer_to=3)
    world.ready("ann")
    assert offers(world.queue("w")) == [("w", "ann")]


# -- auto-accept and missed offers


def test_an_offer_that_accepts_itself_joins_the_legs_in_the_same_turn(new_world: NewWorld) -> None:
    world = site(new_world, auto_accept=True, offer_to=2)
    world.ready("ann", "bob")
    offer, join = world.queue("w")
    assert isinstance(offer, SendOffer)
    assert (offer.auto_accept, offer.agent_id) == (True, "ann")
    assert join == JoinLegs("w.1", "w", "i-w", "ann")
    assert world.accept("w.1") == []
    world.queue("x")
    world.queue("y")
    world.post(AssignmentConnected("w.1"))
    world.end("w.1")
    assert kinds(world.finish("w.1")) == ["EndWrapUp", "CloseWork", "SendOffer", "JoinLegs"]


def test_who_misses_an_offer_may_stay_ready_and_is_not_asked_again_at_once(new_world: NewWorld) -> None:
    world = site(new_world, missed_not_ready=False, reject_rest_us=None)
    world.ready("ann")
    world.queue("w")
    assert kinds(world.wait(20 * SECOND)) == ["WithdrawOffer", "RequeueWork"]
    assert offers(world.queue("x")) == [("x", "ann")]
    world.leave("x")
    assert offers(world.wait(20 * SECOND)) == [("w", "ann")]


def test_a_rejection_may_be_for_good(new_world: NewWorld) -> None:
    world = site(new_world, reject_rest_us=None)
    world.ready("ann")
    world.queue("w")
    world.reject("w.1")
    assert world.wait(100_000 * SECOND) == []
    assert offers(world.ready("bob")) == [("w", "bob")]


def test_what_is_accepted_is_counted_by_day(new_world: NewWorld) -> None:
    world = site(new_world)
    world.ready("ann")
    world.queue("w")
    row = world.dispatcher.agent("ann")
    assert row is not None
    assert row.handled_today == 0
    world.join("w.1")
    row = world.dispatcher.agent("ann")
    assert row is not None
    assert row.handled_today == 1


# -- wrap-up


@pytest.fixture
def wrapping(new_world: NewWorld) -> World:
    """ann is in wrap-up of w for 30 s, which may be extended by 25 s."""
    world = site(new_world, wrap_up_extend_us=25 * SECOND)
    world.ready("ann")
    world.queue("w")
    world.join("w.1")
    world.end("w.1")
    return world


def extend(world: World, seconds: int) -> list[Command]:
    return world.post(WrapUpExtended("w.1", world.holder("w.1"), seconds * SECOND), after=0)


def test_wrap_up_is_extended_by_what_the_queue_allows_in_all(wrapping: World) -> None:
    begin = wrapping.now
    assert extend(wrapping, 20) == [StartWrapUp("w.1", "w", "i-w", "ann", begin + 50 * SECOND)]
    assert extend(wrapping, 20) == [StartWrapUp("w.1", "w", "i-w", "ann", begin + 55 * SECOND)]
    assert codes(extend(wrapping, 1)) == ["not_extendable"]
    assert wrapping.wait(54 * SECOND) == []
    assert kinds(wrapping.wait(SECOND)) == ["EndWrapUp", "CloseWork"]
    assert codes(extend(wrapping, 1)) == ["wrap_up_over"]


def test_only_its_agent_extends_wrap_up_and_only_then(wrapping: World) -> None:
    assert codes(wrapping.post(WrapUpExtended("w.1", "bob", SECOND))) == ["not_yours"]
    assert codes(extend(wrapping, -5)) == ["not_extendable"]
    wrapping.ready("bob")
    wrapping.queue("x")
    assert codes(wrapping.post(WrapUpExtended("x.1", "bob", SECOND))) == ["not_in_wrap_up"]


def test_wrap_up_runs_on_without_the_browser(wrapping: World) -> None:
    wrapping.disconnect("ann")
    assert kinds(wrapping.wait(30 * SECOND)) == ["ShowPresence", "EndWrapUp", "CloseWork"]


# -- callbacks


@pytest.fixture
def promised(new_world: NewWorld) -> World:
    """w waits for a callback, before x, with two tries ten minutes apart."""
    world = site(new_world, callback_attempts=2)
    world.queue("w")
    world.queue("x")
    assert world.post(CallbackRequested("w")) == []
    return world


def test_a_callback_keeps_its_place_when_the_customer_hangs_up(promised: World) -> None:
    assert promised.leave("w") == []
    assert promised.post(NodeLost("n1"))[0] == CloseWork("x", "i-x", Outcome.NODE_LOST)
    [*_, offer] = promised.ready("ann")
    assert isinstance(offer, SendOffer)
    assert (offer.work_id, offer.callback) == ("w", True)
    assert promised.leave("w") == []
    assert kinds(promised.accept("w.1")) == ["JoinLegs"]
    assert promised.leave("w") == []
    promised.post(AssignmentConnected("w.1"))
    assert kinds(promised.leave("w")) == ["PartLegs", "StartWrapUp"]


def test_who_is_not_reached_is_tried_again_at_the_old_place_and_then_closed(promised: World) -> None:
    promised.ready("ann")
    promised.accept("w.1")
    commands = promised.post(CallbackFailed("w.1", "no_answer"))
    assert commands[:2] == [PartLegs("w.1", "w", "i-w", "ann", EndedBy.CUSTOMER), RequeueWork("w", "i-w", "sales")]
    assert offers(commands) == [("x", "ann")]
    promised.queue("y")
    promised.leave("x")
    promised.leave("y")
    promised.queue("z")
    again = promised.now
    promised.presence("ann", Presence.NOT_READY)
    promised.leave("z")
    promised.queue("last")
    promised.wait(600 * SECOND - (promised.now - again))
    assert promised.dispatcher.waiting("sales") == ("w", "last")
    promised.ready("ann")
    promised.accept("w.2")
    commands = promised.post(CallbackFailed("w.2", "busy"))
    assert commands[:2] == [
        PartLegs("w.2", "w", "i-w", "ann", EndedBy.CUSTOMER),
        CloseWork("w", "i-w", Outcome.UNREACHED),
    ]


def test_a_customer_who_hangs_up_while_being_called_was_not_reached(promised: World) -> None:
    promised.ready("ann")
    promised.accept("w.1")
    assert kinds(promised.post(AssignmentEnded("w.1", EndedBy.CUSTOMER)))[:2] == ["PartLegs", "RequeueWork"]
    assert promised.dispatcher.shard.work["w"].tries == 1


def test_a_node_that_dies_while_calling_costs_no_try(promised: World) -> None:
    promised.ready("ann")
    promised.accept("w.1")
    promised.leave("x")
    commands = promised.post(NodeLost("n1"))
    assert withdrawn(commands) == [("w.1", "node_lost")]
    assert offers(commands) == [("w", "ann")]
    assert promised.dispatcher.shard.work["w"].tries == 0


def test_late_reports_of_a_callback_are_without_effect(promised: World) -> None:
    assert promised.post(CallbackFailed("w.1", "busy")) == []
    promised.ready("ann")
    assert promised.post(CallbackFailed("w.1", "busy")) == []
    promised.join("w.1")
    assert promised.post(CallbackFailed("w.1", "busy")) == []


def test_a_callback_is_not_asked_for_while_an_agent_is(new_world: NewWorld) -> None:
    world = site(new_world)
    world.ready("ann")
    world.queue("w")
    assert codes(world.post(CallbackRequested("w"))) == ["not_waiting"]
    assert codes(world.post(CallbackRequested("nobody"))) == ["unknown_work"]


def test_work_can_be_a_callback_from_the_start(new_world: NewWorld) -> None:
    world = site(new_world)
    world.post(WorkQueued("w", "i", Medium.VOICE, "sales", callback=True, since=world.now - 60 * SECOND))
    world.post(CallbackRequested("w"))
    assert world.leave("w") == []
    assert world.dispatcher.waiting("sales") == ("w",)
