"""The call machine: each row of its table."""

import pytest

from ivr.speech import place_prompts
from router.vocabulary import EndedBy
from tests.voice.calls import (
    CALLER,
    NOTICE,
    PLAN,
    QUESTION,
    READY,
    S,
    joined,
    machine,
    of,
    other_flow,
    pair,
    queued,
)
from voice import asked
from voice import events as e
from voice.call import CallMachine
from voice.call_table import CallState
from voice.recording import RecordingRule


def test_answer_starts_the_menu_and_a_digit_queues_with_music() -> None:
    call = machine()
    first = call.handle(e.Answered(), 0)
    assert of(e.Note, first)[0].kind == "answered"
    assert of(e.PlayPrompts, first)[0].prompts == ("en/menu",)
    then = call.handle(e.DigitPressed("1"), S)
    enter = of(e.EnterQueue, then)[0]
    assert (enter.work_id, enter.queue) == ("w", "orders")
    assert of(e.Keep, then)[0].path == ("orders",)
    assert of(e.PlayPrompts, then)[-1].prompts == ("music/hold",)
    assert of(e.PlayPrompts, then)[-1].loop


def test_a_waiting_caller_is_told_the_place_and_hears_music_again() -> None:
    call = queued()
    assert call.expire(2 * S) == []
    assert call.next_deadline() == 3 * S
    assert call.expire(3 * S) == [e.AskPlace("w", call_back=True)]
    told = call.handle(e.PlaceKnown(2), 3 * S)
    speech = of(e.PlayPrompts, told)[0]
    assert speech.prompts[0] == "en/busy"
    assert speech.prompts[1:] == place_prompts("en", 2)
    again = call.handle(e.PlayEnded(speech.play_id, "finished"), 5 * S)
    assert of(e.PlayPrompts, again)[0].loop
    assert call.next_deadline() == 35 * S
    call.expire(35 * S)
    assert "en/busy" not in of(e.PlayPrompts, call.handle(e.PlaceKnown(1), 35 * S))[0].prompts


def test_a_caller_who_is_moved_hears_what_the_other_queue_plays_and_says() -> None:
    call = queued()
    call.expire(3 * S)
    speech = of(e.PlayPrompts, call.handle(e.PlaceKnown(2), 3 * S))[0]
    (music,) = call.handle(e.Requeued("w", "returns"), 10 * S)
    assert isinstance(music, e.PlayPrompts)
    assert (music.prompts, music.loop) == (("music/returns",), True)
    assert call.handle(e.PlayEnded(speech.play_id, "stopped"), 10 * S) == [], "the old queue's place is cut off"
    assert call.next_deadline() == 14 * S
    assert call.expire(14 * S) == [e.AskPlace("w")]
    told = of(e.PlayPrompts, call.handle(e.PlaceKnown(5), 14 * S))[0]
    assert told.prompts == ("en/returns", *place_prompts("en", 5))
    assert call.next_deadline() == 64 * S


def test_an_offer_that_comes_to_nothing_does_not_disturb_the_music() -> None:
    call = queued()
    assert call.handle(e.Requeued("w", "orders"), 2 * S) == []
    assert call.next_deadline() == 3 * S


def test_a_queue_without_a_plan_of_its_own_sounds_like_the_one_before() -> None:
    call = queued()
    assert of(e.PlayPrompts, call.handle(e.Requeued("w", "nowhere"), 2 * S))[0].prompts == ("music/hold",)


def test_an_assignment_that_fails_into_another_queue_leads_to_its_music() -> None:
    call = joined()
    again = call.handle(e.Requeued("w", "returns"), 9 * S)
    assert of(e.PlayPrompts, again)[0].prompts == ("music/returns",)
    assert call.next_deadline() == 13 * S


def test_no_place_is_said_while_the_item_is_offered() -> None:
    call = queued()
    call.expire(3 * S)
    assert call.handle(e.PlaceKnown(None), 3 * S) == []
    assert call.next_deadline() == 33 * S


