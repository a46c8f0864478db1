"""Rings, ways out of a queue, patience and scheduled work, event by event."""

from dataclasses import replace
from itertools import pairwise

import pytest
from msgspec import structs

from router.commands import CloseWork, Command, DivertWork, Refuse, RequeueWork, WithdrawOffer
from router.events import AgentConnected, CallbackRequested, PolicyChanged, WorkDirected, WorkMoved, WorkQueued
from router.policy import Exit, Policy, QueuePolicy, Ring
from router.vocabulary import Medium, Outcome, Presence, Requirement, WithdrawReason, WorkState
from router.work import Work
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, kinds, offers, policy

VOICEMAIL = Exit(divert="voicemail")


def queue(name: str, *rings: Ring, **rules: object) -> QueuePolicy:
    return replace(QueuePolicy(name, Medium.VOICE, rings=rings), **rules)  # type: ignore[arg-type]


def site(*queues: QueuePolicy, version: str = "v1") -> Policy:
    """ann can do what `en` asks for, bob cannot."""
    agents = {"ann": agent("ann", {"en": 5}), "bob": agent("bob")}
    return policy(agents, {one.name: one for one in queues}, version)


def item(world: World, work_id: str = "w") -> Work:
    return world.dispatcher.shard.work[work_id]


def codes(commands: list[Command]) -> list[str]:
    return [command.code for command in commands if isinstance(command, Refuse)]


def ways(commands: list[Command]) -> list[tuple[str, str]]:
    """(where to, why) of each DivertWork; each is followed by its CloseWork."""
    found = []
    for command, after in pairwise(commands):
        if isinstance(command, DivertWork):
            assert after == CloseWork(command.work_id, command.interaction_id, Outcome.DIVERTED)
            found.append((command.divert, command.why))
    return found


def ask(world: World, **fields: object) -> list[Command]:
    return world.post(structs.replace(WorkQueued("w", "i", Medium.VOICE, "sales"), **fields))


# -- rings


def test_rings_hold_one_after_the_other(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND), Ring(20 * SECOND, priority=3))))
    world.connect("bob")
    ask(world)
    begin = world.now
    assert world.dispatcher.next_deadline() == begin + 10 * SECOND
    world.wait(10 * SECOND)
    assert (item(world).ring, world.dispatcher.next_deadline()) == (1, begin + 20 * SECOND)
    world.wait(10 * SECOND)
    assert (item(world).ring, world.dispatcher.next_deadline()) == (2, None)
    assert world.store.work["w"].ring == 2


def test_a_ring_overflows_to_another_queue_and_keeps_the_place(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND, exit=Exit("help"))), queue("help", Ring(5 * SECOND))))
    world.connect("bob")
    ask(world)
    world.wait(9 * SECOND)
    world.queue("later", "help")
    commands = world.wait(1 * SECOND)
    assert commands == [RequeueWork("w", "i", "help")]
    assert world.dispatcher.waiting("help") == ("w", "later")
    assert (item(world).ring, item(world).ringed_at) == (0, item(world).queued_at + 10 * SECOND)
    world.wait(5 * SECOND)
    assert item(world).ring == 1


def test_a_ring_diverts_to_what_the_channel_does_next(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND, exit=VOICEMAIL))))
    world.connect("bob")
    ask(world)
    commands = world.wait(10 * SECOND)
    assert commands == [DivertWork("w", "i", "voicemail", "ring"), CloseWork("w", "i", Outcome.DIVERTED)]
    assert world.dispatcher.open_work() == 0


@pytest.mark.parametrize("target", ["gone", "sales", "chat", "shut"])
def test_an_exit_that_leads_nowhere_is_passed_over(new_world: NewWorld, target: str) -> None:
    shut = queue("shut", closed=True)
    rings = (Ring(10 * SECOND, exit=Exit(target)), Ring(20 * SECOND, exit=VOICEMAIL))
    world = new_world(site(queue("sales", *rings), shut, QueuePolicy("chat", Medium.CHAT)))
    world.connect("bob")
    ask(world)
    assert world.wait(10 * SECOND) == []
    assert (item(world).queue, item(world).ring) == ("sales", 1)
    assert ways(world.wait(10 * SECOND)) == [("voicemail", "ring")]


