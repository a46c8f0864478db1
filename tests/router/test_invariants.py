"""The check finds what it is there for: each kind of damage is named."""

from collections.abc import Callable

import pytest

from router.errors import InvariantError
from router.invariants import check
from router.offer import Reservation
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import Medium, OfferState, Presence, WorkState
from tests.router.world import World, policy


@pytest.fixture
def shard_world() -> World:
    """ann has an offer, w2 waits; not checked at the end, as the tests damage it."""
    world = World(policy())
    world.ready("ann")
    world.queue("w1")
    world.queue("w2")
    check(world.dispatcher)
    return world


def _two_places(shard: Shard) -> None:
    shard.lines["vip"].waiting.add(shard.work["w2"])


def _not_listed(shard: Shard) -> None:
    shard.delist(shard.work["w2"])


def _out_of_order(shard: Shard) -> None:
    shard.lines["sales"].waiting.entries.insert(0, (99, 0, 0, shard.work["w2"]))


def _wrong_state(shard: Shard) -> None:
    shard.work["w1"].state = WorkState.CONNECTED


def _lost_work(shard: Shard) -> None:
    del shard.work["w1"]


def _lost_agent(shard: Shard) -> None:
    del shard.agents["ann"]


def _lost_reservation(shard: Shard) -> None:
    del shard.reservations["w1.1"]


def _wrong_load(shard: Shard) -> None:
    shard.agents["ann"].units = 0


def _wrong_count(shard: Shard) -> None:
    shard.agents["ann"].held[Medium.VOICE] = 2


def _over_capacity(shard: Shard) -> None:
    held = shard.reservations["w1.1"]
    work, agent = shard.work["w2"], shard.agents["ann"]
    shard.delist(work)
    work.state = WorkState.OFFERED
    extra = Reservation("w2.1", work, agent, Medium.VOICE, 1, 1, held.deadline, "v1")
    work.reservations["w2.1"] = extra
    agent.take(extra)
    shard.reservations["w2.1"] = extra


def _offline_with_work(shard: Shard) -> None:
    shard.agents["ann"].presence = Presence.OFFLINE


def _no_deadline(shard: Shard) -> None:
    shard.timers.disarm(TimerKind.OFFER, "w1.1")


def _stray_deadline(shard: Shard) -> None:
    shard.timers.arm(TimerKind.OFFER, "w9.1", 5)


def _deadline_of_accepted(shard: Shard) -> None:
    shard.reservations["w1.1"].state = OfferState.ACCEPTED
    shard.work["w1"].state = WorkState.ASSIGNED


def _absent_without_grace(shard: Shard) -> None:
    shard.agents["ann"].connected = False


def _idle_beside_waiting(shard: Shard) -> None:
    bob = shard.agents["bob"]
    bob.presence, bob.connected = Presence.READY, True
    shard.matcher.publish(bob)


def _index_behind_state(shard: Shard) -> None:
    bob = shard.agents["bob"]
    bob.presence, bob.connected = Presence.READY, True


def _profile_list(shard: Shard) -> None:
    shard.matcher.delist(shard.work["w2"])


def _users(shard: Shard) -> None:
    shard.work["w2"].profile.users += 1


@pytest.mark.parametrize(("damage", "message"), [
    (_two_places, "waits in sales and in vip"),
    (_not_listed, "against its list"),
    (_out_of_order, "out of order"),
    (_wrong_state, "reservation w1.1 offered, work connected"),
    (_lost_work, "has no open work"),
    (_lost_agent, "has no agent"),
    (_lost_reservation, "not open"),
    (_wrong_load, "load 0"),
    (_wrong_count, "count"),
    (_over_capacity, "holds 2"),
    (_offline_with_work, "offline and holds work"),
    (_no_deadline, "timers"),
    (_stray_deadline, "timers"),
    (_deadline_of_accepted, "deadline"),
    (_absent_without_grace, "without a grace"),
    (_idle_beside_waiting, "work w2 waits although agent bob may take it"),
    (_index_behind_state, "eligible set differs"),
    (_users, "users"),
    (_profile_list, "waiting list differs"),
])  # fmt: skip
def test_damage_is_found_and_named(shard_world: World, damage: Callable[[Shard], None], message: str) -> None:
    damage(shard_world.dispatcher.shard)
    with pytest.raises(InvariantError, match=message):
        check(shard_world.dispatcher)
