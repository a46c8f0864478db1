"""The table is whole, and the page drawn from it is the one in docs/."""

from pathlib import Path

from ivr.transitions import MEANING, TRANSITIONS, Phase, Trigger, draw


def test_the_page_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "states" / "ivr.md"
    assert page.read_text(encoding="utf-8") == draw(), "run: python -m ivr.transitions > docs/states/ivr.md"


def test_the_caller_may_leave_in_every_phase_and_nothing_leaves_the_end() -> None:
    for phase in Phase:
        assert phase in MEANING
        if phase is Phase.ENDED:
            assert not [pair for pair in TRANSITIONS if pair[0] is phase]
        else:
            assert TRANSITIONS[phase, Trigger.CALLER_LEFT] == {Phase.ENDED}


def test_every_phase_that_waits_can_time_out() -> None:
    for phase in (Phase.SPEAKING, Phase.PROMPTING, Phase.LISTENING, Phase.GATHERING):
        assert (phase, Trigger.TIMED_OUT) in TRANSITIONS
