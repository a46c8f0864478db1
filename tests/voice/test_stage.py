"""What follows from where the parties stand is asked for once, and again when it changes."""

from voice.asked import HoldAsked
from voice.conversation import Conversation
from voice.events import AgentReady, CallCommand, PlayPrompts, SetRoom, ShowParties, StopPrompts, TellHold
from voice.stage import RINGING, Stage
from voice.steering import asked
from voice.tones import Tones
from voice.waiting import WaitSound


def rig() -> tuple[Stage, Conversation]:
    talk = Conversation("w", "caller:w")
    return Stage(talk, WaitSound({}, "{}-1".format), Tones("{}-1".format)), talk


def words(commands: list[CallCommand]) -> list[str]:
    return [type(command).__name__ for command in commands]


def test_an_agent_is_connected_once_and_a_hold_is_told_on_both_sides() -> None:
    stage, talk = rig()
    talk.expect("orders")
    assert words(stage.all()) == []
    talk.handle(AgentReady("w", "w.1", "anna", "leg-a"), 1)
    first = stage.all()
    assert words(first) == ["SetRoom", "ShowParties"]
    assert isinstance(first[0], SetRoom)
    assert first[0].connects == ("w.1",)
    assert stage.all() == []
    asked(talk, HoldAsked("w", on=True))
    held = stage.all()
    assert held[:2] == [SetRoom({}), TellHold("anna", "w.1", on=True)]
    assert words(stage.clear()) == ["ShowParties"]


def test_who_is_alone_until_somebody_comes_hears_it_ring() -> None:
    stage, talk = rig()
    talk.expect("orders")
    talk.handle(AgentReady("w", "w.1", "anna", "leg-a"), 1)
    talk.expect("billing")
    asked(talk, HoldAsked("w", on=True))
    assert [one.prompts for one in stage.all() if isinstance(one, PlayPrompts)] == [(RINGING,)]
    last = stage.clear()
    assert [type(one) for one in last] == [StopPrompts, ShowParties]
