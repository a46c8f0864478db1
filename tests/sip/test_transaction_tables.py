"""The tables themselves: whole, closed, and drawn in the documentation."""

from pathlib import Path

import pytest

from sip.transaction_tables import STARTS, TABLES, Act, Input, Kind, State, Timer, draw_tables

DOCUMENT = Path(__file__).parents[2] / "docs" / "states" / "sip-transactions.md"


def test_the_document_is_drawn_from_the_tables() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == draw_tables(), "write draw_tables() to the document"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_state_is_reachable_and_leads_to_the_end(kind: Kind) -> None:
    table = TABLES[kind]
    reached, todo = set(), [STARTS[kind].state]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += [step.state for step in table.get(state, {}).values()]
    assert reached == {*table, State.TERMINATED}
    for state, row in table.items():
        assert any(step.state is not state for step in row.values()), f"{state} is a trap"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_started_timer_is_handled_where_it_can_fire(kind: Kind) -> None:
    for state, row in TABLES[kind].items():
        for step in [STARTS[kind], *row.values()]:
            for timer in (*step.start, *step.keep):
                where = step.state
                assert Input[timer.value] in TABLES[kind][where], f"{timer} may fire in {where} (from {state})"


def test_a_server_never_sends_requests_and_a_client_never_responses() -> None:
    for kind, table in TABLES.items():
        acts = {act for row in table.values() for step in row.values() for act in step.acts}
        if kind in (Kind.INVITE_CLIENT, Kind.CLIENT):
            assert not acts & {Act.SEND_RESPONSE, Act.RESEND_RESPONSE}
        else:
            assert not acts & {Act.SEND_REQUEST, Act.SEND_ACK}


def test_timers_have_the_letters_of_their_inputs() -> None:
    assert {t.value for t in Timer} <= {i.name for i in Input}
