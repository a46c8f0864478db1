"""Both ends of a trunk leg by which a supervisor hears a call of another node."""

from typing import Any

import pytest

from tests.voice.fakes import Media
from tests.voice.test_dialled_legs import Tasks
from tests.waiting import until
from voice.events import Deny
from voice.far_listening import NOT_REACHED, FarListening, ListeningTrunks
from voice.listeners import ListenMode
from voice.party import CUSTOMER, PartyKind, PartyState, PartyView
from voice.ports import NodeUnreachableError

AT = ("192.0.2.9", 9000)
AGENT = (
    PartyView(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE),
    PartyView("w", PartyKind.AGENT, PartyState.HERE, "anna", "orders"),
)
SUE = PartyView("supervisor:sue", PartyKind.SUPERVISOR, PartyState.HERE, "sue", mode="listen")
LISTEN, BARGE = ListenMode.LISTEN, ListenMode.BARGE


class Nodes:
    """One other node, a.1; `answer` is what it says."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.stopped: list[tuple[str, str, int]] = []
        self.answer: Deny | None = None
        self.reached = True

    async def listen(
        self, interaction_id: str, agent_id: str, at: tuple[str, int], mode: ListenMode, beside: str
    ) -> tuple[str, tuple[str, int]] | Deny:
        self.asked.append((interaction_id, agent_id, at[1], mode, beside))
        if not self.reached:
            raise NodeUnreachableError("a.1")
        return self.answer or ("a.1", AT)

    async def take_over(self, interaction_id: str, agent_id: str) -> Deny | None:
        if not self.reached:
            raise NodeUnreachableError("a.1")
        return self.answer

    def stop(self, node: str, agent_id: str, at: tuple[str, int]) -> None:
        self.stopped.append((node, agent_id, at[1]))


class Rig:
    def __init__(self) -> None:
        self.media, self.nodes, self.ended = Media(), Nodes(), list[str]()
        self.far = FarListening(self.media, self.nodes, Tasks(), self._over)
        self.far.parties("i", AGENT)

    def _over(self, agent_id: str) -> None:
        self.ended.append(agent_id)
        self.far.end(agent_id)

    async def begin(self, mode: ListenMode = LISTEN, leg: str = "browser:sue") -> Deny | None:
        return await self.far.begin("sue", "i", leg, mode, "")


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_they_are_joined_once_and_go_on_in_another_way(rig: Rig) -> None:
    assert rig.far.parties_of("i") == AGENT
    assert rig.far.parties_of("other") == ()
    assert await rig.begin() is None
    assert await rig.begin(BARGE) is None
    assert rig.nodes.asked == [("i", "sue", 5000, LISTEN, ""), ("i", "sue", 5000, BARGE, "")]
    both = {("browser:sue", "ear:sue:1"): 1.0, ("ear:sue:1", "browser:sue"): 1.0}
    assert rig.media.rooms == [("ear:sue:1", both)]
    assert rig.far.hears("sue")
    rig.far.end("sue")
    rig.far.end("sue")
    await until(lambda: not rig.media.open_legs)
    assert rig.nodes.stopped == [("a.1", "sue", 5000)]
    assert not rig.far.hears("sue")


async def test_another_leg_of_theirs_is_joined_anew(rig: Rig) -> None:
    assert await rig.begin() is None
    assert await rig.begin(leg="browser:sue:2") is None
    await until(lambda: rig.media.open_legs == {"ear:sue:2"})
    assert rig.nodes.stopped == [("a.1", "sue", 5000)]
    rig.far.end("sue")


async def test_what_does_not_come_about_leaves_nothing(rig: Rig) -> None:
    rig.nodes.answer = Deny("not_connected", "over")
    assert await rig.begin() == rig.nodes.answer
    assert await rig.far.take_over("sue", "i") == rig.nodes.answer
    rig.nodes.reached = False
    assert await rig.begin() == NOT_REACHED
    assert await rig.far.take_over("sue", "i") == NOT_REACHED
    rig.nodes.reached, rig.nodes.answer = True, None
    rig.media.fail.add("open_rtp")
    denied = await rig.begin()
    assert denied is not None
    assert denied.code == "media_unavailable"
    rig.media.fail.clear()
    await until(lambda: not rig.media.open_legs)
    assert rig.nodes.stopped == []
    assert not rig.far.hears("sue")


async def test_it_ends_with_the_call_with_the_leg_and_when_the_other_node_says_so(rig: Rig) -> None:
    await rig.begin()
    rig.far.parties("i", AGENT)  # said before the other node had begun
    assert rig.ended == []
    rig.far.parties("i", (*AGENT, SUE))
    rig.far.parties("i", AGENT)
    assert rig.ended == ["sue"]
    await rig.begin()
    rig.far.parties("i", ())
    assert rig.ended == ["sue"] * 2
    rig.far.parties("i", AGENT)
    await rig.begin()
    assert not rig.far.failed("another")
    assert rig.far.failed("ear:sue:3")
    assert rig.ended == ["sue"] * 3


async def test_without_other_nodes_there_are_no_such_calls() -> None:
    alone = FarListening(Media(), None, Tasks(), lambda _agent: None)
    alone.parties("i", AGENT)
    assert alone.parties_of("i") == ()
    assert await alone.take_over("sue", "i") == NOT_REACHED


async def test_the_call_s_end_stays_while_the_other_end_does() -> None:
    media, lost = Media(), list[str]()
    trunks = ListeningTrunks(media, Tasks(), lost.append)
    leg, own = await trunks.attach("b.1", "sue", AT)
    assert await trunks.attach("b.1", "sue", AT) == (leg, own)
    assert trunks.has("sue")
    trunks.detached("b.1", "sue", ("192.0.2.9", 9002))
    assert lost == []
    moved, _ = await trunks.attach("b.1", "sue", ("192.0.2.9", 9002))
    assert moved != leg
    trunks.detached("b.1", "sue", ("192.0.2.9", 9002))
    assert lost == ["sue"]
    await trunks.attach("b.1", "sue", AT)
    trunks.node_lost("b.1")
    again, _ = await trunks.attach("b.1", "sue", AT)
    assert trunks.failed(again)
    assert lost == ["sue"] * 3
    await trunks.attach("b.1", "sue", AT)
    trunks.release("sue")
    assert (lost, len(trunks)) == (["sue"] * 3, 0)
    await until(lambda: not media.open_legs)
