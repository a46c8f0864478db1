"""The dispatcher, event by event: what each does in each state, also late, twice or from the wrong hand."""

import gc

import pytest

from router.commands import (
    CloseWork,
    Command,
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
    AgentConnected,
    AgentDisconnected,
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    NodeLost,
    OfferAccepted,
    OfferFailed,
    OfferRejected,
    PolicyChanged,
    PresenceSet,
    WrapUpFinished,
)
from router.policy import Policy, QueuePolicy
from router.vocabulary import (
    EndedBy,
    Medium,
    OfferState,
    Outcome,
    Presence,
    Requirement,
    WithdrawReason,
    WorkState,
)
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, kinds, offers, policy


def codes(commands: list[Command]) -> list[str]:
    return [command.code for command in commands if isinstance(command, Refuse)]


def state(world: World, work_id: str) -> WorkState | None:
    row = world.dispatcher.work(work_id)
    return None if row is None else row.state


def presence(world: World, agent_id: str) -> tuple[Presence, str | None]:
    row = world.dispatcher.agent(agent_id)
    assert row is not None
    return row.presence, row.reason


@pytest.fixture
def solo(new_world: NewWorld) -> World:
    """One ready agent."""
    world = new_world(policy({"ann": agent("ann", {"en": 5})}))
    world.ready("ann")
    return world


@pytest.fixture
def talking(solo: World) -> World:
    """The agent is connected on w1, and w2 waits."""
    solo.queue("w1")
    solo.join("w1.1")
    solo.queue("w2")
    return solo


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


# -- the customer leaves


def test_the_customer_leaves_while_waiting(world: World) -> None:
    world.queue("w1")
    assert world.leave("w1") == [CloseWork("w1", "i-w1", Outcome.ABANDONED)]
    assert world.leave("w1") == []
    assert world.dispatcher.place("w1") is None


def test_the_customer_leaves_while_offered_and_the_next_gets_the_agent(solo: World) -> None:
    solo.queue("w1")
    solo.queue("w2")
    commands = solo.leave("w1")
    assert commands[:2] == [
        WithdrawOffer("w1.1", "w1", "i-w1", "ann", WithdrawReason.ABANDONED),
        CloseWork("w1", "i-w1", Outcome.ABANDONED),
    ]
    assert offers(commands) == [("w2", "ann")]


def test_the_customer_leaves_between_accept_and_join(solo: World) -> None:
    solo.queue("w1")
    solo.accept("w1.1")
    solo.queue("w2")
    commands = solo.leave("w1")
    assert commands[:2] == [
        PartLegs("w1.1", "w1", "i-w1", "ann", EndedBy.CUSTOMER),
        CloseWork("w1", "i-w1", Outcome.ABANDONED),
    ]
    assert offers(commands) == [("w2", "ann")]
    assert solo.post(AssignmentConnected("w1.1")) == []


def test_the_customer_leaves_a_conversation_then_wrap_up(talking: World) -> None:
    assert talking.leave("w1") == [
        PartLegs("w1.1", "w1", "i-w1", "ann", EndedBy.CUSTOMER),
        StartWrapUp("w1.1", "w1", "i-w1", "ann", talking.now + 30 * SECOND),
    ]
    assert talking.leave("w1") == []
    assert state(talking, "w1") is WorkState.WRAP_UP


# -- conversation and wrap-up


def test_the_end_of_a_conversation_starts_wrap_up_once(talking: World) -> None:
    assert kinds(talking.end("w1.1", EndedBy.AGENT)) == ["PartLegs", "StartWrapUp"]
    assert talking.end("w1.1", EndedBy.CUSTOMER) == []
    assert talking.dispatcher.load("ann") == 1


def test_finishing_wrap_up_frees_the_agent_for_the_next_item_in_the_same_turn(talking: World) -> None:
    talking.end("w1.1")
    commands = talking.finish("w1.1", "sold")
    assert commands[:2] == [
        EndWrapUp("w1.1", "w1", "i-w1", "ann", "sold"),
        CloseWork("w1", "i-w1", Outcome.HANDLED),
    ]
    assert offers(commands) == [("w2", "ann")]
    row = talking.dispatcher.agent("ann")
    assert row is not None
    assert row.idle_since == talking.now


