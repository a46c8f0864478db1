"""Who can be reached, and what the router is told about it."""

import pytest

from router.events import AgentConnected, AgentDisconnected, Event
from router.vocabulary import Medium
from server.desks.reach import Reach


class Rig:
    def __init__(self) -> None:
        self.told: list[Event] = []
        self.generation = 0
        self.takes: tuple[Medium, ...] = (Medium.VOICE,)
        self.reach = Reach(self._tell, lambda _agent: self.generation, lambda _agent: self.takes)
        self.reach.follow({"anna": "", "ben": "2001"})

    def _tell(self, event: Event, cause: str) -> None:
        assert cause in ("agent:anna", "agent:ben")
        self.told.append(event)
        if isinstance(event, AgentConnected):
            self.generation = event.generation


@pytest.fixture
def rig() -> Rig:
    return Rig()


CHATS = (Medium.CHAT, Medium.EMAIL)
VOICE = (Medium.VOICE,)
ALL = (Medium.VOICE, *CHATS)


def test_for_calls_a_browser_agent_needs_page_and_leg(rig: Rig) -> None:
    rig.reach.page("anna", up=True)
    assert rig.told == []
    rig.reach.leg("anna", up=True)
    assert rig.told == [AgentConnected("anna", 1, media=ALL)]
    rig.reach.leg("anna", up=True)
    rig.reach.page("anna", up=False)
    rig.reach.leg("anna", up=False)
    assert rig.told == [AgentConnected("anna", 1, media=ALL), AgentDisconnected("anna", 1)]


def test_chats_need_the_page_only(rig: Rig) -> None:
    rig.takes = ALL
    rig.reach.page("anna", up=True)
    rig.reach.leg("anna", up=True)
    rig.reach.leg("anna", up=False)
    rig.reach.page("anna", up=False)
    assert rig.told == [
        AgentConnected("anna", 1, media=CHATS),
        AgentConnected("anna", 1, media=ALL),
        AgentConnected("anna", 1, media=CHATS),
        AgentDisconnected("anna", 1),
    ]


def test_a_phone_agent_chats_on_the_page_without_the_phone(rig: Rig) -> None:
    rig.takes = ALL
    rig.reach.page("ben", up=True)
    rig.reach.registered("ben", up=True)
    rig.reach.page("ben", up=False)
    assert rig.told == [
        AgentConnected("ben", 1, media=CHATS),
        AgentConnected("ben", 1, media=ALL),
        AgentConnected("ben", 1, media=VOICE),
    ]


def test_who_takes_what_does_not_reach_them_counts_as_gone(rig: Rig) -> None:
    rig.takes = (Medium.CHAT,)
    rig.reach.registered("ben", up=True)
    assert rig.told == []
    rig.takes = ALL
    rig.reach.follow({"anna": "", "ben": "2001"})
    assert rig.told == [AgentConnected("ben", 1, media=VOICE)]
    rig.takes = ()  # nobody knows yet
    rig.reach.page("anna", up=True)
    assert rig.told[1:] == [AgentConnected("anna", 2, media=CHATS)]


def test_each_connection_has_a_greater_generation_also_after_a_restart(rig: Rig) -> None:
    rig.generation = 7  # what the router has kept
    rig.reach.registered("ben", up=True)
    rig.reach.registered("ben", up=False)
    rig.reach.registered("ben", up=True)
    assert rig.told == [
        AgentConnected("ben", 8, media=VOICE),
        AgentDisconnected("ben", 8),
        AgentConnected("ben", 9, media=VOICE),
    ]


def test_a_phone_agent_needs_the_phone_only(rig: Rig) -> None:
    rig.reach.page("ben", up=True)
    rig.reach.leg("ben", up=True)
    assert rig.told == []
    assert not rig.reach.leg_state("ben")
    rig.reach.registered("ben", up=True)
    assert rig.told == [AgentConnected("ben", 1, media=ALL)]
    assert rig.reach.leg_state("ben")
    rig.reach.page("ben", up=False)
    assert rig.told[1:] == [AgentConnected("ben", 1, media=VOICE)]