def test_a_cycle_of_overflows_ends(new_world: NewWorld) -> None:
    there, back = Ring(0, exit=Exit("help")), Ring(0, exit=Exit("sales"))
    world = new_world(site(queue("sales", there), queue("help", back)))
    commands = ask(world)
    assert commands == [RequeueWork("w", "i", "help")]
    assert world.dispatcher.next_deadline() is None


def test_an_item_that_is_offered_leaves_when_it_comes_back(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND, exit=VOICEMAIL), offer_timeout_us=15 * SECOND)))
    world.ready("ann")
    ask(world)
    commands = world.wait(20 * SECOND)
    assert kinds(commands) == ["ShowPresence", "WithdrawOffer", "DivertWork", "CloseWork"]


def test_rings_where_nobody_is_present_are_passed_over_when_the_item_comes(new_world: NewWorld) -> None:
    needs_en = Requirement("en")
    world = new_world(site(queue("sales", Ring(10 * SECOND), Ring(20 * SECOND), Ring(30 * SECOND, skip_empty=False))))
    world.connect("bob")
    ask(world, requirements=(needs_en,))
    assert item(world).ring == 3


def test_the_time_before_the_first_ring_is_never_passed_over_to_a_way_out(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND, exit=VOICEMAIL))))
    assert ask(world) == []
    assert item(world).ring == 0


def test_when_the_last_one_present_leaves_the_next_ring_holds_at_once(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND), Ring(60 * SECOND, exit=VOICEMAIL))))
    world.connect("ann")
    ask(world, requirements=(Requirement("en"),))
    assert item(world).ring == 0
    world.presence("ann", Presence.OFFLINE)
    assert ways(world.wait(0)) == [("voicemail", "ring")]


def test_a_lost_connection_counts_as_present_within_the_grace(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(40 * SECOND), Ring(60 * SECOND, exit=VOICEMAIL))))
    world.connect("ann")
    ask(world, requirements=(Requirement("en"),))
    world.disconnect("ann")
    world.wait(14 * SECOND)
    assert item(world).ring == 0
    assert ways(world.wait(2 * SECOND)) == [("voicemail", "ring")]


def test_who_has_no_voice_leg_staffs_no_ring_of_calls(new_world: NewWorld) -> None:
    rings = Ring(10 * SECOND), Ring(60 * SECOND, exit=VOICEMAIL)
    queues = {"sales": queue("sales", *rings), "chat": QueuePolicy("chat", Medium.CHAT, rings=rings)}
    world = new_world(policy({"ann": agent("ann", {"en": 5}, chat=2), "bob": agent("bob")}, queues))
    world.connect("ann")
    world.connect("bob")
    ask(world, requirements=(Requirement("en"),))
    ask(world, work_id="w2", interaction_id="i2", medium=Medium.CHAT, queue="chat", requirements=(Requirement("en"),))
    assert (item(world).ring, item(world, "w2").ring) == (0, 0)
    generation = world.dispatcher.shard.agents["ann"].generation
    world.post(AgentConnected("ann", generation, media=(Medium.CHAT,)))
    assert ways(world.wait(0)) == [("voicemail", "ring")], "no call can be joined with her"
    assert item(world, "w2").ring == 0, "a chat can"
    ask(world, work_id="w3", interaction_id="i3", requirements=(Requirement("en"),))
    assert "w3" not in world.dispatcher.shard.work, "nor with whom comes later"
    world.post(AgentConnected("ann", generation, media=(Medium.VOICE, Medium.CHAT)))
    ask(world, work_id="w4", interaction_id="i4", requirements=(Requirement("en"),))
    assert item(world, "w4").ring == 0


def test_new_rings_hold_at_once_by_the_time_waited(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(100 * SECOND))))
    world.connect("bob")
    ask(world)
    world.wait(30 * SECOND)
    world.post(PolicyChanged(site(queue("sales", Ring(20 * SECOND), Ring(50 * SECOND)), version="v2")))
    assert item(world).ring == 1
    commands = world.post(PolicyChanged(site(queue("sales", Ring(20 * SECOND, exit=VOICEMAIL)), version="v3")))
    assert ways(commands) == [("voicemail", "ring")]


