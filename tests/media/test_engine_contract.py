"""One suite for every engine behind the MediaEngine port, with real UDP sockets."""

from __future__ import annotations

import asyncio
import random
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from media import mixer
from media.client import WorkerEngine
from media.codecs import CodecName
from media.dtmf import schedule
from media.engine import EngineSettings, InProcessEngine
from media.errors import MediaError
from media.recorded import duration_us
from tests.media.phones import (
    EVENT_TYPE,
    PAYLOAD_TYPES,
    Events,
    Phone,
    listen,
    longest_pause,
    strength,
    tone,
    until,
)

LOUD = 5000.0
QUIET = 300.0


def write_wav(path: Path, samples: np.ndarray[Any, Any]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    root = tmp_path_factory.mktemp("prompts")
    write_wav(root / "long.wav", tone(600, 8000 * 5))
    write_wav(root / "short.wav", tone(700, 1600))
    low = random.randrange(21000, 28000, 2)
    return EngineSettings(prompt_root=root, rtp_ports=(low, low + 39), port_cool_down_us=0, no_media_us=600_000)


Engine = InProcessEngine | WorkerEngine


class Site:
    """An engine with phones on it."""

    def __init__(self, engine: Engine, events: Events) -> None:
        self.engine = engine
        self.events = events
        self.phones: list[Phone] = []

    async def phone(
        self,
        leg_id: str,
        frequency: float = 440,
        codec: CodecName = "PCMU",
        *,
        events: bool = True,
    ) -> Phone:
        phone = await Phone(codec=codec, frequency=frequency).open()
        self.phones.append(phone)
        phone.peer = await self.engine.open_rtp(leg_id)
        await self.remote(leg_id, phone, events=events)
        return phone

    async def remote(self, leg_id: str, phone: Phone, *, events: bool = True, **changed: Any) -> None:
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": phone.port,
            "codec": phone.codec,
            "payload_type": PAYLOAD_TYPES[phone.codec],
            "dtmf_payload_type": EVENT_TYPE if events else None,
            "send": True,
            "receive": True,
        }
        await self.engine.set_remote(leg_id, **(values | changed))

    async def pair(self, first: CodecName = "PCMU", second: CodecName = "PCMU") -> tuple[Phone, Phone]:
        a = await self.phone("a", 440, first)
        b = await self.phone("b", 1000, second)
        await self.engine.set_room("room", mixer.conference(("a", "b")))
        a.talk()
        b.talk()
        return a, b


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["in_process", "two_workers"])
async def running(request: pytest.FixtureRequest, settings: EngineSettings) -> AsyncIterator[tuple[Engine, Events]]:
    events = Events()
    engine: Engine
    if request.param == "in_process":
        engine = InProcessEngine(settings, events.append)
    else:
        engine = WorkerEngine(settings, events.append, workers=2)
    await engine.start()
    yield engine, events
    await engine.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def site(running: tuple[Engine, Events]) -> AsyncIterator[Site]:
    engine, events = running
    events.clear()
    site = Site(engine, events)
    yield site
    for phone in site.phones:
        phone.close()
    for leg_id in (*"abc", "near", "far", "t1", "t2"):
        await engine.close_leg(leg_id)


async def hear_both(a: Phone, b: Phone, packets: int) -> None:
    await asyncio.gather(hear(a, packets), hear(b, packets))


async def hear(phone: Phone, packets: int, timeout: float = 5.0) -> None:
    """Wait until so many more packets were heard."""
    target = len(phone.heard) + packets
    await until(lambda: len(phone.heard) >= target, timeout, f"{packets} packets")


