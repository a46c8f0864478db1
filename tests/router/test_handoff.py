"""Overflow to another shard, one step after the other; both shards over a bad line are in tests/properties."""

from dataclasses import replace

import pytest
from msgspec import structs

from router.commands import AnswerHandoff, CloseWork, HandWork
from router.events import (
    CallbackRequested,
    CustomerLeft,
    HandoffAnswered,
    HandoffAsked,
    HandoffHosted,
    NodeLost,
    WorkCancelled,
    WorkMoved,
    WorkQueued,
)
from router.handoff import AGAIN_US
from router.policy import Elsewhere, Exit, Policy, QueuePolicy, Ring
from router.rows import Handoff
from router.vocabulary import Medium, Outcome, WorkState
from tests.router.world import SECOND, World, codes, kinds, offers, policy, state

FAR = Elsewhere("south", Medium.EMAIL)
OVERFLOW = QueuePolicy("mail", Medium.EMAIL, rings=(Ring(30 * SECOND, exit=Exit(queue="far")),))
ITEM = WorkQueued("w", "i", Medium.EMAIL, "mail")


def north(queue: QueuePolicy = OVERFLOW) -> Policy:
    return replace(policy(queues={"mail": queue}), elsewhere={"far": FAR})


@pytest.fixture
def world() -> World:
    return World(north())


@pytest.fixture
def leaving(world: World) -> World:
    world.post(ITEM)
    (sent,) = world.wait(31 * SECOND)
    assert sent == HandWork("w", "i", "south", "far", token(world), "ring")
    return world


def token(world: World) -> int:
    ((shard, asked),) = world.dispatcher.handoffs("north")
    assert shard == "south"
    return asked.token


def answer(world: World, refused: str = "", *, ended: bool = False) -> HandoffAnswered:
    return HandoffAnswered("south", token(world), refused, ended)


def test_an_item_leaves_by_its_ring_and_is_asked_for_until_the_other_shard_answers(leaving: World) -> None:
    row = leaving.dispatcher.work("w")
    assert row is not None
    assert (row.state, row.queue, row.handoff) == (WorkState.LEAVING, "mail", Handoff("south", "far", token(leaving)))
    assert leaving.dispatcher.place("w") is None
    asked = leaving.dispatcher.handoff("south", token(leaving), "north")
    assert asked is not None
    queued = structs.replace(ITEM, queue="far", since=row.queued_at)
    assert asked == HandoffAsked("north", token(leaving), token(leaving) - 1, queued)
    restored = leaving.restored()
    assert restored.dispatcher.handoffs("north") == (("south", asked),)
    restored.check()


def test_taken_it_is_closed_here_and_a_second_answer_is_nothing(leaving: World) -> None:
    taken = answer(leaving)
    assert leaving.post(taken) == [CloseWork("w", "i", Outcome.HANDED_OVER)]
    assert leaving.post(taken) == []
    assert leaving.dispatcher.handoffs("north") == ()
    leaving.check()


def test_refused_it_waits_at_its_place_and_leaves_no_more(leaving: World) -> None:
    before = leaving.dispatcher.work("w")
    assert kinds(leaving.post(answer(leaving, "queue_full"))) == ["RequeueWork"]
    after = leaving.dispatcher.work("w")
    assert before is not None
    assert after is not None
    assert (after.state, after.queued_at, after.rooted) == (WorkState.WAITING, before.queued_at, True)
    assert codes(leaving.post(WorkMoved("w", "far", "sam"))) == ["stays"]
    leaving.check()


@pytest.mark.parametrize(
    ("end", "outcome"),
    [(CustomerLeft("w"), Outcome.ABANDONED), (WorkCancelled("w", "sam"), Outcome.CANCELLED)],
)
def test_one_that_ends_on_its_way_is_ended_by_whoever_has_it(
    leaving: World, end: CustomerLeft | WorkCancelled, outcome: Outcome
) -> None:
    before = answer(leaving)
    assert kinds(leaving.post(end)) == ["HandWork"]
    assert leaving.post(end) == []
    assert leaving.post(before) == []  # said before the other shard knew
    asked = leaving.dispatcher.handoff("south", token(leaving), "north")
    assert asked is not None
    assert asked.ended is outcome
    leaving.check()
    other = leaving.restored()
    assert leaving.post(answer(leaving, ended=True)) == [CloseWork("w", "i", Outcome.HANDED_OVER)]
    assert other.post(answer(other, "ended", ended=True)) == [CloseWork("w", "i", outcome)]


