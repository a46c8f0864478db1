"""Numbers in words, against a list written by hand."""

import pytest

from ivr.speech import digits_prompts, place_prompts, speech_prompts, wait_prompts

PLACES = {
    ("en", 1): "digit-1",
    ("en", 10): "number-10",
    ("en", 17): "number-17",
    ("en", 20): "number-20",
    ("en", 42): "number-40 digit-2",
    ("en", 99): "number-90 digit-9",
    ("zh", 2): "digit-2",
    ("zh", 10): "number-10",
    ("zh", 15): "number-10 digit-5",
    ("zh", 20): "digit-2 number-10",
    ("zh", 42): "digit-4 number-10 digit-2",
}


@pytest.mark.parametrize(("language", "place"), PLACES)
def test_a_place_is_composed(language: str, place: int) -> None:
    words = PLACES[language, place].split()
    expected = [f"{language}/{word}" for word in ("place-before", *words, "place-after")]
    assert list(place_prompts(language, place)) == expected


def test_all_places_differ() -> None:
    for language in ("en", "zh"):
        assert len({place_prompts(language, place) for place in range(1, 100)}) == 99


def test_places_beyond_the_words_and_below_one() -> None:
    assert place_prompts("en", 100) == ("en/place-many",)
    with pytest.raises(ValueError, match="counts from 1"):
        place_prompts("en", 0)


def test_digits() -> None:
    assert digits_prompts("zh", "70*#") == ("zh/digit-7", "zh/digit-0", "zh/digit-star", "zh/digit-hash")


def test_speech_prompts_covers_both() -> None:
    needed = speech_prompts("en")
    assert {"en/digit-0", "en/digit-hash", "en/number-90", "en/place-many"} <= needed
    assert "en/number-1" not in needed


@pytest.mark.parametrize(
    ("language", "seconds", "words"),
    [
        ("en", 0, "wait-one"),
        ("en", 60, "wait-one"),
        ("en", 61, "digit-2 wait-after"),
        ("en", 42 * 60, "number-40 digit-2 wait-after"),
        ("zh", 61, "wait-two"),
        ("zh", 22 * 60, "digit-2 number-10 digit-2 wait-after"),
        ("zh", 12 * 60, "number-10 digit-2 wait-after"),
    ],
)
def test_a_wait_is_told_in_minutes_rounded_up(language: str, seconds: int, words: str) -> None:
    expected = tuple(f"{language}/{word}" for word in ["wait-before", *words.split()])
    assert wait_prompts(language, seconds * 1_000_000) == expected


def test_more_than_an_hour_is_not_told() -> None:
    assert wait_prompts("en", 3_600_000_000)
    assert wait_prompts("en", 3_600_000_001) == ()