def test_the_wrap_up_deadline_closes_it(talking: World) -> None:
    talking.end("w1.1")
    commands = talking.wait(30 * SECOND)
    assert kinds(commands) == ["EndWrapUp", "CloseWork", "SendOffer"]
    assert codes(talking.post(WrapUpFinished("w1.1", "ann", "sold"))) == ["wrap_up_over"]


def test_wrap_up_is_finished_by_its_agent_and_in_wrap_up_only(talking: World) -> None:
    assert codes(talking.finish("w1.1")) == ["not_in_wrap_up"]
    talking.end("w1.1")
    assert codes(talking.post(WrapUpFinished("w1.1", "bob"))) == ["not_yours"]


def test_a_queue_without_wrap_up_frees_the_agent_at_once(new_world: NewWorld) -> None:
    rules = policy({"ann": agent("ann")}, {"sales": QueuePolicy("sales", Medium.VOICE, wrap_up_us=0)})
    world = new_world(rules)
    world.ready("ann")
    world.queue("w1")
    world.join("w1.1")
    world.queue("w2")
    assert kinds(world.end("w1.1")) == ["PartLegs", "EndWrapUp", "CloseWork", "SendOffer"]


@pytest.mark.parametrize(("by", "expected"), [
    (EndedBy.CUSTOMER, ["PartLegs", "CloseWork"]),
    (EndedBy.AGENT, ["ShowPresence", "WithdrawOffer", "RequeueWork"]),
    (EndedBy.SYSTEM, ["ShowPresence", "WithdrawOffer", "RequeueWork"]),
])  # fmt: skip
def test_an_end_before_the_join(solo: World, by: EndedBy, expected: list[str]) -> None:
    solo.queue("w1")
    assert solo.end("w1.1", by) == []
    solo.accept("w1.1")
    assert kinds(solo.end("w1.1", by)) == expected


def test_events_of_unknown_reservations_are_without_effect(solo: World) -> None:
    for event in (
        AssignmentConnected("w9.1"),
        AssignmentEnded("w9.1", EndedBy.AGENT),
        AssignmentFailed("w9.1", "x"),
        OfferFailed("w9.1", "x"),
    ):
        assert solo.post(event) == []
    assert solo.leave("w9") == []
    assert solo.post(NodeLost("n9")) == []


# -- presence and connection


def test_connecting_signs_in_not_ready(world: World) -> None:
    assert world.connect("ann") == [ShowPresence("ann", Presence.NOT_READY, "signed_in", world.now)]