def test_a_full_or_closed_queue_sends_new_work_there() -> None:
    shut = QueuePolicy("mail", Medium.EMAIL, closed=True, when_closed=Exit(queue="far"))
    world = World(north(shut))
    assert kinds(world.post(ITEM)) == ["HandWork"]
    assert kinds(world.post(answer(world, "queue_full"))) == ["RequeueWork"]
    assert state(world, "w") is WorkState.WAITING
    world.check()


@pytest.mark.parametrize(
    "wish",
    [{"node": "n1.1"}, {"named": ("ann",)}, {"medium": Medium.CHAT, "queue": "chat"}],
    ids=("an item of a node that is no call", "named agents", "another medium"),
)
def test_who_cannot_travel_stays(wish: dict[str, object]) -> None:
    chat = QueuePolicy("chat", Medium.CHAT, rings=OVERFLOW.rings)
    world = World(replace(north(), queues={"mail": OVERFLOW, "chat": chat}))
    world.post(structs.replace(ITEM, **wish))
    assert world.wait(31 * SECOND) == []
    assert state(world, "w") is WorkState.WAITING
    assert codes(world.post(WorkMoved("w", "far", "sam"))) == ["stays"]
    world.check()


def test_an_offer_is_withdrawn_when_the_item_is_moved_to_another_shard() -> None:
    agents = {"ann": replace(policy().agents["ann"], capacity={Medium.EMAIL: 1})}
    world = World(replace(north(), agents=agents))
    world.ready("ann")
    assert kinds(world.post(ITEM)) == ["SendOffer"]
    assert kinds(world.post(WorkMoved("w", "far", "sam"))) == ["WithdrawOffer", "HandWork"]
    world.check()


# --- calls: a node of the other shard makes room first


CALLS = QueuePolicy("calls", Medium.VOICE, rings=OVERFLOW.rings)
CALL = WorkQueued("w", "i", Medium.VOICE, "calls", node="n1.1")


@pytest.mark.parametrize("node", ["", "n1.1"])
def test_a_callback_leaves_when_a_node_there_knows_whom_to_call(node: str) -> None:
    there = {"far": Elsewhere("south", Medium.VOICE)}
    world = World(replace(policy(queues={"calls": CALLS}), elsewhere=there))
    world.post(structs.replace(CALL, node=node, callback=True))
    assert kinds(world.wait(31 * SECOND)) == ["HandWork"]
    assert world.dispatcher.handoffs("north") == ()
    world.post(NodeLost("n1.1"))  # nobody is on a line there
    world.post(hosted(world, "s.1"))
    ((_, asked),) = world.dispatcher.handoffs("north")
    assert (asked.work.callback, asked.work.node) == (True, "s.1")
    world.check()
    other = World(policy(queues={"far": QueuePolicy("far", Medium.VOICE)}))
    other.post(asked)
    row = other.dispatcher.work("w")
    assert row is not None
    assert (row.callback, row.origin, row.rooted) == (True, "", True)


@pytest.fixture
def call() -> World:
    """A call that leaves, for which no host is known yet."""
    there = {"far": Elsewhere("south", Medium.VOICE)}
    world = World(replace(policy(queues={"calls": CALLS}), elsewhere=there))
    world.post(CALL)
    assert kinds(world.wait(31 * SECOND)) == ["HandWork"]
    return world


def token_of(world: World) -> int:
    row = world.dispatcher.work("w")
    assert row is not None
    assert row.handoff is not None
    return row.handoff.token


def hosted(world: World, host: str) -> HandoffHosted:
    return HandoffHosted("south", token_of(world), host)


def test_nothing_is_asked_for_a_call_before_a_node_there_has_made_room(call: World) -> None:
    assert call.dispatcher.handoffs("north") == ()
    assert [row.work_id for row in call.dispatcher.leaving()] == ["w"]
    assert call.dispatcher.handoff("south", token_of(call), "north") is None
    assert call.post(hosted(call, "s.1")) == []
    asked = call.dispatcher.handoff("south", token_of(call), "north")
    assert asked is not None
    assert (asked.work.node, asked.work.queue) == ("s.1", "far")
    assert call.post(hosted(call, "")) == []  # the first one stands
    call.check()
    assert call.restored().dispatcher.handoffs("north") == (("south", asked),)
    assert call.post(answer(call)) == [CloseWork("w", "i", Outcome.HANDED_OVER)]


