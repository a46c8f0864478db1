"""Who hears whom, as one matrix."""

from voice.floor import gains
from voice.listeners import Listener, ListenMode
from voice.party import Party, PartyKind, PartyState


def here(*parties: Party) -> dict[str, Party]:
    return {party.party_id: party for party in parties}


def party(name: str, state: PartyState = PartyState.HERE, *, muted: bool = False) -> Party:
    return Party(name, PartyKind.AGENT, state, name, muted=muted)


def test_all_who_are_here_hear_each_other_and_nobody_themselves() -> None:
    matrix = gains(here(party("a"), party("b"), party("c")))
    assert matrix == {(x, y): 1.0 for x in "abc" for y in "abc" if x != y}


def test_who_is_muted_hears_and_is_not_heard() -> None:
    assert gains(here(party("a", muted=True), party("b"))) == {("b", "a"): 1.0}


def test_who_is_not_here_neither_hears_nor_is_heard() -> None:
    elsewhere = [party(state.value, state) for state in PartyState if state is not PartyState.HERE]
    assert gains(here(party("a"), party("b"), *elsewhere)) == {("a", "b"): 1.0, ("b", "a"): 1.0}
    assert gains(here(party("a"), *elsewhere)) == {}


def heard_by(mode: ListenMode, *parties: Party) -> tuple[set[str], set[str]]:
    """Whom a supervisor beside agent `a` hears, and who hears them."""
    matrix = gains(here(*parties), [Listener("sue", "s", mode, "a")])
    return {source for source, to in matrix if to == "s"}, {to for source, to in matrix if source == "s"}


def test_a_supervisor_hears_all_and_is_heard_as_they_choose() -> None:
    talk = (party("customer"), party("a"), party("b"))
    assert heard_by(ListenMode.LISTEN, *talk) == ({"customer", "a", "b"}, set())
    assert heard_by(ListenMode.WHISPER, *talk) == ({"customer", "a", "b"}, {"a"})
    assert heard_by(ListenMode.BARGE, *talk) == ({"customer", "a", "b"}, {"customer", "a", "b"})


def test_a_supervisor_does_not_hear_who_is_on_hold_or_muted_and_whispers_to_nobody_else() -> None:
    talk = (party("customer", PartyState.HELD), party("a", muted=True), party("b"))
    assert heard_by(ListenMode.LISTEN, *talk) == ({"b"}, set())
    away = (party("customer"), party("a", PartyState.AWAY), party("b"))
    assert heard_by(ListenMode.WHISPER, *away) == ({"customer", "b"}, set())


def test_supervisors_hear_each_other_only_when_they_barge_in() -> None:
    listeners = [Listener("sue", "s", ListenMode.BARGE, "a"), Listener("tom", "t", ListenMode.LISTEN, "a")]
    matrix = gains(here(party("a"), party("customer")), listeners)
    assert ("s", "t") in matrix
    assert ("t", "s") not in matrix