@pytest.mark.parametrize(("first", "second"), [("PCMU", "PCMU"), ("PCMA", "PCMA"), ("PCMU", "PCMA")])
async def test_two_legs_hear_each_other_in_both_directions(site: Site, first: CodecName, second: CodecName) -> None:
    a, b = await site.pair(first, second)
    await hear_both(a, b, 22)
    assert strength(a.audio(), 1000) > LOUD
    assert strength(a.audio(), 440) < QUIET
    assert strength(b.audio(), 440) > LOUD
    assert strength(b.audio(), 1000) < QUIET
    # Both phones live in this loop: what they are late themselves is no gap of the engine's.
    assert a.longest_gap() < longest_pause(b.spoke) + 0.04
    assert b.longest_gap() < longest_pause(a.spoke) + 0.04
    assert a.is_continuous()
    assert {h.packet.payload_type for h in b.heard} == {PAYLOAD_TYPES[second]}
    assert [e.leg_id for e in site.events.of("connected")] in (["a", "b"], ["b", "a"])


async def test_conference_whisper_and_mute_are_cells_of_one_matrix(site: Site) -> None:
    a, b = await site.pair()
    c = await site.phone("c", 1700)
    c.talk()
    await site.engine.set_room("room", mixer.conference(("a", "b", "c")))
    await hear(a, 32)
    for phone, own, others in ((a, 440, (1000, 1700)), (b, 1000, (440, 1700)), (c, 1700, (440, 1000))):
        ear = phone.audio(last=22)
        assert strength(ear, own) < QUIET
        assert all(strength(ear, other) > LOUD for other in others)
    # c whispers to b: a must not hear c, and b hears c at half strength.
    await site.engine.set_room(
        "room", {("a", "b"): 1.0, ("b", "a"): 1.0, ("a", "c"): 1.0, ("b", "c"): 1.0, ("c", "b"): 0.5}
    )
    await hear(a, 28)
    assert strength(a.audio(last=20), 1700) < QUIET
    assert strength(a.audio(last=22), 1000) > LOUD
    assert 3000 < strength(b.audio(last=22), 1700) < LOUD
    # a is muted.
    await site.engine.set_room("room", {("a", "b"): 0.0, ("b", "a"): 1.0})
    await hear(a, 5)
    silent_from = len(b.heard)
    await hear(a, 10)
    assert len(b.heard) == silent_from
    assert a.longest_gap() < longest_pause(b.spoke) + 0.045
    assert a.is_continuous()


