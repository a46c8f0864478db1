"""The IVR machine: each way through a flow by hand, then random callers in random flows."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.commands import (
    CallerLeft,
    Digit,
    Enqueue,
    Hangup,
    Note,
    Play,
    PromptFinished,
    SetLanguage,
    StopPlay,
)
from ivr.context import IvrContext
from ivr.machine import MAX_STEPS, PROMPT_LIMIT_US, IvrMachine
from ivr.transitions import TRANSITIONS, Phase
from tests.ivr.build import parsed, raw
from tests.ivr.line import Line, S, at_menu, notes, of
from tests.ivr.walk import Caller, random_flow, walks


def test_the_greeting_is_spoken_in_both_languages_then_the_menu_in_the_callers() -> None:
    line = Line()
    assert line.first == [
        SetLanguage("en"),
        Note("greeting", "greeting"),
        Play(1, ("en/hello", "zh/hello"), barge_in=True),
    ]
    assert line.played() == [Note("branch", "hours", "office"), Note("menu", "menu"), Play(2, ("en/menu",), True)]
    assert line.machine.phase is Phase.PROMPTING


def test_closed_says_goodbye_and_hangs_up() -> None:
    line = Line(is_open=False)
    closed = line.played()
    assert ("out_of_hours", "hours", "office: New Year") in notes(closed)
    assert line.press("1") == [], "a goodbye is not interrupted"
    assert of(Hangup, line.played()) == [Hangup("closed", {}, ())]
    assert line.machine.ended
    assert line.machine.next_deadline() is None


def test_a_key_interrupts_the_menu_and_leads_on() -> None:
    line = at_menu()
    done = line.press("1")
    assert done[0] == StopPlay(2)
    assert notes(done) == [("digit", "menu", "1 orders"), ("collect", "number", "")]
    assert of(Play, done)[0].prompts == ("en/number",)


def test_a_number_ended_by_the_terminator_goes_to_the_data_and_only_its_length_to_the_story() -> None:
    line = at_menu()
    line.press("1")
    done = line.press("1234#")
    assert of(Enqueue, done) == [Enqueue("orders", (), 0, {"order_number": "1234"}, ("orders",), "en")]
    assert ("collected", "number", "4 digits") in notes(done)
    assert not any("1234" in note.detail for note in of(Note, line.all))


def test_a_number_is_complete_at_its_greatest_length_and_by_silence() -> None:
    line = at_menu()
    line.press("1")
    assert of(Enqueue, line.press("12345"))[0].data == {"order_number": "12345"}
    line = at_menu()
    line.press("1")
    line.press("123")
    assert line.machine.next_deadline() == line.now + 2 * S
    assert of(Enqueue, line.silence())[0].data == {"order_number": "123"}


def test_a_number_that_is_too_short_is_asked_again_then_given_up() -> None:
    line = at_menu()
    line.press("1")
    again = line.press("12#")
    assert ("no_match", "number", "2 digits") in notes(again)
    assert of(Play, again)[0].prompts == ("en/wrong", "en/number")
    assert of(Enqueue, line.press("1#"))[0].operator


def test_star_starts_a_number_over() -> None:
    line = at_menu()
    line.press("1")
    line.press("99*")
    assert line.machine.phase is Phase.LISTENING
    assert of(Enqueue, line.press("123#"))[0].data == {"order_number": "123"}


def _number_then_menu() -> dict[str, Any]:
    mapping = raw()
    mapping["nodes"]["number"]["next"] = "menu-or-bye"
    mapping["nodes"]["menu-or-bye"]["choices"]["#"] = {"label": "queue", "next": "queue"}
    return mapping


def test_the_terminator_pressed_by_habit_is_not_for_the_next_menu() -> None:
    line = at_menu(_number_then_menu())
    line.press("1")
    line.press("12345")
    assert line.machine.node == "menu-or-bye"
    assert line.press("#") == []
    assert of(Enqueue, line.press("#")), "only once"
    late = at_menu(_number_then_menu())
    late.press("1")
    late.press("12345")
    assert of(Enqueue, late.press("#", apart=3 * S)), "and only soon after"


def test_digits_typed_ahead_answer_the_questions_to_come() -> None:
    line = Line()
    done = line.press("1")
    assert done[0] == StopPlay(1)
    assert of(Play, done)[0].prompts == ("en/number",), "the menu's prompt is skipped"
    whole = Line(_number_then_menu())
    done = whole.press("112345#1")
    assert ("digit", "menu-or-bye", "1 more") in notes(done)


def test_a_prompt_without_barge_in_discards_digits() -> None:
    line = at_menu()
    line.press("3")
    assert line.machine.node == "info"
    assert line.press("1") == []
    done = line.played()
    assert of(Play, done)[0].prompts == ("en/menu",)
    assert line.machine.phase is Phase.PROMPTING


def test_typed_ahead_skips_a_prompt_that_may_be_interrupted() -> None:
    mapping = raw()
    mapping["nodes"]["hours"]["open"] = "news"
    mapping["nodes"]["news"] = {"kind": "play", "prompts": ["info"], "next": "menu"}
    done = Line(mapping).press("0")
    assert ("played", "news", "skipped") in notes(done)
    assert of(Enqueue, done)[0].queue == "help"


def test_no_input_is_asked_again_then_falls_back() -> None:
    line = at_menu()
    line.played()
    assert line.machine.next_deadline() == line.now + 5 * S
    again = line.silence()
    assert notes(again) == [("no_input", "menu", "")]
    assert of(Play, again)[0].prompts == ("en/again", "en/menu")
    line.played()
    assert of(Enqueue, line.silence())[0].operator


def test_no_match_is_asked_again_then_falls_back() -> None:
    line = at_menu()
    again = line.press("7")
    assert notes(again) == [("no_match", "menu", "7")]
    assert of(Play, again)[0].prompts == ("en/wrong", "en/menu")
    assert of(Enqueue, line.press("7"))[0].queue == "help"


def test_set_changes_language_requirements_priority_and_data() -> None:
    line = at_menu()
    done = line.press("8")
    assert SetLanguage("zh") in done
    assert of(Play, done)[0].prompts == ("zh/menu",)
    left = of(Enqueue, line.press("0"))[0]
    assert left == Enqueue(
        "help", (("mandarin", 3),), 7, {"topic": "chinese"}, ("中文", "operator"), "zh", operator=True
    )


def test_repeat_says_the_menu_again_and_leaves_no_trace_in_the_path() -> None:
    line = at_menu()
    assert of(Play, line.press("*"))[0].prompts == ("en/menu",)
    assert of(Enqueue, line.press("0"))[0].path == ("operator",)


def test_the_number_is_read_back_and_a_key_cuts_that_short() -> None:
    mapping = raw()
    mapping["nodes"]["number"]["read_back"] = True
    line = at_menu(mapping)
    line.press("1")
    spoken = of(Play, line.press("704#"))[0]
    assert spoken.prompts == ("en/digit-7", "en/digit-0", "en/digit-4")
    assert of(Enqueue, line.played())
    line = at_menu(mapping)
    line.press("1")
    line.press("704#")
    done = line.press("5")
    assert isinstance(done[0], StopPlay)
    assert of(Enqueue, done)


def test_self_service_ends_without_a_person() -> None:
    line = at_menu()
    line.press("3")
    line.played()
    line.played()
    assert of(Hangup, line.silence()) == [Hangup("self_service", {}, ("info",))]


def test_a_prompt_that_never_ends_is_ended() -> None:
    line = Line()
    assert line.machine.next_deadline() == PROMPT_LIMIT_US
    assert line.machine.expire(PROMPT_LIMIT_US - 1) == []
    assert line.silence()[0] == StopPlay(1)
    assert line.machine.node == "menu"


def test_a_prompt_that_fails_does_not_hold_the_caller() -> None:
    line = Line()
    line.now = S
    assert of(Play, line.machine.handle(PromptFinished(1, "failed"), S))


def test_stale_events_change_nothing() -> None:
    line = at_menu()
    assert line.machine.handle(PromptFinished(1), line.now) == []
    line.press("1")
    assert line.machine.handle(PromptFinished(2, "stopped"), line.now) == []
    assert line.machine.handle(Digit("A"), line.now) == []


def test_the_caller_may_leave_at_any_moment() -> None:
    line = at_menu()
    assert line.machine.handle(CallerLeft(), S) == [Note("left", "menu")]
    assert line.press("1") == []
    unstarted = IvrMachine(parsed(raw()), IvrContext(lambda _calendar, _now: True))
    assert unstarted.handle(Digit("1"), 0) == []
    unstarted.handle(CallerLeft(), 0)
    assert unstarted.ended
    with pytest.raises(RuntimeError, match="begun"):
        unstarted.start(0)


def test_circling_through_menus_ends_some_time() -> None:
    line = at_menu()
    done = line.press("*" * (MAX_STEPS + 1))
    assert of(Hangup, done)[0].outcome == "too_many_steps"


def test_a_holiday_may_lead_elsewhere_and_is_named_in_the_story() -> None:
    mapping = raw()
    mapping["nodes"]["hours"]["holiday"] = "bye"
    line = Line(mapping, is_open=False)
    done = line.played()
    assert ("out_of_hours", "hours", "office: New Year") in notes(done)
    assert of(Hangup, done)[0].outcome == "self_service"


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_callers_in_random_flows_always_come_to_an_end(random: Random) -> None:
    Caller(random_flow(random), random).walk(turns=25)


def test_every_row_of_the_table_happens_and_no_other() -> None:
    seen: set[tuple[Phase, Any, Phase]] = set()
    for steps in walks(Random(7), count=3000, turns=12):
        seen.update(steps)
    table = {(phase, trigger, target) for (phase, trigger), targets in TRANSITIONS.items() for target in targets}
    assert seen <= table
    unseen = {step for step in table - seen if step[0] is not Phase.NEW or step[1] != "caller_left"}
    assert unseen == set()


def test_the_walks_would_notice_a_machine_that_forgets_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: IvrMachine, _node: object, _now: int) -> None:
        self._phase = Phase.LISTENING
        self._deadline = None

    monkeypatch.setattr(IvrMachine, "_listen", forgetful)
    with pytest.raises(AssertionError):
        list(walks(Random(7), count=50, turns=12))
