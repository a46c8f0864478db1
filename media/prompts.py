"""Prompts: WAV files held in memory as linear samples and as G.711 bytes."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from media.codecs import CodecName, Samples, encode
from media.errors import MediaError
from media.rtp import FRAME_SAMPLES, SAMPLE_RATE


class Prompt:
    """One prompt, padded with silence to whole 20 ms frames."""

    __slots__ = ("_coded", "name", "samples")

    def __init__(self, name: str, samples: Samples) -> None:
        self.name = name
        padding = -len(samples) % FRAME_SAMPLES
        self.samples: Samples = np.pad(samples, (0, padding)).astype(np.int16)
        self._coded: dict[CodecName, bytes] = {}

    def coded(self, codec: CodecName) -> bytes:
        """The whole prompt in one codec, made at the first use and kept."""
        coded = self._coded.get(codec)
        if coded is None:
            coded = self._coded[codec] = encode(codec, self.samples)
        return coded

    def __len__(self) -> int:
        return len(self.samples)


def load_wav(path: Path, name: str) -> Prompt:
    """Read an 8 kHz mono 16-bit PCM file; MediaError prompt_missing or prompt_invalid says what is wrong with it."""
    try:
        with wave.open(str(path), "rb") as file:
            found = (file.getframerate(), file.getnchannels(), file.getsampwidth() * 8)
            data = file.readframes(file.getnframes())
    except FileNotFoundError:
        raise MediaError("prompt_missing", f"{name}: no file {path}") from None
    except (wave.Error, EOFError, OSError) as error:
        raise MediaError("prompt_invalid", f"{name}: not a readable PCM WAV file ({error})") from error
    if found != (SAMPLE_RATE, 1, 16):
        rate, channels, bits = found
        raise MediaError("prompt_invalid", f"{name}: {rate} Hz, {channels} channel(s), {bits} bit; wanted 8000, 1, 16")
    if not data:
        raise MediaError("prompt_invalid", f"{name}: no samples")
    return Prompt(name, np.frombuffer(data, dtype="<i2").astype(np.int16))


class PromptStore:
    """Prompts under one folder, each read at its first use."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._prompts: dict[str, Prompt] = {}

    def get(self, name: str) -> Prompt:
        """The prompt at a path relative to the root; MediaError as load_wav, or prompt_outside_root."""
        prompt = self._prompts.get(name)
        if prompt is None:
            path = (self._root / name).resolve()
            if not path.is_relative_to(self._root):
                raise MediaError("prompt_outside_root", name)
            prompt = self._prompts[name] = load_wav(path, name)
        return prompt

    def keep(self, earlier: PromptStore) -> None:
        """Go on knowing what an earlier store knew and the folder no longer has: calls may still ask for it."""
        self._prompts = earlier._prompts | self._prompts

    def preload(self) -> list[MediaError]:
        """Read and code every WAV file under the root; returns what was wrong with the others."""
        errors: list[MediaError] = []
        for path in sorted(self._root.rglob("*.wav")):
            try:
                prompt = self.get(str(path.relative_to(self._root)))
            except MediaError as error:
                errors.append(error)
                continue
            prompt.coded("PCMU")
            prompt.coded("PCMA")
        return errors

    def get_all(self, names: Sequence[str]) -> list[Prompt]:
        """Several prompts in order; MediaError when the list is empty."""
        if not names:
            raise MediaError("prompt_missing", "an empty list of files")
        return [self.get(name) for name in names]
