from pathlib import Path

import pytest

from media.clock import monotonic_us
from media.errors import MediaError
from media.events import MediaEvent
from media.leg import Leg
from media.outstream import OutStream
from media.recordings import Recordings


def a_leg(name: str) -> Leg:
    return Leg(name, "rtp", OutStream(1, 1, 1, monotonic_us()), lambda _event: None, monotonic_us())


def count(leg: Leg) -> int:
    return len(leg.recorders)


async def test_a_leg_has_the_recorders_that_are_open(tmp_path: Path) -> None:
    events: list[MediaEvent] = []
    recordings, leg, other = Recordings(events.append), a_leg("a"), a_leg("b")
    one, two = str(tmp_path / "one.wav"), str(tmp_path / "two.wav")
    recordings.begin(leg, one)
    recordings.begin(leg, two)
    recordings.begin(other, str(tmp_path / "three.wav"))
    with pytest.raises(MediaError):
        recordings.begin(leg, one)
    assert count(leg) == 2
    await recordings.end(leg, one)
    assert count(leg) == 1
    assert await recordings.end(leg, one) == 0
    await recordings.end(leg, None)
    assert count(leg) == 0
    assert count(other) == 1
    await recordings.end(other, None)
    await recordings.aclose()
    assert events == []
    assert (tmp_path / "one.wav").stat().st_size >= 44


async def test_muting_is_for_the_recording_that_is_named(tmp_path: Path) -> None:
    recordings, leg = Recordings(lambda _event: None), a_leg("a")
    one, two = str(tmp_path / "one.wav"), str(tmp_path / "two.wav")
    recordings.begin(leg, one)
    recordings.begin(leg, two)
    recordings.mute(leg, two, on=True)
    assert [recorder.muted for recorder in leg.recorders] == [False, True]
    recordings.mute(leg, two, on=False)
    assert not leg.recorders[1].muted
    with pytest.raises(MediaError):
        recordings.mute(leg, str(tmp_path / "none.wav"), on=True)
    await recordings.end(leg, None)
    await recordings.aclose()
