"""What may be seen of a call."""

from dataclasses import replace

from config.calls import CallsConfig
from server.calls.live_calls import LiveCalls
from server.current import CurrentSite
from tests.server.sites import agent, small_site
from voice.party import CUSTOMER, PartyKind, PartyState, PartyView

PARTIES = (
    PartyView(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE),
    PartyView("w", PartyKind.AGENT, PartyState.HERE, "anna", "orders"),
    PartyView("w-2", PartyKind.AGENT, PartyState.COMING, "ben", "orders"),
    PartyView("supervisor:sue", PartyKind.SUPERVISOR, PartyState.HERE, "sue", mode="listen", beside="w"),
    PartyView("supervisor:tom", PartyKind.SUPERVISOR, PartyState.HERE, "tom", mode="whisper", beside="w"),
)


def calls(*, show_listeners: bool) -> LiveCalls:
    site = small_site({"anna": agent("anna"), "ben": agent("ben")})
    live = LiveCalls(CurrentSite(replace(site, calls=CallsConfig(show_listeners=show_listeners))))
    live.change("i", PARTIES)
    return live


def test_each_page_sees_the_parties_with_names_and_which_is_its_own() -> None:
    shown = calls(show_listeners=True).shown("i", "w", to_agent=True)
    assert [(one.id, one.name, one.you) for one in shown[:3]] == [
        ("customer", "", False),
        ("w", "Anna", True),
        ("w-2", "Ben", False),
    ]
    assert [(one.mode, one.beside) for one in shown[3:]] == [("listen", "w"), ("whisper", "w")]


def test_a_site_may_keep_quiet_listeners_from_agents_but_not_those_who_are_heard() -> None:
    live = calls(show_listeners=False)
    assert [one.mode for one in live.shown("i", "w", to_agent=True) if one.kind == "supervisor"] == ["whisper"]
    assert len(live.shown("i", "supervisor:sue", to_agent=False)) == 5


def test_agents_in_a_call_are_those_who_have_come() -> None:
    live = calls(show_listeners=True)
    assert live.agents_in("i") == ("anna",)
    assert live.agents_in("gone") == ()
    assert "i" in live
    assert live.change("i", ()) == PARTIES
    assert (len(live), live.all()) == (0, ())