# -- full and closed


def test_a_full_queue_refuses_or_sends_elsewhere(new_world: NewWorld) -> None:
    full = queue("sales", max_waiting=1)
    for when_full, answer in ((None, ["Refuse"]), (VOICEMAIL, ["DivertWork", "CloseWork"])):
        world = new_world(site(replace(full, when_full=when_full)))
        world.queue("first")
        assert kinds(ask(world)) == answer
        assert list(world.store.work) == ["first"]
    assert codes(world.post(WorkMoved("first", "sales", "sam"))) == []


def test_full_queues_pass_on_until_one_takes_the_item(new_world: NewWorld) -> None:
    chain = [queue(name, max_waiting=1, when_full=Exit(after)) for name, after in (("sales", "b"), ("b", "c"))]
    world = new_world(site(*chain, queue("c", max_waiting=1, when_full=Exit("sales"))))
    ask(world, work_id="1", interaction_id="1")
    assert ask(world, work_id="2") == [RequeueWork("2", "i", "b")]
    assert ask(world, work_id="3") == [RequeueWork("3", "i", "c")]
    assert codes(ask(world)) == ["queue_full"]


def test_a_closed_queue_refuses_or_sends_elsewhere(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", closed=True), queue("b", closed=True, when_closed=VOICEMAIL)))
    world.ready("ann")
    assert codes(ask(world)) == ["queue_closed"]
    assert ways(ask(world, queue="b")) == [("voicemail", "queue_closed")]
    assert codes(ask(world, queue="b", callback=True)) == ["queue_closed"]


def test_a_move_into_a_closed_or_full_queue_is_refused(new_world: NewWorld) -> None:
    shut = queue("shut", closed=True, when_closed=VOICEMAIL)
    world = new_world(site(queue("sales"), shut, queue("full", max_waiting=1)))
    ask(world)
    world.queue("other", "full")
    assert codes(world.post(WorkMoved("w", "shut", "sam"))) == ["queue_closed"]
    assert codes(world.post(WorkMoved("w", "full", "sam"))) == ["queue_full"]
    assert item(world).queue == "sales"


def test_closing_a_queue_leaves_those_who_wait_unless_it_is_to_be_emptied(new_world: NewWorld) -> None:
    open_, shut = queue("sales"), queue("sales", closed=True, when_closed=VOICEMAIL)
    world = new_world(site(open_))
    ask(world)
    assert world.post(PolicyChanged(site(shut, version="v2"))) == []
    assert world.wait(SECOND) == []
    commands = world.post(PolicyChanged(site(replace(shut, empty_when_closed=True), version="v3")))
    assert ways(commands) == [("voicemail", "queue_closed")]


def test_emptying_a_queue_withdraws_what_is_offered_and_leaves_what_is_taken(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales"), queue("b", closed=True)))
    world.ready("ann", "bob")
    world.queue("taken")
    world.join("taken.1")
    ask(world)
    shut = queue("sales", closed=True, when_closed=VOICEMAIL, empty_when_closed=True)
    commands = world.post(PolicyChanged(site(shut, queue("b", closed=True), version="v2")))
    assert isinstance(commands[0], WithdrawOffer)
    assert commands[0].reason is WithdrawReason.RULE
    assert ways(commands) == [("voicemail", "queue_closed")]
    assert item(world, "taken").state is WorkState.CONNECTED


def test_who_has_no_way_out_stays_in_a_queue_that_is_emptied(new_world: NewWorld) -> None:
    shut = queue("sales", closed=True, empty_when_closed=True)
    for when_closed in (None, Exit("b"), VOICEMAIL):
        world = new_world(site(queue("sales"), queue("b", closed=True)))
        ask(world)
        world.post(CallbackRequested("w"))
        rules = replace(shut, when_closed=when_closed)
        world.post(PolicyChanged(site(rules, queue("b", closed=True), version="v2")))
        assert world.wait(SECOND) == []
        assert world.dispatcher.next_deadline() is None


def test_many_leave_in_bounded_turns(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND, exit=VOICEMAIL))))
    world.connect("bob")
    for number in range(600):
        world.post(WorkQueued(f"w{number}", "i", Medium.VOICE, "sales"), after=0)
    world.now += 10 * SECOND
    turns = []
    while (due := world.dispatcher.next_deadline()) is not None and due <= world.now:
        turns.append(len(ways(world.dispatcher.expire(world.now))))
        world.store.apply(world.dispatcher.drain_changes())
    assert turns == [512, 88]


