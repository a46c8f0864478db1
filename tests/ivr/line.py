"""A caller with a clock in the flow of tests/ivr/build.py, and what the machine said to them."""

from typing import Any, TypeVar

from ivr.commands import (
    Digit,
    IvrAnswer,
    IvrCommand,
    Note,
    Play,
    PromptFinished,
)
from ivr.context import IvrContext
from ivr.machine import IvrMachine
from tests.ivr.build import parsed, raw

T = TypeVar("T")
S = 1_000_000


def of(kind: type[T], commands: list[IvrCommand]) -> list[T]:
    return [command for command in commands if isinstance(command, kind)]


def notes(commands: list[IvrCommand]) -> list[tuple[str, str, str]]:
    return [(note.kind, note.node, note.detail) for note in of(Note, commands)]


class Line:
    """A caller with a clock."""

    def __init__(self, mapping: dict[str, Any] | None = None, is_open: bool = True) -> None:
        context = IvrContext(lambda _calendar, _now: is_open, lambda _calendar, _now: "New Year")
        self.machine = IvrMachine(parsed(mapping or raw()), context, {"caller": "12345"})
        self.now = 0
        self.play_id = 0
        self.all: list[IvrCommand] = []
        self.first = self._keep(self.machine.start(0))

    def _keep(self, commands: list[IvrCommand]) -> list[IvrCommand]:
        self.all += commands
        for play in of(Play, commands):
            self.play_id = play.play_id
        return commands

    def press(self, keys: str, apart: int = S // 2) -> list[IvrCommand]:
        done: list[IvrCommand] = []
        for key in keys:
            self.now += apart
            done += self._keep(self.machine.handle(Digit(key), self.now))
        return done

    def played(self) -> list[IvrCommand]:
        self.now += S
        return self._keep(self.machine.handle(PromptFinished(self.play_id), self.now))

    def answer(self, answer: IvrAnswer) -> list[IvrCommand]:
        return self._keep(self.machine.handle(answer, self.now))

    def silence(self) -> list[IvrCommand]:
        deadline = self.machine.next_deadline()
        assert deadline is not None
        self.now = deadline
        return self._keep(self.machine.expire(deadline))


def at_menu(mapping: dict[str, Any] | None = None) -> Line:
    line = Line(mapping)
    line.played()
    assert line.machine.node == "menu"
    return line