def test_who_was_kept_for_one_agent_hears_the_place_once_the_item_is_for_everybody() -> None:
    call = joined()
    done = call.handle(asked.TransferAsked("w", asked.AgentTarget("ben"), warm=False), 10 * S)
    (enter,) = of(e.EnterQueue, done)
    first = call.next_deadline()
    assert first is not None
    assert call.expire(first) == []
    assert of(e.ReleaseDirection, call.handle(e.Requeued(enter.work_id, enter.queue), first + S))
    due = call.next_deadline()
    assert due is not None
    assert [one.work_id for one in of(e.AskPlace, call.expire(due))] == [enter.work_id]


def test_music_that_cannot_be_played_is_not_tried_again_until_something_was_said() -> None:
    call = queued()
    assert call.handle(e.PlayEnded("music-1", "failed"), 2 * S) == []
    assert call.handle(e.PlayEnded("music-1", "failed"), 2 * S) == []
    call.expire(3 * S)
    speech = of(e.PlayPrompts, call.handle(e.PlaceKnown(1), 3 * S))[0]
    assert of(e.PlayPrompts, call.handle(e.PlayEnded(speech.play_id, "failed"), 3 * S))[0].loop


def test_a_lost_leg_ends_the_hold() -> None:
    call = joined()
    call.handle(asked.HoldAsked("w", on=True), 3 * S)
    lost = call.handle(e.AgentLegLost("w"), 4 * S)
    assert of(e.TellHold, lost) == [e.TellHold("anna", "w.1", on=False)]
    assert of(e.TellHold, joined().handle(e.AgentLegLost("w"), 4 * S)) == []


def test_joining_stops_the_music_and_says_first_once() -> None:
    call = queued()
    join = call.handle(e.AgentReady("w", "w.1", "anna", "leg"), 2 * S)
    assert of(e.StopPrompts, join)
    assert of(e.SetRoom, join) == [pair("leg", "w.1")]
    assert of(e.SetRoom, call.handle(e.AgentReady("w", "w.1", "anna", "leg2"), 3 * S)) == [pair("leg2")]


def test_hold_and_resume() -> None:
    call = joined()
    on = call.handle(asked.HoldAsked("w", on=True), 3 * S)
    assert of(e.SetRoom, on) == [e.SetRoom({})]
    assert of(e.PlayPrompts, on)
    assert of(e.TellHold, on) == [e.TellHold("anna", "w.1", on=True)]
    assert call.handle(asked.HoldAsked("w", on=True), 4 * S) == []
    off = call.handle(asked.HoldAsked("w", on=False), 5 * S)
    assert of(e.StopPrompts, off)
    assert of(e.SetRoom, off) == [pair("browser:a:1")]
    assert call.state is CallState.JOINED


def test_an_agent_whose_page_reloads_comes_back() -> None:
    call = joined()
    lost = call.handle(e.AgentLegLost("w"), 10 * S)
    assert of(e.PlayPrompts, lost)[0].loop
    back = call.handle(e.AgentReady("w", "w.1", "anna", "browser:a:2"), 12 * S)
    assert of(e.SetRoom, back) == [pair("browser:a:2")]
    assert call.next_deadline() is None


def test_an_agent_who_does_not_come_back_gives_the_caller_back() -> None:
    call = joined()
    call.handle(e.AgentLegLost("w"), 10 * S)
    assert call.next_deadline() == 25 * S
    assert call.expire(25 * S) == [e.GiveBack("w.1", "agent_leg_lost")]
    again = call.handle(e.Requeued("w", "orders"), 25 * S)
    assert call.state is CallState.QUEUED
    assert of(e.PlayPrompts, again)[0].loop


def test_the_agent_hanging_up_ends_the_call() -> None:
    call = joined()
    end = call.handle(e.Parted("w", EndedBy.AGENT), 9 * S)
    assert of(e.HangUp, end)
    assert of(e.Close, end) == [e.Close("handled")]