def test_ready_takes_what_waits_in_order_up_to_capacity(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann", voice=0, chat=2)}))
    for work_id, priority in (("c1", 0), ("c2", 0), ("c3", 5)):
        world.queue(work_id, "chat", medium=Medium.CHAT, priority=priority)
    world.connect("ann")
    commands = world.presence("ann", Presence.READY)
    assert offers(commands) == [("c3", "ann"), ("c1", "ann")]


def test_the_same_presence_again_is_without_effect(solo: World) -> None:
    assert solo.presence("ann", Presence.READY) == []
    assert kinds(solo.presence("ann", Presence.NOT_READY, "lunch")) == ["ShowPresence"]
    assert kinds(solo.presence("ann", Presence.NOT_READY, "training")) == ["ShowPresence"]
    assert solo.presence("ann", Presence.NOT_READY, "training") == []


def test_only_the_connected_declare_ready(world: World) -> None:
    assert codes(world.presence("ann", Presence.READY)) == ["not_connected"]
    assert codes(world.presence("ann", Presence.NOT_READY)) == ["not_connected"]
    assert codes(world.presence("nobody", Presence.READY)) == ["unknown_agent"]
    world.ready("ann")
    world.disconnect("ann")
    assert kinds(world.presence("ann", Presence.NOT_READY, "by_supervisor")) == ["ShowPresence"]


def test_signing_out_gives_offers_back(world: World) -> None:
    world.ready("ann", "bob")
    world.queue("w1")
    commands = world.presence("ann", Presence.OFFLINE)
    assert kinds(commands) == ["ShowPresence", "WithdrawOffer", "RequeueWork", "SendOffer"]
    assert isinstance(commands[1], WithdrawOffer)
    assert commands[1].reason is WithdrawReason.SIGNED_OUT


@pytest.mark.parametrize("joined", [False, True])
def test_signing_out_is_refused_in_a_conversation(solo: World, joined: bool) -> None:
    solo.queue("w1")
    solo.accept("w1.1")
    if joined:
        solo.post(AssignmentConnected("w1.1"))
    assert codes(solo.presence("ann", Presence.OFFLINE)) == ["work_held"]
    assert presence(solo, "ann") == (Presence.READY, None)


def test_signing_out_in_wrap_up_closes_it(talking: World) -> None:
    talking.end("w1.1")
    assert kinds(talking.presence("ann", Presence.OFFLINE)) == ["ShowPresence", "EndWrapUp", "CloseWork"]
    assert talking.dispatcher.place("w2") == 1


def test_a_lost_connection_stops_offers_and_its_return_brings_them(solo: World) -> None:
    assert solo.disconnect("ann") == []
    assert solo.queue("w1") == []
    commands = solo.connect("ann")
    assert kinds(commands) == ["ShowPresence", "SendOffer"]
    assert presence(solo, "ann") == (Presence.READY, None)
    assert solo.dispatcher.next_deadline() == solo.now + 20 * SECOND


def test_an_open_offer_outlives_the_connection_until_its_deadline(solo: World) -> None:
    solo.queue("w1")
    solo.disconnect("ann")
    solo.connect("ann")
    assert kinds(solo.accept("w1.1")) == ["JoinLegs"]


def test_after_the_grace_the_agent_is_not_ready(solo: World) -> None:
    solo.disconnect("ann")
    assert solo.wait(15 * SECOND) == [ShowPresence("ann", Presence.NOT_READY, "connection_lost", solo.now)]
    assert solo.dispatcher.next_deadline() is None


def test_after_the_grace_a_declared_reason_stays(solo: World) -> None:
    solo.presence("ann", Presence.NOT_READY, "lunch")
    solo.disconnect("ann")
    assert solo.wait(15 * SECOND) == []
    assert presence(solo, "ann") == (Presence.NOT_READY, "lunch")


def test_generations_shut_out_older_connections(world: World) -> None:
    world.post(AgentConnected("ann", 5))
    assert world.post(AgentConnected("ann", 5)) == []
    assert codes(world.post(AgentConnected("ann", 4))) == ["stale_generation"]
    assert kinds(world.post(AgentConnected("ann", 6))) == ["ShowPresence"]
    assert world.post(AgentDisconnected("ann", 5)) == []
    row = world.dispatcher.agent("ann")
    assert row is not None
    assert row.connected
    world.post(AgentDisconnected("ann", 6))
    world.post(AgentDisconnected("ann", 6))
    assert codes(world.post(AgentConnected("ann", 6))) == ["stale_generation"]
    assert world.post(AgentDisconnected("nobody", 1)) == []


# -- choice


def test_load_comes_before_proficiency_and_that_before_idleness(new_world: NewWorld) -> None:
    rules = policy(
        {
            "ann": agent("ann", {"en": 9}, chat=2, voice=0),
            "bob": agent("bob", {"en": 5}, chat=2, voice=0),
            "cem": agent("cem", {"en": 5}, chat=2, voice=0),
        }
    )
    world = new_world(rules)
    world.ready("cem", "bob", "ann")
    need = Requirement("en", 2)
    picked = [offers(world.queue(f"c{index}", "chat", need, medium=Medium.CHAT)) for index in range(7)]
    assert [agent_id for [(_, agent_id)] in picked[:6]] == ["ann", "cem", "bob", "ann", "cem", "bob"]
    assert picked[6] == []


def test_the_decision_names_the_runner_up(world: World) -> None:
    world.ready("bob", "ann")
    [offer] = world.queue("w1")
    assert isinstance(offer, SendOffer)
    row = world.dispatcher.agent("ann")
    assert row is not None
    assert (offer.agent_id, offer.decision.runner_up) == ("bob", "ann")
    assert offer.decision.runner_up_terms == (("load", 0), ("proficiency", 0), ("idle_since", row.idle_since))
    assert (offer.decision.policy_version, offer.decision.strategy) == ("v1", "best_proficiency")


def test_a_queue_that_outranks_is_served_first(world: World) -> None:
    world.queue("w1", "sales")
    world.queue("w2", "sales", priority=3)
    world.queue("w3", "vip")
    assert offers(world.ready("ann")) == [("w3", "ann")]
    assert offers(world.ready("bob")) == [("w2", "bob")]


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


# -- changed policies


def test_a_changed_rule_applies_at_once_to_those_who_wait(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann")}))
    world.ready("ann")
    world.queue("w1", "sales", Requirement("fr"))
    assert world.dispatcher.place("w1") == 1
    commands = world.post(PolicyChanged(policy({"ann": agent("ann", {"fr": 4})}, version="v2")))
    assert offers(commands) == [("w1", "ann")]
    assert isinstance(commands[0], SendOffer)
    assert commands[0].decision.policy_version == "v2"


def test_a_changed_priority_reorders_those_who_wait(world: World) -> None:
    world.queue("w1", "sales")
    world.queue("w2", "vip")
    queues = {
        "sales": QueuePolicy("sales", Medium.VOICE, priority=20),
        "vip": QueuePolicy("vip", Medium.VOICE, priority=10),
    }
    world.post(PolicyChanged(policy(queues=queues, version="v2")))
    assert offers(world.ready("ann")) == [("w1", "ann")]


def test_removed_agents_without_work_vanish_and_offers_are_given_back(world: World) -> None:
    world.ready("ann", "bob")
    world.queue("w1")
    commands = world.post(PolicyChanged(policy({"cem": agent("cem"), "bob": agent("bob")}, version="v2")))
    assert kinds(commands) == ["WithdrawOffer", "RequeueWork", "ShowPresence", "SendOffer"]
    assert isinstance(commands[0], WithdrawOffer)
    assert commands[0].reason is WithdrawReason.POLICY
    assert world.dispatcher.agent("ann") is None
    assert "ann" not in world.store.agents
    assert offers(commands) == [("w1", "bob")]


def test_a_removed_agent_finishes_their_conversation_first(talking: World) -> None:
    assert talking.post(PolicyChanged(policy({"bob": agent("bob")}, version="v2"))) == []
    assert kinds(talking.end("w1.1")) == ["PartLegs", "StartWrapUp"]
    commands = talking.finish("w1.1")
    assert kinds(commands) == ["EndWrapUp", "CloseWork", "ShowPresence"]
    assert talking.dispatcher.agent("ann") is None
    assert talking.dispatcher.place("w2") == 1


def test_less_capacity_takes_no_work_away_but_gives_none(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann", voice=0, chat=3)}))
    world.ready("ann")
    for work_id in ("c1", "c2", "c3"):
        world.queue(work_id, "chat", medium=Medium.CHAT)
        world.join(f"{work_id}.1")
    world.post(PolicyChanged(policy({"ann": agent("ann", voice=0, chat=1)}, version="v2")))
    world.queue("c4", "chat", medium=Medium.CHAT)
    for work_id in ("c1", "c2"):
        world.end(f"{work_id}.1")
        assert offers(world.finish(f"{work_id}.1")) == []
    world.end("c3.1")
    assert offers(world.finish("c3.1")) == [("c4", "ann")]


def test_items_of_a_removed_queue_follow_default_rules_until_they_are_gone(world: World) -> None:
    world.queue("w1", "vip", Requirement("en"))
    rules = policy({"ann": agent("ann", {"en": 1})}, {"sales": QueuePolicy("sales", Medium.VOICE)}, version="v2")
    world.post(PolicyChanged(rules))
    assert world.dispatcher.waiting("vip") == ("w1",)
    assert codes(world.queue("w2", "vip")) == ["unknown_queue"]
    assert offers(world.ready("ann")) == [("w1", "ann")]
    assert "vip" not in world.dispatcher.queues()


def test_the_same_policy_again_is_without_effect(talking: World) -> None:
    assert talking.post(PolicyChanged(talking.dispatcher.policy)) == []
    assert talking.dispatcher.place("w2") == 1


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
