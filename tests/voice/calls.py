"""Call machines in the states that tests start from, and what their commands are."""

from typing import TypeVar

from ivr.context import IvrContext
from ivr.flow import Choice, Flow, Goodbye, Menu, Queue
from ivr.machine import IvrMachine
from voice import events as e
from voice.call import CallMachine
from voice.call_table import CallState
from voice.recording import RecordingRule
from voice.waiting import WaitPlan

T = TypeVar("T")
S = 1_000_000
CALLER = "caller:w"
FLOW = Flow(
    name="main",
    title="Main",
    language="en",
    start="menu",
    nodes={
        "menu": Menu("menu", ("menu",), {"1": Choice("orders", "q"), "9": Choice("bye", "bye")}, "bye"),
        "q": Queue("q", "orders"),
        "bye": Goodbye("bye", ("goodbye",)),
    },
)
PLAN = WaitPlan(music="music/hold", welcome=("busy",), announce_first=2 * S, announce_every=30 * S, callback_key="7")
OTHER = WaitPlan(music="music/returns", welcome=("returns",), announce_first=4 * S, announce_every=50 * S)
NOTICE = RecordingRule(rule="announced", prompts=("notice",))
QUESTION = RecordingRule(rule="consent", prompts=("question",), answer_us=6 * S)


def machine(**rules: RecordingRule) -> CallMachine:
    plans = {"orders": PLAN, "returns": OTHER}
    context = IvrContext(lambda _calendar, _now: True)
    return CallMachine(IvrMachine(FLOW, context), plans, "en", "w", CALLER, recordings=rules)


def of(kind: type[T], commands: list[e.CallCommand]) -> list[T]:
    return [command for command in commands if isinstance(command, kind)]


def pair(leg_id: str, *connects: str) -> e.SetRoom:
    """Caller and agent hear each other."""
    return e.SetRoom({(CALLER, leg_id): 1.0, (leg_id, CALLER): 1.0}, connects)


READY = e.AgentReady("w", "w.1", "anna", "l")


def queued() -> CallMachine:
    call = machine()
    call.handle(e.Answered(), 0)
    call.handle(e.DigitPressed("1"), S)
    assert call.state is CallState.QUEUED
    return call


def joined() -> CallMachine:
    call = queued()
    call.handle(e.AgentReady("w", "w.1", "anna", "browser:a:1"), 2 * S)
    assert call.state is CallState.JOINED
    return call


def other_flow() -> IvrMachine:
    return IvrMachine(FLOW, IvrContext(lambda _calendar, _now: True), language="en")
