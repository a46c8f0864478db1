"""The walk of one flow test, on flows that are written for it."""

import pytest

from config.flow_walk import Expected, FlowTest, Step, StepFailedError, Walk
from ivr import flow as f


class Place:
    def __init__(self, *nodes: f.Node) -> None:
        self.flows = {"main": f.Flow("main", "Main", "en", nodes[0].name, {node.name: node for node in nodes})}

    def is_open(self, _calendar: str, now_utc_us: int) -> bool:
        return now_utc_us < 10_000_000

    def holiday(self, _calendar: str, _now_utc_us: int) -> str:
        return ""


def walk(place: Place, *steps: Step, at_us: int = 0, **expected: object) -> Walk:
    test = FlowTest("x.toml", "x", "main", at_us, "123", "400", steps, Expected(**expected))  # type: ignore[arg-type]
    made = Walk(test, place)
    made.run()
    return made


HOURS = f.Hours("hours", "office", "open", "closed")
OPEN, CLOSED = f.Goodbye("open", ("bye",), "open"), f.Goodbye("closed", (), "closed")
NUMBER = f.Collect("number", ("ask",), "number", "back", "open", min_length=3)
BACK = f.Callback("back", "orders", "{number}", "open", "closed")
MAIL = f.Voicemail("mail", ("info",), "orders", "open", "closed")


def test_the_time_of_the_call_is_that_of_the_test() -> None:
    place = Place(HOURS, OPEN, CLOSED)
    walk(place, outcome="open")
    walk(place, at_us=20_000_000, outcome="closed")


def test_digits_without_a_terminator_end_by_themselves() -> None:
    place = Place(NUMBER, BACK, OPEN, CLOSED)
    story = walk(place, Step("number", "press", "4711"), outcome="open", callback="4711", data={"number": "4711"}).story
    assert "back: callback (orders)" in story
    walk(place, Step("number", "press", "4711"), Step("back", "fails", "x"), outcome="closed")


def test_a_caller_may_hang_up_into_a_recording() -> None:
    place = Place(MAIL, OPEN, CLOSED)
    walk(place, Step("mail", "hang_up", None), voicemail="orders", outcome="left")
    walk(place, voicemail="orders", outcome="open")


def test_an_answer_that_nobody_waits_for_is_a_mistake() -> None:
    with pytest.raises(StepFailedError, match="does not wait"):
        walk(Place(NUMBER, BACK, OPEN, CLOSED), Step("number", "answer", {}))
