"""Every engine behind the MediaEngine port, with phones on it by real UDP sockets."""

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
from media.engine import EngineSettings, InProcessEngine
from tests.media.phones import EVENT_TYPE, PAYLOAD_TYPES, Events, Phone, tone
from tests.waiting import until

LOUD = 5000.0
QUIET = 300.0


def write_wav(path: Path, samples: np.ndarray[Any, Any]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    root = tmp_path_factory.mktemp("prompts")
    write_wav(root / "long.wav", tone(600, 8000 * 5))
    write_wav(root / "short.wav", tone(700, 1600))
    low = random.randrange(29_000, 31_300, 40)
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


async def hear(phone: Phone, packets: int, timeout: float = 30) -> None:
    """Wait until so many more packets were heard."""
    target = len(phone.heard) + packets
    await until(lambda: len(phone.heard) >= target, f"{packets} packets", timeout)


async def played(site: Site, count: int) -> list[Any]:
    await until(lambda: len(site.events.of("played")) >= count, what="played")
    return site.events.of("played")
