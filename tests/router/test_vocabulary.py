"""The words."""

import pytest

from router.vocabulary import Medium, Requirement


def test_requirements_sort_and_do_not_change() -> None:
    first = Requirement("a", 3)
    assert sorted([Requirement("b"), first]) == [first, Requirement("b", 1)]
    with pytest.raises(AttributeError):
        first.minimum = 2  # type: ignore[misc]


def test_words_are_the_strings_that_travel() -> None:
    assert Medium("voice") is Medium.VOICE
    assert f"{Medium.VOICE}" == "voice"
