"""What a leg is being played: a queue of prompts, read one 20 ms frame at a time."""

from __future__ import annotations

from collections.abc import Sequence

from media import codecs
from media.codecs import CodecName, Samples
from media.prompts import Prompt
from media.rtp import FRAME_SAMPLES


class Player:
    """One play order, of one prompt at least. Frames come coded when nothing else speaks to the leg, linear when they
    are to be mixed.
    """

    __slots__ = ("_end", "_gain", "_index", "_loop", "_offset", "_prompt", "_prompts", "play_id")

    def __init__(self, play_id: str, prompts: Sequence[Prompt], *, loop: bool, gain: float) -> None:
        self.play_id = play_id
        self._prompts = prompts
        self._loop = loop
        self._gain = gain
        self._index = 0
        self._prompt = prompts[0]
        self._offset = self._end = 0

    def next_coded(self, codec: CodecName) -> bytes | None:
        """The next frame in `codec`, gain applied; None when all has been played."""
        start = self._offset
        if start >= self._end:
            if not self._step():
                return None
            start = 0
        self._offset = start + FRAME_SAMPLES
        frame = self._prompt.coded(codec)[start : start + FRAME_SAMPLES]
        table = codecs.table(codec, codec, self._gain)
        return frame if table is None else frame.translate(table)

    def next_samples(self) -> tuple[Samples, float] | None:
        """The next frame as linear samples with the gain for the mixer; None when all has been played."""
        start = self._offset
        if start >= self._end:
            if not self._step():
                return None
            start = 0
        self._offset = start + FRAME_SAMPLES
        return self._prompt.samples[start : start + FRAME_SAMPLES], self._gain

    def _step(self) -> bool:
        """To the next prompt, or round again; False when all has been played."""
        if self._index >= len(self._prompts):
            if not self._loop:
                return False
            self._index = 0
        self._prompt = self._prompts[self._index]
        self._index += 1
        self._end = len(self._prompt)
        return True
