"""The machine of a chat: deadlines, marks, who may speak, and that every step is in the table."""

import random
from typing import Any

import pytest

from chat.events import (
    AgentAway,
    AgentHere,
    AgentJoined,
    AskPlace,
    Close,
    Connect,
    GiveBack,
    Leave,
    Marked,
    Over,
    PlaceKnown,
    Requeued,
    Said,
    ShowReceipt,
    ShowTyping,
    ShowVisitor,
    Side,
    Typed,
    VisitorAway,
    VisitorEnded,
    VisitorHere,
)
from chat.machine import TABLE, ChatMachine, ChatState, Patience, Progress
from router.vocabulary import EndedBy

PATIENCE = Patience(abandon=100, agent=50, typing=10, place=30)
JOINED = AgentJoined("r1", "ann", "Ann", here=True)
SECOND = AgentJoined("r2", "bob", "Bob", here=True)


@pytest.fixture
def machine() -> ChatMachine:
    made = ChatMachine(PATIENCE, last=1)
    made.start(0)
    made.handle(VisitorHere(), 0)
    return made


def talking(machine: ChatMachine) -> ChatMachine:
    machine.handle(JOINED, 1)
    return machine


def test_a_visitor_who_is_gone_too_long_while_waiting_has_left(machine: ChatMachine) -> None:
    assert machine.next_deadline() == 30
    machine.handle(VisitorAway(), 10)
    machine.handle(VisitorHere(), 20)
    assert Leave() not in machine.expire(200)
    machine.handle(VisitorAway(), 300)
    assert Leave() not in machine.expire(399)
    assert Leave() in machine.expire(400)
    assert Leave() not in machine.expire(500), "said once; the router answers"
    assert machine.state is ChatState.WAITING


def test_nobody_came_back_after_a_restart() -> None:
    machine = ChatMachine(PATIENCE)
    machine.start(1000)
    assert Leave() in machine.expire(1100)


def test_in_a_conversation_a_visitor_may_be_away_for_long(machine: ChatMachine) -> None:
    talking(machine)
    machine.handle(VisitorAway(), 10)
    assert machine.next_deadline() is None
    assert machine.handle(Requeued(), 500) == [ShowVisitor(), AskPlace()]
    assert Leave() in machine.expire(600), "waiting again, still away"


def test_an_agent_who_is_gone_too_long_loses_the_chat(machine: ChatMachine) -> None:
    assert machine.handle(JOINED, 1) == [Connect("r1", "Ann"), ShowVisitor()]
    machine.handle(AgentAway(), 10)
    machine.handle(AgentHere(), 20)
    assert machine.next_deadline() is None
    machine.handle(AgentAway(), 30)
    assert machine.expire(80) == [GiveBack("r1", "agent_page_lost")]
    machine.handle(Requeued(), 81)
    assert (machine.state, machine.serving) == (ChatState.WAITING, None)
    assert machine.handle(SECOND, 82) == [Connect("r2", "Bob"), ShowVisitor()]


def test_an_agent_who_is_not_there_when_they_take_it_has_time_to_come(machine: ChatMachine) -> None:
    machine.handle(AgentJoined("r1", "ann", "Ann", here=False), 100)
    assert machine.next_deadline() == 150


def test_who_may_speak(machine: ChatMachine) -> None:
    assert machine.may_speak(Side.CUSTOMER)
    assert not machine.may_speak(Side.AGENT, None)
    talking(machine)
    assert machine.may_speak(Side.AGENT, "r1")
    assert not machine.may_speak(Side.AGENT, "r2")
    machine.handle(Over(EndedBy.AGENT, "handled"), 5)
    assert not machine.may_speak(Side.CUSTOMER)
    assert not machine.may_speak(Side.AGENT, "r1")


def test_place_and_wait_are_shown_when_they_change(machine: ChatMachine) -> None:
    assert machine.handle(PlaceKnown(3, 90), 1) == [ShowVisitor()]
    assert machine.handle(PlaceKnown(3, 90), 2) == []
    assert machine.handle(PlaceKnown(2, None), 3) == [ShowVisitor()]
    assert machine.expire(30) == [AskPlace()]
    assert machine.next_deadline() == 60
    talking(machine)
    assert (machine.place, machine.expected_wait_s) == (None, None)
    assert machine.handle(PlaceKnown(1, 5), 61) == []


