"""Parked chats: whose units are free, when and to whom they come back, and every way in which they do not."""

from dataclasses import replace
from typing import Any

import pytest

from router.commands import CloseWork, ParkWork, Refuse, RequeueWork, SendOffer
from router.events import (
    AssignmentFailed,
    CallbackRequested,
    CustomerLeft,
    PolicyChanged,
    PresenceQueued,
    WorkCancelled,
    WorkDirected,
    WorkMoved,
    WorkParked,
    WorkRecalled,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Outcome, Presence, WorkState
from tests.router.world import SECOND, World

CHAT = Medium.CHAT


def policy(version: str = "v1", agents: tuple[str, ...] = ("ann", "bob"), **rules: Any) -> Policy:
    queue = QueuePolicy("chats", CHAT, wrap_up_us=0, reject_rest_us=30 * SECOND)
    queues = (replace(queue, **rules), replace(queue, name="other"), QueuePolicy("calls", Medium.VOICE))
    capacity = {CHAT: 1, Medium.VOICE: 1}
    people = {name: AgentPolicy(name, "t", capacity=capacity) for name in agents}
    return Policy(version, {one.name: one for one in queues}, people)


def parked(until: int | None = None, **rules: Any) -> World:
    """ann has parked the chat c; bob is ready too, with a chat of his own."""
    world = World(policy(**rules))
    world.ready("ann")
    world.queue("c", "chats", medium=CHAT)
    world.join("c.1")
    world.ready("bob")
    world.queue("b", "chats", medium=CHAT)
    world.join("b.1")
    world.post(WorkParked("c.1", "ann", None if until is None else world.now + until))
    return world


def offered(commands: list[Any]) -> list[tuple[str, str]]:
    return [(one.work_id, one.agent_id) for one in commands if isinstance(one, SendOffer)]


def refusal(commands: list[Any]) -> str:
    (answer,) = commands
    assert isinstance(answer, Refuse)
    return answer.code


def test_the_units_are_free_and_others_come() -> None:
    world = World(policy())
    world.ready("ann")
    world.queue("c", "chats", medium=CHAT)
    world.join("c.1")
    assert offered(world.queue("d", "chats", medium=CHAT)) == []
    until = world.now + 60 * SECOND
    commands = world.post(WorkParked("c.1", "ann", until))
    assert commands[0] == ParkWork("c.1", "c", "i-c", "ann", until)
    assert offered(commands) == [("d", "ann")]
    assert world.dispatcher.place("c") is None, "nobody waits"
    (row,) = world.dispatcher.parked("ann")
    assert (row.work_id, row.parked_at, row.not_before) == ("c", world.now, until)


def test_the_customer_brings_it_back_to_the_same_agent() -> None:
    world = parked()
    world.end("b.1")
    commands = world.post(WorkRecalled("c"))
    assert offered(commands) == [("c", "ann")], "although bob is free as well"
    assert isinstance(commands[0], RequeueWork)
    row = world.dispatcher.work("c")
    assert row is not None
    assert row.queued_at == world.now, "the wait counts from now on"
    world.join("c.2")
    assert world.dispatcher.parked("ann") == ()
    assert world.post(WorkRecalled("c")) == [], "it is not parked any more"


def test_it_waits_for_its_agent_while_the_queue_is_patient() -> None:
    world = parked(park_patience_us=20 * SECOND)
    world.queue("d", "chats", medium=CHAT)
    world.join("d.1")
    assert offered(world.post(WorkRecalled("c"))) == []
    assert offered(world.end("b.1")) == [], "bob may not have it yet"
    assert offered(world.wait(25 * SECOND)) == [("c", "bob")]


def test_an_agent_who_is_not_there_is_not_waited_for() -> None:
    world = parked()
    world.end("b.1")
    world.disconnect("ann")
    assert offered(world.post(WorkRecalled("c"))) == [], "within the grace she counts as there"
    assert offered(world.wait(16 * SECOND)) == [("c", "bob")]


def test_the_time_brings_it_back() -> None:
    world = parked(30 * SECOND)
    assert offered(world.wait(29 * SECOND)) == []
    assert offered(world.wait(2 * SECOND)) == [("c", "ann")]


def test_no_longer_than_the_queue_allows() -> None:
    for until in (None, 10_000 * SECOND):
        world = parked(until, park_max_us=40 * SECOND)
        (row,) = world.dispatcher.parked("ann")
        assert row.not_before == world.now + 40 * SECOND


@pytest.mark.parametrize("presence", [Presence.READY, Presence.NOT_READY])
def test_signing_out_gives_it_to_the_queue(presence: Presence) -> None:
    world = parked()
    world.presence("ann", presence)
    world.end("b.1")
    assert offered(world.presence("ann", Presence.OFFLINE)) == [("c", "bob")]
    assert world.dispatcher.parked("ann") == ()


def test_who_signs_out_after_what_they_hold_gives_it_to_the_queue_then() -> None:
    world = parked()
    world.queue("d", "chats", medium=CHAT)
    world.join("d.1")
    world.post(PresenceQueued("ann", Presence.OFFLINE))
    assert offered(world.end("b.1")) == []
    assert offered(world.end("d.1")) == [("c", "bob")]
    assert world.dispatcher.parked("ann") == ()


def test_what_came_back_is_for_all_when_its_agent_signs_out() -> None:
    world = parked()
    world.presence("ann", Presence.NOT_READY)
    world.end("b.1")
    assert offered(world.post(WorkRecalled("c"))) == []
    assert offered(world.presence("ann", Presence.OFFLINE)) == [("c", "bob")]


def test_an_agent_who_left_the_site_leaves_it_to_the_queue() -> None:
    world = parked()
    world.end("b.1")
    assert offered(world.post(PolicyChanged(policy("v2", agents=("bob",))))) == [("c", "bob")]


def test_who_declines_or_misses_it_leaves_it_to_the_queue() -> None:
    world = parked()
    world.end("b.1")
    world.post(WorkRecalled("c"))
    assert offered(world.reject("c.2")) == [("c", "bob")]
    world = parked()
    world.end("b.1")
    world.post(WorkRecalled("c"))
    assert offered(world.wait(21 * SECOND))[0] == ("c", "bob")


def test_a_customer_who_ends_a_parked_chat_was_served() -> None:
    world = parked()
    assert world.post(CustomerLeft("c")) == [CloseWork("c", "i-c", Outcome.HANDLED)]
    assert world.dispatcher.parked("ann") == ()
    world = parked()
    world.presence("ann", Presence.NOT_READY)
    world.post(WorkRecalled("c"))
    assert world.post(CustomerLeft("c")) == [CloseWork("c", "i-c", Outcome.ABANDONED)], "this one waited"


def test_supervisors_move_direct_and_end_it() -> None:
    world = parked()
    world.end("b.1")
    assert offered(world.post(WorkDirected("c", "bob", "sam"))) == [("c", "bob")]
    world = parked()
    world.end("b.1")
    commands = world.post(WorkMoved("c", "other", "sam"))
    assert [one.work_id for one in commands if isinstance(one, RequeueWork)] == ["c"]
    assert len(offered(commands)) == 1
    world = parked()
    assert CloseWork("c", "i-c", Outcome.CANCELLED) in world.post(WorkCancelled("c", "sam"))
    assert refusal(parked().post(CallbackRequested("c"))) == "not_waiting"


def test_what_cannot_be_parked() -> None:
    world = parked(park_limit=1)
    world.queue("d", "chats", medium=CHAT)
    world.accept("d.1")
    assert refusal(world.post(WorkParked("d.1", "ann"))) == "not_connected", "it is not joined yet"
    world.join("d.1")
    assert refusal(world.post(WorkParked("d.1", "bob"))) == "not_yours"
    assert refusal(world.post(WorkParked("d.1", "ann", world.now))) == "too_soon"
    assert refusal(world.post(WorkParked("d.1", "ann"))) == "too_many_parked"
    assert refusal(world.post(WorkParked("c.1", "ann"))) == "not_connected"
    world.post(PolicyChanged(policy("v2", park_limit=0)))
    assert refusal(world.post(WorkParked("d.1", "ann"))) == "not_parkable"


def test_calls_are_not_parked() -> None:
    world = World(policy())
    world.ready("ann")
    world.queue("v", "calls")
    world.join("v.1")
    assert refusal(world.post(WorkParked("v.1", "ann"))) == "not_parkable"


def test_a_closed_queue_takes_it_back_all_the_same() -> None:
    world = parked(30 * SECOND)
    world.post(PolicyChanged(policy("v2", closed=True)))
    assert offered(world.wait(31 * SECOND)) == [("c", "ann")]


def test_a_restored_shard_has_it_parked() -> None:
    world = parked(30 * SECOND)
    other = world.restored()
    assert other.dispatcher.parked("ann") == world.dispatcher.parked("ann")
    other.connect("ann")
    assert offered(other.wait(31 * SECOND)) == [("c", "ann")]


def test_one_that_was_lost_after_its_return_goes_to_the_queue() -> None:
    world = parked()
    world.end("b.1")
    world.post(WorkRecalled("c"))
    world.join("c.2")
    row = world.dispatcher.work("c")
    assert row is not None
    assert (row.state, row.parked_by) == (WorkState.CONNECTED, None)
    assert offered(world.post(AssignmentFailed("c.2", "agent_page_lost"))) == [("c", "bob")]
