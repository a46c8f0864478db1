"""What is counted of agents: their day, and how much fresh work comes at once."""

from dataclasses import replace

import pytest

from router.commands import Refuse, ShowPresence
from router.events import (
    AgentConnected,
    AgentDisconnected,
    DayStarted,
    MediaPaused,
    NodeLost,
    PolicyChanged,
    PresenceQueued,
    PresenceSet,
)
from router.policy import AgentPolicy
from router.rows import AgentRow
from router.vocabulary import Medium, Presence
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, offers, policy


def limited(limit: int) -> AgentPolicy:
    return replace(agent("ann", chat=5), fresh_limit=limit, fresh_window_us=60 * SECOND)


@pytest.fixture
def fresh(new_world: NewWorld) -> World:
    """ann has room for five chats and takes at most two new ones a minute."""
    world = new_world(policy({"ann": limited(2)}))
    world.ready("ann")
    return world


def chat(world: World, work_id: str) -> list[tuple[str, str]]:
    return offers(world.queue(work_id, "chat", medium=Medium.CHAT))


def test_a_burst_is_spread_over_the_window(fresh: World) -> None:
    assert chat(fresh, "1")
    fresh.wait(10 * SECOND)
    fresh.accept("1.1")
    assert chat(fresh, "2")
    fresh.accept("2.1")
    assert not chat(fresh, "3")
    assert not chat(fresh, "4")
    assert offers(fresh.wait(50 * SECOND)) == [("3", "ann")]
    assert offers(fresh.wait(10 * SECOND)) == [("4", "ann")]


def test_what_was_not_taken_does_not_count(fresh: World) -> None:
    chat(fresh, "1")
    chat(fresh, "2")
    assert not chat(fresh, "3")
    assert offers(fresh.leave("1")) == [("3", "ann")]
    assert not chat(fresh, "4")
    fresh.accept("2.1")
    fresh.leave("2")
    assert "4" in fresh.store.work


def test_the_limit_follows_the_policy(fresh: World) -> None:
    chat(fresh, "1")
    chat(fresh, "2")
    chat(fresh, "3")
    commands = fresh.post(PolicyChanged(policy({"ann": limited(3)}, version="v2")))
    assert offers(commands) == [("3", "ann")]
    fresh.post(PolicyChanged(policy({"ann": limited(1)}, version="v3")))
    row = fresh.dispatcher.agent("ann")
    assert row is not None
    assert len(row.recent) == 1
    assert not chat(fresh, "4")
    assert offers(fresh.post(PolicyChanged(policy({"ann": limited(0)}, version="v4")))) == [("4", "ann")]
    assert fresh.dispatcher.next_deadline() is not None


def test_the_limit_survives_a_restart(fresh: World) -> None:
    chat(fresh, "1")
    chat(fresh, "2")
    chat(fresh, "3")
    other = fresh.restored()
    other.check()
    assert offers(other.ready("ann")) == []
    assert offers(other.wait(10 * SECOND)) == []
    other.accept("1.1")
    other.accept("2.1")
    assert offers(other.wait(50 * SECOND)) == [("3", "ann")]


def test_the_day_begins_at_nought(fresh: World) -> None:
    chat(fresh, "1")
    fresh.accept("1.1")
    assert fresh.post(DayStarted()) == []
    row = fresh.store.agents["ann"]
    assert row.handled_today == 0


def test_presence_counts_with_a_connection_or_a_grace(fresh: World) -> None:
    def present() -> bool:
        return fresh.dispatcher.shard.agents["ann"].present

    assert present()
    fresh.presence("ann", Presence.NOT_READY)
    assert present()
    fresh.disconnect("ann")
    assert present()
    fresh.wait(15 * SECOND)
    assert not present()
    fresh.connect("ann")
    assert present()
    fresh.presence("ann", Presence.OFFLINE)
    assert not present()


