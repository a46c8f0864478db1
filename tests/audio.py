"""Make and measure sound in tests: mono int16 arrays of shape (n,), 8 kHz unless a rate is given."""

import itertools
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.int16]
FULL_SCALE = 32768.0
RATE_HZ = 8000


def tone(*frequencies: float, seconds: float, rate: int = RATE_HZ, amplitude: float = 0.3) -> Sound:
    """Equal sines at `frequencies` (Hz), whose sum peaks at `amplitude` of full scale."""
    t = np.arange(round(seconds * rate)) / rate
    mixed = sum((np.sin(2 * np.pi * f * t) for f in frequencies), np.zeros_like(t))
    samples: Sound = (mixed * (amplitude * (FULL_SCALE - 1) / max(1, len(frequencies)))).astype(np.int16)
    return samples


def noise(seconds: float, rate: int = RATE_HZ, amplitude: float = 0.3, seed: int = 1) -> Sound:
    """Band-limited noise with one sharp autocorrelation peak: the signal to measure a delay with."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    smooth = np.convolve(white, np.ones(4) / 4, mode="same")
    samples: Sound = (smooth / np.max(np.abs(smooth)) * amplitude * (FULL_SCALE - 1)).astype(np.int16)
    return samples


def write_wav(path: Path, samples: Sound, rate: int = RATE_HZ) -> Path:
    """Write a mono 16-bit WAV and return its path."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> tuple[npt.NDArray[np.int16], int]:
    """A 16-bit WAV as (samples of shape (n, channels), rate in Hz)."""
    with wave.open(str(path), "rb") as source:
        if source.getsampwidth() != 2:
            raise ValueError(f"{path} is not 16-bit")
        raw = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2").astype(np.int16)
        return raw.reshape(-1, source.getnchannels()), source.getframerate()


def level(samples: Sound) -> float:
    """RMS as a fraction of full scale (a full-scale sine has 0.707)."""
    if not samples.size:
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) / FULL_SCALE


def goertzel(samples: Sound, frequency: float, rate: int = RATE_HZ) -> float:
    """RMS of the part of the sound at `frequency` (Hz), as a fraction of full scale.

    Goertzel, "An Algorithm for the Evaluation of Finite Trigonometric Series" (1958), as one inner product with a
    Hann window: tones further away than 2 / duration do not leak in.
    """
    n = samples.size
    if n < 2:
        return 0.0
    window = np.hanning(n)
    basis = np.exp(-2j * np.pi * frequency * np.arange(n) / rate)
    amplitude = 2 * abs(np.dot(samples.astype(np.float64) * window, basis)) / window.sum()
    return float(amplitude / np.sqrt(2) / FULL_SCALE)


def dominant_frequencies(
    samples: Sound, rate: int = RATE_HZ, window_s: float = 0.05, floor: float = 0.005
) -> list[float]:
    """The strongest frequency (Hz) of each whole window; 0.0 where the window's level is below `floor`."""
    size = round(window_s * rate)
    found = []
    for start in range(0, samples.size - size + 1, size):
        part = samples[start : start + size]
        if level(part) < floor:
            found.append(0.0)
            continue
        spectrum = np.abs(np.fft.rfft(part * np.hanning(size), 8 * size))
        spectrum[0] = 0
        found.append(float(np.argmax(spectrum)) * rate / (8 * size))
    return found


def longest_gap(samples: Sound, rate: int = RATE_HZ, floor: float = 0.005, frame_s: float = 0.005) -> float:
    """Seconds of the longest silence between the first and the last sounding frame; infinite when all is silent."""
    sounding = _sounding_frames(samples, rate, floor, frame_s)
    if not sounding:
        return float("inf")
    return max((b - a - 1 for a, b in itertools.pairwise(sounding)), default=0) * frame_s


def silent_share(samples: Sound, rate: int = RATE_HZ, floor: float = 0.005, frame_s: float = 0.005) -> float:
    """How much of the time between the first and the last sounding frame is silent; 1 when all is.

    For what came through other programs on a machine that they share: one that had to wait leaves a gap.
    """
    sounding = _sounding_frames(samples, rate, floor, frame_s)
    return 1 - len(sounding) / (sounding[-1] - sounding[0] + 1) if sounding else 1.0


def _sounding_frames(samples: Sound, rate: int, floor: float, frame_s: float) -> list[int]:
    size = round(frame_s * rate)
    count = samples.size // size
    frames = samples[: count * size].reshape(count, size)
    return [i for i in range(count) if level(frames[i]) >= floor]


def delay(reference: Sound, heard: Sound, rate: int = RATE_HZ) -> float:
    """Seconds by which `reference` appears later in `heard` (cross-correlation; negative when earlier)."""
    size = 1 << (reference.size + heard.size).bit_length()
    spectrum = np.fft.rfft(heard.astype(np.float64), size) * np.conj(np.fft.rfft(reference.astype(np.float64), size))
    correlation = np.fft.irfft(spectrum, size)
    lag = int(np.argmax(correlation))
    return (lag if lag < heard.size else lag - size) / rate
