"""The border between Opus and PCMU: clocks, sequences, losses, digits."""

import itertools
import struct

import numpy as np
import pytest

from media import codecs, rtp
from media.opus_edge import OpusEdge
from tests import audio

OPUS, EVENT = 111, 110
TONE = audio.tone(1000, seconds=1)


def coded(sound: audio.Sound = TONE) -> list[bytes]:
    """The sound as a browser would send it: Opus at 48 kHz clock, sequence and clock about to wrap."""
    edge = OpusEdge(OPUS, EVENT)
    payload = codecs.encode("PCMU", sound)
    built = []
    for number in range(len(payload) // 160):
        piece = payload[number * 160 : number * 160 + 160]
        start = (1 << 32) // 6 - 1600  # the product with 6 wraps after ten packets
        built += edge.outward(rtp.build(OPUS, number, start + number * 160, 7, piece))
    return [renumbered(packet, 65530) for packet in built]


def renumbered(packet: bytes, by: int) -> bytes:
    sequence = (struct.unpack_from("!H", packet, 2)[0] + by) & 0xFFFF
    return packet[:2] + struct.pack("!H", sequence) + packet[4:]


def parsed(packets: list[bytes]) -> list[rtp.RtpPacket]:
    found = [rtp.parse(packet) for packet in packets]
    assert all(found)
    return [packet for packet in found if packet is not None]


def inward(edge: OpusEdge, packets: list[bytes]) -> list[rtp.RtpPacket]:
    return parsed([built for packet in packets for built in edge.inward(packet)])


def sound_of(packets: list[rtp.RtpPacket]) -> audio.Sound:
    return codecs.decode("PCMU", b"".join(packet.payload for packet in packets))


def assert_contiguous(packets: list[rtp.RtpPacket]) -> None:
    for before, after in itertools.pairwise(packets):
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert after.timestamp == (before.timestamp + len(before.payload)) & 0xFFFFFFFF


def test_there_and_back_the_clocks_go_on_over_their_wrap() -> None:
    packets = coded()
    stamps = [packet.timestamp for packet in parsed(packets)]
    assert max(stamps) - min(stamps) > 1 << 31, "the wire clock wrapped"
    assert {(after - before) & 0xFFFFFFFF for before, after in itertools.pairwise(stamps)} == {960}
    heard = inward(OpusEdge(OPUS, EVENT), packets)
    assert len(heard) == 50
    assert_contiguous(heard)
    assert audio.goertzel(sound_of(heard)[2000:], 1000) > 0.15


@pytest.mark.parametrize("missing", [{20}, {20, 21}, {20, 21, 22, 23, 24}, {5, 20, 33}])
def test_lost_packets_are_filled_before_the_engine_sees_the_gap(missing: set[int]) -> None:
    edge = OpusEdge(OPUS, EVENT)
    heard = inward(edge, [packet for number, packet in enumerate(coded()) if number not in missing])
    assert edge.concealed == len(missing)
    assert len(heard) == 50
    assert_contiguous(heard)
    if len(missing) < 5:
        assert audio.longest_gap(sound_of(heard)[2000:]) <= 0.02


def test_a_longer_loss_stays_a_gap() -> None:
    edge = OpusEdge(OPUS, EVENT)
    heard = inward(edge, [packet for number, packet in enumerate(coded()) if not 20 <= number < 26])
    assert edge.concealed == 0
    assert len(heard) == 44


def test_late_packets_and_duplicates_are_left_out() -> None:
    edge = OpusEdge(OPUS, EVENT)
    packets = coded()
    heard = inward(edge, [*packets[:10], packets[11], packets[10], packets[11], *packets[12:]])
    assert (edge.concealed, edge.late) == (1, 2)
    assert_contiguous(heard)


def test_a_pause_is_no_loss() -> None:
    edge = OpusEdge(OPUS, EVENT)
    packets = coded()
    resumed = []
    for packet in packets[20:]:
        stamp = (struct.unpack_from("!I", packet, 4)[0] + 48000) & 0xFFFFFFFF
        resumed.append(packet[:4] + struct.pack("!I", stamp) + packet[8:])
    heard = inward(edge, [*packets[:20], *resumed])
    assert edge.concealed == 0
    assert (heard[20].timestamp - heard[19].timestamp) & 0xFFFFFFFF == 160 + 8000


def test_a_new_source_begins_anew() -> None:
    edge = OpusEdge(OPUS, EVENT)
    inward(edge, coded())
    other = [packet[:8] + b"\0\0\0\x09" + packet[12:] for packet in coded()]
    heard = inward(edge, [renumbered(packet, 300) for packet in other])
    assert len(heard) == 50
    assert edge.concealed == edge.late == 0


def test_nonsense_is_counted_and_passed_over() -> None:
    edge = OpusEdge(OPUS, EVENT)
    packets = coded()
    broken = packets[10][:12] + b"\x03\xff\xff"
    heard = inward(edge, [*packets[:10], broken, *packets[11:]])
    assert edge.broken == 1
    assert len(heard) == 49
    assert edge.inward(b"short") == [b"short"], "the leg counts what is no RTP"


@pytest.mark.parametrize(("rate", "ratio"), [(48000, 6), (8000, 1)])
def test_digits_keep_their_duration_in_both_clocks(rate: int, ratio: int) -> None:
    edge = OpusEdge(OPUS, EVENT, rate)
    payload = struct.pack("!BBH", 5, 0x8A, 800 * ratio)
    [event] = inward(edge, [rtp.build(EVENT, 1, 96000, 7, payload, marker=True)])
    assert struct.unpack("!BBH", event.payload) == (5, 0x8A, 800)
    assert (event.payload_type, event.marker) == (EVENT, True)
    [sent] = parsed(edge.outward(rtp.build(EVENT, 1, 16000, 7, struct.pack("!BBH", 5, 0x8A, 800))))
    assert struct.unpack("!BBH", sent.payload) == (5, 0x8A, 800 * ratio)
    assert sent.timestamp == 96000


def test_digits_between_audio_packets_are_no_loss() -> None:
    edge = OpusEdge(OPUS, EVENT)
    packets = coded()
    event = rtp.build(EVENT, parsed(packets)[10].sequence, 500, 7, struct.pack("!BBH", 5, 10, 960))
    heard = inward(edge, [*packets[:10], event, *[renumbered(packet, 1) for packet in packets[10:]]])
    assert edge.concealed == edge.late == 0
    assert len(heard) == 51


@pytest.mark.parametrize("length", [80, 160, 240, 320, 480])
def test_packets_of_any_length_leave_as_whole_frames(length: int) -> None:
    edge = OpusEdge(OPUS, EVENT)
    payload = codecs.encode("PCMU", TONE)
    sent = []
    for number in range(len(payload) // length):
        piece = payload[number * length : (number + 1) * length]
        sent += edge.outward(rtp.build(OPUS, number, number * length, 7, piece))
    packets = parsed(sent)
    assert len(packets) == len(payload) // length * length // 160
    stamps = [packet.timestamp for packet in packets]
    assert stamps == [number * 960 for number in range(len(packets))]
    assert [packet.sequence for packet in packets] == list(
        range(packets[0].sequence, packets[0].sequence + len(packets))
    )


def test_a_loss_on_the_other_side_is_shown_to_the_browser() -> None:
    edge = OpusEdge(OPUS, EVENT)
    payload = codecs.encode("PCMU", TONE)
    sent = []
    for number in (0, 1, 2, 5, 4, 6):
        sent += edge.outward(rtp.build(OPUS, number, number * 160, 7, payload[number * 160 : number * 160 + 160]))
    first = parsed(sent)[0].sequence
    assert [packet.sequence - first for packet in parsed(sent)] == [0, 1, 2, 5, 6], "number 4 came too late to code"
    assert edge.outward(b"short") == []


def test_silence_stays_silent() -> None:
    heard = inward(OpusEdge(OPUS, EVENT), coded(np.zeros(8000, np.int16)))
    assert audio.level(sound_of(heard)) < 0.001
