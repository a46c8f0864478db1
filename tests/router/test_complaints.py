"""What users of other systems report again and again, one test for each report, named by its source.

The reports are open to the public under these numbers: github.com/OpenSIPS/opensips, signalwire/freeswitch,
asterisk/asterisk, chatwoot/chatwoot, amazon-connect/amazon-connect-streams; the last one but one is from a forum.
"""

from dataclasses import replace

import pytest

from router.commands import JoinLegs, Refuse, StartWrapUp, WithdrawOffer
from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    CustomerLeft,
    Event,
    OfferAccepted,
    OfferFailed,
    OfferRejected,
    PolicyChanged,
    WrapUpFinished,
)
from router.policy import QueuePolicy
from router.vocabulary import EndedBy, Medium, Presence, WorkState
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, kinds, offers, policy


@pytest.fixture
def ring_all(new_world: NewWorld) -> World:
    """One call that is offered to ann, bob and cem at once."""
    world = new_world(policy(queues={"sales": QueuePolicy("sales", Medium.VOICE, offer_to=3)}))
    world.ready("ann", "bob", "cem")
    assert offers(world.queue("w")) == [("w", "ann"), ("w", "bob"), ("w", "cem")]
    return world


def load(world: World) -> list[int]:
    return [world.dispatcher.load(name) for name in ("ann", "bob", "cem")]


@pytest.mark.parametrize("lost", [
    (CustomerLeft("w"),),
    (OfferRejected("w.1", "ann"),),
    (OfferFailed("w.1", "unreachable"),),
    (OfferAccepted("w.1", "ann"), AssignmentFailed("w.1", "no_answer")),
    (OfferAccepted("w.1", "ann"), AssignmentEnded("w.1", EndedBy.AGENT)),
    (OfferAccepted("w.1", "ann"), CustomerLeft("w")),
    (OfferAccepted("w.1", "ann"), AssignmentConnected("w.1"), AssignmentEnded("w.1", EndedBy.SYSTEM)),
    (OfferAccepted("w.1", "ann"), AssignmentConnected("w.1"), CustomerLeft("w"), CustomerLeft("w")),
])  # fmt: skip
def test_opensips_3123_an_agent_is_never_locked_in_a_call_that_is_over(
    new_world: NewWorld, lost: tuple[Event, ...]
) -> None:
    world = new_world(policy({"ann": agent("ann")}))
    world.ready("ann")
    world.queue("w")
    for event in lost:
        world.post(event)
    world.wait(60 * SECOND)
    world.leave("w")
    assert world.dispatcher.load("ann") == 0
    world.ready("ann")
    assert offers(world.queue("next")) == [("next", "ann")]


def test_freeswitch_2540_an_agent_who_is_asked_while_another_answers_is_free_at_once(ring_all: World) -> None:
    ring_all.accept("w.2")
    assert load(ring_all) == [0, 1, 0]
    assert offers(ring_all.queue("next")) == [("next", "ann"), ("next", "cem")]


def test_freeswitch_2529_no_offer_outlives_its_caller(ring_all: World) -> None:
    commands = ring_all.leave("w")
    assert kinds(commands) == ["WithdrawOffer", "WithdrawOffer", "WithdrawOffer", "CloseWork"]
    assert kinds(ring_all.post(OfferAccepted("w.1", "ann"))) == ["Refuse"]
    assert load(ring_all) == [0, 0, 0]


def test_asterisk_176_two_agents_never_have_one_call(ring_all: World) -> None:
    first = ring_all.post(OfferAccepted("w.1", "ann"), after=0)
    second = ring_all.post(OfferAccepted("w.2", "bob"), after=0)
    assert [type(one) for one in first] == [JoinLegs, WithdrawOffer, WithdrawOffer]
    assert [one.code for one in second if isinstance(one, Refuse)] == ["offer_over"]
    assert len(second) == 1


