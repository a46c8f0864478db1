"""Pages on one node, calls on another: what is asked goes there, what is shown comes from there."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from agents_ws import messages as m
from agents_ws.ports import Refusal
from router import events as facts
from server.calls.far_desk import NOT_REACHED, FarDesk
from server.calls.trunk_nodes import TrunkNodes
from store.errors import StoreLost
from tests.records.turns import turn
from tests.server.two_nodes import ANNA, WORK, Board, Node, two_nodes
from tests.waiting import until
from voice.events import ShowRecording
from voice.party import CUSTOMER, PartyKind, PartyState, PartyView

PARTIES = (
    PartyView(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE),
    PartyView("w", PartyKind.AGENT, PartyState.HERE, "anna", "orders", muted=True),
)
HOLD = m.Hold(ref="1", reservation_id="w.1", on=True)
TRANSFER = m.Transfer(ref="2", reservation_id="w.1", queue="after_sales", warm=False)


class Screens:
    """The pages of one node, and its call bar: they write down."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.asked: list[Any] = []
        self.refusal: Refusal | None = None

    def held(self, agent_id: str, reservation_id: str, on: bool) -> None:
        self.shown.append((agent_id, reservation_id, on))

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        self.shown.append((interaction_id, tuple(parties)))

    def recording(self, interaction_id: str, shown: ShowRecording) -> None:
        self.shown.append((interaction_id, shown))

    def leg_changed(self, agent_id: str, up: bool) -> None:
        self.shown.append((agent_id, up))

    async def ask(self, agent_id: str, command: m.CallCommand) -> Refusal | None:
        self.asked.append((agent_id, command))
        return self.refusal

    async def digit(self, agent_id: str, reservation_id: str, digit: str) -> Refusal | None:
        self.asked.append((agent_id, reservation_id, digit))
        return self.refusal

    async def give_up(self, reservation_id: str) -> bool:
        self.asked.append(reservation_id)
        return True


class Side:
    """One node's."""

    def __init__(self, node: Node) -> None:
        self.link, self.screens = node.link, Screens()

        nodes = TrunkNodes(node.link, node.pump, _nobody, lambda _user: False)
        self.desk = FarDesk(node.link, node.pump, nodes, self.screens)
        self.desk.serve(self.screens)


async def _nobody() -> Any:
    raise StoreLost("away")


@asynccontextmanager
async def sides() -> AsyncIterator[tuple[Side, Side, Board]]:
    async with two_nodes() as (a, b, board):
        yield Side(a), Side(b), board


async def test_what_the_call_bar_asks_is_carried_out_at_the_node_of_the_call() -> None:
    async with sides() as (a, b, _):
        assert a.desk.far("w.1") is None
        assert b.desk.far("w.1") == "w"
        assert b.desk.far("x.1") is None
        assert await b.desk.ask("w", "anna", HOLD) is None
        assert await b.desk.ask("w", "anna", TRANSFER) is None
        assert await b.desk.digit("w", "anna", "w.1", "5") is None
        assert await b.desk.give_up("w", "w.1")
        assert a.screens.asked == [("anna", HOLD), ("anna", TRANSFER), ("anna", "w.1", "5"), "w.1"]
        a.screens.refusal = Refusal("not_connected", "too late")
        assert await b.desk.ask("w", "anna", HOLD) == a.screens.refusal


async def test_a_node_that_is_not_reached_is_said_so() -> None:
    async with sides() as (_, b, board):
        board.works["w"] = replace(WORK, node="gone.1")
        assert await b.desk.ask("w", "anna", HOLD) == NOT_REACHED
        assert await b.desk.digit("w", "anna", "w.1", "5") == NOT_REACHED
        assert not await b.desk.give_up("w", "w.1")


async def test_what_a_call_shows_is_shown_where_its_agents_are() -> None:
    async with sides() as (a, b, _):
        shown = ShowRecording("paused", "anna", 5, agents_pause=False)
        a.desk.parties("i", PARTIES)
        a.desk.recording("i", shown)
        a.desk.held("anna", "w.1", on=True)
        a.desk.leg_changed("ben", up=True)
        a.desk.parties("i", ())
        all_shown = [("i", PARTIES), ("i", shown), ("anna", "w.1", True), ("i", ())]
        await until(lambda: b.screens.shown == all_shown, "shown")
        assert a.screens.shown == [*all_shown[:3], ("ben", True), all_shown[3]], "the node's own pages too"
        assert len(a.desk) == len(b.desk) == 0


async def test_a_node_that_is_found_is_told_of_every_call() -> None:
    async with sides() as (a, b, _):
        a.link.forget("b.1")
        a.desk.parties("i", PARTIES)
        a.desk.recording("i", ShowRecording("on"))
        await until(lambda: b.screens.shown == [("i", PARTIES), ("i", ShowRecording("on"))], "found again, and told")
        assert (a.desk.node_of("i"), b.desk.node_of("i")) == ("", "a.1")
        heard = list[Any]()
        b.desk.heard = lambda name, parties: heard.append((name, tuple(parties)))
        b.desk.changed = heard.append
        a.desk.parties("i", ())
        await until(lambda: heard == [("i", ()), "i"], "and when it is over")


async def test_what_a_lost_node_showed_is_gone() -> None:
    async with sides() as (a, b, board):
        a.desk.parties("i", PARTIES)
        await until(lambda: len(b.screens.shown) == 1, "shown")
        b.desk.observe(turn(1, 0.0, facts.NodeLost("a.1")))
        assert b.screens.shown[-1] == ("i", ())
        board.agents["anna"] = replace(ANNA, connected=False)
        a.desk.parties("i", ())
        assert len(a.desk) == len(b.desk) == 0
