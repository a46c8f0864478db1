"""Agents who ask for help: who is told, and that it ends."""

import pytest
from msgspec.structs import replace

from agents_ws import messages as m
from records.accounts import Role
from records.roles import Scope
from records.sessions import Caller
from router.rows import ReservationRow, WorkRow
from router.vocabulary import Medium, OfferState, WorkState
from server.current import CurrentSite
from server.desks.help_desk import HelpDesk
from tests.server.chat_nodes import Wires
from tests.server.sites import agent, small_site

ROW = ReservationRow("w.1", "w", "anna", Medium.CHAT, 1, OfferState.CONNECTED, 1, None, 2, None)
WORK = WorkRow("w", "i", Medium.CHAT, "orders", (), 0, 1, 1, WorkState.CONNECTED, 1, "n1")


class Board:
    def work(self, work_id: str) -> WorkRow | None:
        return WORK if work_id == "w" else None

    def reservation(self, reservation_id: str) -> ReservationRow | None:
        return ROW if reservation_id == "w.1" else None


class Rig:
    def __init__(self) -> None:
        people = [
            agent("anna"),
            agent("sue", role="supervisor"),
            agent("tom", role="supervisor", supervises=("line2",)),
            agent("uma", role="supervisor", team="line2", supervises=("line1", "line2")),
        ]
        self.told: list[tuple[str, bool]] = []
        self.shown: list[tuple[bool, str]] = []
        self.wires: Wires
        current = CurrentSite(small_site({one.agent_id: one for one in people}))
        self.desk = HelpDesk(Board(), current, self._send, lambda: 7)

    def _send(self, agent_id: str, message: m.NumberedMessage) -> None:
        if isinstance(message, m.AskedSupervisor):
            self.shown.append((message.on, message.seen_by))
            return
        assert isinstance(message, m.Help)
        assert (message.interaction_id, message.name, message.medium, message.since_us) == ("i", "Anna", "chat", 7)
        self.told.append((agent_id, message.on))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_those_who_look_after_the_team_are_asked_once(rig: Rig) -> None:
    rig.desk.ask(ROW, on=True)
    rig.desk.ask(ROW, on=True)
    assert rig.told == [("sue", True), ("uma", True)]
    assert rig.desk.asks("w.1")
    assert [asked.agent for asked in rig.desk.to("uma")] == ["anna"]
    assert rig.desk.to("tom") == ()


def test_it_ends_when_it_is_withdrawn_answered_or_over(rig: Rig) -> None:
    for end in (
        lambda: rig.desk.ask(ROW, on=False),
        lambda: rig.desk.answered("i"),
        lambda: rig.desk.over("w.1"),
    ):
        rig.desk.ask(ROW, on=True)
        rig.told.clear()
        end()
        assert rig.told == [("sue", False), ("uma", False)]
        assert len(rig.desk) == 0
        end()
        assert len(rig.told) == 2


def test_work_that_is_gone_asks_nobody(rig: Rig) -> None:
    rig.desk.ask(replace(ROW, work_id="gone"), on=True)
    assert rig.told == []
    assert rig.desk.answered("i") == ()


def test_a_supervisor_looks_after_it_and_everybody_is_told(rig: Rig) -> None:
    team = Scope(Role.SUPERVISOR, "sue", frozenset({"line1"}), frozenset({"anna"}))
    elsewhere = Scope(Role.SUPERVISOR, "tom", frozenset({"line2"}), frozenset({"tom"}))
    changed: list[str] = []
    rig.desk.changed = changed.append
    rig.desk.ask(ROW, on=True)
    (asked,) = rig.desk.requests(team)
    assert (asked.agent, asked.medium, asked.seen_by) == ("anna", "chat", "")
    assert rig.desk.requests(elsewhere) == ()
    rig.desk.acknowledge("w.1", Caller("sue", Role.SUPERVISOR, "sue", 2**60))
    (asked,) = rig.desk.requests(team)
    assert asked.seen_by == "Sue"
    assert rig.desk.thing("w.1") == asked
    assert [one.seen_by for one in rig.desk.by("anna")] == ["Sue"]
    rig.desk.done("w.1")
    assert rig.desk.requests(team) == ()
    assert rig.shown == [(True, ""), (True, "Sue"), (False, "")]
    assert changed == ["w.1"] * 3, "the board is told each time"
    assert rig.desk.thing("w.1") is None


def two() -> tuple[Rig, Rig, Wires, Wires]:
    """anna's page is at the first node, her supervisors' at the second."""
    wires: dict[str, Wires] = {}
    first, second = Rig(), Rig()
    first.wires, second.wires = Wires("n1.1", wires, set()), Wires("n2.1", wires, set())
    for rig in (first, second):
        rig.desk.attach(rig.wires)
    return first, second, first.wires, second.wires


def test_supervisors_of_another_node_are_told_and_heard() -> None:
    first, second, *_ = two()
    touched: list[str] = []
    second.desk.changed = touched.append
    first.desk.ask(ROW, on=True)
    assert second.told == [("sue", True), ("uma", True)]
    assert [one.reservation_id for one in second.desk.to("uma")] == ["w.1"]
    assert second.desk.things() == first.desk.things()
    assert (len(second.desk), second.desk.asks("w.1")) == (0, False), "it is asked at the other one"
    second.desk.acknowledge("w.1", Caller("sue", Role.SUPERVISOR, "sue", 9))
    seen = second.desk.thing("w.1")
    assert seen is not None
    assert (seen.seen_by, first.shown[-1], touched) == ("Sue", (True, "Sue"), ["w.1", "w.1"])
    second.desk.done("w.1")
    assert (len(first.desk), second.desk.things(), second.told[2:]) == (0, (), [("sue", False), ("uma", False)])


def test_a_supervisor_who_comes_by_another_node_ends_it() -> None:
    first, second, *_ = two()
    came: list[str] = []

    def helped(interaction: str) -> None:
        came.append(interaction)
        first.desk.answered(interaction)

    first.desk.came = helped
    first.desk.ask(ROW, on=True)
    assert second.desk.answered("i") == ()
    assert (came, len(first.desk), second.desk.things()) == (["i"], 0, ())
    assert second.desk.answered("i") == ()
    assert came == ["i"]


def test_a_node_that_is_found_is_told_and_one_that_is_lost_asks_nothing_any_more() -> None:
    first, second, one, other = two()
    first.desk.ask(ROW, on=True)
    other.lost[-1]("n1.1")
    assert (second.desk.things(), second.told[2:]) == ((), [("sue", False), ("uma", False)])
    one.found[-1]("n2.1")
    assert [name for name, _ in second.desk.things()] == ["w.1"]
