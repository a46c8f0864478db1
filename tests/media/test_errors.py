from media.errors import MediaError


def test_reason_is_for_programs_and_the_text_for_people() -> None:
    error = MediaError("unknown_leg", "leg 7")
    assert (error.reason, error.detail, str(error)) == ("unknown_leg", "leg 7", "unknown_leg: leg 7")
    assert str(MediaError("worker_lost")) == "worker_lost"