def test_a_call_for_which_there_is_no_room_stays_at_its_place_and_tries_again_later(call: World) -> None:
    none = hosted(call, "")
    assert kinds(call.post(none)) == ["RequeueWork"]
    row = call.dispatcher.work("w")
    assert row is not None
    assert row.stays is not None
    assert (row.state, row.rooted, row.stays.queue) == (WorkState.WAITING, False, "far")
    assert call.post(none) == []
    call.check()
    call = call.restored()
    assert call.wait(AGAIN_US - SECOND) == []
    (left,) = call.wait(SECOND)
    assert isinstance(left, HandWork)
    assert (left.queue, left.why) == ("far", "again")
    assert kinds(call.post(hosted(call, ""))) == ["RequeueWork"]
    call.post(WorkMoved("w", "far", "sam"))
    assert state(call, "w") is WorkState.LEAVING, "a supervisor need not wait"
    call.check()


def test_a_call_that_can_never_go_there_stays_for_good(call: World) -> None:
    assert kinds(call.post(structs.replace(hosted(call, ""), never=True))) == ["RequeueWork"]
    assert call.wait(10 * AGAIN_US) == []
    row = call.dispatcher.work("w")
    assert row is not None
    assert (row.state, row.rooted, row.stays) == (WorkState.WAITING, True, None)
    call.check()


def test_who_was_taken_here_meanwhile_does_not_leave_later(call: World) -> None:
    call.post(hosted(call, ""))
    assert offers(call.ready("ann")) == [("w", "ann")]
    call.accept("w.1")
    row = call.dispatcher.work("w")
    assert row is not None
    assert row.stays is None
    call.check()


def test_a_queue_that_is_emptied_tries_again_no_sooner() -> None:
    shut = QueuePolicy("calls", Medium.VOICE, closed=True, when_closed=Exit(queue="far"), empty_when_closed=True)
    world = World(
        replace(policy(queues={"calls": shut}), elsewhere={"far": Elsewhere("south", Medium.VOICE)}),
    )
    assert kinds(world.post(CALL)) == ["HandWork"]
    assert kinds(world.post(hosted(world, ""))) == ["RequeueWork"]
    assert world.wait(AGAIN_US - SECOND) == []
    assert kinds(world.wait(SECOND)) == ["HandWork"]
    world.check()


@pytest.mark.parametrize("medium", [Medium.CHAT, Medium.VOICE])
def test_a_chat_goes_as_a_call_does(medium: Medium) -> None:
    line = QueuePolicy("line", medium, rings=OVERFLOW.rings)
    world = World(replace(policy(queues={"line": line}), elsewhere={"far": Elsewhere("south", medium)}))
    world.post(structs.replace(ITEM, medium=medium, queue="line", node="n1.1"))
    assert kinds(world.wait(31 * SECOND)) == ["HandWork"]
    assert world.dispatcher.handoffs("north") == ()
    world.post(hosted(world, "s.1"))
    assert [asked.work.node for _, asked in world.dispatcher.handoffs("north")] == ["s.1"]
    world.check()


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (CustomerLeft("w"), Outcome.ABANDONED),
        (WorkCancelled("w", "sam"), Outcome.CANCELLED),
        (NodeLost("n1.1"), Outcome.NODE_LOST),
    ],
)
def test_a_call_that_ends_before_anybody_was_asked_is_closed_at_once(
    call: World, end: CustomerLeft | WorkCancelled | NodeLost, outcome: Outcome
) -> None:
    late = hosted(call, "s.1")
    other = call.restored()
    assert call.post(end) == [CloseWork("w", "i", outcome)]
    assert call.post(late) == []
    call.check()
    other.post(late)
    assert kinds(other.post(end)) == ["HandWork"]  # whoever was asked has to know


# --- the other shard


def south() -> World:
    mail = QueuePolicy("far", Medium.EMAIL, max_waiting=1, rings=(Ring(30 * SECOND, exit=Exit(queue="mail")),))
    elsewhere = {"mail": Elsewhere("north", Medium.EMAIL)}
    return World(replace(policy(queues={"far": mail}), elsewhere=elsewhere))


