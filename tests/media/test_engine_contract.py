"""What every engine promises of sound: who hears whom, prompts, and recordings."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from media import mixer
from media.codecs import CodecName
from media.errors import MediaError
from media.recorded import duration_us
from tests.media.engines import LOUD, QUIET, Site, hear, hear_both, played, running, settings, site
from tests.media.phones import PAYLOAD_TYPES, listen, strength
from tests.waiting import until

__all__ = ["running", "settings", "site"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(("first", "second"), [("PCMU", "PCMU"), ("PCMA", "PCMA"), ("PCMU", "PCMA")])
async def test_two_legs_hear_each_other_in_both_directions(site: Site, first: CodecName, second: CodecName) -> None:
    a, b = await site.pair(first, second)
    await hear_both(a, b, 22)
    assert strength(a.audio(), 1000) > LOUD
    assert strength(a.audio(), 440) < QUIET
    assert strength(b.audio(), 440) > LOUD
    assert strength(b.audio(), 1000) < QUIET
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


async def test_missing_prompt_is_a_clear_error_and_keeps_what_plays(site: Site) -> None:
    a = await site.phone("a")
    await site.engine.play("a", "music", ["long.wav"])
    with pytest.raises(MediaError) as caught:
        await site.engine.play("a", "next", ["absent.wav"])
    assert caught.value.reason == "prompt_missing"
    await hear(a, 10)
    assert not site.events.of("played")


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
