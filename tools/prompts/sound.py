"""Sound of the telephone: 8 kHz, mono, 16 bit. Signals are float64 arrays between -1 and 1."""

import wave
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

RATE = 8000
PROMPTS = Path(__file__).parent.parent.parent / "config" / "demo" / "prompts"
# Loudness of the spoken parts, in dB below full scale; with it G.711 neither clips nor whispers.
SPEECH_DBFS = -21.0
PEAK = 0.7

Signal = NDArray[np.float64]


def resample(signal: Signal, rate: int, cutoff_hz: float = 3600.0, taps: int = 64) -> Signal:
    """`signal` at `rate` Hz brought to 8 kHz by a Blackman-windowed sinc that passes up to `cutoff_hz`.

    Evaluates the filter at each output instant (Smith, "Digital Audio Resampling", 1984): `taps` input samples on each
    side, so the memory is output length x 2 taps.
    """
    centre = np.arange(int(len(signal) * RATE / rate)) * (rate / RATE)
    offset = np.arange(-taps, taps + 1)
    index = np.floor(centre).astype(int)[:, None] + offset
    distance = index - centre[:, None]
    gain = 2 * cutoff_hz / rate
    window = np.blackman(2 * taps + 3)
    window_at = np.interp(distance, np.linspace(-taps - 1, taps + 1, len(window)), window)
    padded = np.pad(signal, taps + 1)
    values = padded[np.clip(index + taps + 1, 0, len(padded) - 1)]
    return cast("Signal", (values * gain * np.sinc(gain * distance) * window_at).sum(axis=1))


def spoken_part(signal: Signal, pause_ms: int, threshold: float = 0.01) -> Signal:
    """The signal without the silence around it, then `pause_ms` of silence after it."""
    loud = np.flatnonzero(np.abs(signal) > threshold * np.abs(signal).max())
    margin = RATE // 50
    trimmed = signal[max(loud[0] - margin, 0) : loud[-1] + margin]
    return np.concatenate([trimmed, np.zeros(RATE * pause_ms // 1000)])


def level_dbfs(signal: Signal) -> float:
    """Loudness: the mean square of the 20 ms frames that are within 30 dB of the loudest, in dB of full scale."""
    frames = signal[: len(signal) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    return float(10 * np.log10(power[power > power.max() / 1000].mean()))


def normalise(signal: Signal, dbfs: float = SPEECH_DBFS) -> Signal:
    """Brings the loudness to `dbfs`, less where a peak would pass 0.7 of full scale."""
    scaled = signal * 10 ** ((dbfs - level_dbfs(signal)) / 20)
    return cast("Signal", scaled * min(1.0, PEAK / np.abs(scaled).max()))


def write(path: Path, signal: Signal) -> None:
    """Writes a WAV file: 8 kHz, mono, 16 bit PCM."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((np.clip(signal, -1, 1) * 32767).round().astype("<i2").tobytes())


def read(path: Path) -> Signal:
    """Reads what `write` wrote."""
    with wave.open(str(path), "rb") as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float64) / 32767
