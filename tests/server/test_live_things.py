"""Every node knows the open chats and calls of all: as they change, when a node is found, and when it is lost."""

from dataclasses import replace
from pathlib import Path

from chat import messages as c
from http_api.calls_api import LiveCall
from server.current import CurrentSite
from server.live_calls import LiveCalls, live_call
from server.live_things import LiveThings
from tests.server.chat_nodes import Wires, two_nodes
from tests.server.sites import agent, small_site
from tests.server.test_live_calls import PARTIES
from tests.waiting import until


async def test_each_node_has_the_others_chats_as_long_as_it_is_reached(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as two, two.one.place.page() as page:
        told: list[str] = []
        two.two.live.changed = told.append
        two.cut.add("n2.1")
        await page.open("hello")
        assert two.two.live.things() == ()
        two.cut.clear()
        two.one.wires.found[-1]("n2.1")
        (pair,) = two.two.live.things()
        assert pair == ("chat1", two.one.live.thing("chat1"))
        two.router.ready("ann")
        two.router.accept()
        await until(lambda: (one := two.two.live.thing("chat1")) is not None and one.agent == "ann")
        seen = len(told)
        await page.state("talking")
        await page.speak("a", "only what is shown of a chat is told")
        await page.lines(2)
        assert len(told) == seen
        two.two.wires.lost[-1]("n1.1")
        assert two.two.live.thing("chat1") is None
        two.one.wires.found[-1]("n2.1")
        await page.say(c.End())
        await until(lambda: two.two.live.things() == ())


class Node:
    def __init__(self, label: str, wires: dict[str, Wires], cut: set[str]) -> None:
        self.live = LiveCalls(CurrentSite(small_site({"anna": agent("anna"), "ben": agent("ben")})))
        self.wires = Wires(label, wires, cut)
        self.touched: list[str] = []
        self.floor = LiveThings("call_live", LiveCall, self._own, self.wires)
        self.floor.changed = self.touched.append

    def _own(self, name: str) -> LiveCall | None:
        return live_call(self.live, name) if name in self.live else None

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
