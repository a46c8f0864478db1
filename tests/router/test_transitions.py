"""Every pair of every transition table: the legal ones lead where the table says, the others raise."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from router.agent import AGENT_TABLE, Agent, AgentCause
from router.errors import IllegalTransitionError
from router.offer import OFFER_TABLE, OfferCause
from router.policy import AgentPolicy
from router.transitions import step
from router.vocabulary import OfferState, Presence, WorkState
from router.work import WORK_TABLE, WorkCause

Table = Mapping[tuple[Any, Any], Any]
TABLES: list[tuple[str, Table, type[StrEnum], type[StrEnum]]] = [
    ("agent", AGENT_TABLE, Presence, AgentCause),
    ("work", WORK_TABLE, WorkState, WorkCause),
    ("offer", OFFER_TABLE, OfferState, OfferCause),
]
PAIRS = [
    pytest.param(name, table, state, cause, id=f"{name}-{state}-{cause}")
    for name, table, states, causes in TABLES
    for state, cause in product(states, causes)
]


@pytest.mark.parametrize(("name", "table", "state", "cause"), PAIRS)
def test_step_follows_the_table_or_raises(name: str, table: Table, state: StrEnum, cause: StrEnum) -> None:
    if (state, cause) in table:
        assert step(name, table, state, cause) is table[state, cause]
    else:
        with pytest.raises(IllegalTransitionError) as caught:
            step(name, table, state, cause)
        assert (caught.value.machine, caught.value.state, caught.value.cause) == (name, state, cause)


@pytest.mark.parametrize(("table", "states", "start"), [
    (AGENT_TABLE, Presence, Presence.OFFLINE),
    (WORK_TABLE, WorkState, WorkState.WAITING),
    (OFFER_TABLE, OfferState, OfferState.OFFERED),
])  # fmt: skip
def test_every_state_is_reachable(table: Table, states: type[StrEnum], start: StrEnum) -> None:
    reached = {start}
    for _ in states:
        reached |= {after for (before, _), after in table.items() if before in reached}
    assert reached == set(states)


def test_closed_is_the_end_of_work_and_offers() -> None:
    assert not [cause for state, cause in WORK_TABLE if state is WorkState.CLOSED]
    assert not [cause for state, cause in OFFER_TABLE if state is OfferState.CLOSED]


def test_an_illegal_step_leaves_the_machine_where_it_was() -> None:
    agent = Agent("ann", AgentPolicy("ann", "t"))
    with pytest.raises(IllegalTransitionError, match="agent: missed_offer is not legal in state offline"):
        agent.move(AgentCause.MISSED_OFFER)
    assert agent.presence is Presence.OFFLINE
