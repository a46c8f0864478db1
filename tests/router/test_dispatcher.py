"""The dispatcher, event by event: what each does to arrivals and offers, also late, twice or from the wrong hand."""

import gc

import pytest
from msgspec.structs import replace

from router.commands import (
    CloseWork,
    JoinLegs,
    RequeueWork,
    SendOffer,
    WithdrawOffer,
)
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentFailed,
    NodeLost,
    OfferAccepted,
    OfferFailed,
    OfferRejected,
    PresenceSet,
    WorkQueued,
)
from router.policy import Policy, QueuePolicy
from router.vocabulary import (
    Medium,
    OfferState,
    Outcome,
    Presence,
    Requirement,
    WithdrawReason,
    WorkState,
)
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, codes, kinds, offers, policy, presence, state

# -- arrivals


def test_an_arrival_is_offered_in_the_same_turn(solo: World) -> None:
    [offer] = solo.queue("w1", "vip", Requirement("en", 3))
    assert isinstance(offer, SendOffer)
    assert (offer.reservation_id, offer.agent_id, offer.attempt) == ("w1.1", "ann", 1)
    assert offer.queued_at == solo.now
    assert offer.deadline == solo.now + 20 * SECOND
    assert offer.requirements == (Requirement("en", 3),)
    assert offer.decision.terms[:2] == (("load", 0), ("proficiency", 5))
    assert solo.dispatcher.next_deadline() == offer.deadline


def test_an_arrival_without_anybody_waits(world: World) -> None:
    assert world.queue("w1") == []
    assert world.dispatcher.place("w1") == 1


def test_refused_arrivals_change_nothing(world: World) -> None:
    world.queue("w1")
    assert codes(world.queue("w1")) == ["duplicate"]
    assert codes(world.queue("w2", "nowhere")) == ["unknown_queue"]
    assert codes(world.queue("w3", "chat")) == ["wrong_medium"]
    assert world.dispatcher.waiting("sales") == ("w1",)


def test_a_dispatcher_without_policy_refuses_politely(new_world: NewWorld) -> None:
    world = new_world(Policy("", {}, {}))
    assert codes(world.queue("w1")) == ["unknown_queue"]
    assert codes(world.post(AgentConnected("ann", 1))) == ["unknown_agent"]


# -- offers


def test_accepting_joins_the_legs_once(solo: World) -> None:
    solo.queue("w1")
    assert kinds(solo.accept("w1.1")) == ["JoinLegs"]
    assert solo.accept("w1.1") == []
    assert state(solo, "w1") is WorkState.ASSIGNED
    assert solo.dispatcher.next_deadline() is None
    assert solo.wait(60 * SECOND) == []


def test_an_accept_that_comes_late_or_from_another_is_refused(solo: World) -> None:
    solo.queue("w1")
    assert codes(solo.post(OfferAccepted("w1.1", "bob"))) == ["not_yours"]
    solo.leave("w1")
    assert codes(solo.post(OfferAccepted("w1.1", "ann"))) == ["offer_over"]
    assert codes(solo.post(OfferAccepted("w9.1", "ann"))) == ["offer_over"]


def test_an_accept_in_wrap_up_is_refused(talking: World) -> None:
    talking.end("w1.1")
    assert codes(talking.accept("w1.1")) == ["offer_over"]
    assert codes(talking.reject("w1.1")) == ["offer_over"]


def test_an_expired_offer_goes_on_to_the_next_agent_and_the_first_is_not_ready(world: World) -> None:
    world.ready("ann", "bob")
    world.queue("w1")
    queued_at = world.now
    commands = world.wait(20 * SECOND)
    assert kinds(commands) == ["ShowPresence", "WithdrawOffer", "RequeueWork", "SendOffer"]
    assert isinstance(commands[1], WithdrawOffer)
    assert commands[1].reason is WithdrawReason.EXPIRED
    assert isinstance(commands[3], SendOffer)
    assert (commands[3].agent_id, commands[3].reservation_id, commands[3].queued_at) == ("bob", "w1.2", queued_at)
    assert presence(world, "ann") == (Presence.NOT_READY, "missed_offer")


def test_an_expired_offer_keeps_its_place(solo: World) -> None:
    for work_id in ("w1", "w2", "w3"):
        solo.queue(work_id)
    assert solo.dispatcher.waiting("sales") == ("w2", "w3")
    solo.wait(20 * SECOND)
    assert solo.dispatcher.waiting("sales") == ("w1", "w2", "w3")
    assert solo.dispatcher.place("w1") == 1
    assert offers(solo.ready("ann")) == [("w1", "ann")]


def test_a_declared_reason_survives_a_missed_offer(solo: World) -> None:
    solo.queue("w1")
    solo.presence("ann", Presence.NOT_READY, "lunch")
    assert kinds(solo.wait(20 * SECOND)) == ["WithdrawOffer", "RequeueWork"]
    assert presence(solo, "ann") == (Presence.NOT_READY, "lunch")


def test_an_agent_who_declares_not_ready_may_still_accept(solo: World) -> None:
    solo.queue("w1")
    solo.presence("ann", Presence.NOT_READY, "lunch")
    assert kinds(solo.accept("w1.1")) == ["JoinLegs"]


def test_a_rejected_item_rests_for_that_agent_only(world: World) -> None:
    world.ready("ann")
    world.queue("w1")
    assert kinds(world.reject("w1.1")) == ["WithdrawOffer", "RequeueWork"]
    assert presence(world, "ann") == (Presence.READY, None)
    assert offers(world.queue("w2")) == [("w2", "ann")]
    assert offers(world.ready("bob")) == [("w1", "bob")]


