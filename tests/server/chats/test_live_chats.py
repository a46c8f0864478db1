"""Every node knows the open chats of all: as they change, when a node is found, and when it is lost."""

from pathlib import Path

from chat import messages as c
from tests.server.chat_nodes import two_nodes
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
