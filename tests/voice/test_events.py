"""Events and commands of a call: facts that do not change, and nothing that is both."""

from typing import get_args

import pytest

from voice.events import CallCommand, CallEvent, DigitPressed


def test_no_class_is_event_and_command() -> None:
    assert not set(get_args(CallEvent)) & set(get_args(CallCommand))


def test_a_fact_does_not_change() -> None:
    with pytest.raises(AttributeError):
        DigitPressed("1").digit = "2"  # type: ignore[misc]


def test_everything_is_slotted_so_that_a_misspelt_name_is_noticed() -> None:
    for kind in (*get_args(CallEvent), *get_args(CallCommand)):
        assert "__slots__" in vars(kind), kind
