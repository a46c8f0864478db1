"""Every event in every state of an item, its offer and an agent: as the page says, and the invariants hold after it."""

from itertools import product
from typing import get_args

import pytest

from router.events import RoutingEvent, TimePassed
from router.invariants import check
from router.vocabulary import OfferState, Presence, WorkState
from tools.race_table import (
    AGENT_EVENTS,
    AGENT_STATES,
    PAGE,
    WORK_EVENTS,
    WORK_STATES,
    agent,
    agent_cell,
    draw,
    item,
    work_cell,
)


def test_the_page_is_what_the_dispatcher_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw(), "read the difference; if it is meant: python -m tools.race_table"


@pytest.mark.parametrize(("state", "name"), list(product(WORK_STATES, WORK_EVENTS)))
def test_an_item_is_whole_after_the_event_and_after_the_same_again(state: str, name: str) -> None:
    scene, _ = work_cell(state, WORK_EVENTS[name])
    check(scene.dispatcher)
    scene.post(WORK_EVENTS[name] or TimePassed())
    check(scene.dispatcher)


@pytest.mark.parametrize(("state", "name"), list(product(AGENT_STATES, AGENT_EVENTS)))
def test_an_agent_is_whole_after_the_event_and_after_the_same_again(state: str, name: str) -> None:
    scene, _ = agent_cell(state, AGENT_EVENTS[name])
    check(scene.dispatcher)
    scene.post(AGENT_EVENTS[name] or TimePassed())
    check(scene.dispatcher)


def test_the_grids_have_every_event_and_every_state() -> None:
    events = {type(event) for event in (*WORK_EVENTS.values(), *AGENT_EVENTS.values()) if event is not None}
    assert events == set(get_args(RoutingEvent))
    work = [item(state).dispatcher for state in WORK_STATES]
    rows = [dispatcher.work("w") for dispatcher in work]
    assert {row.state for row in rows if row is not None} == set(WorkState) - {WorkState.CLOSED}
    held = [dispatcher.reservation("w.1") for dispatcher in work]
    assert {row.state for row in held if row is not None} == set(OfferState) - {OfferState.CLOSED}
    agents = [agent(state).dispatcher.agent("ann") for state in AGENT_STATES]
    assert {row.presence for row in agents if row is not None} == set(Presence)
