"""Agents sign in and out, declare a presence, lose their connection and come back."""

import pytest

from router.commands import (
    ShowPresence,
    WithdrawOffer,
)
from router.events import (
    AgentConnected,
    AgentDisconnected,
    AssignmentConnected,
)
from router.vocabulary import (
    Medium,
    Presence,
    WithdrawReason,
)
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, codes, kinds, offers, policy, presence


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
