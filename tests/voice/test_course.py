"""The course of a call: in order, at once where nothing has to be waited for, and clean however it ends."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Sequence

import pytest

from tests.waiting import until
from voice.course import OVER, Answer, Course, Wait
from voice.events import CallCommand, CallerLeft, CallEvent, Deny, DigitPressed, HangUp

LIMIT_S = 30.0


class Counting(Course):
    """Does each digit as a command; "w" waits for the gate, "!" goes wrong, "d" is denied, "t" waits for its time."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.tasks: set[asyncio.Task[object] | None] = set()
        self.gate = asyncio.Event()
        self.over = False
        self.deadline: int | None = None
        self.settled = 0

    def _now(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e6)

    def _is_over(self) -> bool:
        return self.over

    def _next_deadline(self) -> int | None:
        return self.deadline

    def _handle(self, event: CallEvent) -> Sequence[CallCommand]:
        match event:
            case DigitPressed("d"):
                return [HangUp("d"), Deny("no", "not so")]
            case DigitPressed(digit):
                return [HangUp(digit), HangUp(f"{digit}2")]
            case _:
                self.over = True
                return [HangUp("over")]

    def _expire(self) -> Sequence[CallCommand]:
        self.deadline = None
        return [HangUp("time")]

    def _do(self, command: CallCommand) -> Wait | None:
        self.tasks.add(asyncio.current_task())
        match command:
            case HangUp("w"):
                return self._wait
            case HangUp("!"):
                raise RuntimeError("unforeseen")
            case HangUp("t"):
                self.deadline = self._now() + 10_000
        if isinstance(command, HangUp):
            self.done.append(command.reason)
        return None

    async def _wait(self) -> None:
        await self.gate.wait()
        self.done.append("w")

    def _settled(self) -> None:
        self.settled += 1


def asked() -> Answer:
    return asyncio.get_running_loop().create_future()


async def followed(course: Counting, work: Callable[[], None]) -> None:
    """From begin to end, `work` once it sleeps."""
    task = asyncio.create_task(course.follow())
    await until(lambda: course.inbox.wake is not None)
    work()
    await asyncio.wait_for(task, LIMIT_S)


async def test_what_needs_no_waiting_is_done_without_a_task() -> None:
    course = Counting()

    def work() -> None:
        for digit in "12":
            course.inbox.put(DigitPressed(digit))
        course.inbox.put(CallerLeft("gone"))
        course.inbox.put(DigitPressed("3"))

    await followed(course, work)
    assert course.done == ["1", "12", "2", "22", "over"]
    assert course.tasks == {None}
    assert course.settled == 4, "once at the beginning, and after each event"


async def test_what_is_in_a_hurry_is_done_before_it_is_told_unless_others_came_before() -> None:
    course = Counting()

    def work() -> None:
        course.at_once(DigitPressed("1"))
        assert course.done == ["1", "12"]
        course.inbox.put(DigitPressed("2"))
        course.at_once(DigitPressed("3"))
        assert course.done == ["1", "12"]
        course.inbox.put(CallerLeft("gone"))

    await followed(course, work)
    assert course.done == ["1", "12", "2", "22", "3", "32", "over"]


async def test_what_happens_while_something_is_waited_for_is_handled_after_it() -> None:
    course = Counting()
    task = asyncio.create_task(course.follow([HangUp("first")]))
    await until(lambda: course.inbox.wake is not None)
    course.inbox.put(DigitPressed("w"))
    course.inbox.put(DigitPressed("1"))
    await until(lambda: len(course.inbox.events) == 1)  # it waits for the first of the two
    course.inbox.put(DigitPressed("2"))
    assert course.done == ["first"]
    course.gate.set()
    await until(lambda: "22" in course.done)
    course.inbox.put(CallerLeft("gone"))
    await asyncio.wait_for(task, LIMIT_S)
    assert course.done == ["first", "w", "w2", "1", "12", "2", "22", "over"]


async def test_whoever_asked_is_told_when_it_is_done_or_denied() -> None:
    course = Counting()
    task = asyncio.create_task(course.follow())
    waits, denied, late = asked(), asked(), asked()
    course.inbox.put(DigitPressed("w"), waits)
    course.inbox.put(DigitPressed("d"), denied)
    await until(lambda: len(course.inbox.events) == 1)
    assert not waits.done()
    course.gate.set()
    assert await asyncio.wait_for(waits, LIMIT_S) is None
    assert await asyncio.wait_for(denied, LIMIT_S) == Deny("no", "not so")
    course.gate.clear()
    course.inbox.put(DigitPressed("w"), late)
    await until(lambda: not course.inbox.events)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await late == OVER


async def test_time_passes_once() -> None:
    course = Counting()
    task = asyncio.create_task(course.follow())
    course.inbox.put(DigitPressed("t"))
    await until(lambda: "time" in course.done)
    course.inbox.put(CallerLeft("gone"))
    await asyncio.wait_for(task, LIMIT_S)
    assert course.done == ["t", "t2", "time", "over"]


class Hurrying(Counting):
    """A key is pressed in the middle of what its time brings."""

    def _do(self, command: CallCommand) -> Wait | None:
        if command == HangUp("time"):
            self.at_once(DigitPressed("9"))
        return super()._do(command)


async def test_what_is_in_a_hurry_waits_for_what_is_being_done() -> None:
    course = Hurrying()
    task = asyncio.create_task(course.follow())
    course.inbox.put(DigitPressed("t"))
    await until(lambda: "92" in course.done or task.done())
    course.inbox.put(CallerLeft("gone"))
    await asyncio.wait_for(task, LIMIT_S)
    assert course.done == ["t", "t2", "time", "9", "92", "over"]


async def test_what_goes_wrong_is_raised_where_it_is_followed() -> None:
    course, answer = Counting(), asked()
    with pytest.raises(RuntimeError, match="unforeseen"):
        await followed(course, lambda: course.inbox.put(DigitPressed("!"), answer))
    assert await answer == OVER
    assert course.done == []


async def test_a_course_that_is_over_goes_at_once() -> None:
    course = Counting()
    gone = weakref.ref(course)
    inbox = course.inbox
    gc.disable()
    try:
        await followed(course, lambda: inbox.put(CallerLeft("gone")))
        del course
        await until(lambda: gone() is None)
    finally:
        gc.enable()
    inbox.put(DigitPressed("1"))
