"""Callers are told and asked about recording, and it follows the call."""

from tests.voice.calls import NOTICE, QUESTION, READY, S, machine, of, pair
from voice import asked
from voice import events as e
from voice.call import CallMachine
from voice.call_table import CallState
from voice.recording import RecordingRule


def noticed(rule: RecordingRule) -> tuple[CallMachine, e.PlayPrompts]:
    """A caller who has chosen orders and hears what that queue says of recording."""
    call = machine(orders=rule)
    call.handle(e.Answered(), 0)
    done = call.handle(e.DigitPressed("1"), S)
    assert call.state is CallState.NOTICE
    assert of(e.Keep, done)[0].path == ("orders",)
    assert of(e.EnterQueue, done) == []
    return call, of(e.PlayPrompts, done)[0]


def test_the_caller_waits_after_the_announcement_and_is_recorded_once_joined() -> None:
    call, play = noticed(NOTICE)
    assert (play.prompts, call.next_deadline()) == (("en/notice",), None)
    assert call.handle(e.DigitPressed("1"), 2 * S) == []
    done = call.handle(e.PlayEnded(play.play_id, "finished"), 3 * S)
    assert call.state is CallState.QUEUED
    assert of(e.EnterQueue, done)[0].queue == "orders"
    joining = call.handle(READY, 4 * S)
    wanted = e.SetRecording(heard=True, queue="orders", work_id="w", told="announced", agents=("anna",))
    assert [one for one in joining if isinstance(one, e.SetRecording | e.SetRoom)] == [wanted, pair("l", "w.1")]
    assert of(e.ShowRecording, joining) == [e.ShowRecording("on")]
    held = call.handle(asked.HoldAsked("w", on=True), 5 * S)
    assert [one.heard for one in of(e.SetRecording, held)] == [False]
    assert of(e.ShowRecording, held) == [e.ShowRecording("silent")]


def test_who_does_not_answer_goes_on_unrecorded() -> None:
    call, play = noticed(QUESTION)
    assert call.handle(e.PlayEnded(play.play_id, "finished"), 3 * S) == []
    assert call.next_deadline() == 9 * S
    done = call.expire(9 * S)
    assert call.state is CallState.QUEUED
    assert of(e.Note, done) == [e.Note("recording_notice", (("answer", "no_answer"),))]
    assert of(e.SetRecording, call.handle(READY, 10 * S)) == []


def test_who_hangs_up_at_the_question_never_waited() -> None:
    call, _ = noticed(QUESTION)
    assert of(e.Close, call.handle(e.CallerLeft("bye"), 2 * S)) == [e.Close("left_in_ivr")]


def test_a_pause_is_over_at_its_time_and_a_lost_file_is_told() -> None:
    call, _ = noticed(QUESTION)
    call.handle(e.DigitPressed("1"), 2 * S)
    call.handle(READY, 3 * S)
    paused = call.handle(asked.PauseAsked("w", on=True), 4 * S)
    assert [one.heard for one in of(e.SetRecording, paused)] == [False]
    assert call.next_deadline() == 124 * S
    assert [one.heard for one in of(e.SetRecording, call.expire(124 * S))] == [True]
    assert of(e.ShowRecording, call.handle(e.RecordingLost(), 125 * S)) == [e.ShowRecording("failed")]
    assert [denied.code for denied in of(e.Deny, call.handle(asked.PauseAsked("w", on=True), 126 * S))] == [
        "not_recorded"
    ]
