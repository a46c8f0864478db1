"""Orders to a real engine: done when `obey` returns, and heard of only when they fail."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from media.engine import EngineSettings, InProcessEngine
from media.events import MediaEvent
from media.orders import Orders
from tests.audio import tone, write_wav
from tests.waiting import until

REMOTE = {
    "host": "127.0.0.1",
    "port": 9,
    "codec": "PCMU",
    "payload_type": 0,
    "dtmf_payload_type": None,
    "send": True,
    "receive": True,
}


class Rig:
    def __init__(self, folder: Path) -> None:
        self.events: list[MediaEvent] = []
        self.tasks: list[asyncio.Task[None]] = []
        settings = EngineSettings(prompt_root=folder, rtp_ports=(28_420, 28_429), port_cool_down_us=0)
        self.engine = InProcessEngine(settings, self.events.append)
        self.orders = Orders(
            self.engine,
            self.events.append,
            lambda work, name: self.tasks.append(asyncio.create_task(work, name=name)),
        )

    def obey(self, method: str, **args: Any) -> None:
        self.orders.obey(method, args)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    write_wav(tmp_path / "a.wav", tone(440.0, seconds=0.5))
    made = Rig(tmp_path)
    yield made
    await made.engine.aclose()


async def test_orders_are_done_at_once_and_in_order(rig: Rig) -> None:
    await rig.engine.open_rtp("a")
    await rig.engine.open_rtp("b")
    for leg_id in "ab":
        rig.obey("set_remote", leg_id=leg_id, **REMOTE)
    rig.obey("play", leg_id="a", play_id="p", files=["a.wav"], loop=False, gain=1.0)
    rig.obey("stop_play", leg_id="a", play_id="p")
    rig.obey("set_room", room_id="r", gains=[["a", "b", 1.0]])
    assert rig.events == [MediaEvent("played", "a", play_id="p", reason="stopped")]
    rig.obey("close_leg", leg_id="a")
    assert rig.engine.leg_ids == ("b",)
    assert rig.tasks == []


async def test_what_fails_is_an_event_of_the_leg(rig: Rig) -> None:
    await rig.engine.open_rtp("a")
    rig.obey("play", leg_id="a", play_id="p", files=["none.wav"], loop=False, gain=1.0)
    rig.obey("set_remote", leg_id="a", **(REMOTE | {"host": "nowhere"}))
    rig.obey("stop_play", leg_id="gone", play_id=None)
    rig.obey("close_leg", leg_id="gone")
    rig.obey("set_remote", leg_id="a", wrong=True)
    assert rig.events == [
        MediaEvent("played", "a", play_id="p", reason="failed"),
        MediaEvent("leg_failed", "a", reason="bad_address"),
        MediaEvent("leg_failed", "a", reason="internal_error"),
    ]


async def test_a_recorded_leg_is_closed_when_its_file_is(rig: Rig, tmp_path: Path) -> None:
    await rig.engine.open_rtp("a")
    rig.obey("set_remote", leg_id="a", **REMOTE)
    await rig.engine.record("a", str(tmp_path / "a.ogg"))
    rig.obey("close_leg", leg_id="a")
    await until(lambda: bool(rig.tasks) and all(task.done() for task in rig.tasks), "the file")
    assert rig.engine.leg_ids == ()


async def test_nothing_overtakes_what_has_yet_to_begin(rig: Rig) -> None:
    async def opens_later() -> None:
        await rig.engine.open_rtp("a")

    rig.orders.begin("open_webrtc", {"leg_id": "a"}, opens_later())
    rig.obey("close_leg", leg_id="a")
    await until(lambda: len(rig.tasks) == 2 and all(task.done() for task in rig.tasks), "both")
    assert rig.engine.leg_ids == ()
    rig.obey("close_leg", leg_id="a")  # from now on at once again
    assert len(rig.tasks) == 2


async def test_what_is_no_order_is_refused(rig: Rig) -> None:
    with pytest.raises(ValueError, match="no order"):
        rig.obey("aclose")
