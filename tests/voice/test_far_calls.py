"""The agent's end of trunk legs: made, made anew when it breaks, and gone when the agent has the call no more."""

import asyncio
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from server.tasks import TaskOwner
from tests.voice.fakes import Media, Nodes
from tests.waiting import until
from voice import far_calls
from voice.far_calls import FarCall, FarCalls
from voice.ports import MediaUnavailableError

CALL = FarCall("w.1", "w", "i", "anna", "browser:anna:1")


class Rig:
    def __init__(self) -> None:
        self.media, self.nodes, self.tasks = Media(), Nodes(), TaskOwner()
        self.calls = FarCalls(self.media, self.nodes, self.tasks)

    async def joined(self, times: int = 1) -> None:
        await until(lambda: len(self.media.rooms) >= times and bool(self.media.rooms[-1][1]), f"joined {times} times")

    async def over(self) -> None:
        await until(lambda: not len(self.tasks), "the end")
        assert self.media.open_legs == set()
        assert self.media.rooms[-1][1] == {}
        assert len(self.nodes.detached) == sum(bool(gains) for _, gains in self.media.rooms), "each that was joined"
        assert len(self.calls) == 0


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_calls, "AGAIN_S", 0.0)


async def test_device_and_trunk_leg_are_a_room_of_two() -> None:
    rig = Rig()
    rig.calls.begin(CALL)
    rig.calls.begin(CALL)  # said twice it is one
    await rig.joined()
    assert rig.nodes.attached == [("w.1", "w", "i", ("127.0.0.1", 5000))]
    leg = "far:w.1:1"
    assert rig.media.rooms == [(leg, {("browser:anna:1", leg): 1.0, (leg, "browser:anna:1"): 1.0})]
    assert len(rig.calls) == 1
    rig.calls.end("w.1")
    await rig.over()


@pytest.mark.parametrize("end", ["work", "agent", "node"])
async def test_it_ends_with_the_work_the_browser_or_the_node(end: str) -> None:
    rig = Rig()
    rig.calls.begin(CALL)
    await rig.joined()
    match end:
        case "work":
            rig.calls.end_work("w")
        case "agent":
            rig.calls.leave("ben")
            rig.calls.leave("anna")
        case _:
            rig.calls.close()
    await rig.over()


async def test_what_breaks_is_made_anew_for_as_long_as_the_agent_has_the_call() -> None:
    rig = Rig()
    rig.nodes.unreachable = 2
    rig.calls.begin(CALL)
    await rig.joined()
    assert len(rig.nodes.attached) == 3
    assert rig.calls.failed("far:w.1:1")
    assert not rig.calls.failed("caller:i")
    await rig.joined(5)  # two that were not reached, one that was, dissolved, and again
    rig.calls.node_lost("b.1")
    rig.calls.node_lost("a.1")
    await until(lambda: len(rig.nodes.attached) == 5, "asked again")
    rig.calls.end("w.1")
    await rig.over()


async def test_a_mistake_that_nobody_foresaw_is_logged_and_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()

    async def mistaken(*_: object) -> object:
        monkeypatch.undo()
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(far_calls, "AGAIN_S", 0.0)
    monkeypatch.setattr(rig.nodes, "attach", mistaken)
    with capture_logs() as logs:
        rig.calls.begin(CALL)
        await rig.joined()
    assert [line["event"] for line in logs] == ["trunk_not_joined", "trunk_joined"]
    rig.calls.end("w.1")
    await rig.over()


async def test_another_device_takes_the_place_of_the_one_before() -> None:
    rig = Rig()
    rig.calls.begin(CALL)
    await rig.joined()
    rig.calls.begin(FarCall("w.1", "w", "i", "anna", "browser:anna:2"))
    await until(lambda: rig.media.open_legs == {"far:w.1:2"}, "the second alone")


async def test_a_media_engine_that_fails_is_asked_again() -> None:
    rig = Rig()
    rig.media.fail.add("open_rtp")
    rig.calls.begin(CALL)
    await until(lambda: rig.media.asked.count("open_rtp far:w.1:1") > 2, "tried again")
    rig.media.fail.clear()
    await rig.joined()
    rig.calls.end("w.1")
    await rig.over()


async def test_a_room_that_cannot_be_dissolved_keeps_no_leg(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    rig.calls.begin(CALL)
    await rig.joined()

    async def lost(_room_id: str, _gains: Mapping[tuple[str, str], float]) -> None:
        raise MediaUnavailableError("worker_lost")

    monkeypatch.setattr(rig.media, "set_room", lost)
    rig.calls.end("w.1")
    await until(lambda: not len(rig.tasks), "the end")
    assert rig.media.open_legs == set()


async def test_without_other_nodes_nothing_begins() -> None:
    calls = FarCalls(Media(), None, TaskOwner())
    calls.begin(CALL)
    await asyncio.sleep(0)
    assert len(calls) == 0
