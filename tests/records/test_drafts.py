"""Drafts are rows: their fields are exactly the columns."""

from dataclasses import fields, replace

import pytest
from sqlalchemy import Table

from records.drafts import CALLBACK, InteractionDraft, OfferDraft, RecordState, Step
from records.projection_tables import interactions, offers, steps
from router.vocabulary import WorkState


@pytest.mark.parametrize(("draft", "table"), [(InteractionDraft, interactions), (OfferDraft, offers), (Step, steps)])
def test_fields_are_the_columns(draft: type, table: Table) -> None:
    assert {field.name for field in fields(draft)} == set(table.columns.keys())


def test_states_are_those_of_work_and_open() -> None:
    """The board and the record use one word for one thing. A parked chat is no open work for the while."""
    assert {state.value for state in RecordState} == {state.value for state in WorkState} | {"open", "parked"}


@pytest.mark.parametrize(
    ("open_work", "over", "state", "closed_at"),
    [(1, True, "waiting", None), (0, False, "open", None), (0, True, "closed", 7)],
)
def test_a_record_closes_when_customer_and_work_are_done(
    open_work: int, over: bool, state: str, closed_at: int | None
) -> None:
    draft = InteractionDraft("i1", 1, state=RecordState.WAITING, open_work=open_work, customer_over=over)
    draft.settle(7)
    assert (draft.state, draft.closed_at) == (state, closed_at)


def test_only_who_was_never_called_back_ends_without_a_call() -> None:
    not_called = InteractionDraft("i1", 1, entry=CALLBACK)
    for draft in (not_called, InteractionDraft("i2", 1, entry=CALLBACK, answered_at=3), InteractionDraft("i3", 1)):
        draft.end_if_not_called(7)
        assert (draft.customer_over, draft.ended_at) == ((True, 7) if draft is not_called else (False, None))


def test_a_conversation_goes_on_from_its_join_until_its_end() -> None:
    offered = OfferDraft("r1", "w1", "i1", "anna", "orders", 1, 2, accepted_at=3)
    joined = replace(offered, connected_at=4)
    over = [replace(joined, ended_at=5), replace(joined, closed_at=5)]
    assert [draft.goes_on for draft in (offered, joined, *over)] == [False, True, False, False]
