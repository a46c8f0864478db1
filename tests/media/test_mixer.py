import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from media import mixer
from media.codecs import Samples


def frame(value: int) -> Samples:
    return np.full(160, value, dtype=np.int16)


def test_gains_are_applied_and_added() -> None:
    mixed = mixer.mix([(frame(1000), 1.0), (frame(-400), 0.5), (frame(10), 2.0)])
    assert mixed.dtype == np.int16
    assert (mixed == 820).all()


def test_loud_sums_saturate() -> None:
    assert (mixer.mix([(frame(30000), 1.0), (frame(30000), 1.0)]) == 32767).all()
    assert (mixer.mix([(frame(-30000), 1.0), (frame(-30000), 1.0)]) == -32768).all()


@given(st.lists(st.tuples(st.integers(-32768, 32767), st.floats(0, 4)), min_size=1, max_size=6))
def test_a_mix_is_the_clipped_sum(parts: list[tuple[int, float]]) -> None:
    mixed = mixer.mix([(frame(value), gain) for value, gain in parts])
    expected = min(32767, max(-32768, sum(value * gain for value, gain in parts)))
    assert abs(int(mixed[0]) - expected) <= 1


def test_sources_are_not_changed() -> None:
    source = frame(5)
    mixer.mix([(source, 1.0), (frame(7), 1.0)])
    assert (source == 5).all()


def test_supervision_is_cells_of_the_matrix() -> None:
    call = mixer.conference(("caller", "agent"))
    listen = call | {("caller", "boss"): 1.0, ("agent", "boss"): 1.0}
    whisper = listen | {("boss", "agent"): 0.8}
    barge = whisper | {("boss", "caller"): 1.0}
    assert mixer.sources_of(call) == {"agent": [("caller", 1.0)], "caller": [("agent", 1.0)]}
    assert mixer.sources_of(listen)["caller"] == [("agent", 1.0)]
    assert mixer.sources_of(whisper)["agent"] == [("boss", 0.8), ("caller", 1.0)]
    assert mixer.sources_of(whisper)["caller"] == [("agent", 1.0)]
    assert mixer.sources_of(barge)["caller"] == [("agent", 1.0), ("boss", 1.0)]
    assert mixer.sources_of({("a", "b"): 0.0}) == {}
    assert mixer.sources_of({("a", "a"): 1.0}) == {"a": [("a", 1.0)]}, "an echo, where the matrix says so"
