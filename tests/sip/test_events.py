"""The union names every event, and events are values."""

import inspect
from typing import get_args

import pytest
from msgspec import Struct

from sip import events
from sip.events import CallCancelled, SipEvent


def test_the_union_is_complete() -> None:
    classes = {c for _, c in inspect.getmembers(events, inspect.isclass) if issubclass(c, Struct) and c is not Struct}
    assert classes == set(get_args(SipEvent))


def test_events_cannot_be_changed() -> None:
    event = CallCancelled("c")
    with pytest.raises(AttributeError):
        event.call = "d"  # type: ignore[misc]
