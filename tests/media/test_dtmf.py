import random

import pytest

from media.dtmf import DIGITS, DtmfReceiver, schedule
from media.rtp import FRAME_US

Packet = tuple[int, int, bytes]
"""(arrival, timestamp, payload)"""


def pressed(digits: str, duration_ms: int = 100, gap_ms: int = 60, start: int = 0) -> list[Packet]:
    packets: list[Packet] = []
    timestamp = 0
    for tick, frame in enumerate(schedule(digits, duration_ms, gap_ms)):
        if frame is not None:
            if frame.first:
                timestamp = tick * 160
            packets.append((start + tick * FRAME_US, timestamp, frame.payload))
    return packets


def received(packets: list[Packet]) -> str:
    receiver = DtmfReceiver()
    found = [receiver.receive(timestamp, payload, at) for at, timestamp, payload in packets]
    return "".join(digit for digit in found if digit)


def test_every_digit_is_reported_once_at_its_first_packet() -> None:
    packets = pressed(DIGITS)
    assert received(packets) == DIGITS
    receiver = DtmfReceiver()
    at, timestamp, payload = packets[0]
    assert receiver.receive(timestamp, payload, at) == "0"


def test_the_same_digit_twice_quickly_is_two() -> None:
    assert received(pressed("1122", 40, 20)) == "1122"


@pytest.mark.parametrize("seed", range(20))
def test_loss_duplication_and_reordering(seed: int) -> None:
    rng = random.Random(seed)
    digits = "".join(rng.choice(DIGITS) for _ in range(12))
    packets = pressed(digits)
    by_press: dict[int, list[Packet]] = {}
    for packet in packets:
        by_press.setdefault(packet[1], []).append(packet)
    kept: list[Packet] = []
    for press in by_press.values():
        kept += rng.sample(press, rng.randint(1, len(press)))
        kept.append(rng.choice(kept))
    shaken = sorted((at + rng.randrange(50_000), timestamp, payload) for at, timestamp, payload in kept)
    # Reordering here stays inside the pause between presses; across it the next test.
    assert received(shaken) == digits


def test_late_packets_of_the_press_before_are_ignored() -> None:
    packets = pressed("12", gap_ms=60)
    late = [(packets[-1][0] + 1, packets[0][1], packets[0][2])]
    assert received(packets + late) == "12"


@pytest.mark.parametrize("lost", ["start", "end", "all but one"])
def test_lost_start_and_lost_end(lost: str) -> None:
    first, second = pressed("5"), pressed("5", start=200_000)
    second = [(at, timestamp + 1600, payload) for at, timestamp, payload in second]
    match lost:
        case "start":
            first = first[3:]
        case "end":
            first = first[:3]
        case _:
            first = first[4:5]
    assert received(first + second) == "55"


def test_a_long_press_in_two_segments_is_one_digit() -> None:
    packets: list[Packet] = []
    for tick in range(1, 600):
        segment, duration = divmod(tick * 160, 0xFFFF)
        packets.append((tick * FRAME_US, segment * 0xFFFF, bytes((5, 10)) + duration.to_bytes(2, "big")))
    assert received(packets) == "5"


def test_a_replayed_recording_is_a_new_press() -> None:
    packets = pressed("7")
    again = [(at + 1_000_000, timestamp, payload) for at, timestamp, payload in packets]
    assert received(packets + again) == "77"
    earlier = [(at + 2_000_000, timestamp - 5000 & 0xFFFFFFFF, payload) for at, timestamp, payload in packets]
    assert received(packets + again + earlier) == "777"


def test_a_sender_that_stalls_within_a_press_has_pressed_once() -> None:
    packets = pressed("7")
    late = [
        (at + 500_000 * (number > 2), timestamp, payload) for number, (at, timestamp, payload) in enumerate(packets)
    ]
    assert received(late) == "7"


def test_other_events_and_short_payloads_are_no_digits() -> None:
    assert received([(0, 0, bytes((16, 10, 0, 160))), (1, 1, b"\1\2\3"), (2, 2, b"")]) == ""


def test_the_schedule_has_one_packet_a_tick_and_three_ends() -> None:
    frames = schedule("3", 100, 60)
    assert len(frames) == 5 + 3
    sent = [frame for frame in frames if frame is not None]
    assert [frame.first for frame in sent] == [True] + [False] * 6
    assert [int.from_bytes(frame.payload[2:], "big") for frame in sent] == [160, 320, 480, 640, 800, 800, 800]
    assert [frame.payload[1] >> 7 for frame in sent] == [0] * 4 + [1] * 3
    assert frames[-1] is None


@pytest.mark.parametrize(("digits", "duration"), [("1x", 100), ("1", 20), ("1", 9000)])
def test_what_cannot_be_sent_is_refused(digits: str, duration: int) -> None:
    with pytest.raises(ValueError, match="digit"):
        schedule(digits, duration)
