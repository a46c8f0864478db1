"""libopus at 8 kHz: what comes out is what went in, and what is lost is not missed."""

from pathlib import Path

import numpy as np
import pytest

from media import opus
from media.opus import MAX_BYTES, OpusDecoder, OpusEncoder, OpusError
from tests import audio

FRAME = 160
VOICE = Path(__file__).parents[2] / "config" / "demo" / "prompts" / "en" / "main-menu.wav"


def packets(sound: audio.Sound) -> list[bytes]:
    encoder = OpusEncoder()
    return [encoder.encode(np.ascontiguousarray(sound[at : at + FRAME])) for at in range(0, len(sound), FRAME)]


def test_the_locked_wheel_brings_a_libopus() -> None:
    assert opus.available()


@pytest.mark.parametrize("frequency", [250, 620, 1000, 1330, 2500, 3300])
def test_tones_survive(frequency: float) -> None:
    decoder = OpusDecoder()
    sound = audio.tone(frequency, seconds=1)
    coded = packets(sound)
    heard = np.concatenate([decoder.decode(packet) for packet in coded])
    assert len(heard) == len(sound)
    assert max(len(packet) for packet in coded) < MAX_BYTES
    assert audio.goertzel(heard[4000:], frequency) == pytest.approx(audio.goertzel(sound[4000:], frequency), rel=0.35)
    assert audio.goertzel(heard[4000:], frequency * 0.7) < 0.02


def test_what_is_lost_is_carried_on_and_recovered() -> None:
    sound = audio.tone(440, seconds=1)
    coded = packets(sound)
    decoder = OpusDecoder()
    heard = []
    for number, packet in enumerate(coded):
        if number % 10 in (4, 5) and number > 10:
            if number % 10 == 5:
                heard.append(decoder.conceal(FRAME))
                heard.append(decoder.recover(coded[number + 1], FRAME))
            continue
        heard.append(decoder.decode(packet))
    whole = np.concatenate(heard)
    assert len(whole) == len(sound)
    assert audio.longest_gap(whole[2000:]) < 0.01
    assert audio.goertzel(whole[2000:], 440) > 0.1


def test_forward_error_correction_brings_back_what_a_repetition_can_not() -> None:
    """A voice with every fifth packet lost: the copy in the following packet is nearer to it than a repetition."""
    voice = audio.read_wav(VOICE)[0][:, 0]
    coded = packets(np.ascontiguousarray(voice[: len(voice) // FRAME * FRAME]))
    decoder = OpusDecoder()
    clean = [decoder.decode(packet) for packet in coded]

    def error(recover: bool) -> float:
        decoder = OpusDecoder()
        errors = []
        for number, packet in enumerate(coded[:-1]):
            if number % 5 != 3:
                decoder.decode(packet)
                continue
            filled = decoder.recover(coded[number + 1], FRAME) if recover else decoder.conceal(FRAME)
            if audio.level(clean[number]) > 0.03:
                errors.append(np.linalg.norm(filled.astype(float) - clean[number]) / np.linalg.norm(clean[number]))
        return float(np.median(errors))

    assert error(recover=True) < 0.6 * error(recover=False)


def test_garbage_is_an_error_and_the_decoder_goes_on() -> None:
    decoder = OpusDecoder()
    for garbage in (b"\xff", b"\x03\xff\xff", bytes(range(256)) * 5):
        with pytest.raises(OpusError):
            decoder.decode(garbage)
    assert len(decoder.decode(packets(audio.tone(500, seconds=0.02))[0])) == FRAME
    decoder.reset()


def test_full_band_stereo_packets_are_taken_down_to_our_band() -> None:
    av = pytest.importorskip("av")
    encoder = av.CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate, encoder.bit_rate = "s16", "stereo", 48000, 96000
    sound = audio.tone(1000, seconds=1, rate=48000) + audio.tone(9000, seconds=1, rate=48000)
    decoder = OpusDecoder()
    heard = []
    for at in range(0, len(sound) - 959, 960):
        frame = av.AudioFrame.from_ndarray(np.repeat(sound[at : at + 960], 2).reshape(1, -1), "s16", "stereo")
        frame.sample_rate = 48000
        heard += [decoder.decode(bytes(packet)) for packet in encoder.encode(frame)]
    whole = np.concatenate(heard)
    assert audio.goertzel(whole[2000:], 1000) > 0.15
    assert audio.goertzel(whole[2000:], 1000) > 50 * audio.level(whole[2000:]) - 50 * audio.goertzel(whole[2000:], 1000)


def test_without_a_library_nothing_is_negotiated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_places", lambda: ["/nowhere/libopus.so"])
    opus._library.cache_clear()
    try:
        assert not opus.available()
        with pytest.raises(OpusError):
            OpusEncoder()
    finally:
        monkeypatch.undo()
        opus._library.cache_clear()