def test_typing_ends_with_what_was_typed_by_itself_and_with_the_page(machine: ChatMachine) -> None:
    talking(machine)
    assert machine.handle(Typed(Side.CUSTOMER, on=True), 10) == [ShowTyping("r1", "ann", on=True)]
    assert machine.handle(Typed(Side.CUSTOMER, on=True), 15) == [], "renewed"
    assert machine.expire(20) == []
    assert machine.expire(25) == [ShowTyping("r1", "ann", on=False)]
    machine.handle(Typed(Side.CUSTOMER, on=True), 30)
    assert ShowTyping("r1", "ann", on=False) in machine.handle(Said(Side.CUSTOMER, 2), 31)
    machine.handle(Typed(Side.CUSTOMER, on=True), 40)
    assert machine.handle(VisitorAway(), 41) == [ShowTyping("r1", "ann", on=False)]
    assert machine.handle(Typed(Side.AGENT, on=True), 50) == [ShowVisitor()]
    assert machine.typing(Side.AGENT)
    assert machine.handle(AgentAway(), 51) == [ShowVisitor()]
    assert not machine.typing(Side.AGENT)


def test_marks_go_forward_and_not_beyond_what_was_said(machine: ChatMachine) -> None:
    talking(machine)
    machine.handle(Said(Side.AGENT, 2), 2)
    machine.handle(Said(Side.AGENT, 3), 3)
    assert machine.handle(Marked(Side.CUSTOMER, 3, 2), 4) == [ShowReceipt("r1", "ann", 3, 2)]
    assert machine.handle(Marked(Side.CUSTOMER, 2, 1), 5) == [], "never back"
    assert machine.handle(Marked(Side.CUSTOMER, 99, 99), 6) == [ShowReceipt("r1", "ann", 3, 3)]
    assert machine.handle(Said(Side.CUSTOMER, 4, shown=False), 7) == [ShowReceipt("r1", "ann", 4, 4)]
    assert machine.progress[Side.AGENT] == Progress(3, 3), "nobody has it yet"
    assert machine.handle(AgentHere(), 8) == [ShowVisitor()]
    assert machine.progress[Side.AGENT] == Progress(4, 3)
    assert ShowVisitor() in machine.handle(Said(Side.CUSTOMER, 5, shown=True), 9)
    assert machine.progress[Side.AGENT] == Progress(5, 3)


def test_the_end_is_kept_once_and_nothing_comes_after_it(machine: ChatMachine) -> None:
    assert machine.handle(VisitorEnded(), 1) == [Leave()]
    assert machine.handle(Over(EndedBy.CUSTOMER, "abandoned"), 2) == [
        Close(EndedBy.CUSTOMER, "abandoned"),
        ShowVisitor(),
    ]
    assert machine.ended_by is EndedBy.CUSTOMER
    for event in (Over(EndedBy.AGENT, "handled"), JOINED, VisitorEnded(), Requeued(), Said(Side.CUSTOMER, 2)):
        assert machine.handle(event, 3) == []
    assert machine.next_deadline() is None
    assert machine.expire(10_000) == []


@pytest.mark.parametrize("seed", range(20))
def test_long_random_walks_keep_the_invariants(seed: int) -> None:
    chance = random.Random(seed)
    machine, now, last = ChatMachine(PATIENCE, last=1), 0, 1
    machine.start(now)
    closes = 0
    for _ in range(2000):
        now += chance.randint(0, 20)
        before, marks = machine.state, dict(machine.progress)
        event: Any = None
        if chance.random() < 0.2:
            commands = machine.expire(now)
        else:
            side = chance.choice(tuple(Side))
            last += 1
            event = chance.choice(
                (
                    *[VisitorHere(), VisitorAway(), AgentHere(), AgentAway(), Requeued(), VisitorEnded()] * 3,
                    *[JOINED, SECOND, PlaceKnown(chance.randint(1, 3), None)] * 3,
                    *[
                        Typed(side, chance.random() < 0.5),
                        Marked(side, chance.randint(0, last), chance.randint(0, last)),
                    ],
                    *[Said(side, last, shown=chance.random() < 0.5)] * 4,
                    *([Over(EndedBy.AGENT, "handled")] if chance.random() < 0.02 else []),
                )
            )
            commands = machine.handle(event, now)
        closes += sum(isinstance(command, Close) for command in commands)
        if event is not None and machine.state is not before:
            assert machine.state in TABLE[before, type(event)]
        assert (machine.serving is None) is (machine.state is not ChatState.TALKING)
        assert closes == (machine.state is ChatState.ENDED)
        for side in Side:
            after = machine.progress[side]
            assert marks[side].read <= after.read <= after.delivered <= machine.last
            assert marks[side].delivered <= after.delivered
        deadline = machine.next_deadline()
        assert deadline is None or machine.state is not ChatState.ENDED
