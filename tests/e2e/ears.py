"""Who hears whom: everybody in a test speaks a tone of their own, and everybody's ear is measured at the same time."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from tests.audio import RATE_HZ, Sound, goertzel, level, read_wav, tone, write_wav
from tests.e2e.agents import Agent
from tools.call.caller import LEG, Caller

# Between the notes of C major, which is what the music on hold is made of, by more than a part of PART_S resolves.
TONES = {"caller": 622.0, "agent1": 1360.0, "agent2": 1480.0, "agent4": 934.0, "agent5": 1865.0, "supervisor1": 2220.0}
WINDOW_S = 0.75
TRIES = 10
PATIENT_S = 60.0
PART_S = 0.15
SETTLE_S = 0.4
SPEECH_S = 120.0
# A tone is sent with an RMS of 0.21 of full scale; what is not heard is at least 26 dB below that.
HEARD, SILENT = 0.05, 0.01
MUSIC = 0.02


class Hearing(Protocol):
    """One ear."""

    async def hear(self, seconds: float) -> tuple[Sound, int]:
        """What comes in from now on, and its rate (Hz)."""


class AgentEar:
    """A scripted agent's."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def hear(self, seconds: float) -> tuple[Sound, int]:
        self._agent.ear.clear()
        await asyncio.sleep(seconds)
        return self._agent.ear.sound, RATE_HZ


class CallerEar:
    """A scripted SIP caller's."""

    def __init__(self, caller: Caller, folder: Path) -> None:
        self._caller = caller
        self._wav = folder / f"heard-{caller.user}.wav"

    async def hear(self, seconds: float) -> tuple[Sound, int]:
        await self._caller.record(self._wav)
        await asyncio.sleep(seconds)
        await self._caller._media.stop_record(LEG)
        both, rate = read_wav(self._wav)
        # The leg speaks for the server: what it "says" is what the caller hears.
        return np.ascontiguousarray(both[:, 0]), rate


def write_voices(folder: Path) -> None:
    """Everybody's tone as a file; agents find theirs by their name."""
    for name, hertz in TONES.items():
        write_wav(folder / f"{name}.wav", tone(hertz, seconds=SPEECH_S))


def loudness(sound: Sound, hertz: float, rate: int) -> float:
    """RMS of a tone (fraction of full scale), part by part: a slip between two packets does not cancel it."""
    size = round(PART_S * rate)
    parts = [goertzel(sound[at : at + size], hertz, rate) for at in range(0, sound.size - size + 1, size)]
    return float(np.sqrt(np.mean(np.square(parts)))) if parts else 0.0


def names_of(sound: Sound, rate: int) -> set[str]:
    """Whose tones are in it, and `music` for everything else. `NAME?` is a tone that is neither heard nor silent."""
    found, rest = set[str](), level(sound) ** 2
    for name, hertz in TONES.items():
        strength = loudness(sound, hertz, rate)
        rest -= strength**2
        if strength > SILENT:
            found.add(name if strength >= HEARD else f"{name}?")
    return found | ({"music"} if rest > MUSIC**2 and not found else set())


async def who_hears(ears: Mapping[str, Hearing]) -> dict[str, set[str]]:
    """For each ear whom it hears, as soon as two windows after each other agree: a busy machine tears holes."""
    await asyncio.sleep(SETTLE_S)
    before = await _window(ears)
    for _ in range(TRIES):
        now = await _window(ears)
        if now == before:
            break
        before = now
    return before


async def come_to_hear(ears: Mapping[str, Hearing], wanted: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """For each ear whom it hears, as soon as that is what is wanted: after a death, or on a busy machine."""
    until = time.monotonic() + PATIENT_S
    while (heard := await who_hears(ears)) != wanted and time.monotonic() < until:
        pass
    return heard


async def _window(ears: Mapping[str, Hearing]) -> dict[str, set[str]]:
    heard = await asyncio.gather(*(ear.hear(WINDOW_S) for ear in ears.values()))
    return {name: names_of(sound, rate) for name, (sound, rate) in zip(ears, heard, strict=True)}
