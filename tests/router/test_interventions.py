"""Moving, directing and cancelling work, from every state that it can be in."""

import pytest
from msgspec.structs import replace

from router.commands import CloseWork, PartLegs, Refuse, RequeueWork, WithdrawOffer
from router.events import PolicyChanged, WorkCancelled, WorkDirected, WorkMoved, WorkTakenUp
from router.explain import explain
from router.policy import Policy, QueuePolicy
from router.vocabulary import EndedBy, Medium, Outcome, Presence, Requirement, WithdrawReason
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, kinds, offers, policy


def code(commands: list[object]) -> str:
    (answer,) = commands
    assert isinstance(answer, Refuse)
    return answer.code


def skilled() -> Policy:
    queues = {
        "sales": QueuePolicy("sales", Medium.VOICE, (Requirement("sales", 3),)),
        "care": QueuePolicy("care", Medium.VOICE, (Requirement("care", 3),)),
        "chat": QueuePolicy("chat", Medium.CHAT),
    }
    return policy({"ann": agent("ann", {"sales": 5}), "bob": agent("bob", {"care": 5})}, queues)


@pytest.fixture
def desk(new_world: NewWorld) -> World:
    return new_world(skilled())


def state(world: World, work_id: str = "w1") -> tuple[str, str, str | None]:
    row = world.dispatcher.work(work_id)
    assert row is not None
    return row.state.value, row.queue, row.directed


def test_a_moved_item_keeps_its_time_and_is_offered_at_once(desk: World) -> None:
    desk.queue("w1", "sales")
    desk.queue("w2", "care")
    queued_at = desk.store.work["w1"].queued_at
    desk.ready("ann")
    assert state(desk)[0] == "offered"
    desk.ready("bob")
    desk.queue("w3", "sales")
    assert kinds(desk.post(WorkMoved("w3", "care", "sam"))) == ["RequeueWork"]
    assert desk.dispatcher.place("w3") == 1
    commands = desk.post(WorkMoved("w1", "care", "sam"))
    assert kinds(commands) == ["WithdrawOffer", "RequeueWork"]
    assert isinstance(commands[0], WithdrawOffer)
    assert commands[0].reason is WithdrawReason.MOVED
    assert commands[1] == RequeueWork("w1", "i-w1", "care")
    assert state(desk) == ("waiting", "care", None)
    assert desk.store.work["w1"].queued_at == queued_at
    assert desk.dispatcher.waiting("care") == ("w1", "w3")


def test_an_item_is_pulled_back_from_the_agent_who_has_the_offer(desk: World) -> None:
    desk.queue("w1", "sales")
    assert desk.post(WorkMoved("w1", "sales", "sam")) == []  # nobody was asked
    desk.ready("ann")
    commands = desk.post(WorkMoved("w1", "sales", "sam"))
    assert kinds(commands) == ["WithdrawOffer", "RequeueWork"]
    assert state(desk) == ("waiting", "sales", None)
    assert [agent_id for agent_id, _ in desk.store.work["w1"].resting] == ["ann"]
    desk.ready("bob")
    desk.post(WorkDirected("w1", "ann", "sam"))
    assert state(desk) == ("offered", "sales", "ann")
    desk.post(WorkMoved("w1", "sales", "sam"))
    assert state(desk) == ("waiting", "sales", None)


def test_a_move_finds_a_free_agent_in_the_same_turn(desk: World) -> None:
    desk.ready("bob")
    desk.queue("w1", "sales")
    commands = desk.post(WorkMoved("w1", "care", "sam"))
    assert kinds(commands) == ["RequeueWork", "SendOffer"]
    assert offers(commands) == [("w1", "bob")]


def test_a_directed_item_goes_to_nobody_else_and_needs_no_skill(desk: World) -> None:
    desk.queue("w1", "care")
    assert kinds(desk.post(WorkDirected("w1", "ann", "sam"))) == ["RequeueWork"]
    desk.ready("bob")
    assert state(desk) == ("waiting", "care", "ann")
    told = explain(desk.dispatcher, "w1")
    assert told is not None
    assert {c.agent_id: c.failed for c in told.candidates} == {"ann": "presence", "bob": "directed"}
    assert offers(desk.ready("ann")) == [("w1", "ann")]


def test_direction_from_an_offer_to_somebody_else(desk: World) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    commands = desk.post(WorkDirected("w1", "bob", "sam"))
    assert kinds(commands) == ["WithdrawOffer", "RequeueWork"]
    assert isinstance(commands[0], WithdrawOffer)
    assert commands[0].reason is WithdrawReason.DIRECTED
    assert state(desk) == ("waiting", "sales", "bob")


def test_direction_to_the_agent_who_has_the_offer_leaves_it(desk: World) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    assert desk.post(WorkDirected("w1", "ann", "sam")) == []
    assert state(desk) == ("offered", "sales", "ann")
    desk.check()
    assert desk.post(WorkDirected("w1", None, "sam")) == []
    assert state(desk) == ("offered", "sales", None)


