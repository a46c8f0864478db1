"""Rows: all of the contract's kind."""

from typing import Any

import pytest

from router import rows
from tests.router.contract import assert_contract_type

ROWS = (
    rows.AgentRow,
    rows.WorkRow,
    rows.ReservationRow,
    rows.Handoff,
    rows.NeighbourRow,
    rows.Changes,
    rows.Turn,
    rows.ShardImage,
)


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_rows_are_contract_types(kind: type[Any]) -> None:
    assert_contract_type(kind)
