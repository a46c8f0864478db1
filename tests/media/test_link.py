import asyncio
import os
import signal
from pathlib import Path

import pytest

from media import link
from media.engine import EngineSettings
from media.errors import MediaError
from media.link import WorkerLink
from tests.media.phones import Events
from tests.waiting import until


async def test_requests_answers_and_an_end_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_HEARTBEAT_S", 0.1)
    events, lost = Events(), asyncio.Event()
    settings = EngineSettings(prompt_root=tmp_path, rtp_ports=(28_300, 28_309))
    wire = WorkerLink(settings, tmp_path / "w.sock", 1, events.append, lost.set)
    with pytest.raises(MediaError, match="worker_lost"):
        await wire.request("open_rtp", leg_id="a")
    await wire.start()
    answers = await asyncio.gather(*(wire.request("open_rtp", leg_id=f"leg{n}") for n in range(5)))
    assert [port for _, port in answers] == [28_300, 28_302, 28_304, 28_306, 28_308]
    with pytest.raises(MediaError, match="ports_exhausted"):
        await wire.request("open_rtp", leg_id="b")
    await until(lambda: wire.pulse.legs == 5, what="a pulse")
    await wire.close()
    await wire.close()
    assert not lost.is_set()


async def test_a_silent_worker_is_given_up_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_HEARTBEAT_S", 0.05)
    monkeypatch.setattr(link, "_STOP_TIMEOUT_S", 0.2)
    lost = asyncio.Event()
    settings = EngineSettings(prompt_root=tmp_path, rtp_ports=(28_310, 28_319))
    wire = WorkerLink(settings, tmp_path / "w.sock", 1, lambda event: None, lost.set)
    await wire.start()
    assert wire.pid is not None
    os.kill(wire.pid, signal.SIGSTOP)
    waiting = asyncio.create_task(wire.request("open_rtp", leg_id="a"))
    async with asyncio.timeout(30):
        await lost.wait()
    with pytest.raises(MediaError, match="worker_lost"):
        await waiting
    await wire.close()
    with pytest.raises(ProcessLookupError):
        os.kill(wire.pid, 0)


async def test_what_has_time_goes_with_the_next_word_and_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = EngineSettings(prompt_root=tmp_path, rtp_ports=(28_320, 28_329))
    wire = WorkerLink(settings, tmp_path / "w.sock", 1, lambda event: None, lambda: None)
    await wire.start()
    monkeypatch.setattr(link, "_PATIENCE_S", 3_600)
    await wire.request("open_rtp", leg_id="a")
    wire.order("close_leg", {"leg_id": "a"}, patiently=True)
    with pytest.raises(MediaError, match="unknown_leg"):
        await wire.request("stats", leg_id="a")
    monkeypatch.setattr(link, "_PATIENCE_S", 0.01)
    wire.order("close_leg", {"leg_id": "b"}, patiently=True)
    assert wire._unsent != []
    await until(lambda: wire._unsent == [], what="it goes by itself in the end")
    await wire.close()
