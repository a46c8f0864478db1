import struct

from hypothesis import given
from hypothesis import strategies as st

from media import rtp


@given(
    st.integers(0, 63),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=300),
    st.booleans(),
)
def test_what_is_built_is_parsed(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool
) -> None:
    data = rtp.build(payload_type, sequence, timestamp, ssrc, payload, marker=marker)
    assert rtp.parse(data) == rtp.RtpPacket(payload_type, marker, sequence, timestamp, ssrc, payload)


@given(st.binary(max_size=80))
def test_garbage_never_raises(data: bytes) -> None:
    packet = rtp.parse(data)
    assert packet is None or len(packet.payload) <= len(data) - 12


def test_contributors_extension_and_padding_are_no_payload() -> None:
    header = struct.pack("!BBHII", 0x80 | 0x20 | 0x10 | 2, 0, 1, 2, 3)
    extension = struct.pack("!HH", 0xBEDE, 1) + b"abcd"
    data = header + b"\0" * 8 + extension + b"sound" + b"\0\0\x03"
    packet = rtp.parse(data)
    assert packet is not None
    assert packet.payload == b"sound"


def test_truncated_and_foreign_packets_are_refused() -> None:
    good = rtp.build(0, 1, 2, 3, b"x")
    assert rtp.parse(good[:11]) is None
    assert rtp.parse(b"\x40" + good[1:]) is None
    assert rtp.parse(bytes((0x8F,)) + good[1:]) is None  # 15 contributors that are not there
    assert rtp.parse(bytes((0x90,)) + good[1:]) is None  # an extension that is not there
    assert rtp.parse(bytes((0xA0,)) + good[1:-1] + b"\0") is None  # padding of length 0
    assert rtp.parse(bytes((0xA0,)) + good[1:-1] + b"\xff") is None  # more padding than packet
    report = rtp.build_sender_report(1, 2, 3, 4, 5)
    assert len(report) == 28
    assert rtp.parse(report) is None


@given(st.integers(0, 0xFFFF), st.integers(-32768, 32767))
def test_sequence_distance_across_the_wrap(old: int, delta: int) -> None:
    assert rtp.sequence_delta((old + delta) & 0xFFFF, old) == delta


@given(st.integers(0, 0xFFFFFFFF), st.integers(-(2**31), 2**31 - 1))
def test_timestamp_distance_across_the_wrap(old: int, delta: int) -> None:
    assert rtp.timestamp_delta((old + delta) & 0xFFFFFFFF, old) == delta


def packet(sequence: int, ssrc: int = 1) -> rtp.RtpPacket:
    return rtp.RtpPacket(0, False, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc, b"")


def test_loss_is_counted_across_the_wrap_and_a_change_of_ssrc() -> None:
    reception = rtp.Reception()
    assert reception.lost == 0
    for n in range(65_500, 65_600):
        if n % 10:
            reception.update(packet(n), n * 20_000)
    # The first number of the span, 65500, was lost before anything was heard of it.
    assert reception.lost == 9
    for n in range(10):
        reception.update(packet(n, ssrc=2), (70_000 + n) * 20_000)
    assert reception.lost == 9
    assert reception.packets == 100


def test_reordering_is_no_loss_and_jitter_follows_arrival() -> None:
    steady, shaken = rtp.Reception(), rtp.Reception()
    for n in range(200):
        steady.update(packet(n), n * 20_000)
        swapped = n ^ 1
        shaken.update(packet(swapped), n * 20_000)
    assert (steady.lost, steady.jitter_ms) == (0, 0.0)
    assert shaken.lost == 0
    # Each arrival is 20 ms off the one before it in transit, every other one 40.
    assert 15 < shaken.jitter_ms < 41
