import dataclasses

import pytest

from media.events import MediaEvent


def test_an_event_is_a_value() -> None:
    event = MediaEvent("digit", "a", digit="5")
    assert event == MediaEvent("digit", "a", digit="5")
    assert (event.play_id, event.reason, event.duration_ms) == (None, None, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.digit = "6"  # type: ignore[misc]
