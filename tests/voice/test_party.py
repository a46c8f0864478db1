import pytest

from voice.party import TABLE, Party, PartyCause, PartyKind, PartyState


@pytest.mark.parametrize(("state", "cause"), TABLE, ids=lambda each: each.value)
def test_each_row_of_the_table(state: PartyState, cause: PartyCause) -> None:
    party = Party("w", PartyKind.AGENT, state)
    party.move(cause)
    assert party.state is TABLE[state, cause]
    assert party.there is (party.state in (PartyState.HERE, PartyState.HELD))


def test_a_step_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Party("w", PartyKind.AGENT).move(PartyCause.HOLD)


def test_everybody_can_leave() -> None:
    assert {state for state, cause in TABLE if cause is PartyCause.LEAVE} == set(PartyState) - {PartyState.GONE}


def test_who_is_asked_by_name_is_shown_before_they_come() -> None:
    assert Party("w", PartyKind.AGENT, directed="ben").view().agent_id == "ben"
    assert Party("w", PartyKind.AGENT, directed="ben", agent_id="cai").view().agent_id == "cai"
