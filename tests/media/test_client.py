"""What only an engine of worker processes does: they die, and others take their place."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media import link, mixer
from media.client import WorkerEngine
from media.engine import EngineSettings
from media.errors import MediaError
from media.recorded import duration_us
from tests.audio import tone, write_wav
from tests.media.phones import Events, listen, strength
from tests.waiting import until


@pytest.fixture
async def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[WorkerEngine, Events]]:
    monkeypatch.setattr(link, "_HEARTBEAT_S", 0.1)
    events = Events()
    settings = EngineSettings(prompt_root=tmp_path, rtp_ports=(28_200, 28_279), port_cool_down_us=0)
    engine = WorkerEngine(settings, events.append, workers=2, socket_dir=tmp_path)
    await engine.start()
    yield engine, events
    await engine.aclose()
    await engine.aclose()
    assert not list(tmp_path.glob("*.sock"))


async def open_leg(engine: WorkerEngine, leg_id: str) -> int:
    _, port = await engine.open_rtp(leg_id)
    await engine.set_remote(
        leg_id, host="127.0.0.1", port=9, codec="PCMU", payload_type=0, dtmf_payload_type=None, send=True, receive=True
    )
    return port


async def test_a_killed_worker_fails_its_legs_and_is_replaced(started: tuple[WorkerEngine, Events]) -> None:
    engine, events = started
    ports = {leg_id: await open_leg(engine, leg_id) for leg_id in "abcd"}
    on_first = {leg_id for leg_id, port in ports.items() if port < 28_240}
    assert len(on_first) == 2
    await engine.set_room("room", mixer.conference("abcd"))
    victim = engine.worker_pids[0]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    await until(lambda: len(events.of("leg_failed")) == 2, what="leg_failed")
    assert {e.leg_id for e in events.of("leg_failed")} == on_first
    assert {e.reason for e in events.of("leg_failed")} == {"worker_lost"}
    lost, kept = min(on_first), min(set(ports) - on_first)
    with pytest.raises(MediaError, match="unknown_leg"):
        await engine.stats(lost)
    await engine.close_leg(lost)
    with pytest.raises(MediaError, match="unknown_leg"):
        await engine.set_room("room", mixer.conference("abcd"))
    assert (await engine.stats(kept))["kind"] == "rtp"
    # Meanwhile new legs go to the survivor.
    assert await open_leg(engine, "e") >= 28_240
    await until(lambda: engine.worker_pids[0] not in (victim, None), "a new worker")
    await until(lambda: engine.alive_workers == 2, "a new worker")
    assert await open_leg(engine, "f") < 28_240
    # The survivor's trunks of the old room are gone: what is left are its legs c, d, e.
    await engine.set_room("room", mixer.conference((kept, "e", "f")))
    await engine.set_room("room", {})
    for leg_id in (*(set(ports) - on_first), "e", "f"):
        await engine.close_leg(leg_id)
    await until(lambda: [p.ports_in_use for p in engine.pulses] == [0, 0], what="all ports free")


async def test_a_sound_may_end_and_music_begin_a_little_later(started: tuple[WorkerEngine, Events]) -> None:
    engine, events = started
    await open_leg(engine, "a")
    wire = engine._links[engine._place["a"]]
    engine.order("stop_play", "a", play_id="menu")
    engine.order("play", "a", play_id="music", files=["none.wav"], loop=True)
    assert (len(wire._unsent), wire._flushing) == (2, False)
    engine.order("play", "a", play_id="word", files=["none.wav"])
    assert (len(wire._unsent), wire._flushing) == (3, True)
    await until(lambda: [e.play_id for e in events.of("played")] == ["music", "word"], what="what cannot be played")


@pytest.mark.parametrize("method", ["open_rtp", "open_trunk"])
async def test_a_leg_whose_opener_gave_up_is_not_left_at_the_worker(
    started: tuple[WorkerEngine, Events], method: str
) -> None:
    engine, _ = started
    for spares in engine._spares:
        spares._free.clear()  # nothing is there in advance
    opening = asyncio.create_task(getattr(engine, method)("a"))
    await asyncio.sleep(0)  # the request is on its way
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await open_leg(engine, "a")
    assert (await engine.stats("a"))["kind"] == "rtp"
    await until(lambda: [p.ports_in_use for p in engine.pulses] == [1, 0], what="one port for one leg")
    await engine.close_leg("a")
    await until(lambda: [p.ports_in_use for p in engine.pulses] == [0, 0], what="all ports free")


async def test_what_a_killed_worker_had_recorded_can_be_played(
    started: tuple[WorkerEngine, Events], tmp_path: Path
) -> None:
    engine, events = started
    write_wav(tmp_path / "long.wav", tone(600, seconds=10.0))
    await engine.reload_prompts(tmp_path)
    await open_leg(engine, "a")
    path = tmp_path / "a.ogg"
    await engine.record("a", str(path))
    await engine.play("a", "p", ["long.wav"])
    await until(lambda: duration_us(path) > 1_000_000, "some seconds in the file")
    victim = engine.worker_pids[0]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    await until(lambda: bool(events.of("leg_failed")), what="leg_failed")
    with pytest.raises(MediaError, match="unknown_leg"):
        await engine.stop_record("a", str(path))
    assert strength(listen(path)[2000:8000, 1], 600) > 5000
    await until(lambda: engine.alive_workers == 2, "a new worker")


async def test_trunks_come_and_go_with_their_room(started: tuple[WorkerEngine, Events]) -> None:
    engine, _ = started
    for leg_id in "abc":
        await open_leg(engine, leg_id)
    await engine.set_room("room", mixer.conference("abc"))
    await until(lambda: sum(p.legs for p in engine.pulses) == 9, what="three trunks of two legs")
    await engine.set_room("other", mixer.conference("ab"))
    await until(lambda: sum(p.legs for p in engine.pulses) == 7, what="two trunks")
    await engine.close_leg("a")
    await until(lambda: sum(p.legs for p in engine.pulses) == 2, what="no trunk")


async def test_a_worker_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    engine = WorkerEngine(EngineSettings(prompt_root=tmp_path), lambda event: None, socket_dir=tmp_path / "absent")
    with pytest.raises(MediaError) as caught:
        await engine.start()
    assert caught.value.reason == "worker_start_failed"
    with pytest.raises(MediaError, match="no_worker"):
        await engine.open_rtp("a")


async def test_prompts_are_read_again_by_every_worker(started: tuple[WorkerEngine, Events], tmp_path: Path) -> None:
    engine, _ = started
    write_wav(tmp_path / "new.wav", tone(440.0, seconds=0.1))
    await engine.reload_prompts(tmp_path)
    for leg_id in "ab":  # one on each worker
        await open_leg(engine, leg_id)
        await engine.play(leg_id, f"p-{leg_id}", ["new.wav"])
    (tmp_path / "new.wav").unlink()
    await engine.reload_prompts(tmp_path)
    for leg_id in "ab":  # a call that is in an older flow may still ask for it
        await engine.play(leg_id, f"q-{leg_id}", ["new.wav"])
    (tmp_path / "sub").mkdir()
    await engine.reload_prompts(tmp_path / "sub")
    with pytest.raises(MediaError, match="prompt_missing"):
        await engine.play("a", "r", ["other.wav"])
