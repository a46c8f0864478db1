"""What is played in place of lost packets: the last pitch period again and again, fading out.

The idea is that of ITU-T G.711 Appendix I (1999): find the pitch in the last samples by cross-correlation, repeat that
period at its full level for 10 ms, take a fifth of the level away with each further 10 ms, be silent after 60 ms, and
blend back into what arrives. The code is our own and leaves out the standard's growing number of periods and its
delay: the start of a gap is not smoothed, so nothing is held back while packets come.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt

from media.codecs import Samples
from media.rtp import FRAME_SAMPLES, SAMPLE_RATE

_MS: Final = SAMPLE_RATE // 1000
LONGEST_PITCH: Final = 15 * _MS
SHORTEST_PITCH: Final = 5 * _MS
_WINDOW: Final = 10 * _MS
_FULL_LEVEL: Final = 10 * _MS
_SILENT_AFTER: Final = 60 * _MS
_BLEND: Final = 4 * _MS
_HISTORY: Final = LONGEST_PITCH + _WINDOW
_LEVELS: Final = np.clip(1.0 - (np.arange(_SILENT_AFTER) - _FULL_LEVEL) / (_SILENT_AFTER - _FULL_LEVEL), 0.0, 1.0)
_SILENCE: Final = np.zeros(FRAME_SAMPLES, np.int16)
_RISE: Final = np.arange(1, _BLEND + 1) / (_BLEND + 1)


class Concealer:
    """Repairs the frames of one stream, in order. While nothing is lost it only keeps what came last."""

    __slots__ = ("_before", "_filled", "_last", "_period")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Another stream begins, or this one after a silence."""
        self._last: Samples = _SILENCE
        self._before: Samples = self._last
        self._period: npt.NDArray[np.float64] | None = None
        self._filled = 0

    def repair(self, frame: Samples, came: bytes | None) -> Samples:
        """The frame as it is to be played. `came` has a byte for each sample, 0 for one that is lost; None for none."""
        if came is not None or self._period is not None:
            frame = self._mend(frame, np.ones(len(frame), np.uint8) if came is None else np.frombuffer(came, np.uint8))
        self._before, self._last = self._last, frame
        return frame

    def _mend(self, frame: Samples, came: npt.NDArray[np.uint8]) -> Samples:
        whole = frame.astype(np.float64)
        borders = [0, *(np.flatnonzero(np.diff(came)) + 1).tolist(), len(frame)]
        for start, end in itertools.pairwise(borders):
            if came[start]:
                self._blend(whole[start:end])
            else:
                if self._period is None:
                    self._begin(whole[:start])
                whole[start:end] = self._carry_on(end - start)
        mended: Samples = np.rint(whole).astype(np.int16)
        return mended

    def _begin(self, head: npt.NDArray[np.float64]) -> None:
        """Take the last pitch period of what was played before the gap."""
        before = np.concatenate((self._before, self._last)).astype(np.float64)
        played = np.concatenate((before, head))[-_HISTORY:]
        self._period = played[len(played) - _pitch(played) :]
        self._filled = 0

    def _carry_on(self, count: int) -> npt.NDArray[np.float64]:
        """The next samples of the repeated period, at its falling level."""
        made = np.zeros(count)
        start, period = self._filled, self._period
        self._filled += count
        sounding = min(count, max(0, _SILENT_AFTER - start))
        if period is not None and sounding:
            places = np.arange(start, start + sounding)
            made[:sounding] = period[places % len(period)] * _LEVELS[places]
        return made

    def _blend(self, arrived: npt.NDArray[np.float64]) -> None:
        """Fade from the repetition into what arrived, in place; the repetition is over then."""
        if self._period is None:
            return
        count = min(_BLEND, len(arrived))
        rise = _RISE[:count]
        arrived[:count] = arrived[:count] * rise + self._carry_on(count) * (1.0 - rise)
        self._period = None


def _pitch(played: npt.NDArray[np.float64]) -> int:
    """The lag (samples) at which the last 10 ms are most like what was before them; the longest one for silence."""
    window = played[-_WINDOW:]
    products = np.correlate(played[:-SHORTEST_PITCH], window, mode="valid")  # from the longest lag to the shortest
    squares = np.concatenate(([0.0], np.cumsum(np.square(played[:-SHORTEST_PITCH]))))
    energies = squares[_WINDOW:] - squares[:-_WINDOW]
    likeness = products / np.sqrt(energies + 1.0)
    return LONGEST_PITCH - int(np.argmax(likeness))
