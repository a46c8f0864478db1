"""Deadlines against a plain dict."""

from hypothesis import given
from hypothesis import strategies as st

from sip.deadlines import NEVER, Alarm, Deadlines, Ends

STEPS = st.lists(st.tuples(st.integers(0, 8), st.one_of(st.none(), st.integers(0, 50))), max_size=200)


@given(STEPS, st.integers(0, 60))
def test_like_a_dict(steps: list[tuple[int, int | None]], now: int) -> None:
    alarm = Alarm()
    deadlines: Deadlines[int] = Deadlines(alarm)
    model: dict[int, int] = {}
    for key, when in steps:
        deadlines.set(key, when)
        if when is None:
            model.pop(key, None)
        else:
            model[key] = when
        assert deadlines.next() == min(model.values(), default=None)
        assert len(deadlines) == len(model)
        assert alarm.at <= (deadlines.next() or NEVER)
    popped = []
    while (key_due := deadlines.pop_due(now)) is not None:
        popped.append(key_due)
    assert sorted(popped) == sorted(key for key, when in model.items() if when <= now)
    assert [model[k] for k in popped] == sorted(model[k] for k in popped)


def test_moving_one_deadline_for_ever_keeps_no_memory() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for when in range(10_000, 0, -1):
        deadlines.set("a", when + 1_000_000)
    assert len(deadlines._heap) < 100


def test_ends_of_one_moment_come_together_and_never_early() -> None:
    alarm = Alarm()
    ends: Ends[str] = Ends(10, alarm)
    assert (ends.next(), ends.pop_due(1_000)) == (None, None)
    assert [ends.add(key, when) for key, when in (("a", 21), ("b", 5), ("c", 30), ("d", 10))] == [30, 10, 30, 10]
    assert ends.next() == alarm.at == 10
    assert ends.pop_due(9) is None
    assert ends.pop_due(10) == (10, ["b", "d"])
    assert ends.add("e", 30) == 30
    assert ends.pop_due(100) == (30, ["a", "c", "e"])
    assert ends.next() is None
