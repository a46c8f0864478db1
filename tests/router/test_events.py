"""Events: all of the contract's kind, and all known to the dispatcher."""

from typing import Any, get_args

import pytest

from router import commands, events
from router.dispatcher import Dispatcher
from router.rows import Changes
from router.vocabulary import Medium
from tests.router.contract import assert_contract_type

EVENTS = get_args(events.Event)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_events_are_contract_types(kind: type[Any]) -> None:
    assert_contract_type(kind)


def test_events_and_commands_share_no_class() -> None:
    assert not {kind.__name__ for kind in EVENTS} & {kind.__name__ for kind in get_args(commands.Command)}


def test_no_event_is_forgotten_in_the_union() -> None:
    defined = {kind for kind in vars(events).values() if getattr(kind, "__module__", "") == events.__name__}
    assert {kind for kind in defined if isinstance(kind, type)} == set(EVENTS)


@pytest.mark.parametrize("kind", get_args(events.StoryEvent), ids=lambda kind: kind.__name__)
def test_story_events_change_no_routing_state(kind: type[Any]) -> None:
    samples: dict[type[Any], events.Event] = {
        events.InteractionOpened: events.InteractionOpened("i", "400", Medium.VOICE, "main", "n1"),
        events.InteractionNoted: events.InteractionNoted("i", "digit", (("value", "1"),)),
        events.InteractionClosed: events.InteractionClosed("i", "handled"),
    }
    dispatcher = Dispatcher()
    assert dispatcher.handle(samples[kind], 5) == []
    assert dispatcher.drain_changes() == Changes()
