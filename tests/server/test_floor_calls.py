"""Every node's board knows the calls of all: who is in them, who listens and how, until they are over."""

from dataclasses import replace

from server.current import CurrentSite
from server.floor_calls import FloorCalls
from server.live_calls import LiveCalls
from tests.server.chat_nodes import Wires
from tests.server.sites import agent, small_site
from tests.server.test_live_calls import PARTIES


class Node:
    def __init__(self, label: str, wires: dict[str, Wires], cut: set[str]) -> None:
        self.live = LiveCalls(CurrentSite(small_site({"anna": agent("anna"), "ben": agent("ben")})))
        self.wires = Wires(label, wires, cut)
        self.touched: list[str] = []
        self.floor = FloorCalls(self.live, lambda name: name in self.live, self.wires)
        self.floor.changed = self.touched.append

    def change(self, *parties: object) -> None:
        self.live.change("i", parties)  # type: ignore[arg-type]
        self.floor.touch("i")

    def modes(self) -> list[str]:
        shown = self.floor.thing("i")
        return [] if shown is None else [one.mode for one in shown.parties if one.mode]


def test_how_supervisors_listen_is_known_on_every_node() -> None:
    cut, wires = set[str](), dict[str, Wires]()
    one, two = Node("n1.1", wires, cut), Node("n2.1", wires, cut)
    one.change(*PARTIES)
    assert one.modes() == two.modes() == ["listen", "whisper"]
    assert one.floor.things() == two.floor.things()
    listening = PARTIES[3]
    one.change(*PARTIES[:3], replace(listening, mode="barge"), PARTIES[4])
    assert two.modes() == ["barge", "whisper"]
    seen = len(two.touched)
    one.floor.touch("i")
    assert len(two.touched) == seen, "what shows nothing else is not told"
    one.change()
    assert (one.floor.thing("i"), two.floor.thing("i"), two.floor.things()) == (None, None, ())


def test_a_node_that_is_found_is_told_and_one_that_is_lost_takes_its_calls_along() -> None:
    cut, wires = {"n2.1"}, dict[str, Wires]()
    one, two = Node("n1.1", wires, cut), Node("n2.1", wires, cut)
    one.change(*PARTIES)
    assert two.floor.things() == ()
    cut.clear()
    one.wires.found[-1]("n2.1")
    assert two.modes() == ["listen", "whisper"]
    two.wires.lost[-1]("n1.1")
    assert (two.floor.things(), two.touched) == ((), ["i", "i"])