# -- scheduled work


def test_scheduled_work_is_in_no_list_before_its_time(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND))))
    world.ready("ann")
    time = world.now + 60 * SECOND
    assert ask(world, not_before=time) == []
    assert world.dispatcher.place("w") is None
    assert world.dispatcher.next_deadline() == time
    commands = world.wait(61 * SECOND)
    assert offers(commands) == [("w", "ann")]
    assert (item(world).queued_at, item(world).ringed_at) == (time, time)


def test_scheduled_work_comes_to_the_place_of_an_older_time(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales")))
    since, time = world.now, world.now + 60 * SECOND
    world.wait(SECOND)
    world.queue("other")
    ask(world, not_before=time, since=since)
    world.wait(60 * SECOND)
    assert world.dispatcher.waiting("sales") == ("w", "other")


def test_scheduled_work_can_be_moved_and_ended_before_its_time(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales"), queue("b", Ring(10 * SECOND))))
    time = world.now + 60 * SECOND
    ask(world, not_before=time)
    assert world.post(WorkMoved("w", "b", "sam")) == [RequeueWork("w", "i", "b")]
    assert world.dispatcher.next_deadline() == time
    assert item(world).ringed_at == time
    assert kinds(world.leave("w")) == ["CloseWork"]
    assert world.dispatcher.next_deadline() is None


# -- preferred agents


def test_patience_ends_by_time_and_with_the_last_preferred_agent(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", preferred_patience_us=30 * SECOND)))
    world.connect("ann")
    world.ready("bob")
    assert ask(world, preferred=("ann",)) == []
    assert world.dispatcher.next_deadline() == item(world).ringed_at + 30 * SECOND
    assert offers(world.presence("ann", Presence.OFFLINE)) == [("w", "bob")]
    world.connect("ann")
    assert offers(world.reject("w.1")) == []
    assert offers(world.wait(30 * SECOND)) == [("w", "bob")]


def test_a_preferred_agent_who_comes_back_has_the_rest_of_the_patience(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", preferred_patience_us=30 * SECOND)))
    ask(world, preferred=("ann",))
    world.connect("ann")
    assert offers(world.ready("bob")) == []
    assert offers(world.wait(30 * SECOND)) == [("w", "bob")]


# -- work for one agent


def test_what_is_for_one_agent_is_let_in_and_takes_no_way_out(new_world: NewWorld) -> None:
    shut = queue("sales", Ring(10 * SECOND, exit=VOICEMAIL), closed=True, when_closed=VOICEMAIL, empty_when_closed=True)
    world = new_world(site(shut))
    world.connect("ann")
    assert ask(world, directed="ann") == []
    assert world.wait(60 * SECOND) == []
    assert ways(world.post(WorkDirected("w", None, "call"))) == [("voicemail", "queue_closed")]


def test_rings_stand_still_for_one_agent_and_catch_up_for_all(new_world: NewWorld) -> None:
    world = new_world(site(queue("sales", Ring(10 * SECOND), Ring(20 * SECOND, exit=Exit("help"))), queue("help")))
    world.connect("ann")
    ask(world, directed="ann")
    world.wait(15 * SECOND)
    assert item(world).ring == 0
    world.post(WorkDirected("w", None, "sam"))
    assert item(world).ring == 1
    world.post(WorkDirected("w", "ann", "sam"))
    assert world.dispatcher.next_deadline() is None
    world.wait(15 * SECOND)
    assert world.post(WorkDirected("w", None, "sam")) == [RequeueWork("w", "i", "help")]
