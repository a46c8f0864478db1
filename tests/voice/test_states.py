"""The drawn pages follow the tables."""

from pathlib import Path

import pytest

from voice import call_table, party, phone
from voice.call_table import CallState
from voice.party import PartyState
from voice.phone import PhoneState
from voice.states import CALL_MEANING, PARTY_MEANING, PHONE_MEANING, draw_call, draw_party, draw_phone, main

PAGES = Path(__file__).parents[2] / "docs" / "states"


@pytest.mark.parametrize(
    ("name", "drawn"), [("call.md", draw_call()), ("party.md", draw_party()), ("phone.md", draw_phone())]
)
def test_the_pages_are_up_to_date(name: str, drawn: str) -> None:
    assert (PAGES / name).read_text(encoding="utf-8") == drawn, "run: python -m voice.states docs/states"


def test_every_state_is_explained_and_reached() -> None:
    assert set(CALL_MEANING) == set(CallState)
    assert set(PARTY_MEANING) == set(PartyState)
    assert set(party.TABLE.values()) == set(PartyState)
    assert set(PHONE_MEANING) == set(PhoneState)
    assert {after for row in call_table.TABLE.values() for after in row} == set(CallState) - {CallState.ARRIVING}
    assert {after for row in phone.TABLE.values() for after in row} == set(PhoneState) - {PhoneState.DIALLING}


def test_a_row_shows_state_event_and_what_may_follow() -> None:
    assert "| queued | agent_ready | queued, joined |" in draw_call().splitlines()
    assert "    dialling --> ended: phone_answered" in draw_phone().splitlines()


def test_the_pages_are_written(tmp_path: Path) -> None:
    main(tmp_path)
    assert sorted(page.name for page in tmp_path.iterdir()) == ["call.md", "party.md", "phone.md"]
