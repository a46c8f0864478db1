"""Composes the demo site's music on hold: an electric piano over eight bars that loop without a seam.

    python -m tools.prompts.music

The tune is this file's own; its sound is dedicated to the public domain (CC0 1.0).
"""

import argparse
from pathlib import Path

import numpy as np

from tools.prompts.sound import PROMPTS, RATE, Signal, normalise, write

BEATS_PER_MINUTE = 68
BEAT = round(RATE * 60 / BEATS_PER_MINUTE / 160) * 160  # whole 20 ms frames, so that the loop closes on a frame
BEATS_PER_BAR = 4
MUSIC_DBFS = -26.0  # below the voice of the announcements that interrupt it

# A bar: the root in the bass and the chord above it, as MIDI note numbers (69 is A4, 440 Hz).
BARS = (
    (48, (60, 64, 67, 71)),  # C major seventh
    (45, (60, 64, 67, 69)),  # A minor seventh
    (50, (60, 65, 69, 74)),  # D minor seventh
    (43, (59, 65, 67, 74)),  # G seventh
    (52, (59, 64, 67, 74)),  # E minor seventh
    (45, (60, 64, 69, 72)),  # A minor
    (53, (60, 65, 69, 72)),  # F major
    (43, (59, 62, 65, 67)),  # G seventh
)
# The broken chord: which of its notes sounds on each half beat.
FIGURE = (0, 1, 2, 3, 2, 3, 1, 2)
# The melody: (beat of the whole piece, note, length in beats).
MELODY = (
    (0.0, 76, 3.0),
    (3.0, 74, 1.0),
    (4.0, 72, 3.0),
    (7.0, 71, 0.5),
    (7.5, 72, 0.5),
    (8.0, 74, 2.0),
    (10.0, 77, 2.0),
    (12.0, 74, 4.0),
    (16.0, 79, 3.0),
    (19.0, 77, 1.0),
    (20.0, 76, 3.0),
    (23.0, 72, 1.0),
    (24.0, 69, 2.0),
    (26.0, 72, 2.0),
    (28.0, 71, 4.0),
)


def note(midi: int, beats: float, loudness: float) -> Signal:
    """One struck note: partials that fade the faster the higher they are, released at the end of its length."""
    held = round(beats * BEAT)
    time = np.arange(held + RATE // 4) / RATE
    frequency = 440.0 * 2 ** ((midi - 69) / 12)
    sound = np.zeros_like(time)
    for partial, share in ((1, 1.0), (2, 0.45), (3, 0.2), (4, 0.12), (6, 0.05)):
        if frequency * partial < 3400:
            sound += share * np.sin(2 * np.pi * frequency * partial * time) * np.exp(-time * (0.9 + 0.8 * partial))
    attack = np.minimum(time / 0.008, 1.0)
    release = np.clip((len(time) - np.arange(len(time))) / (RATE // 4), 0.0, 1.0)
    return np.asarray(loudness * sound * attack * release, dtype=np.float64)


def compose() -> Signal:
    """The whole loop. A note that rings past the end rings into the beginning: that is what makes it seamless."""
    loop = np.zeros(len(BARS) * BEATS_PER_BAR * BEAT)

    def add(beat: float, sound: Signal) -> None:
        place = (round(beat * BEAT) + np.arange(len(sound))) % len(loop)
        np.add.at(loop, place, sound)

    for bar, (root, chord) in enumerate(BARS):
        start = bar * BEATS_PER_BAR
        add(start, note(root + 12, 4.0, 0.5))
        for step, which in enumerate(FIGURE):
            add(start + step / 2, note(chord[which], 1.5, 0.28 if step % 2 else 0.36))
    for beat, midi, beats in MELODY:
        add(beat, note(midi, beats, 0.55))
    return normalise(loop, MUSIC_DBFS)


def beep() -> Signal:
    """The tone before a recording: 400 ms of 1 kHz, faded in and out so that it does not click."""
    time = np.arange(RATE * 2 // 5) / RATE
    edges = np.minimum(np.minimum(time, time[::-1]) / 0.01, 1.0)
    return normalise(np.asarray(np.sin(2 * np.pi * 1000 * time) * edges, dtype=np.float64))


def ringback() -> Signal:
    """What somebody hears who waits for an answer: 425 Hz, one second in five (ITU-T E.180 recommends this band)."""
    time = np.arange(RATE) / RATE
    edges = np.minimum(np.minimum(time, time[::-1]) / 0.01, 1.0)
    burst = normalise(np.asarray(np.sin(2 * np.pi * 425 * time) * edges, dtype=np.float64), MUSIC_DBFS)
    return np.concatenate([burst, np.zeros(4 * RATE)])


def main() -> None:
    """Writes the loop and the tones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=PROMPTS, help="gets music/hold.wav, tone/beep.wav and tone/ringback.wav"
    )
    out = parser.parse_args().out
    write(out / "music" / "hold.wav", compose())
    write(out / "tone" / "beep.wav", beep())
    write(out / "tone" / "ringback.wav", ringback())


if __name__ == "__main__":
    main()
