"""The media engine as voice asks for it: the real engine behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from media.engine import EngineSettings, InProcessEngine
from media.events import MediaEvent
from media.orders import Orders
from server.calls.media_port import MediaPort, hand_over
from tests.server.sites import DEMO
from tests.waiting import until
from voice.ports import MediaUnavailableError, RemoteMedia

REMOTE = RemoteMedia("127.0.0.1", 9, "PCMA", 8, 101, send=True, receive=False)


class Obeying(InProcessEngine):
    """Takes orders, as the workers' engine does."""

    def __init__(self, settings: EngineSettings, emit: Callable[[MediaEvent], None]) -> None:
        super().__init__(settings, emit)
        self._orders = Orders(self, emit, lambda work, name: self.tasks.append(asyncio.create_task(work, name=name)))
        self.tasks: list[asyncio.Task[None]] = []
        self.asked: list[str] = []

    def open_at_once(self, leg_id: str) -> tuple[str, int] | None:
        self.asked.append(leg_id)
        return None

    def order(self, method: str, leg_id: str, **args: Any) -> None:
        self._leg(leg_id)
        self._orders.obey(method, {"leg_id": leg_id, **args})

    def order_close(self, leg_id: str) -> None:
        self._orders.obey("close_leg", {"leg_id": leg_id})

    def order_room(self, room_id: str, gains: Mapping[tuple[str, str], float]) -> bool:
        if room_id == "spanned":
            return False
        for leg_id in {leg_id for pair in gains for leg_id in pair}:
            self._leg(leg_id)
        listed = [[source, target, gain] for (source, target), gain in gains.items()]
        self._orders.obey("set_room", {"room_id": room_id, "gains": listed})
        return True

    def order_end(self, room_id: str) -> None:
        self._orders.obey("set_room", {"room_id": room_id, "gains": []})


class Rig:
    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        settings = EngineSettings(prompt_root=DEMO / "prompts", rtp_ports=(27_000, 27_099), port_cool_down_us=0)
        self.engine = Obeying(settings, self.events.append)
        self.port = MediaPort(self.engine)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    await made.engine.start()
    yield made
    await made.engine.aclose()


async def test_every_call_reaches_the_engine(rig: Rig) -> None:
    host, port = await rig.port.open_rtp("a")
    assert (host, port % 2) == ("127.0.0.1", 0)
    await rig.port.open_rtp("b")
    assert rig.port.open_at_once("c") is None
    assert rig.engine.asked == ["c"]
    await rig.port.set_remote("a", REMOTE)
    leg = rig.engine._legs["a"]
    assert (leg.codec, leg.payload_type, leg.dtmf_payload_type) == ("PCMA", 8, 101)
    assert (leg.sending, leg.receiving) == (True, False)
    await rig.port.set_remote("b", REMOTE)
    rig.port.play("a", "p1", ["en/digit-1.wav"], loop=True)
    assert leg.player is not None
    rig.port.stop_play("a", "other")
    assert leg.player is not None
    rig.port.stop_play("a")
    await until(lambda: [(e.kind, e.reason) for e in rig.events] == [("played", "stopped")])
    await rig.port.send_digits("a", "5")
    assert leg.digits
    await rig.port.set_room("r", {("a", "b"): 1.0})
    assert rig.engine._rooms.gains == {"r": {("a", "b"): 1.0}}
    assert rig.port.room_at_once("r", {("b", "a"): 1.0})
    assert rig.engine._rooms.gains == {"r": {("b", "a"): 1.0}}
    assert not rig.port.room_at_once("spanned", {("a", "b"): 0.5})
    await rig.port.set_room("spanned", {("a", "b"): 0.5})
    assert rig.engine._rooms.gains == {"spanned": {("a", "b"): 0.5}}
    await rig.port.set_room("spanned", {})
    assert rig.engine._rooms.gains == {}
    await rig.port.close_leg("a")
    await rig.port.close_leg("a")
    await until(lambda: rig.engine.leg_ids == ("b",), "a closed leg")


async def test_what_could_not_be_played_is_over(rig: Rig) -> None:
    await rig.port.open_rtp("a")
    rig.port.play("a", "p", ["en/never-recorded.wav"])
    assert rig.events == [MediaEvent("played", "a", play_id="p", reason="failed")]


@pytest.mark.parametrize(
    ("method", "arguments", "reason"),
    [
        ("set_remote", ("gone", REMOTE), "unknown_leg"),
        ("play", ("gone", "p", ["en/digit-1.wav"]), "unknown_leg"),
        ("stop_play", ("gone",), "unknown_leg"),
        ("send_digits", ("here", "5"), "no_telephone_event"),
        ("set_room", ("r", {("gone", "here"): 1.0}), "unknown_leg"),
        ("open_rtp", ("here",), "leg_exists"),
    ],
)
async def test_the_engines_errors_become_voices_with_the_same_reason(
    rig: Rig, method: str, arguments: tuple[Any, ...], reason: str
) -> None:
    await rig.port.open_rtp("here")

    async def ask() -> None:
        if (asked := getattr(rig.port, method)(*arguments)) is not None:
            await asked

    with pytest.raises(MediaUnavailableError) as caught:
        await ask()
    assert caught.value.reason == reason


class Conductor:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *what: self.told.append((name, *what))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (MediaEvent("connected", "l"), ("leg_connected", "l")),
        (MediaEvent("digit", "l", digit="5"), ("leg_digit", "l", "5")),
        (MediaEvent("played", "l", play_id="p", reason="finished"), ("leg_played", "l", "p", "finished")),
        (MediaEvent("played", "l", play_id="p", reason="stopped"), ("leg_played", "l", "p", "stopped")),
        (MediaEvent("played", "l", play_id="p", reason="a new word"), ("leg_played", "l", "p", "failed")),
        (MediaEvent("leg_failed", "l", reason="no_media"), ("leg_failed", "l", "no_media")),
    ],
)
def test_events_reach_whom_they_concern(event: MediaEvent, told: tuple[Any, ...]) -> None:
    conductor: Any = Conductor()
    failed: list[tuple[str, str]] = []
    hand_over(event, conductor, lambda leg, reason: failed.append((leg, reason)), lambda _a, _b: None)
    assert conductor.told == [told]
    assert failed == ([("l", "no_media")] if event.kind == "leg_failed" else [])


def test_a_file_that_cannot_be_written_is_told_by_its_path() -> None:
    conductor: Any = Conductor()
    told: list[tuple[str, str]] = []
    event = MediaEvent("record_failed", "l", reason="full", path="/a.ogg")
    hand_over(event, conductor, lambda _a, _b: None, lambda path, reason: told.append((path, reason)))
    assert told == [("/a.ogg", "full")]
    assert conductor.told == []