def asked(token: int = 5, work_id: str = "w", settled: int = 0, ended: Outcome | None = None) -> HandoffAsked:
    return HandoffAsked("north", token, settled, WorkQueued(work_id, "i", Medium.EMAIL, "far", since=7), ended)


def verdict(commands: list[object]) -> tuple[int, str, bool, bool]:
    (said,) = [command for command in commands if isinstance(command, AnswerHandoff)]
    return said.token, said.refused, said.ended, said.first


@pytest.mark.parametrize("event", ["asked", "queued"])
def test_what_came_knows_from_where_and_so_does_what_is_queued_for_its_customer(event: str) -> None:
    world = south()
    world.post(asked() if event == "asked" else WorkQueued("w", "i", Medium.EMAIL, "far", origin="north"))
    restored = world.restored().dispatcher
    row = restored.work("w")
    assert row is not None
    assert (row.origin, row.rooted) == ("north", True)
    assert restored.guests() == ((row,) if event == "asked" else ())  # what came has a neighbour to have come from


def test_a_guest_who_would_rather_be_called_is_called_by_this_shard() -> None:
    world = World(policy(queues={"far": QueuePolicy("far", Medium.VOICE)}))
    queued = WorkQueued("w", "i", Medium.VOICE, "far", node="s.1")
    world.post(HandoffAsked("north", 5, 0, queued))
    world.post(CallbackRequested("w"))
    row = world.dispatcher.work("w")
    assert row is not None
    assert (row.callback, row.origin, row.rooted) == (True, "", True)
    world.post(NodeLost("s.1"))
    assert state(world, "w") is WorkState.WAITING
    world.check()


def test_it_is_taken_once_at_its_old_place_and_goes_no_further() -> None:
    world = south()
    assert verdict([*world.post(asked())]) == (5, "", False, True)
    row = world.dispatcher.work("w")
    assert row is not None
    assert (row.queued_at, row.rooted, row.node) == (7, True, "")
    assert verdict([*world.post(asked())]) == (5, "", False, False)
    assert verdict([*world.restored().post(asked())]) == (5, "", False, False)
    assert world.wait(60 * SECOND) == []
    world.check()


def test_a_refusal_stands_also_when_there_is_room_later() -> None:
    world = south()
    world.post(asked(5, "first"))
    assert verdict([*world.post(asked(6, "second"))])[1] == "queue_full"
    world.leave("first")
    assert verdict([*world.post(asked(6, "second"))]) == (6, "queue_full", False, False)
    assert state(world, "second") is None


def test_what_is_settled_is_forgotten_and_never_begins_again() -> None:
    world = south()
    world.post(asked(5))
    world.leave("w")
    world.post(asked(9, "later", settled=5))
    assert world.store.neighbours["north"].verdicts == ((9, ""),)
    assert world.post(asked(5)) == []
    assert state(world, "w") is None
    world.check()


def test_one_that_ended_before_it_was_heard_of_does_not_begin() -> None:
    world = south()
    assert verdict([*world.post(asked(ended=Outcome.ABANDONED))]) == (5, "ended", True, True)
    assert verdict([*world.post(asked())]) == (5, "ended", False, False)
    assert state(world, "w") is None


@pytest.mark.parametrize("ended", [Outcome.ABANDONED, Outcome.CANCELLED])
def test_one_that_was_taken_ends_with_its_customer(ended: Outcome) -> None:
    world = south()
    world.post(asked())
    commands = world.post(asked(ended=ended))
    assert verdict([*commands]) == (5, "", True, False)
    assert commands[1:] == [CloseWork("w", "i", ended)]
    assert kinds(world.post(asked(ended=ended))) == ["AnswerHandoff"]
    world.check()


@pytest.mark.parametrize("emptied", [True, False])
def test_scheduled_work_of_a_closed_queue_stays_until_its_time_has_come(emptied: bool) -> None:
    world = World(north(replace(OVERFLOW, closed=True, when_closed=Exit(queue="far"), empty_when_closed=emptied)))
    assert world.post(structs.replace(ITEM, not_before=world.now + 100 * SECOND)) == []
    assert state(world, "w") is WorkState.WAITING
    assert kinds(world.wait(101 * SECOND)) == (["HandWork"] if emptied else [])