def test_asterisk_1557_an_answer_that_comes_to_nothing_costs_the_caller_no_round(ring_all: World) -> None:
    ring_all.accept("w.1")
    commands = ring_all.post(AssignmentFailed("w.1", "hung_up_before_the_join"))
    assert offers(commands) == [("w", "bob"), ("w", "cem")]


def test_asterisk_1557_one_who_hangs_up_while_it_rings_takes_nothing_from_the_others(ring_all: World) -> None:
    ring_all.post(OfferFailed("w.1", "busy"))
    ring_all.reject("w.2")
    assert load(ring_all) == [0, 0, 1]
    assert kinds(ring_all.accept("w.3")) == ["JoinLegs"]


def test_freeswitch_1641_whatever_comes_the_dispatcher_goes_on(world: World) -> None:
    """Late, foreign, doubled and made-up news is answered or ignored; nothing raises, and the next call is offered."""
    world.ready("ann", "bob")
    world.queue("w")
    for event in (
        OfferAccepted("nothing.9", "ann"),
        OfferAccepted("w.1", "nobody"),
        AssignmentConnected("w.1"),
        AssignmentEnded("w.1", EndedBy.CUSTOMER),
        WrapUpFinished("w.1", "ann"),
        CustomerLeft("never"),
        PolicyChanged(policy({"bob": agent("bob")}, version="v2")),
        OfferAccepted("w.1", "ann"),
    ):
        world.post(event)
        world.post(event)
        world.check()
    world.leave("w")
    assert offers(world.queue("next")) == [("next", "bob")]


def test_freeswitch_1641_nothing_waits_without_a_reason_to_be_looked_at_again(world: World) -> None:
    world.ready("ann")
    world.queue("w")
    assert world.dispatcher.next_deadline() is not None
    world.wait(60 * SECOND)
    assert world.dispatcher.waiting("sales") == ("w",)
    assert offers(world.ready("ann")) == [("w", "ann")]


def wrapping(new_world: NewWorld) -> World:
    """ann has just hung up, another call waits; wrap-up takes 30 s in one queue and 50 s in the other."""
    queues = {
        "sales": QueuePolicy("sales", Medium.VOICE, wrap_up_us=30 * SECOND),
        "help": QueuePolicy("help", Medium.VOICE, wrap_up_us=50 * SECOND),
    }
    world = new_world(policy({"ann": agent("ann")}, queues))
    world.ready("ann")
    world.queue("w")
    world.join("w.1")
    world.queue("next", "help")
    return world


def test_asterisk_1006_wrap_up_lasts_as_long_as_it_says(new_world: NewWorld) -> None:
    world = wrapping(new_world)
    [_, wrap_up] = world.end("w.1")
    assert isinstance(wrap_up, StartWrapUp)
    assert offers(world.wait(30 * SECOND - 1)) == []
    assert offers(world.wait(1)) == [("next", "ann")]


def test_asterisk_607_wrap_up_is_that_of_the_queue_and_survives_other_queues_and_lost_browsers(
    new_world: NewWorld,
) -> None:
    world = wrapping(new_world)
    world.end("w.1")
    world.queue("more", "sales", priority=9)
    world.disconnect("ann")
    world.connect("ann")
    assert offers(world.wait(29 * SECOND)) == []
    assert offers(world.wait(SECOND)) == [("more", "ann")]
    world.join("more.1")
    world.end("more.1")
    world.restored().check()
    assert offers(world.wait(29 * SECOND)) == []


def test_opensips_2974_every_idle_agent_gets_their_turn(world: World) -> None:
    world.ready("ann", "bob", "cem")
    found = []
    for number in range(6):
        found += offers(world.queue(f"w{number}"))
        world.join(f"w{number}.1")
        world.end(f"w{number}.1")
        world.finish(f"w{number}.1")
    assert [name for _, name in found] == ["ann", "bob", "cem"] * 2


