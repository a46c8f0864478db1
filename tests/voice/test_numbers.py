"""Numbers in conversations: which leg is run, and which is hung up."""

from typing import Any, cast

from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from voice.events import CallEvent, NumberGone
from voice.neighbours import VoicePorts
from voice.number_leg import NumberLeg
from voice.numbers import NumberCalls
from voice.phone import DialledLeg, PhoneReleased
from voice.ports import Lines
from voice.runner import CallRunner


class Call:
    def __init__(self) -> None:
        self.told: list[CallEvent] = []

    def tell(self, event: CallEvent) -> None:
        self.told.append(event)


class Trunk:
    def allows(self, number: str) -> bool:
        return number == "0755"

    def dial(self, call: str, number: str, sdp: bytes) -> None: ...


def rig(lines: Lines | None) -> tuple[NumberCalls, dict[str, DialledLeg], Call]:
    quiet, call = Quiet(), Call()
    ports = VoicePorts(Signalling(), Media(), Sdp(), Router(), quiet, quiet, lines=lines)
    legs: dict[str, DialledLeg] = {}
    runners = cast("dict[str, CallRunner]", {"w": call})
    return NumberCalls(ports, lambda leg: legs.update({leg.call: leg}), legs, runners.get), legs, call


def test_a_leg_of_the_party_is_run_and_hung_up() -> None:
    numbers, legs, _ = rig(Trunk())
    assert numbers.may_dial("0755")
    assert not numbers.may_dial("110")
    numbers.dial("w", "number:w-2", "0755")
    leg: Any = legs["number:w-2"]
    assert isinstance(leg, NumberLeg)
    numbers.drop("number:w-2")
    numbers.drop("number:w-9")
    assert leg._inbox.popleft() == PhoneReleased()
    numbers.dial("gone", "number:x-2", "0755")
    assert list(legs) == ["number:w-2"]


def test_without_a_trunk_the_party_is_gone_at_once() -> None:
    numbers, legs, call = rig(None)
    assert not numbers.may_dial("0755")
    numbers.dial("w", "number:w-2", "0755")
    assert (legs, call.told) == ({}, [NumberGone("number:w-2", "no_trunk")])
