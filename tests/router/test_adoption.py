"""A new policy: only what it changes is done anew, in turns of bounded length, and always in the queues' order."""

from dataclasses import replace

import pytest

from router import agenda
from router.commands import Command
from router.dispatcher import Dispatcher
from router.events import PolicyChanged, WorkQueued
from router.policy import AgentQueue, Exit, Policy, QueuePolicy, Reserve, Ring
from router.profile import Profile
from router.vocabulary import Medium, Presence, Requirement
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, kinds, offers, policy

SALES = QueuePolicy("sales", Medium.VOICE)
MANY = 1_500


def changed(world: World, agents: Policy | None = None, /, **rules: object) -> list[Command]:
    """The next version: the sales queue with other rules, or the agents of another policy."""
    before = world.dispatcher.policy
    queues = {**before.queues, "sales": replace(before.queues["sales"], **rules)}  # type: ignore[arg-type]
    after = replace(before, version=f"{before.version}+", queues=queues)
    return world.post(PolicyChanged(after if agents is None else replace(after, agents=agents.agents)))


def profiles(world: World) -> list[Profile]:
    return [work.profile for work in world.dispatcher.shard.work.values()]


def finished(world: World) -> list[list[Command]]:
    """What the turns decide until nothing is left."""
    turns = []
    while world.dispatcher.unfinished:
        turns.append(world.dispatcher.expire(world.now))
        world.store.apply(world.dispatcher.drain_changes())
    return turns


def with_many(new_world: NewWorld, items: int = MANY, rules: Policy | None = None) -> World:
    """Nobody is ready, so many wait: w0 came first."""
    world = new_world(rules)
    for index in range(items):
        world.queue(f"w{index}", "sales", Requirement(f"s{index % 7}"))
    return world


@pytest.mark.parametrize(
    "rules", [{"priority": 7}, {"offer_timeout_us": SECOND}, {"max_waiting": 9}, {"target_us": SECOND}, {"ratio": 0}]
)
def test_what_does_not_change_who_may_take_the_items_leaves_them_where_they_are(
    new_world: NewWorld, rules: dict[str, object]
) -> None:
    world = with_many(new_world, 20)
    before = profiles(world)
    changed(world, **rules)
    assert not world.dispatcher.unfinished
    assert profiles(world) == before


def test_a_priority_on_which_a_reserve_depends_does_change_who_may_take_them(new_world: NewWorld) -> None:
    world = new_world(policy(queues={"sales": replace(SALES, reserve=Reserve(1, 5))}))
    world.ready("ann")
    world.queue("w1")
    assert world.dispatcher.waiting("sales") == ("w1",)
    assert offers(changed(world, priority=5)) == [("w1", "ann")]


def test_new_priorities_order_queues_and_profiles_alike(new_world: NewWorld) -> None:
    world = new_world()
    for work_id, queue in (("w1", "sales"), ("w2", "vip"), ("w3", "sales")):
        world.queue(work_id, queue)
    changed(world, priority=11)
    world.check()
    assert offers(world.ready("ann")) == [("w1", "ann")]


def test_many_are_bound_in_short_turns_and_an_agent_freed_meanwhile_gets_the_first(new_world: NewWorld) -> None:
    world = with_many(new_world)
    changed(world, requirements=(Requirement("en"),))
    assert world.dispatcher.unfinished
    world.check()
    fluent = policy({"ann": agent("ann", {"en": 5, "s3": 5})})
    changed(world, fluent)
    out = [*world.ready("ann"), *(command for turn in finished(world) for command in turn)]
    assert offers(out) == [("w3", "ann")]
    world.check()


def test_what_arrives_meanwhile_stands_behind_those_who_are_not_bound_yet(new_world: NewWorld) -> None:
    world = with_many(new_world)
    changed(world, policy({"ann": agent("ann", {f"s{index}": 1 for index in range(7)})}))
    finished(world)
    changed(world, condition="True and s1")
    assert world.dispatcher.unfinished
    assert offers(world.queue("late", "sales", Requirement("s1"))) == []
    assert offers(world.ready("ann")) == [("w0", "ann")]
    finished(world)
    world.check()
    assert world.dispatcher.place("late") == MANY


