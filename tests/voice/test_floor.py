"""Who hears whom, as one matrix."""

from voice.floor import gains
from voice.party import Party, PartyKind, PartyState


def party(leg_id: str, state: PartyState = PartyState.HERE, *, muted: bool = False) -> Party:
    return Party(leg_id, PartyKind.AGENT, state, leg_id, muted=muted)


def test_all_who_are_here_hear_each_other_and_nobody_themselves() -> None:
    matrix = gains([party("a"), party("b"), party("c")])
    assert matrix == {(x, y): 1.0 for x in "abc" for y in "abc" if x != y}


def test_who_is_muted_hears_and_is_not_heard() -> None:
    assert gains([party("a", muted=True), party("b")]) == {("b", "a"): 1.0}


def test_who_is_not_here_neither_hears_nor_is_heard() -> None:
    elsewhere = [party(state.value, state) for state in PartyState if state is not PartyState.HERE]
    assert gains([party("a"), party("b"), *elsewhere]) == {("a", "b"): 1.0, ("b", "a"): 1.0}
    assert gains([party("a"), *elsewhere]) == {}
