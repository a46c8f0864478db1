"""A supervisor who takes work over has it without becoming ready: nothing else comes to them by that."""

import pytest

from router.events import MediaPaused, WorkQueued
from router.policy import Policy, QueuePolicy
from router.vocabulary import Medium, Presence
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, offers, policy, presence


def crowded() -> Policy:
    return policy({"sue": agent("sue", voice=1, chat=3)}, {"chats": QueuePolicy("chats", Medium.CHAT)})


@pytest.fixture
def floor(new_world: NewWorld) -> World:
    """Sue is at lunch, with room for three chats, and two wait that she could take."""
    world = new_world(crowded())
    world.connect("sue")
    world.presence("sue", Presence.NOT_READY, "lunch")
    for name in ("w1", "w2"):
        assert offers(world.post(WorkQueued(name, f"i-{name}", Medium.CHAT, "chats"))) == []
    return world


def taken(name: str, *, over: bool = True) -> WorkQueued:
    return WorkQueued(name, f"i-{name}", Medium.CHAT, "chats", directed="sue", taken_over=over)


def test_who_is_not_ready_gets_what_they_take_over_and_nothing_else(floor: World) -> None:
    assert offers(floor.post(taken("w3"))) == [("w3", "sue")]
    assert presence(floor, "sue") == (Presence.NOT_READY, "lunch")
    floor.accept("w3.1")
    floor.join("w3.1")
    assert [row.work_id for row in floor.dispatcher.reservations_of("sue")] == ["w3"]
    floor.check()
    assert offers(floor.post(taken("w4", over=False))) == [], "directed, and not asked for by herself: she is at lunch"


def test_who_has_no_room_or_is_not_there_does_not(floor: World) -> None:
    for number in (3, 4, 5):
        assert offers(floor.post(taken(f"w{number}"))) == [(f"w{number}", "sue")]
    assert offers(floor.post(taken("w6"))) == [], "three chats are all that she can hold"
    floor.check()


@pytest.mark.parametrize("how", ["paused", "gone", "signed out"])
def test_nobody_is_asked_who_cannot_take_it(floor: World, how: str) -> None:
    match how:
        case "paused":
            floor.post(MediaPaused("sue", (Medium.CHAT,)))
        case "gone":
            floor.disconnect("sue")
        case _:
            floor.presence("sue", Presence.OFFLINE)
    assert offers(floor.post(taken("w3"))) == []
    floor.check()


def test_who_is_ready_is_asked_for_it_among_the_others(new_world: NewWorld) -> None:
    world = new_world(crowded())
    world.connect("sue")
    world.ready("sue")
    assert offers(world.post(taken("w1"))) == [("w1", "sue")]
    world.check()