def test_opensips_2974_calls_that_come_together_go_to_different_agents(world: World) -> None:
    world.ready("ann", "bob", "cem")
    assert [offers(world.queue(name)) for name in "xyz"] == [[("x", "ann")], [("y", "bob")], [("z", "cem")]]


def chats(new_world: NewWorld, *names: str) -> World:
    return new_world(policy({name: agent(name, voice=0, chat=3) for name in names}))


def test_chatwoot_10583_a_backlog_is_drained_as_room_comes(new_world: NewWorld) -> None:
    world = chats(new_world, "ann")
    for number in range(8):
        world.queue(f"w{number}", "chat", medium=Medium.CHAT)
    world.ready("ann")
    done = 0
    while done < 8:
        held = [row.reservation_id for row in world.dispatcher.reservations_of("ann")]
        assert held
        for reservation_id in held:
            world.join(reservation_id)
            world.end(reservation_id)
            world.finish(reservation_id)
            done += 1
    assert world.dispatcher.open_work() == 0


def test_chatwoot_10376_what_one_declines_goes_to_another_and_comes_back_in_time(new_world: NewWorld) -> None:
    world = chats(new_world, "ann", "bob")
    world.ready("ann", "bob")
    world.queue("w", "chat", medium=Medium.CHAT)
    assert offers(world.reject("w.1")) == [("w", "bob")]
    assert offers(world.reject("w.2")) == []
    assert offers(world.wait(30 * SECOND)) == [("w", "ann")]


def test_chatwoot_10685_who_signs_in_gets_what_waits(new_world: NewWorld) -> None:
    world = chats(new_world, "ann")
    world.queue("w", "chat", medium=Medium.CHAT)
    world.wait(3600 * SECOND)
    assert offers(world.ready("ann")) == [("w", "ann")]


def test_chatwoot_10685_so_does_who_learns_a_skill(new_world: NewWorld) -> None:
    queues = {"chat": replace(QueuePolicy("chat", Medium.CHAT), condition="billing")}
    before, after = (agent("ann", skills, voice=0, chat=3) for skills in ({}, {"billing": 3}))
    world = new_world(policy({"ann": before}, queues))
    world.ready("ann")
    assert offers(world.queue("w", "chat", medium=Medium.CHAT)) == []
    assert offers(world.post(PolicyChanged(policy({"ann": after}, queues, "v2")))) == [("w", "ann")]


def test_genesys_forum_an_idle_agent_comes_before_one_with_two_chats(new_world: NewWorld) -> None:
    agents = {"ann": agent("ann", {"de": 9}, voice=0, chat=5), "bob": agent("bob", {"de": 1}, voice=0, chat=3)}
    queues = {"chat": replace(QueuePolicy("chat", Medium.CHAT), condition="de")}
    world = new_world(policy(agents, queues))
    world.ready("ann")
    for name in ("one", "two"):
        world.queue(name, "chat", medium=Medium.CHAT)
    world.ready("bob")
    assert offers(world.queue("w", "chat", medium=Medium.CHAT)) == [("w", "bob")]


@pytest.mark.parametrize("presence", [Presence.NOT_READY, Presence.OFFLINE])
def test_amazon_connect_streams_292_a_change_of_state_during_an_offer_is_one_thing_or_the_other(
    world: World, presence: Presence
) -> None:
    """Not ready keeps the offer, and its agent may take it; signing out gives it back. Neither is undone later."""
    world.ready("ann")
    world.queue("w")
    world.presence("ann", presence, "lunch")
    accepted = world.post(OfferAccepted("w.1", "ann"))
    assert kinds(accepted) == (["JoinLegs"] if presence is Presence.NOT_READY else ["Refuse"])
    row = world.dispatcher.work("w")
    assert row is not None
    assert row.state is (WorkState.ASSIGNED if presence is Presence.NOT_READY else WorkState.WAITING)
    world.wait(60 * SECOND)
    state = world.dispatcher.agent("ann")
    assert state is not None
    assert (state.presence, state.reason) == (presence, "lunch")
    assert offers(world.queue("next")) == []
