"""Supervisors in a conversation: with whom they stay, and when they go."""

from voice.listeners import Listener, Listeners, ListenMode
from voice.party import CUSTOMER, Party, PartyKind, PartyState


def agent(name: str, state: PartyState = PartyState.HERE) -> Party:
    return Party(f"w-{name}", PartyKind.AGENT, state, "" if state is PartyState.COMING else name, agent_id=name)


def parties(*agents: Party) -> dict[str, Party]:
    customer = Party(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE, "caller")
    return {party.party_id: party for party in (customer, *agents)}


def listening(beside: str = "w-anna") -> Listeners:
    listeners = Listeners()
    listeners.add(Listener("sue", "leg-s", ListenMode.WHISPER, beside))
    return listeners


def test_they_stay_with_another_agent_when_theirs_has_left() -> None:
    listeners = listening()
    listeners.follow(parties(agent("anna"), agent("ben")))
    assert listeners.all["sue"].beside == "w-anna"
    listeners.follow(parties(agent("ben")))
    assert (listeners.all["sue"].beside, listeners.all["sue"].mode) == ("w-ben", ListenMode.WHISPER)


def test_they_go_when_no_agent_is_in_the_call() -> None:
    for rest in ((), (agent("ben", PartyState.COMING),)):
        listeners = listening()
        listeners.follow(parties(*rest))
        assert not listeners.all
    waiting = listening()
    waiting.follow(parties(agent("anna", PartyState.AWAY)))
    assert waiting.all, "an agent whose page is reloaded comes back"


def test_who_joins_as_an_agent_listens_no_more() -> None:
    listeners = listening()
    listeners.follow(parties(agent("anna"), agent("sue", PartyState.COMING)))
    assert listeners.all
    listeners.follow(parties(agent("anna"), agent("sue")))
    assert not listeners.all


def test_they_are_shown_with_what_they_do() -> None:
    view = listening().all["sue"].view()
    assert (view.party_id, view.kind, view.mode, view.beside) == ("supervisor:sue", "supervisor", "whisper", "w-anna")
    listeners = listening()
    assert listeners.remove("sue")
    assert not listeners.remove("sue")
