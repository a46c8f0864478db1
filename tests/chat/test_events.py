"""Facts and commands of a chat."""

from typing import get_args

from chat import events
from chat.machine import TABLE


def test_each_event_has_a_place_in_the_table() -> None:
    assert {event for _, event in TABLE} == set(get_args(events.ChatEvent))


def test_facts_and_commands_share_no_class() -> None:
    assert set(get_args(events.ChatEvent)).isdisjoint(get_args(events.ChatCommand))
