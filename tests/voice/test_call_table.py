from voice.call_table import AFTER, IN_CONVERSATION, TABLE, CallState
from voice.conversation import Where
from voice.events import CallerLeft


def test_the_caller_may_leave_in_every_state() -> None:
    assert {state for state, event in TABLE if event is CallerLeft} == set(CallState)


def test_wherever_the_parties_stand_there_is_a_state_for_it() -> None:
    assert set(AFTER) == set(Where)
    assert set(AFTER.values()) == {*IN_CONVERSATION, CallState.ENDED}
