"""A shard read back from its rows."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from router.dispatcher import Dispatcher
from router.errors import ImageError
from router.events import AgentConnected, AgentDisconnected
from router.rows import ShardImage
from router.vocabulary import OfferState, Presence, WorkState
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, kinds, offers, policy


@pytest.fixture
def busy(new_world: NewWorld) -> World:
    """ann talks, bob is in wrap-up, cem has an offer, two wait (one rests for cem)."""
    world = new_world()
    world.ready("ann", "bob", "cem")
    world.queue("talk")
    world.join("talk.1")
    world.queue("wrap")
    world.join("wrap.1")
    world.end("wrap.1")
    world.queue("rest")
    world.reject("rest.1")
    world.queue("ring")
    world.queue("wait")
    return world


def test_everything_is_there_again_and_nothing_is_sent(busy: World) -> None:
    other = busy.restored()
    other.check()
    assert other.dispatcher.waiting("sales") == ("rest", "wait")
    assert other.dispatcher.reservations_of("ann") == busy.dispatcher.reservations_of("ann")
    assert [other.dispatcher.load(name) for name in ("ann", "bob", "cem")] == [1, 1, 1]
    assert all(not row.connected for row in other.dispatcher.agents())


def test_an_offer_keeps_its_deadline(busy: World) -> None:
    held = busy.dispatcher.reservation("ring.1")
    assert held is not None
    other = busy.restored()
    other.connect("cem")
    assert kinds(other.wait(held.deadline - other.now))[-3:] == ["ShowPresence", "WithdrawOffer", "RequeueWork"]  # type: ignore[operator]


def test_whoever_comes_back_in_time_goes_on(busy: World) -> None:
    other = busy.restored()
    other.post(AgentConnected("bob", 2))
    commands = other.finish("wrap.1", "done")
    assert offers(commands) == [("rest", "bob")]


def test_whoever_does_not_come_back_is_not_ready(busy: World) -> None:
    other = busy.restored()
    other.wait(15 * SECOND)
    row = other.dispatcher.agent("bob")
    assert row is not None
    assert (row.presence, row.reason) == (Presence.NOT_READY, "connection_lost")
    other.check()


def test_the_generation_from_before_may_announce_itself_again_but_not_after_its_end(busy: World) -> None:
    row = busy.dispatcher.agent("ann")
    assert row is not None
    alive, dead, older = busy.restored(), busy.restored(), busy.restored()
    assert kinds(alive.post(AgentConnected("ann", row.generation))) == ["ShowPresence"]
    dead.post(AgentDisconnected("ann", row.generation))
    assert kinds(dead.post(AgentConnected("ann", row.generation))) == ["Refuse"]
    assert kinds(older.post(AgentConnected("ann", row.generation - 1))) == ["Refuse"]


def test_agents_gone_from_the_policy_give_their_offers_back(busy: World) -> None:
    other = World()
    other.now, other.store = busy.now, busy.store
    rules = policy({name: agent(name) for name in ("ann", "bob")}, version="v2")
    commands = other.dispatcher.restore(rules, busy.store.image("v1", busy.now), busy.now)
    assert kinds(commands) == ["WithdrawOffer", "RequeueWork", "ShowPresence"]
    assert other.dispatcher.agent("cem") is None
    assert other.dispatcher.waiting("sales") == ("rest", "ring", "wait")
    changes = other.dispatcher.drain_changes()
    assert changes.agents_removed == ("cem",)
    busy.store.apply(changes)
    other.check()
    # The world that was stored is given the same policy, so that its own check at the end compares like with like.
    busy.dispatcher = other.dispatcher


def test_the_clock_goes_on_from_the_image(busy: World) -> None:
    dispatcher = Dispatcher()
    dispatcher.restore(policy(), busy.store.image("v1", busy.now), 5)
    assert dispatcher.clock == busy.now


def test_a_used_dispatcher_cannot_be_restored(world: World) -> None:
    with pytest.raises(RuntimeError):
        world.dispatcher.restore(policy(), world.store.image("v1", 1), 1)


def _no_work(image: ShardImage) -> ShardImage:
    return replace(image, work=())


def _no_agents(image: ShardImage) -> ShardImage:
    return replace(image, agents=())


def _no_reservations(image: ShardImage) -> ShardImage:
    return replace(image, reservations=())


def _double(image: ShardImage) -> ShardImage:
    return replace(image, reservations=(*image.reservations, replace(image.reservations[0], reservation_id="x.9")))


def _other_state(image: ShardImage) -> ShardImage:
    return replace(image, work=tuple(replace(row, state=WorkState.WRAP_UP) for row in image.work))


def _closed(image: ShardImage) -> ShardImage:
    return replace(image, reservations=tuple(replace(row, state=OfferState.CLOSED) for row in image.reservations))


@pytest.mark.parametrize("spoil", [_no_work, _no_agents, _no_reservations, _double, _other_state, _closed])
def test_contradicting_rows_are_refused(busy: World, spoil: Callable[[ShardImage], ShardImage]) -> None:
    with pytest.raises(ImageError):
        Dispatcher().restore(policy(), spoil(busy.store.image("v1", busy.now)), busy.now)