def test_a_lost_node_takes_its_agents_connections_with_it_and_no_others(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann"), "bob": agent("bob")}))
    world.post(AgentConnected("ann", 1, "n1.1"))
    world.post(AgentConnected("bob", 1, "n2.1"))
    world.post(NodeLost("n1.1"))
    ann, bob = world.dispatcher.agent("ann"), world.dispatcher.agent("bob")
    assert ann is not None
    assert bob is not None
    assert not ann.connected
    assert ann.grace_deadline is not None
    assert bob.connected
    world.post(AgentConnected("ann", 2, "n2.1"))
    world.post(NodeLost("n1.1"))
    ann = world.dispatcher.agent("ann")
    assert ann is not None
    assert (ann.connected, ann.node) == (True, "n2.1")


def test_of_two_connections_of_one_generation_the_first_holds(new_world: NewWorld) -> None:
    world = new_world(policy({"ann": agent("ann")}))
    world.post(AgentConnected("ann", 1, "n1.1"))
    assert [type(command).__name__ for command in world.post(AgentConnected("ann", 1, "n2.1"))] == ["Refuse"]
    assert world.post(AgentConnected("ann", 1, "n1.1")) == []
    world.post(AgentDisconnected("ann", 1))
    row = world.dispatcher.agent("ann")
    assert row is not None
    assert not row.connected


BOTH = (Medium.VOICE, Medium.CHAT)


@pytest.fixture
def desk(new_world: NewWorld) -> World:
    """ann takes a call and two chats, at once."""
    world = new_world(policy({"ann": agent("ann", chat=2)}))
    world.ready("ann")
    return world


def row(world: World) -> AgentRow:
    found = world.dispatcher.agent("ann")
    assert found is not None
    return found


def test_work_comes_by_the_media_that_reach_the_agent(desk: World) -> None:
    generation = row(desk).generation
    desk.post(AgentConnected("ann", generation, media=(Medium.CHAT,)))
    assert not offers(desk.queue("call"))
    assert offers(desk.queue("chat", "chat", medium=Medium.CHAT)) == [("chat", "ann")]
    back = desk.post(AgentConnected("ann", generation, media=BOTH))
    assert offers(back) == [("call", "ann")]
    assert row(desk).media == BOTH
    assert desk.post(AgentConnected("ann", generation, media=tuple(reversed(BOTH)))) == [], "the same, said again"


def test_paused_media_bring_nothing_new(desk: World) -> None:
    commands = desk.post(MediaPaused("ann", (Medium.VOICE,)))
    assert [one.paused for one in commands if isinstance(one, ShowPresence)] == [(Medium.VOICE,)]
    assert not offers(desk.queue("call"))
    assert offers(desk.queue("chat", "chat", medium=Medium.CHAT))
    assert row(desk).takes == (Medium.CHAT, Medium.EMAIL)
    assert offers(desk.post(MediaPaused("ann", ()))) == [("call", "ann")]


def test_signing_out_forgets_what_was_paused(desk: World) -> None:
    desk.post(MediaPaused("ann", (Medium.CHAT,)))
    desk.post(PresenceSet("ann", Presence.OFFLINE))
    assert row(desk).paused == ()
    refused = desk.post(MediaPaused("ann", (Medium.CHAT,)))
    assert [one.code for one in refused if isinstance(one, Refuse)] == ["signed_out"]


def talking(world: World) -> None:
    world.queue("call")
    world.accept("call.1")
    world.join("call.1")


def test_a_queued_presence_begins_when_wrap_up_ends(desk: World) -> None:
    talking(desk)
    shown = desk.post(PresenceQueued("ann", Presence.NOT_READY, "lunch"))
    assert [(one.presence, one.next_presence, one.next_reason) for one in shown if isinstance(one, ShowPresence)] == [
        (Presence.READY, Presence.NOT_READY, "lunch")
    ]
    assert not offers(desk.queue("chat", "chat", medium=Medium.CHAT)), "who goes gets nothing new"
    desk.end("call.1")
    assert row(desk).presence is Presence.READY
    over = desk.finish("call.1")
    assert [(one.presence, one.reason, one.next_presence) for one in over if isinstance(one, ShowPresence)] == [
        (Presence.NOT_READY, "lunch", None)
    ]
    assert row(desk).next_presence is None
    assert offers(desk.post(PresenceSet("ann", Presence.READY))) == [("chat", "ann")]


def test_a_queued_presence_can_be_taken_back(desk: World) -> None:
    talking(desk)
    desk.post(PresenceQueued("ann", Presence.OFFLINE))
    desk.queue("chat", "chat", medium=Medium.CHAT)
    assert offers(desk.post(PresenceQueued("ann", None))) == [("chat", "ann")]
    desk.post(PresenceQueued("ann", Presence.OFFLINE))
    desk.post(PresenceSet("ann", Presence.NOT_READY, "lunch"))
    assert row(desk).next_presence is None, "what is declared now counts"


def test_ready_again_after_the_work(desk: World) -> None:
    talking(desk)
    desk.post(PresenceSet("ann", Presence.NOT_READY, "lunch"))
    desk.post(PresenceQueued("ann", Presence.READY))
    desk.queue("chat", "chat", medium=Medium.CHAT)
    desk.end("call.1")
    assert offers(desk.finish("call.1")) == [("chat", "ann")]


def test_signing_out_after_the_work(desk: World) -> None:
    talking(desk)
    desk.post(PresenceQueued("ann", Presence.OFFLINE))
    desk.disconnect("ann")
    desk.end("call.1")
    desk.finish("call.1")
    assert (row(desk).presence, row(desk).grace_deadline) == (Presence.OFFLINE, None)


def test_a_lost_connection_takes_a_queued_presence_back(desk: World) -> None:
    talking(desk)
    desk.post(PresenceSet("ann", Presence.NOT_READY, "lunch"))
    desk.post(PresenceQueued("ann", Presence.READY))
    desk.disconnect("ann")
    desk.wait(60 * SECOND)
    assert row(desk).next_presence is None
    refused = desk.post(PresenceQueued("ann", Presence.READY))
    assert [one.code for one in refused if isinstance(one, Refuse)] == ["not_connected"]


def test_without_work_a_queued_presence_holds_at_once(desk: World) -> None:
    desk.post(PresenceQueued("ann", Presence.NOT_READY, "lunch"))
    assert (row(desk).presence, row(desk).reason, row(desk).next_presence) == (Presence.NOT_READY, "lunch", None)
    assert desk.post(PresenceQueued("ann", None)) == []


def test_strangers_are_refused(desk: World) -> None:
    for event in (PresenceQueued("eve", Presence.READY), MediaPaused("eve", ())):
        assert [type(one) for one in desk.post(event)] == [Refuse]