@pytest.mark.parametrize(
    ("steps", "outcome", "leaves_queue"),
    [
        ([], "left_in_ivr", False),
        ([e.Answered()], "left_in_ivr", False),
        ([e.Answered(), e.DigitPressed("1")], "abandoned", True),
        ([e.Answered(), e.DigitPressed("1"), READY], "handled", True),
        (
            [e.Answered(), e.DigitPressed("1"), READY, asked.HoldAsked("w", on=True)],
            "handled",
            True,
        ),
        (
            [e.Answered(), e.DigitPressed("1"), READY, e.AgentLegLost("w")],
            "handled",
            True,
        ),
    ],
)
def test_the_caller_may_leave_in_every_state(steps: list[e.CallEvent], outcome: str, leaves_queue: bool) -> None:
    call = machine()
    for at, step in enumerate(steps):
        call.handle(step, at * S)
    end = call.handle(e.CallerLeft("bye"), 60 * S)
    assert of(e.Close, end) == [e.Close(outcome)]
    assert bool(of(e.LeaveQueue, end)) is leaves_queue
    assert call.state is CallState.ENDED
    assert call.next_deadline() is None
    assert call.handle(e.CallerLeft("bye"), 61 * S) == []


def test_a_diverted_caller_hears_the_other_flow_in_place_of_music_and_may_queue_again() -> None:
    call = queued()
    commands = call.handle(e.Diverted("w", other_flow()), 9 * S)
    assert call.state is CallState.IVR
    assert of(e.StopPrompts, commands)
    assert of(e.PlayPrompts, commands)[-1].prompts == ("en/menu",)
    (again,) = of(e.EnterQueue, call.handle(e.DigitPressed("1"), 10 * S))
    assert (call.state, again.work_id) == (CallState.QUEUED, "w-2")


def test_a_diversion_of_one_item_leaves_a_conversation_alone() -> None:
    call = joined()
    assert not of(e.PlayPrompts, call.handle(e.Diverted("w-7", other_flow()), 9 * S))
    assert call.state is CallState.JOINED


def test_a_refused_queue_ends_the_call_politely() -> None:
    call = queued()
    end = call.handle(e.QueueRefused("w", "unknown_queue"), 2 * S)
    assert of(e.HangUp, end)
    assert of(e.Close, end) == [e.Close("refused")]


def test_the_expected_wait_is_told_with_the_place_when_it_is_known() -> None:
    call = queued()
    told = call.handle(e.PlaceKnown(2, 150 * S), 5 * S)
    said = of(e.PlayPrompts, told)[0].prompts
    assert said[-3:] == ("en/wait-before", "en/digit-3", "en/wait-after")
    assert of(e.Note, told)[0].detail == (("place", "2"), ("wait_s", "150"))


def promised(call: CallMachine) -> str:
    """The caller has asked to be called back and hears that they will; the play."""
    assert call.handle(e.DigitPressed("5"), S) == [], "another key means nothing here"
    assert call.handle(e.DigitPressed("7"), 2 * S) == [e.AskCallBack("w")]
    assert call.handle(e.DigitPressed("7"), 2 * S) == [], "once is enough"
    commands = call.handle(e.CallBackAnswered("w", possible=True), 2 * S)
    assert [note.kind for note in of(e.Note, commands)] == ["callback_chosen"]
    (play,) = of(e.PlayPrompts, commands)
    assert play.prompts == ("en/callback-promised",)
    assert call.next_deadline() is None, "no place is told over it"
    return play.play_id


def test_a_caller_who_waits_may_be_called_back_at_the_same_place() -> None:
    call = queued()
    play = promised(call)
    assert call.handle(e.PlayEnded(play, "finished"), 5 * S) == [e.LeaveForCallBack("w")]
    done = call.handle(e.CallBackSettled("w", promised=True), 5 * S)
    assert call.state is CallState.ENDED
    assert of(e.HangUp, done)
    assert of(e.Close, done) == [e.Close("callback")]
    assert not of(e.LeaveQueue, done), "the item stays where it is"
    assert call.open_work == ()


def test_who_hangs_up_over_the_promise_is_called_back_too() -> None:
    call = queued()
    promised(call)
    done = call.handle(e.CallerLeft("remote"), 3 * S)
    assert of(e.LeaveForCallBack, done) == [e.LeaveForCallBack("w", gone=True)]
    assert not of(e.LeaveQueue, done)
    assert of(e.Close, done) == [e.Close("callback")]