def test_a_direction_wakes_a_rest_and_outlives_a_rejection(desk: World) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    desk.reject("w1.1")
    assert offers(desk.post(WorkDirected("w1", "ann", "sam"))) == [("w1", "ann")]
    desk.reject("w1.2")
    assert state(desk) == ("waiting", "sales", "ann")
    assert offers(desk.post(WorkDirected("w1", "ann", "sam"))) == [("w1", "ann")]


def test_a_direction_is_undone_by_none_by_a_move_and_by_a_policy_without_the_agent(desk: World) -> None:
    desk.ready("bob")
    desk.queue("w1", "care")
    desk.join("w1.1")
    for name in ("w2", "w3", "w4"):
        desk.queue(name, "care")
        desk.post(WorkDirected(name, "ann", "sam"))
    desk.post(WorkDirected("w2", None, "sam"))
    assert state(desk, "w2")[2] is None
    desk.post(WorkMoved("w3", "sales", "sam"))
    assert state(desk, "w3") == ("waiting", "sales", None)
    rules = skilled()
    desk.post(PolicyChanged(Policy("v2", rules.queues, {"bob": rules.agents["bob"]})))
    assert state(desk, "w4")[2] is None
    assert desk.store.work["w4"].directed is None


def test_a_restored_shard_keeps_the_direction(desk: World) -> None:
    desk.queue("w1", "care")
    desk.post(WorkDirected("w1", "ann", "sam"))
    other = desk.restored()
    other.check()
    other.ready("bob")
    assert state(other) == ("waiting", "care", "ann")
    assert offers(other.ready("ann")) == [("w1", "ann")]


@pytest.mark.parametrize("event", [WorkMoved("w1", "care", "sam"), WorkDirected("w1", "bob", "sam")])
def test_what_is_taken_is_neither_moved_nor_directed(desk: World, event: WorkMoved | WorkDirected) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    desk.accept("w1.1")
    assert code(desk.post(event)) == "not_waiting"  # type: ignore[arg-type]
    assert state(desk) == ("assigned", "sales", None)


def test_refusals(desk: World) -> None:
    desk.queue("w1", "sales")
    for event, expected in (
        (WorkMoved("gone", "care", "sam"), "unknown_work"),
        (WorkDirected("gone", "ann", "sam"), "unknown_work"),
        (WorkCancelled("gone", "sam"), "unknown_work"),
        (WorkMoved("w1", "nowhere", "sam"), "unknown_queue"),
        (WorkMoved("w1", "chat", "sam"), "wrong_medium"),
        (WorkDirected("w1", "nobody", "sam"), "unknown_agent"),
    ):
        assert code(desk.post(event)) == expected  # type: ignore[arg-type]
    assert desk.post(WorkMoved("w1", "sales", "sam")) == []


def test_cancelled_while_it_waits(desk: World) -> None:
    desk.queue("w1", "sales")
    assert desk.post(WorkCancelled("w1", "sam")) == [CloseWork("w1", "i-w1", Outcome.CANCELLED)]


def test_cancelled_while_it_is_offered(desk: World) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    assert desk.post(WorkCancelled("w1", "sam")) == [
        WithdrawOffer("w1.1", "w1", "i-w1", "ann", WithdrawReason.CANCELLED),
        CloseWork("w1", "i-w1", Outcome.CANCELLED),
    ]
    assert offers(desk.queue("w2", "sales")) == [("w2", "ann")]


@pytest.mark.parametrize("joined", [False, True])
def test_cancelled_in_the_conversation_frees_the_agent_at_once(desk: World, joined: bool) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    desk.queue("w2", "sales")
    (desk.join if joined else desk.accept)("w1.1")
    commands = desk.post(WorkCancelled("w1", "sam"))
    assert commands[:2] == [
        PartLegs("w1.1", "w1", "i-w1", "ann", EndedBy.SYSTEM),
        CloseWork("w1", "i-w1", Outcome.CANCELLED),
    ]
    assert offers(commands) == [("w2", "ann")]


def test_cancelled_in_wrap_up(desk: World) -> None:
    desk.ready("ann")
    desk.queue("w1", "sales")
    desk.join("w1.1")
    desk.end("w1.1")
    commands = desk.post(WorkCancelled("w1", "sam"))
    assert kinds(commands) == ["EndWrapUp", "CloseWork"]
    assert commands[1] == CloseWork("w1", "i-w1", Outcome.CANCELLED)
    assert desk.dispatcher.next_deadline() is None
    assert desk.presence("ann", Presence.NOT_READY)


def test_of_two_nodes_that_take_an_item_up_one_is_the_first(desk: World) -> None:
    desk.queue("w9", "sales")
    before = desk.dispatcher.work("w9")
    assert before is not None
    assert desk.post(WorkTakenUp("w9", "b.1", before.node)) == []
    assert kinds(desk.post(WorkTakenUp("w9", "c.1", before.node))) == ["Refuse"]
    row = desk.dispatcher.work("w9")
    assert row is not None
    assert row == replace(before, node="b.1")
