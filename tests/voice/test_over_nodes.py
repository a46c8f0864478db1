"""Both ends of trunk legs at one node: whose device is here, whose call is here."""

import pytest
from msgspec.structs import replace

from router import events as facts
from router.commands import JoinLegs
from server.tasks import TaskOwner
from tests.voice.fakes import Media, Nodes, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice import trunk_legs
from voice.neighbours import VoicePorts
from voice.over_nodes import OverNodes
from voice.ports import Talk

JOIN = JoinLegs("w.1", "w", "i", "anna")


class Elsewhere(Router):
    """Everything is another node's."""

    def here(self, _work_id: str, /) -> bool:
        return False

    def talks(self, agent_id: str, /) -> tuple[Talk, ...]:
        return (Talk("w.1", "w", "i"),) if agent_id == "anna" else ()


class Rig:
    def __init__(self, router: Router | None = None, nodes: Nodes | None = None) -> None:
        self.media, self.router, self.nodes = Media(), router or Router(), nodes
        self.told: list[str] = []
        quiet = Quiet()
        ports = VoicePorts(Signalling(), self.media, Sdp(), self.router, quiet, quiet, nodes=nodes)
        self.over = OverNodes(
            ports,
            TaskOwner(),
            lambda name, _leg: self.told.append(f"+{name}"),
            self.told.append,
            lambda name: name == "i",
        )


async def test_only_calls_of_this_node_are_joined_from_others() -> None:
    rig = Rig()
    assert await rig.over.attach("b.1", "w.1", "w", "another", ("192.0.2.1", 4000)) is None
    assert await rig.over.attach("b.1", "w.1", "w", "i", ("192.0.2.1", 4000)) == ("127.0.0.1", 5000)
    assert rig.told == ["+w.1"]
    assert rig.over.counts == {"trunk_legs": 1, "far_calls": 0}
    assert rig.over.failed("trunk:w.1:1")
    assert rig.told == ["+w.1", "w.1"]


async def test_an_agent_whose_leg_does_not_come_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk_legs, "EXPECTED_S", 0.0)
    rig = Rig()
    rig.over.expect(JOIN)
    await until(lambda: rig.router.told == [facts.AssignmentFailed("w.1", "no_trunk")], "given back")


def test_a_phone_is_reached_where_it_is_registered_and_a_browser_where_its_page_is() -> None:
    rig = Rig(nodes=Nodes())
    assert rig.nodes is not None
    assert rig.over.device_here("anna", None)
    assert rig.over.device_here("ben", "2001"), "nowhere registered: the node of the page says so"
    rig.nodes.phones["2001"] = False
    assert not rig.over.device_here("ben", "2001")


def test_only_what_the_agent_talks_in_is_a_call() -> None:
    rig = Rig(Elsewhere(), Nodes())
    assert rig.over.is_call(JOIN)
    assert not rig.over.is_call(replace(JOIN, reservation_id="letter.1"))
    assert not rig.over.is_call(replace(JOIN, agent_id="ben"))


async def test_who_comes_with_a_call_of_another_node_is_joined_with_it() -> None:
    rig = Rig(Elsewhere(), Nodes())
    rig.over.come("ben", "browser:ben:1")
    assert rig.over.counts["far_calls"] == 0
    rig.over.come("anna", "browser:anna:1")
    await until(lambda: bool(rig.media.rooms), "joined")
    assert rig.over.failed("far:w.1:1")
    rig.over.release("w.1")
    assert rig.over.counts == {"trunk_legs": 0, "far_calls": 0}
    rig.over.join(JOIN, "phone:w.1")
    rig.over.lost("a.1")
    rig.over.far.close()
    await until(lambda: not rig.media.open_legs, "all is over")
