from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media.outstream import OutStream, Stamp
from media.rtp import sequence_delta, timestamp_delta


def stream() -> OutStream:
    return OutStream(7, 65_530, 4_294_967_000, 0)


def check_continuous(stamps: list[Stamp]) -> None:
    for before, after in pairwise(stamps):
        assert sequence_delta(after.sequence, before.sequence) == 1
        assert timestamp_delta(after.timestamp, before.timestamp) >= 160


def test_ticks_pass_through_and_ticks_again_are_one_stream() -> None:
    out = stream()
    stamps = [out.tick(n * 20_000) for n in range(20)]
    for n in range(20):
        stamp = out.forward("a", 99, 500 + n, 1_000_000 + 160 * n, False, 400_000 + n * 20_000)
        assert stamp is not None
        stamps.append(stamp)
    stamps += [out.tick(800_000 + n * 20_000) for n in range(20)]
    check_continuous(stamps)
    assert [n for n, stamp in enumerate(stamps) if stamp.marker] == [0, 20, 40]
    # Timestamps follow the clock over the changes.
    assert timestamp_delta(stamps[-1].timestamp, stamps[0].timestamp) == 59 * 160


def test_a_pause_moves_the_timestamp_by_the_clock_and_sets_the_marker() -> None:
    out = stream()
    first = out.forward("a", 1, 1, 1000, False, 0)
    out.tick(20_000)
    later = out.forward("b", 2, 9, 77, False, 1_020_000)
    assert first is not None
    assert later is not None
    assert later.marker
    assert 7900 < timestamp_delta(later.timestamp, first.timestamp) < 8400


def test_loss_and_order_of_the_source_stay_visible_and_duplicates_go() -> None:
    out = stream()
    numbers = [10, 11, 13, 12, 13, 15, 11]
    stamps = [out.forward("a", 1, n, n * 160, False, n * 20_000) for n in numbers]
    first = stamps[0]
    assert first is not None
    offsets = [None if s is None else sequence_delta(s.sequence, first.sequence) for s in stamps]
    assert offsets == [0, 1, 3, 2, None, 5, None]


def test_packets_from_before_the_change_are_left_out() -> None:
    out = stream()
    assert out.forward("a", 1, 100, 16_000, False, 0) is not None
    assert out.forward("a", 1, 99, 15_840, False, 1_000) is None


def test_a_jump_of_the_source_clock_does_not_reach_the_listener() -> None:
    out = stream()
    first = out.forward("a", 1, 1, 0, False, 0)
    second = out.forward("a", 1, 2, 3_000_000, False, 20_000)
    assert first is not None
    assert second is not None
    assert timestamp_delta(second.timestamp, first.timestamp) == 160
    assert second.marker


def test_events_of_another_ssrc_are_inserted_with_one_timestamp_a_press() -> None:
    out = stream()
    stamps = []
    for n in range(3):
        stamp = out.forward("a", 1, n, n * 160, False, n * 20_000)
        event = out.forward_event("a", 2, 900 + n, 5555, n == 0, n * 20_000)
        assert stamp is not None
        assert event is not None
        stamps += [stamp, event]
    assert [sequence_delta(b.sequence, a.sequence) for a, b in pairwise(stamps)] == [1] * 5
    assert len({stamp.timestamp for stamp in stamps[1::2]}) == 1
    again = out.forward_event("a", 2, 950, 5555, False, 900_000)
    assert again is not None
    assert again.timestamp != stamps[1].timestamp
    assert again.marker


def test_events_inside_the_audio_stream_keep_its_offsets() -> None:
    out = stream()
    audio = out.forward("a", 1, 10, 1600, False, 0)
    event = out.forward_event("a", 1, 11, 1760, True, 20_000)
    assert audio is not None
    assert event is not None
    assert (sequence_delta(event.sequence, audio.sequence), event.timestamp) == (
        1,
        (audio.timestamp + 160) & 0xFFFFFFFF,
    )


def test_skipped_frames_take_time() -> None:
    out = stream()
    first = out.tick(0)
    out.skip(10)
    assert timestamp_delta(out.tick(220_000).timestamp, first.timestamp) == 11 * 160


@given(
    st.lists(
        st.tuples(st.sampled_from(["tick", "a", "b", "event"]), st.integers(-3, 5), st.integers(0, 100_000)),
        max_size=80,
    )
)
def test_no_number_is_ever_given_twice(steps: list[tuple[str, int, int]]) -> None:
    out = stream()
    given_out: list[int] = []
    position = {"a": 100, "b": 40_000, "event": 5}
    now = 0
    for kind, move, pause in steps:
        now += pause
        if kind == "tick":
            given_out.append(out.tick(now).sequence)
            continue
        position[kind] = max(0, position[kind] + move)
        method = out.forward_event if kind == "event" else out.forward
        stamp = method(kind, 1, position[kind], position[kind] * 160, False, now)
        if stamp is not None:
            given_out.append(stamp.sequence)
    assert len(given_out) == len(set(given_out))