def test_a_second_change_in_the_middle_leaves_nobody_out(new_world: NewWorld) -> None:
    world = with_many(new_world)
    changed(world, requirements=(Requirement("en"),))
    changed(world, priority=3)
    assert world.dispatcher.unfinished
    world.check()
    finished(world)
    world.check()
    assert world.dispatcher.waiting("sales") == tuple(f"w{index}" for index in range(MANY))


def test_an_agent_with_turns_waits_for_the_better_queue_to_be_bound(new_world: NewWorld) -> None:
    turns = {"sales": AgentQueue(2), "vip": AgentQueue(1)}
    ann = replace(agent("ann", {f"s{index}": 1 for index in range(7)}), queues=turns)
    world = with_many(new_world, rules=policy({"ann": ann}))
    world.queue("w", "vip")
    world.presence("ann", Presence.READY)
    queues = {name: replace(rules, condition="True and True") for name, rules in world.dispatcher.policy.queues.items()}
    queues["vip"] = replace(queues["vip"], priority=-10)
    world.post(PolicyChanged(replace(world.dispatcher.policy, version="v2", queues=queues)))
    out = [*world.ready("ann"), *(command for turn in finished(world) for command in turn)]
    assert offers(out) == [("w", "ann")]


def test_rings_move_few_to_their_new_places_before_any_of_them_is_taken(new_world: NewWorld) -> None:
    """Nobody has what w2 asks for, so that its ring is passed over; the next one is worth a point of priority."""
    world = new_world(policy({"ann": agent("ann")}, {"sales": replace(SALES, teams=("gone",))}))
    world.ready("ann")
    world.queue("w1")
    world.queue("w2", "sales", Requirement("a"))
    rings = (Ring(3600 * SECOND, drop=("a",), priority=1),)
    assert offers(changed(world, teams=(), rings=rings)) == [("w2", "ann")]


def test_all_of_many_may_leave_by_a_new_ring(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "_AT_ONCE", 0)
    world = with_many(new_world)
    out = changed(world, rings=(Ring(0, exit=Exit(divert="voicemail")),))
    for turn in finished(world):
        out += turn
    assert kinds(out).count("DivertWork") == MANY


def test_an_agent_who_passes_an_item_over_is_not_asked_for_it_again(new_world: NewWorld) -> None:
    """The preferred agent takes from another queue first: the item goes to the next one in the same turn."""
    ann = replace(agent("ann"), queues={"sales": AgentQueue(2), "vip": AgentQueue(1)})
    vip = QueuePolicy("vip", Medium.VOICE, teams=("gone",))
    queues = {"sales": replace(SALES, priority=20, teams=("gone",)), "vip": vip}
    world = new_world(policy({"ann": ann, "bob": agent("bob")}, queues))
    world.ready("ann", "bob")
    world.post(WorkQueued("w1", "i1", Medium.VOICE, "sales", preferred=("ann",)))
    world.queue("w2", "vip")
    queues = {name: replace(rules, teams=()) for name, rules in queues.items()}
    out = world.post(PolicyChanged(replace(world.dispatcher.policy, version="v2", queues=queues)))
    assert offers(out) == [("w1", "bob"), ("w2", "ann")]


def test_a_replayed_segment_that_begins_with_many_waiting_owes_nothing(new_world: NewWorld) -> None:
    world = with_many(new_world)
    image = world.store.image(world.dispatcher.policy.version, world.now)
    again = Dispatcher()
    assert again.restore(world.dispatcher.policy, image, world.now, live=True) == []
    assert not again.unfinished
    assert again.next_deadline() == world.dispatcher.next_deadline()
    assert again.waiting("sales") == world.dispatcher.waiting("sales")
