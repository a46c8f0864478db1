import numpy as np
import pytest

from media import codecs
from media.codecs import CodecName

BOTH: list[CodecName] = ["PCMU", "PCMA"]
EVERY = np.arange(-32768, 32768, dtype=np.int16)


@pytest.mark.parametrize(
    ("codec", "known"),
    [
        # ITU-T G.711 tables 1 and 2, at the ends of segments and around zero.
        ("PCMU", {0x00: -32124, 0x80: 32124, 0xFF: 0, 0x7F: 0, 0xFE: 8, 0x8F: 16764, 0xF0: 120}),
        ("PCMA", {0x2A: -32256, 0xAA: 32256, 0xD5: 8, 0x55: -8, 0xC5: 264, 0x80: 5504}),
    ],
)
def test_decoding_follows_the_standard(codec: CodecName, known: dict[int, int]) -> None:
    for byte, sample in known.items():
        assert codecs.decode(codec, bytes((byte,)))[0] == sample


@pytest.mark.parametrize("codec", BOTH)
def test_every_code_survives_a_round_trip(codec: CodecName) -> None:
    every = bytes(range(256))
    back = codecs.encode(codec, codecs.decode(codec, every))
    # The two codes of zero in µ-law are one sample.
    assert [b for a, b in zip(every, back, strict=True) if a != b] == ([0xFF] if codec == "PCMU" else [])


@pytest.mark.parametrize("codec", BOTH)
def test_encoding_is_monotonic_and_close(codec: CodecName) -> None:
    decoded = codecs.decode(codec, codecs.encode(codec, EVERY)).astype(np.int32)
    assert (np.diff(decoded) >= 0).all()
    error, loudness = np.abs(decoded - EVERY), np.abs(EVERY.astype(np.int32))
    loudest = loudness > 32_635  # µ-law has nothing louder
    # Half a step: a sixteenth of the segment's start, halved, and the smallest step is 8 (µ) or 16 (A).
    assert (error <= np.maximum(loudness / 32 + 5, 16))[~loudest].all()
    assert error[loudest].max() <= 644


@pytest.mark.parametrize("codec", BOTH)
def test_silence_is_next_to_zero(codec: CodecName) -> None:
    assert len(codecs.silence(codec, 160)) == 160
    assert abs(int(codecs.decode(codec, codecs.silence(codec, 1))[0])) <= 8
    assert codecs.encode(codec, np.zeros(1, dtype=np.int16))[0] == codecs.SILENCE[codec]


def test_tables_translate_codec_and_gain() -> None:
    assert codecs.table("PCMU", "PCMU", 1.0) is None
    sound = codecs.encode("PCMU", np.array([1000, -1000, 20000], dtype=np.int16))
    table = codecs.table("PCMU", "PCMA", 1.0)
    assert table is not None
    assert np.allclose(codecs.decode("PCMA", sound.translate(table)), [1000, -1000, 20000], rtol=0.06)
    louder = codecs.table("PCMU", "PCMU", 4.0)
    assert louder is not None
    samples = codecs.decode("PCMU", sound.translate(louder))
    assert np.allclose(samples[:2], [4000, -4000], rtol=0.06)
    assert samples[2] > 31000
