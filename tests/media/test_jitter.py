import random

from media.jitter import CAPACITY, JitterBuffer
from media.rtp import FRAME_US

FILL = 0xFF


def payload(timestamp: int, length: int = 160) -> bytes:
    """Bytes that tell their own timestamp and are never the fill byte."""
    return bytes((timestamp + n) // 160 % 200 for n in range(length))


def play(arrivals: list[tuple[int, int]], until: int, phase: int = 12_000) -> tuple[bytes, JitterBuffer]:
    """Push (arrival, timestamp) packets and pull every 20 ms; returns all that was played."""
    buffer = JitterBuffer(FILL)
    queue = sorted(arrivals)
    played = bytearray()
    for tick in range(phase, until, FRAME_US):
        while queue and queue[0][0] <= tick:
            arrival, timestamp = queue.pop(0)
            buffer.push(1, timestamp & 0xFFFFFFFF, payload(timestamp), arrival)
        played += buffer.pull(tick) or b""
    return bytes(played), buffer


def steady(count: int, start: int = 0) -> list[tuple[int, int]]:
    return [(n * FRAME_US, start + n * 160) for n in range(count)]


def sound(count: int, start: int = 0) -> bytes:
    return b"".join(payload(start + n * 160) for n in range(count))


def test_a_steady_stream_is_played_whole_within_twenty_milliseconds() -> None:
    for phase in (1_000, 9_000, 19_000):
        played, buffer = play(steady(100), 100 * FRAME_US, phase)
        assert played.lstrip(bytes((FILL,))) == sound(100)[: len(played.lstrip(bytes((FILL,))))]
        assert len(played) >= 98 * 160
        assert buffer.late == 0
        assert buffer.delay_us(99 * FRAME_US + phase) <= 20_000


def test_reordering_and_duplicates_within_the_slack_change_nothing() -> None:
    arrivals = steady(50)
    arrivals += [(at + 3_000, timestamp) for at, timestamp in arrivals[10:20]]
    # Two packets come 8 ms late, behind their followers.
    arrivals[30] = (arrivals[31][0] + 100, arrivals[30][1])
    played, buffer = play(arrivals, 50 * FRAME_US, 19_000)
    heard = played.replace(bytes((FILL,)), b"")
    assert heard[: 160 * 29] == sound(29)
    assert buffer.late <= 1


def test_loss_is_silence_of_the_same_length() -> None:
    arrivals = steady(20)
    del arrivals[7]
    played, _ = play(arrivals, 20 * FRAME_US)
    assert played[7 * 160 : 8 * 160] == bytes((FILL,)) * 160
    assert played[8 * 160 : 9 * 160] == payload(8 * 160)


def test_lateness_moves_the_play_out_point_back_and_calm_forward_again() -> None:
    arrivals = steady(20)
    # From the 20th packet on everything is 30 ms later.
    arrivals += [(n * FRAME_US + 30_000, n * 160) for n in range(20, 100)]
    played, buffer = play(arrivals, 100 * FRAME_US)
    assert buffer.late >= 1
    # After the adaptation nothing is missing any more.
    assert bytes((FILL,)) not in played[40 * 160 : 95 * 160]
    deep = buffer.delay_us(99 * FRAME_US + 12_000)
    early = arrivals + [(n * FRAME_US, n * 160) for n in range(102, 1500)]
    played, buffer = play(early, 1500 * FRAME_US)
    assert buffer.delay_us(1499 * FRAME_US + 12_000) <= 25_000
    assert deep <= 40_000 + 20_000
    assert bytes((FILL,)) not in played[200 * 160 : -160]


def test_wrap_of_timestamp_is_seamless() -> None:
    start = 2**32 - 10 * 160
    played, buffer = play(steady(30, start), 30 * FRAME_US)
    assert buffer.resyncs == 1
    assert played == sound(30, start)


def test_a_jump_and_a_new_ssrc_begin_again() -> None:
    buffer = JitterBuffer(FILL)
    buffer.push(1, 1000, payload(1000), 0)
    assert buffer.pull(15_000) == payload(1000)
    buffer.push(1, 5_000_000, payload(5_000_000), 20_000)
    assert buffer.pull(35_000) == payload(5_000_000)
    buffer.push(2, 77, payload(77), 40_000)
    assert buffer.pull(55_000) == payload(77)
    assert buffer.resyncs == 3


def test_silence_for_a_while_is_none_and_the_next_packet_starts_afresh() -> None:
    buffer = JitterBuffer(FILL)
    assert buffer.pull(0) is None
    buffer.push(1, 0, payload(0), 1_000)
    assert buffer.pull(15_000) is not None
    assert buffer.pull(300_000) is None
    buffer.push(1, 160, payload(160), 5_000_000)
    assert buffer.pull(5_015_000) == payload(160)


def test_packets_of_other_lengths_fit() -> None:
    buffer = JitterBuffer(FILL)
    buffer.push(1, 0, payload(0, 480), 0)
    for n in range(3):
        assert buffer.pull(15_000 + n * FRAME_US) == payload(n * 160)
    buffer.push(1, 480, b"x" * (CAPACITY * 2), 60_000)
    assert len(buffer.pull(75_000) or b"") == 160


def test_any_order_of_arrival_keeps_the_ring_in_bounds() -> None:
    rng = random.Random(5)
    buffer = JitterBuffer(FILL)
    for n in range(3000):
        timestamp = rng.choice((n * 160, rng.getrandbits(32), n * 160 - 4000)) & 0xFFFFFFFF
        buffer.push(rng.randrange(2), timestamp, bytes(rng.randrange(400)), n * 7_000)
        assert len(buffer.pull(n * 7_000 + 3_000) or bytes(160)) == 160
        assert len(buffer._ring) == CAPACITY