async def test_prompt_is_played_stopped_midway_and_the_stream_goes_on(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b", 1000)
    await site.engine.play("a", "greeting", ["long.wav"])
    await hear(a, 25)
    assert strength(a.audio(), 600) > LOUD
    await site.engine.stop_play("a", "greeting")
    assert [(e.play_id, e.reason) for e in await played(site, 1)] == [("greeting", "stopped")]
    await site.engine.set_room("room", mixer.conference(("a", "b")))
    b.talk()
    await hear(a, 30)
    assert strength(a.audio(last=20), 1000) > LOUD
    assert strength(a.audio(last=20), 600) < QUIET
    await site.engine.set_room("room", {})
    await b.hush()
    await site.engine.play("a", "again", ["short.wav", "short.wav"])
    assert [(e.play_id, e.reason) for e in await played(site, 2)][1] == ("again", "finished")
    assert a.is_continuous()


async def played(site: Site, count: int) -> list[Any]:
    await until(lambda: len(site.events.of("played")) >= count, what="played")
    return site.events.of("played")


async def test_play_replaces_loops_and_mixes_with_the_room(site: Site) -> None:
    a, b = await site.pair()
    await site.engine.play("a", "music", ["short.wav"], loop=True, gain=0.5)
    await hear(a, 30)
    ear = a.audio(last=20)
    assert 3000 < strength(ear, 700) < LOUD
    assert strength(ear, 1000) > LOUD
    assert strength(b.audio(last=20), 700) < QUIET
    await site.engine.play("a", "next", ["short.wav"])
    events = await played(site, 2)
    assert [(e.play_id, e.reason) for e in events] == [("music", "stopped"), ("next", "finished")]
    assert a.longest_gap() < longest_pause(b.spoke) + 0.045


async def test_missing_prompt_is_a_clear_error_and_keeps_what_plays(site: Site) -> None:
    a = await site.phone("a")
    await site.engine.play("a", "music", ["long.wav"])
    with pytest.raises(MediaError) as caught:
        await site.engine.play("a", "next", ["absent.wav"])
    assert caught.value.reason == "prompt_missing"
    await hear(a, 10)
    assert not site.events.of("played")


async def test_digits_arrive_once_each_despite_loss_and_reach_the_far_leg(site: Site) -> None:
    a, b = await site.pair()
    await hear(b, 5)
    a.lose = lambda n: n % 3 == 0
    await a.hush()
    await a.press(schedule("1159*#0"))
    a.lose = lambda n: False
    await until(lambda: len(site.events.digits("a")) >= 7, what="digits")
    a.talk()
    await hear(b, 20)
    assert site.events.digits("a") == "1159*#0"
    assert b.digits_heard() == "1159*#0"
    assert not site.events.digits("b")


async def test_digits_are_dropped_when_the_far_side_negotiated_none(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b", events=False)
    await site.engine.set_room("room", mixer.conference(("a", "b")))
    a.talk()
    await hear(b, 5)
    await a.press(schedule("7"))
    await until(lambda: site.events.digits("a") == "7", what="digit")
    await hear(b, 10)
    assert {h.packet.payload_type for h in b.heard} == {0}


async def test_digits_are_sent(site: Site) -> None:
    _, b = await site.pair()
    await hear(b, 10)
    await site.engine.send_digits("b", "12#")
    await until(lambda: len(b.digits_heard()) == 3, what="digits")
    await hear(b, 30)
    assert b.digits_heard() == "12#"
    ends = [p for p in b.events() if p.payload[1] & 0x80]
    assert len(ends) == 9
    assert {int.from_bytes(p.payload[2:4], "big") for p in ends} == {800}
    assert b.is_continuous()
    assert strength(b.audio(last=15), 440) > LOUD
    with pytest.raises(MediaError, match="bad_digits"):
        await site.engine.send_digits("a", "1x")


async def test_only_the_negotiated_peer_is_heard(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b")
    await site.engine.set_room("room", mixer.conference(("a", "b")))
    stranger = await Phone(frequency=2000).open("127.0.0.2")
    site.phones.append(stranger)
    stranger.peer = a.peer
    for _ in range(5):
        stranger.send_frame()
    await until_strangers(site, "a", 5)
    assert not site.events.of("connected")
    a.talk()
    await hear(b, 10)
    stranger.talk()
    await hear(b, 20)
    assert strength(b.audio(), 2000) < QUIET
    assert not stranger.heard
    assert (await site.engine.stats("a"))["packets_in"] < 60


async def until_strangers(site: Site, leg_id: str, least: int) -> None:
    async with asyncio.timeout(5):
        while (await site.engine.stats(leg_id))["foreign"] < least:
            await asyncio.sleep(0.01)


async def test_the_peer_may_send_from_another_port_once(site: Site) -> None:
    a = await site.phone("a")
    await site.remote("a", a, port=9)
    await site.engine.play("a", "music", ["long.wav"])
    a.talk()
    await hear(a, 10)
    # A re-INVITE to another address moves it at once. The phone has left the old one: both are on one host here, and
    # what still came from there could be taken for a port that changed.
    await a.hush()
    moved = await Phone(frequency=440).open()
    site.phones.append(moved)
    moved.peer = a.peer
    await site.remote("a", moved)
    moved.talk()
    await hear(moved, 10)
    before = len(a.heard)
    await hear(moved, 10)
    assert len(a.heard) == before


async def test_hold_by_direction_flags(site: Site) -> None:
    a, b = await site.pair()
    await hear_both(a, b, 10)
    await site.remote("a", a, host="0.0.0.0", receive=False)
    await site.engine.stats("a")
    before_a, before_b = len(a.heard), len(b.heard)
    sent = a.sent
    await until(lambda: a.sent >= sent + 15, what="frames sent on hold")
    assert len(a.heard) <= before_a + 1
    assert len(b.heard) <= before_b + 1
    await site.remote("a", a)
    await hear_both(a, b, 10)
    assert not site.events.of("leg_failed")


async def test_silent_peer_is_reported_once_but_not_on_hold(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b")
    await site.remote("b", b, receive=False)
    a.talk()
    await until(lambda: bool(site.events.of("connected", "a")), what="connected")
    await a.hush()
    await until(lambda: bool(site.events.of("leg_failed", "a")), what="no_media")
    assert [e.reason for e in site.events.of("leg_failed")] == ["no_media"]


async def test_closed_legs_free_their_ports_and_leave_their_room(site: Site, settings: EngineSettings) -> None:
    low, high = settings.rtp_ports
    for leg in range((high - low + 1) // 2):
        await site.engine.open_rtp(f"leg{leg}")
    with pytest.raises(MediaError, match="ports_exhausted"):
        await site.engine.open_rtp("one too many")
    for leg in range((high - low + 1) // 2):
        await site.engine.close_leg(f"leg{leg}")
        await site.engine.close_leg(f"leg{leg}")
    a, _ = await site.pair()
    await hear(a, 5)
    await site.engine.close_leg("b")
    with pytest.raises(MediaError, match="unknown_leg"):
        await site.engine.stats("b")
    with pytest.raises(MediaError, match="unknown_leg"):
        await site.engine.set_room("room", {("a", "b"): 1.0})
    await site.engine.play("a", "still here", ["short.wav"])
    await played(site, 1)


async def test_a_leg_moves_between_rooms(site: Site) -> None:
    a, b = await site.pair()
    c = await site.phone("c", 1700)
    c.talk()
    await hear(a, 10)
    await site.engine.set_room("transfer", mixer.conference(("a", "c")))
    await hear(a, 20)
    assert strength(a.audio(last=15), 1700) > LOUD
    assert strength(a.audio(last=20), 1000) < QUIET
    await hear(c, 10)
    heard = len(b.heard)
    await hear(c, 10)
    assert len(b.heard) <= heard + 1
    assert a.is_continuous()


async def test_trunk_legs_carry_audio_and_digits_without_reporting_them(site: Site) -> None:
    near = await site.phone("near", 440)
    far = await site.phone("far", 1000)
    first = await site.engine.open_trunk("t1")
    second = await site.engine.open_trunk("t2")
    for leg_id, (host, port) in (("t1", second), ("t2", first)):
        await site.engine.set_remote(
            leg_id, host=host, port=port, codec="PCMU", payload_type=0, dtmf_payload_type=EVENT_TYPE,
            send=True, receive=True,
        )  # fmt: skip
    await site.engine.set_room("here", mixer.conference(("near", "t1")))
    await site.engine.set_room("there", mixer.conference(("far", "t2")))
    near.talk()
    far.talk()
    await hear_both(near, far, 25)
    assert strength(near.audio(), 1000) > LOUD
    assert strength(far.audio(), 440) > LOUD
    await near.press(schedule("5"))
    await until(lambda: far.digits_heard() == "5", what="digit at the far end")
    assert [(e.leg_id, e.digit) for e in site.events.of("digit")] == [("near", "5")]


async def test_recording_has_what_the_leg_says_left_and_hears_right(site: Site, tmp_path: Path) -> None:
    a, _ = await site.pair()
    await hear(a, 10)
    path = tmp_path / "a.wav"
    await site.engine.record("a", str(path))
    await hear(a, 35)
    await site.engine.stop_record("a")
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)[800:5000]
    said, heard = both[:, 0].astype(np.int16), both[:, 1].astype(np.int16)
    assert strength(said, 440) > LOUD
    assert strength(said, 1000) < QUIET
    assert strength(heard, 1000) > LOUD


async def test_a_call_in_ogg_has_a_side_for_each_channel_and_silence_where_it_was_muted(
    site: Site, tmp_path: Path
) -> None:
    a, _ = await site.pair()
    await hear(a, 10)
    path, other = tmp_path / "a.ogg", tmp_path / "b.wav"
    await site.engine.record("a", str(path))
    await site.engine.record("a", str(other))
    await hear(a, 75)
    await site.engine.mute_record("a", str(path), on=True)
    await hear(a, 75)
    await site.engine.mute_record("a", str(path), on=False)
    await hear(a, 75)
    length = await site.engine.stop_record("a", str(path))
    assert other.exists()
    await site.engine.stop_record("a")
    both = listen(path)
    assert abs(length - duration_us(path)) < 100_000
    assert len(both) * 125 > 4_000_000
    before, muted, after = both[800:8000], both[14000:22000], both[-8000:-800]
    for part in (before, after):
        assert strength(part[:, 0], 440) > LOUD
        assert strength(part[:, 1], 1000) > LOUD
        assert strength(part[:, 0], 1000) < QUIET
        assert strength(part[:, 1], 440) < QUIET
    assert np.abs(muted).max() < QUIET
    with wave.open(str(other)) as file:
        whole = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    assert strength(whole[14000:22000, 0].astype(np.int16), 440) > LOUD


async def test_a_recording_that_is_not_there_cannot_be_muted(site: Site, tmp_path: Path) -> None:
    await site.pair()
    with pytest.raises(MediaError) as caught:
        await site.engine.mute_record("a", str(tmp_path / "a.ogg"), on=True)
    assert caught.value.reason == "not_recorded"
    assert await site.engine.stop_record("a") == 0
    with pytest.raises(MediaError) as caught:
        await site.engine.record("a", str(tmp_path / "absent" / "a.ogg"))
    assert caught.value.reason == "record_failed"


async def test_a_full_disk_ends_the_recording_and_not_the_call(site: Site, tmp_path: Path) -> None:
    a, _ = await site.pair()
    path = tmp_path / "a.ogg"
    path.symlink_to("/dev/full")
    await site.engine.record("a", str(path))
    await until(lambda: bool(site.events.of("record_failed")), what="the news")
    (event,) = site.events.of("record_failed")
    assert (event.leg_id, event.path) == ("a", str(path))
    assert "No space left" in (event.reason or "")
    await hear(a, 20)
    await site.engine.stop_record("a", str(path))
    assert len(site.events.of("record_failed")) == 1


async def test_stats_show_loss_and_delay(site: Site) -> None:
    a, b = await site.pair()
    a.lose = lambda n: n % 10 == 0
    await hear(b, 30)
    stats = await site.engine.stats("a")
    assert stats["lost"] >= 2
    assert stats["jitter_ms"] < 10
    assert stats["last_in_age_ms"] is not None
    assert stats["last_in_age_ms"] < 100
    delay = (await site.engine.stats("b"))["delay_us_p99"]
    assert delay is not None
    assert delay < 40_000
    # The far end sees the loss too: its numbers have the same holes.
    numbers = [h.packet.sequence for h in b.heard]
    assert (numbers[-1] - numbers[0]) % 65536 + 1 > len(numbers)


async def test_errors_have_stable_reasons(site: Site) -> None:
    await site.phone("a")
    for call, reason in (
        (lambda: site.engine.open_rtp("a"), "leg_exists"),
        (lambda: site.engine.stop_play("x"), "unknown_leg"),
        (lambda: site.remote("a", site.phones[0], host="phone.example"), "bad_address"),
    ):
        with pytest.raises(MediaError) as caught:
            await call()
        assert caught.value.reason == reason
