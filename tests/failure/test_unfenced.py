"""What the unfenced variant takes out is in the library, and nothing else changes."""

from dataclasses import replace

import pytest

from store.library import library
from tests.failure.unfenced import CHECKS, unfenced


def test_every_check_is_taken_out() -> None:
    made = unfenced(library())
    assert made.name == "jackfield_unfenced"
    assert library().suffix not in made.source
    assert not [check for check in CHECKS if check in made.source]


def test_a_check_that_is_not_there_is_noticed() -> None:
    with pytest.raises(ValueError, match="0 times"):
        unfenced(replace(library(), source=""))