def test_views(rig: Rig) -> None:
    rig.reach.page("anna", up=True)
    rig.reach.page("ben", up=True)
    assert rig.reach.signed_in() == ["anna", "ben"]
    rig.reach.leg("anna", up=True)
    assert rig.reach.leg_state("anna")
    assert not rig.reach.leg_state("nobody")


def test_strangers_are_ignored(rig: Rig) -> None:
    rig.reach.page("nobody", up=True)
    assert rig.told == []
    assert rig.reach.agent_of("2001") == "ben"
    assert rig.reach.agent_of("2002") is None


def test_who_goes_on_as_before_is_not_announced_again(rig: Rig) -> None:
    rig.reach.page("anna", up=True)
    rig.reach.leg("anna", up=True)
    rig.reach.registered("ben", up=True)
    before = len(rig.told)
    rig.reach.follow({"anna": "", "ben": "2001", "cai": ""})
    assert len(rig.told) == before


def test_who_comes_back_to_the_site_is_announced_anew(rig: Rig) -> None:
    rig.reach.registered("ben", up=True)
    rig.reach.follow({"anna": ""})
    assert rig.reach.on_phone("ben"), "a conversation may still go on"
    rig.generation = 0  # the router has forgotten them
    rig.reach.follow({"anna": "", "ben": "2001"})
    assert rig.told == [AgentConnected("ben", 1, media=VOICE), AgentConnected("ben", 2, media=VOICE)]


def test_another_station(rig: Rig) -> None:
    rig.reach.page("anna", up=True)
    rig.reach.leg("anna", up=True)
    rig.reach.registered("ben", up=True)
    rig.told.clear()
    rig.reach.follow({"anna": "2002", "ben": "2003"}, lambda phone: phone == "2003")
    assert rig.told == [AgentDisconnected("anna", 1)], "anna's new phone is not there yet, ben's is"
    rig.reach.registered("anna", up=True)
    assert rig.told[1:] == [AgentConnected("anna", rig.generation, media=ALL)]


def test_the_node_with_the_page_tells_of_an_agent_whose_phone_is_at_another(rig: Rig) -> None:
    rig.reach.page("ben", up=True)
    assert rig.told == []
    rig.generation = 4
    rig.reach.far_phone("ben", up=True)
    assert rig.told == [AgentConnected("ben", 5, media=ALL)]
    assert rig.reach.leg_state("ben")
    rig.generation = 6
    assert rig.reach.moved("ben", VOICE), "the phone's node was quicker: the page is not out of date"
    assert rig.told[1:] == [AgentConnected("ben", 7, media=ALL)]
    assert not rig.reach.moved("ben", ALL), "they opened their page at another node"
    rig.reach.page("ben", up=False)
    assert rig.told[2:] == [AgentDisconnected("ben", 7)]
    assert not rig.reach.moved("nobody", ALL)


def test_the_phones_node_yields_to_the_page_and_tells_again_when_it_is_gone(rig: Rig) -> None:
    rig.reach.registered("ben", up=True)
    assert rig.told == [AgentConnected("ben", 1, media=VOICE)]
    rig.generation = 2
    assert rig.reach.moved("ben", ALL)
    rig.reach.registered("ben", up=False)
    rig.reach.registered("ben", up=True)
    rig.reach.released(lambda _agent: True)
    assert len(rig.told) == 1, "that is the other node's to tell"
    rig.reach.released(lambda _agent: False)
    assert rig.told[1:] == [AgentConnected("ben", 3, media=VOICE)]


def test_a_phones_node_that_came_second_yields(rig: Rig) -> None:
    rig.reach.registered("ben", up=True)
    rig.generation = 1
    rig.reach.refused("ben")
    assert len(rig.told) == 1
    rig.reach.page("ben", up=True)
    assert rig.told[1:] == [AgentConnected("ben", 2, media=ALL)]
