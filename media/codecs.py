"""G.711 by lookup tables: one byte a sample at 8 kHz (ITU-T G.711).

Decoding is one numpy index into 256 entries, encoding one into 65,536. Because a coded sample is one byte,
any change of codec or gain of a single stream is one `bytes.translate` with a 256-byte table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

CodecName = Literal["PCMU", "PCMA"]
Samples = npt.NDArray[np.int16]
"""Linear 16-bit samples at 8 kHz, shape (n,)."""

SILENCE: Final[dict[CodecName, int]] = {"PCMU": 0xFF, "PCMA": 0xD5}
"""The coded byte of a zero sample."""


def _ulaw_decode_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_decode_table() -> Samples:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    low = ((code & 0x0F) << 4) + 8
    magnitude = np.where(segment == 0, low, (low + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_encode_table() -> npt.NDArray[np.uint8]:
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(samples), 32635) + 0x84
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    code: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return code


def _alaw_encode_table() -> npt.NDArray[np.uint8]:
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 3
    mask = np.where(samples >= 0, 0xD5, 0x55)
    magnitude = np.where(samples >= 0, samples, -samples - 1)
    segment = np.searchsorted(np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF]), magnitude)
    mantissa = (magnitude >> np.maximum(segment, 1)) & 0x0F
    code: npt.NDArray[np.uint8] = (((segment << 4) | mantissa) ^ mask).astype(np.uint8)
    return code


_DECODE: Final[dict[CodecName, Samples]] = {"PCMU": _ulaw_decode_table(), "PCMA": _alaw_decode_table()}
_ENCODE: Final[dict[CodecName, npt.NDArray[np.uint8]]] = {
    "PCMU": _ulaw_encode_table(),
    "PCMA": _alaw_encode_table(),
}


def decode(codec: CodecName, coded: bytes | bytearray) -> Samples:
    """Linear samples of coded bytes, one each."""
    return _DECODE[codec][np.frombuffer(coded, dtype=np.uint8)]


def encode(codec: CodecName, samples: Samples) -> bytes:
    """Coded bytes of linear samples, one each."""
    return _ENCODE[codec][samples.view(np.uint16)].tobytes()


def silence(codec: CodecName, samples: int) -> bytes:
    """`samples` coded zero samples."""
    return bytes((SILENCE[codec],)) * samples


@lru_cache(maxsize=1024)
def table(source: CodecName, target: CodecName, gain: float) -> bytes | None:
    """The `bytes.translate` table from `source` at a linear gain to `target`; None when it changes nothing."""
    if source == target and gain == 1.0:
        return None
    scaled = np.clip(np.rint(_DECODE[source] * gain), -32768, 32767).astype(np.int16)
    return encode(target, scaled)