def test_whoever_comes_before_the_promise_was_said_has_the_caller() -> None:
    call = queued()
    play = promised(call)
    call.handle(READY, 3 * S)
    assert call.state is CallState.JOINED
    assert not of(e.LeaveForCallBack, call.handle(e.PlayEnded(play, "stopped"), 3 * S))
    done = call.handle(e.CallerLeft("remote"), 4 * S)
    assert of(e.Close, done) == [e.Close("handled")]


def test_when_an_agent_is_being_asked_already_the_caller_waits_for_them() -> None:
    call = queued()
    call.handle(e.PlayEnded(promised(call), "finished"), 5 * S)
    (music,) = of(e.PlayPrompts, call.handle(e.CallBackSettled("w", promised=False), 5 * S))
    assert music.prompts == ("music/hold",)
    assert of(e.LeaveQueue, call.handle(e.CallerLeft("remote"), 6 * S))


def test_a_number_that_cannot_be_called_waits_on() -> None:
    call = queued()
    call.handle(e.DigitPressed("7"), 2 * S)
    commands = call.handle(e.CallBackAnswered("w", possible=False), 2 * S)
    assert [note.kind for note in of(e.Note, commands)] == ["callback_refused"]
    (play,) = of(e.PlayPrompts, commands)
    assert play.prompts == ("en/no-match",)
    assert of(e.PlayPrompts, call.handle(e.PlayEnded(play.play_id, "finished"), 4 * S))[0].prompts == ("music/hold",)
    assert call.handle(e.DigitPressed("7"), 5 * S) == [e.AskCallBack("w")], "they may try again"


def test_who_may_be_called_back_is_told_of_the_key_once() -> None:
    call = queued()
    call.expire(3 * S)
    unknown = of(e.PlayPrompts, call.handle(e.PlaceKnown(2), 3 * S))[0].prompts
    assert not any("callback" in name for name in unknown), "their number cannot be called"
    assert call.expire(40 * S) == [e.AskPlace("w", call_back=True)]
    told = of(e.PlayPrompts, call.handle(e.PlaceKnown(2, may_call_back=True), 40 * S))[0].prompts
    assert told == (*place_prompts("en", 2), "en/callback-hint", "en/digit-7")
    assert call.expire(80 * S) == [e.AskPlace("w")]


def called_back(rule: RecordingRule) -> CallMachine:
    """A customer has answered our call, and anna waits for them."""
    call = CallMachine(None, {"orders": PLAN}, "en", "w", CALLER, called_back="orders", recordings={"orders": rule})
    said = call.handle(e.Answered(), 0)
    assert [play.prompts for play in of(e.PlayPrompts, said)] == [(f"en/{rule.prompts[0]}",)]
    assert call.handle(READY, 0) == []
    assert call.handle(asked.HoldAsked("w", on=True), 0) == [e.Deny("not_connected", "there is no conversation")]
    return call


def test_who_is_called_back_is_told_of_the_recording_before_the_agent_comes() -> None:
    call = called_back(NOTICE)
    done = call.handle(e.PlayEnded("notice-1", "finished"), 2 * S)
    assert call.state is CallState.JOINED
    assert [one.told for one in of(e.SetRecording, done)] == ["announced"]
    assert of(e.SetRoom, done) == [pair("l", "w.1")]


def test_who_is_called_back_is_asked_and_may_refuse() -> None:
    call = called_back(QUESTION)
    done = call.handle(e.DigitPressed("2"), S)
    assert call.state is CallState.JOINED
    assert not of(e.SetRecording, done)
    late = called_back(QUESTION)
    late.handle(e.PlayEnded("notice-1", "finished"), S)
    assert late.next_deadline() == 7 * S
    late.expire(7 * S)
    assert late.state is CallState.JOINED


def test_who_hangs_up_over_the_notice_leaves_nothing_open() -> None:
    call = called_back(NOTICE)
    done = call.handle(e.CallerLeft("remote"), S)
    assert of(e.LeaveQueue, done) == [e.LeaveQueue("w")]
    assert of(e.Close, done) == [e.Close("abandoned")]
    gone = called_back(NOTICE)
    gone.handle(e.Parted("w", EndedBy.AGENT), S)
    assert of(e.HangUp, gone.handle(e.PlayEnded("notice-1", "finished"), 2 * S)), "the agent did not wait"
