"""Drafts are rows: their fields are exactly the columns, and a turn is an entry."""

from dataclasses import fields

import pytest
from sqlalchemy import Table

from records.drafts import Entry, InteractionDraft, OfferDraft, RecordState, Step
from records.tables import interactions, offers, steps
from router.vocabulary import WorkState
from tests.records.turns import handled_call


@pytest.mark.parametrize(("draft", "table"), [(InteractionDraft, interactions), (OfferDraft, offers), (Step, steps)])
def test_fields_are_the_columns(draft: type, table: Table) -> None:
    assert {field.name for field in fields(draft)} == set(table.columns.keys())


def test_a_turn_is_an_entry() -> None:
    entry: Entry = handled_call()[0]
    assert entry.sequence == 1


def test_states_are_those_of_work_and_open() -> None:
    """The board and the record use one word for one thing. A parked chat is no open work for the while."""
    assert {state.value for state in RecordState} == {state.value for state in WorkState} | {"open", "parked"}