def test_after_the_rest_the_item_is_offered_again(solo: World) -> None:
    solo.queue("w1")
    solo.reject("w1.1")
    assert offers(solo.wait(29 * SECOND)) == []
    assert offers(solo.wait(2 * SECOND)) == [("w1", "ann")]


def test_without_a_rest_a_rejected_item_comes_back_at_once(new_world: NewWorld) -> None:
    rules = policy({"ann": agent("ann")}, {"sales": QueuePolicy("sales", Medium.VOICE, reject_rest_us=0)})
    world = new_world(rules)
    world.ready("ann")
    world.queue("w1")
    assert kinds(world.reject("w1.1")) == ["WithdrawOffer", "RequeueWork", "SendOffer"]


def test_late_or_foreign_rejects_are_refused(solo: World) -> None:
    solo.queue("w1")
    assert codes(solo.post(OfferRejected("w1.1", "bob"))) == ["not_yours"]
    solo.accept("w1.1")
    assert codes(solo.reject("w1.1")) == ["offer_over"]
    assert codes(solo.post(OfferRejected("w7.1", "ann"))) == ["offer_over"]


@pytest.mark.parametrize("stage", ["offered", "accepted", "connected"])
def test_a_failed_leg_sets_the_agent_not_ready_and_the_item_goes_on(world: World, stage: str) -> None:
    world.ready("ann", "bob")
    world.queue("w1")
    if stage != "offered":
        world.accept("w1.1")
    if stage == "connected":
        world.post(AssignmentConnected("w1.1"))
    failed = OfferFailed("w1.1", "busy") if stage == "offered" else AssignmentFailed("w1.1", "no_media")
    commands = world.post(failed)
    assert kinds(commands) == ["ShowPresence", "WithdrawOffer", "RequeueWork", "SendOffer"]
    assert presence(world, "ann") == (Presence.NOT_READY, "leg_failed")
    assert offers(commands) == [("w1", "bob")]
    assert world.post(failed) == []


def test_a_failure_of_the_other_stage_is_without_effect(solo: World) -> None:
    solo.queue("w1")
    assert solo.post(AssignmentFailed("w1.1", "late")) == []
    solo.accept("w1.1")
    assert solo.post(OfferFailed("w1.1", "late")) == []


# -- lost nodes


def test_a_lost_node_closes_its_voice_work_only(new_world: NewWorld) -> None:
    world = new_world(policy({name: agent(name, chat=1) for name in ("ann", "bob", "cem", "dan")}))
    world.ready("ann", "bob", "cem")
    world.queue("talk", node="n1")
    world.join("talk.1")
    world.queue("taken", node="n1")
    world.accept("taken.1")
    world.queue("ringing", node="n1")
    world.queue("waiting", node="n1")
    world.queue("other", node="n2")
    world.queue("text", "chat", medium=Medium.CHAT, node="n1")
    commands = world.post(NodeLost("n1"))
    assert kinds(commands) == [
        "PartLegs", "StartWrapUp",
        "PartLegs", "CloseWork",
        "WithdrawOffer", "CloseWork",
        "CloseWork",
        "SendOffer",
    ]  # fmt: skip
    assert {command.outcome for command in commands if isinstance(command, CloseWork)} == {Outcome.NODE_LOST}
    assert offers(commands) == [("other", "bob")]
    assert state(world, "text") is WorkState.OFFERED
    assert world.post(NodeLost("n1")) == []


# -- time


def test_time_never_runs_backwards(solo: World) -> None:
    solo.dispatcher.handle(PresenceSet("ann", Presence.NOT_READY, "lunch"), 5)
    row = solo.dispatcher.agent("ann")
    assert row is not None
    assert row.presence_since == solo.now
    solo.store.apply(solo.dispatcher.drain_changes())


def test_the_whole_life_of_an_item_in_rows(solo: World) -> None:
    seen: list[OfferState | None] = []
    solo.queue("w1")
    for move in (solo.accept, lambda one: solo.post(AssignmentConnected(one)), solo.end, solo.finish):
        row = solo.store.reservations.get("w1.1")
        seen.append(row.state if row else None)
        move("w1.1")
    assert seen == [OfferState.OFFERED, OfferState.ACCEPTED, OfferState.CONNECTED, OfferState.WRAP_UP]
    assert solo.store.work == {}
    assert solo.store.reservations == {}


def test_turns_leave_no_cycles_behind(world: World) -> None:
    """The oldest generation is never collected in the server, so finished work must go by reference counting."""
    world.ready("ann", "bob")
    gc.collect()
    gc.disable()
    try:
        for index in range(200):
            for work_id in (f"a{index}", f"b{index}", f"c{index}"):
                world.queue(work_id)
            world.reject(f"a{index}.1")
            world.leave(f"a{index}")
            for work_id in (f"b{index}", f"c{index}"):
                for attempt in ("1", "2"):
                    world.join(f"{work_id}.{attempt}")
                    world.end(f"{work_id}.{attempt}")
                    world.finish(f"{work_id}.{attempt}")
            world.leave(f"b{index}")
            world.leave(f"c{index}")
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert len(world.dispatcher.shard.work) <= 2


def test_join_carries_the_reservation(solo: World) -> None:
    solo.queue("w1")
    assert solo.accept("w1.1") == [JoinLegs("w1.1", "w1", "i-w1", "ann")]


def test_requeue_names_the_queue(solo: World) -> None:
    solo.queue("w1")
    assert RequeueWork("w1", "i-w1", "sales") in solo.reject("w1.1")


def test_work_that_was_to_be_queued_before_is_refused(world: World) -> None:
    late = WorkQueued("w1", "i1", Medium.VOICE, "sales", until=world.now + 10)
    assert codes(world.post(late, after=11)) == ["too_late"]
    assert state(world, "w1") is None
    assert codes(world.post(replace(late, until=world.now + 10), after=10)) == []
