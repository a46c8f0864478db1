"""A call whose caller a node of another shard takes in: what its own machine does, step by step."""

from msgspec.structs import replace

from router.vocabulary import EndedBy
from tests.voice.calls import CALLER, PLAN, READY, S, joined, of, queued
from voice import events as e
from voice.away import LodgingLost, LodgingOver, TakenIn
from voice.call import CallMachine
from voice.call_table import CallState

TAKEN = TakenIn("w", "lodging:w")


def away() -> CallMachine:
    call = queued()
    call.handle(TAKEN, 2 * S)
    assert call.state is CallState.AWAY
    return call


def test_the_caller_is_heard_there_and_hears_nothing_of_this_node() -> None:
    call = queued()
    assert call.waits_alone("w")
    done = call.handle(TAKEN, 2 * S)
    assert of(e.SetRoom, done) == [e.SetRoom({(CALLER, "lodging:w"): 1.0, ("lodging:w", CALLER): 1.0})]
    assert len(of(e.StopPrompts, done)) == 1
    assert call.state is CallState.AWAY
    assert call.next_deadline() is None
    assert call.expire(100 * S) == []
    assert call.open_work == ()
    assert not call.waits_alone("w")


def test_what_comes_late_of_the_item_is_nothing() -> None:
    call = away()
    late = (READY, e.Parted("w", EndedBy.SYSTEM), e.Requeued("w", "orders"), e.DigitPressed("7"), TAKEN)
    for event in late:
        assert call.handle(event, 3 * S) == []
    assert call.state is CallState.AWAY


def test_it_ends_there_and_so_it_does_here() -> None:
    call = away()
    done = call.handle(LodgingOver("agent"), 9 * S)
    assert done == [e.HangUp("agent"), e.Close("handed_over")]
    assert call.state is CallState.ENDED


def test_the_caller_leaves() -> None:
    call = away()
    done = call.handle(e.CallerLeft("bye"), 9 * S)
    assert done[-1] == e.Close("handed_over")
    assert of(e.LeaveQueue, done) == [], "the item is another shard's"


def test_without_its_host_the_caller_waits_anew_at_the_place_of_the_first() -> None:
    call = away()
    done = call.handle(LodgingLost(S), 9 * S)
    (enter,) = of(e.EnterQueue, done)
    first = e.EnterQueue("w-2", "orders", enter.requirements, enter.priority, attributes=enter.attributes)
    assert enter == replace(first, since=S)
    assert of(e.SetRoom, done) == [e.SetRoom({})]
    assert of(e.PlayPrompts, done)[0].prompts == (PLAN.music,)
    assert call.state is CallState.QUEUED
    assert call.next_deadline() == 9 * S + PLAN.announce_every
    assert call.waits_alone("w-2")


def test_who_has_spoken_with_somebody_does_not_wait_alone() -> None:
    call = joined()
    assert not call.waits_alone("w")
    call.handle(e.Requeued("w", "orders"), 5 * S)
    assert call.state is CallState.QUEUED
    assert not call.waits_alone("w")
