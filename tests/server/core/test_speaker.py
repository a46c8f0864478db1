"""What happens after a commit, and that one part's failure is not the others'."""

from typing import Any

import pytest

from router import events as facts
from router.commands import CloseWork
from router.rows import Turn
from router.vocabulary import Outcome
from server.core.speaker import Speaker
from telemetry.metrics import Metrics
from telemetry.routing import RoutingMeter
from tests.records.turns import offer, queued, turn


class Part:
    """One listener; `fail` makes it raise."""

    def __init__(self, log: list[tuple[str, Any]], fail: bool = False) -> None:
        self.log = log
        self.fail = fail

    def _do(self, name: str, what: Any) -> None:
        self.log.append((name, what))
        if self.fail:
            raise RuntimeError("a mistake of ours")

    def prepare(self, what: Turn) -> None:
        self._do("prepare", what)

    def show_drawn(self, what: Turn) -> None:
        self._do("show_drawn", what)

    def show(self, what: Turn) -> None:
        self._do("show", what)

    def note(self, what: Turn) -> None:
        self._do("note", what)

    def fresh(self, what: Turn) -> None:
        self._do("fresh", what)

    def execute(self, command: Any, caller: tuple[str, str]) -> None:
        self._do("execute", (command, caller))


class Contexts:
    def caller(self, interaction_id: str) -> tuple[str, str]:
        return ("0755", "Cai") if interaction_id == "i1" else ("", "")


def rig(desk: bool = False, conductor: bool = False) -> tuple[Speaker, list[tuple[str, Any]]]:
    log: list[tuple[str, Any]] = []
    contexts: Any = Contexts()
    speaker = Speaker(RoutingMeter(Metrics(), {}), contexts)
    parts: list[Any] = [Part(log, desk), Part(log, conductor), Part(log)]
    speaker.attach(*parts)
    return speaker, log


OFFER = offer("r1", "anna", 1)
CLOSE = CloseWork("w1", "i1", Outcome.HANDLED)
TURN = turn(1, 0, queued(), OFFER, CLOSE)


def test_telephones_ring_first_then_agents_are_shown_then_calls_go_on_then_records() -> None:
    speaker, log = rig()
    speaker.prepare(TURN)
    speaker(TURN)
    assert log == [
        ("prepare", TURN),
        ("execute", (OFFER, ("0755", "Cai"))),
        ("show_drawn", TURN),
        ("show", TURN),
        ("execute", (CLOSE, ("", ""))),
        ("fresh", TURN),
    ]
    log.clear()
    speaker.note(TURN)
    assert log == [("note", TURN)]
    log.clear()
    line = turn(2, 0, facts.InteractionNoted("i1", "answered"))
    speaker(line)
    assert log == [("fresh", line)], "of a line of a story nobody is shown anything"
    assert speaker.failures == 0


@pytest.mark.parametrize(("desk", "conductor", "failures"), [(True, False, 3), (False, True, 2), (True, True, 5)])
def test_a_part_that_fails_keeps_nobody_else_from_it(desk: bool, conductor: bool, failures: int) -> None:
    speaker, log = rig(desk, conductor)
    speaker(TURN)
    speaker.note(TURN)
    assert [name for name, _ in log] == ["execute", "show_drawn", "show", "execute", "fresh", "note"]
    assert speaker.failures == failures


def test_before_it_is_attached_only_the_meter_listens() -> None:
    contexts: Any = Contexts()
    metrics = Metrics()
    speaker = Speaker(RoutingMeter(metrics, {}), contexts)
    for one in (turn(1, 0, queued()), turn(2, 0, facts.CustomerLeft("w1"))):
        speaker(one)
        speaker.note(one)
    assert speaker.failures == 0
