"""Opus at 8 kHz, mono (RFC 6716), by the libopus that comes inside PyAV's wheel, or the system's.

The engine's sound is 8 kHz. libopus codes and decodes at that rate itself: a decoder that is asked for 8 kHz takes
only the lower band out of a full-band packet and resamples what SILK made, so no resampler of our own is needed. Where
no libopus is found `available` says so, and no leg negotiates Opus.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from media.codecs import Samples
from media.rtp import FRAME_SAMPLES, SAMPLE_RATE

MAX_SAMPLES: Final = SAMPLE_RATE * 120 // 1000
"""The longest packet: 120 ms."""
MAX_BYTES: Final = 400
"""More than 20 ms at the bit rate below ever take, and far from what a datagram may hold."""
BIT_RATE: Final = 24_000
COMPLEXITY: Final = 1
EXPECTED_LOSS_PERCENT: Final = 10
"""Below it libopus leaves the error correction out at this bit rate and complexity."""

_VOIP: Final = 2048
_SET_BITRATE: Final = 4002
_SET_COMPLEXITY: Final = 4010
_SET_INBAND_FEC: Final = 4012
_SET_PACKET_LOSS_PERC: Final = 4014
_RESET_STATE: Final = 4028
_OK: Final = 0


class OpusError(Exception):
    """libopus refused: no Opus packet, or a broken one."""


@cache
def _library() -> Any:
    """libopus with its signatures, or None."""
    for path in _places():
        try:
            library = ctypes.CDLL(path)
            _declare(library)
        except (OSError, AttributeError):
            continue
        return library
    return None


def _places() -> list[str]:
    spec = importlib.util.find_spec("av")
    folders = []
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        folders = [package.parent / "av.libs", package / ".dylibs"]
    found = [str(path) for folder in folders for path in sorted(folder.glob("libopus[-.]*"))]
    system = ctypes.util.find_library("opus") if not found else None
    return [*found, system] if system else found


def _declare(library: Any) -> None:
    pointer, integer, data = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    # The variadic arguments of ctl stay undeclared: ctypes passes them as the platform wants variadic ones.
    for name, arguments, result in (
        ("opus_encoder_get_size", [integer], integer),
        ("opus_encoder_init", [pointer, integer, integer, integer], integer),
        ("opus_encoder_ctl", [pointer, integer], integer),
        ("opus_encode", [pointer, pointer, integer, pointer, ctypes.c_int32], ctypes.c_int32),
        ("opus_decoder_get_size", [integer], integer),
        ("opus_decoder_init", [pointer, integer, integer], integer),
        ("opus_decoder_ctl", [pointer, integer], integer),
        ("opus_decode", [pointer, data, ctypes.c_int32, pointer, integer, integer], integer),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result


def available() -> bool:
    """Whether a libopus was found."""
    return _library() is not None


class OpusEncoder:
    """One outgoing stream of 20 ms frames. Low complexity, with in-band forward error correction."""

    __slots__ = ("_library", "_out", "_state")

    def __init__(self) -> None:
        """Raises OpusError when there is no libopus."""
        self._library = _found()
        self._state = ctypes.create_string_buffer(self._library.opus_encoder_get_size(1))
        _check(self._library.opus_encoder_init(self._state, SAMPLE_RATE, 1, _VOIP))
        for setting, value in (
            (_SET_BITRATE, BIT_RATE),
            (_SET_COMPLEXITY, COMPLEXITY),
            (_SET_INBAND_FEC, 1),
            (_SET_PACKET_LOSS_PERC, EXPECTED_LOSS_PERCENT),
        ):
            _check(self._library.opus_encoder_ctl(self._state, setting, ctypes.c_int(value)))
        self._out = ctypes.create_string_buffer(MAX_BYTES)

    def encode(self, samples: Samples) -> bytes:
        """The packet for one frame of 160 contiguous samples."""
        length = self._library.opus_encode(self._state, samples.ctypes.data, FRAME_SAMPLES, self._out, MAX_BYTES)
        if length < 0:
            raise OpusError(f"libopus error {length}")
        return self._out.raw[:length]


class OpusDecoder:
    """One incoming stream. Packets must come in order; for one that did not come there are `recover` and `conceal`."""

    __slots__ = ("_at", "_library", "_out", "_state")

    def __init__(self) -> None:
        """Raises OpusError when there is no libopus."""
        self._library = _found()
        self._state = ctypes.create_string_buffer(self._library.opus_decoder_get_size(1))
        _check(self._library.opus_decoder_init(self._state, SAMPLE_RATE, 1))
        self._out: Samples = np.zeros(MAX_SAMPLES, np.int16)
        self._at = self._out.ctypes.data

    def decode(self, packet: bytes) -> Samples:
        """The packet's samples, 20 to 960 of them. Raises OpusError."""
        return self._run(packet, MAX_SAMPLES, 0)

    def recover(self, following: bytes, samples: int) -> Samples:
        """The last `samples` before `following`, from the copy that it carries (FEC), else concealed."""
        return self._run(following, samples, 1)

    def conceal(self, samples: int) -> Samples:
        """The waveform carried on over a lost packet of `samples` (a multiple of 20)."""
        return self._run(None, samples, 0)

    def reset(self) -> None:
        """Another stream begins."""
        _check(self._library.opus_decoder_ctl(self._state, _RESET_STATE))

    def _run(self, packet: bytes | None, samples: int, fec: int) -> Samples:
        length = 0 if packet is None else len(packet)
        count = self._library.opus_decode(self._state, packet, length, self._at, samples, fec)
        if count < 0:
            raise OpusError(f"libopus error {count}")
        return self._out[:count].copy()


def _found() -> Any:
    library = _library()
    if library is None:
        raise OpusError("no libopus was found")
    return library


def _check(status: int) -> None:
    if status != _OK:
        raise OpusError(f"libopus error {status}")
