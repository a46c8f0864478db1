"""Supervisors of one node and a call of another: what goes over the connection between the two."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from server.calls.peer_listening import ListeningDesk, PeerListening
from tests.server.two_nodes import Node, two_nodes
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.voice.test_dialled_legs import Tasks
from tests.voice.test_listening import Call
from tests.waiting import until
from voice.asked import ListenAsked, ListenEnded, TakeOverAsked
from voice.browsers import BrowserLegs
from voice.dialled_legs import DialledLegs
from voice.events import Deny
from voice.listeners import ListenMode
from voice.listening import Listening
from voice.listening_phone import ListeningPhones
from voice.neighbours import VoicePorts
from voice.party import CUSTOMER, PartyKind, PartyState, PartyView
from voice.ports import NodeUnreachableError
from voice.runner import CallRunner

PARTIES = (
    PartyView(CUSTOMER, PartyKind.CUSTOMER, PartyState.HERE),
    PartyView("w", PartyKind.AGENT, PartyState.HERE, "anna", "orders"),
)


class Side:
    """One node's; `calls` are its own."""

    def __init__(self, node: Node, calls: dict[str, Call], node_of: str) -> None:
        self.link, self.media, self.talking = node.link, Media(), set[str]()
        self.peers = PeerListening(node.link, lambda _call: node_of)
        quiet, runners = Quiet(), cast("dict[str, CallRunner]", calls)
        ports = VoicePorts(Signalling(), self.media, Sdp(), Router(), quiet, quiet)
        phones = ListeningPhones(ports, DialledLegs(Tasks()), lambda _agent: None)
        self.browsers = BrowserLegs(self.media, lambda _agent: None)
        over_nodes = (self.media, self.peers, Tasks())
        self.listening = Listening(self.browsers, runners.get, self.talking.__contains__, phones, *over_nodes)
        self.peers.serve(self.listening)


def code(denied: Deny | None) -> str | None:
    return denied.code if denied else None


@asynccontextmanager
async def sides() -> AsyncIterator[tuple[Side, Side, Call]]:
    """a.1 with the call i, and b.1, where sue is, who has heard of it."""
    async with two_nodes() as (a, b, _):
        call = Call()
        call.parties = PARTIES
        one, two = Side(a, {"i": call}, ""), Side(b, {}, "a.1")
        two.listening.far.parties("i", PARTIES)
        await two.browsers.open("sue", "offer")
        (leg_id,) = two.browsers._agent_of
        two.browsers.connected(leg_id)
        yield one, two, call


async def test_she_listens_in_one_way_and_another_and_stops() -> None:
    async with sides() as (one, two, call):
        assert await two.listening.begin("sue", "i", ListenMode.LISTEN) is None
        assert await two.listening.begin("sue", "i", ListenMode.WHISPER, "anna") is None
        leg = "trunk:sue:1"
        assert call.asked == [
            ListenAsked("sue", leg, ListenMode.LISTEN),
            ListenAsked("sue", leg, ListenMode.WHISPER, "anna"),
        ]
        assert await two.listening.end("sue", "i") is None
        await until(lambda: call.asked[-1] == ListenEnded("sue"), "the other node knows")
        await until(lambda: not one.media.open_legs, "its leg is closed")
        assert len(one.listening) == len(two.listening) == 0


async def test_what_is_denied_there_is_denied_here_and_leaves_nothing() -> None:
    async with sides() as (one, two, call):
        call.denied = Deny("not_connected", "nobody there")
        assert await two.listening.begin("sue", "i", ListenMode.LISTEN) == call.denied
        assert await two.listening.take_over("sue", "i") == call.denied
        await until(lambda: not one.media.open_legs)
        assert len(one.listening) == len(two.listening) == 0
        call.denied = None
        assert await two.listening.take_over("sue", "i") is None
        assert call.asked[-1] == TakeOverAsked("sue")
        two.talking.add("sue")
        for denied in (
            await two.listening.begin("sue", "i", ListenMode.LISTEN),
            await two.listening.take_over("sue", "i"),
        ):
            assert denied is not None
            assert denied.code == "in_a_call"


async def test_a_call_of_her_own_ends_it_also_when_it_is_that_very_one() -> None:
    async with sides() as (one, two, call):
        await two.listening.begin("sue", "i", ListenMode.LISTEN)
        two.listening.leave("sue", unless="i")
        await until(lambda: call.asked[-1] == ListenEnded("sue"), "she has another leg in it then")
        await until(lambda: not one.media.open_legs)


async def test_a_call_that_is_over_or_a_node_that_is_gone_ends_it() -> None:
    async with sides() as (one, two, call):
        await two.listening.begin("sue", "i", ListenMode.LISTEN)
        one.listening.over("i")
        await until(lambda: not one.media.open_legs)
        two.listening.far.parties("i", ())
        assert len(two.listening) == 0
        two.listening.far.parties("i", PARTIES)
        await two.listening.begin("sue", "i", ListenMode.LISTEN)
        one.listening.trunks.node_lost("b.1")
        await until(lambda: call.asked[-1] == ListenEnded("sue"))
        assert len(one.listening) == 0
        assert one.listening.failed("nothing") is False


async def test_what_is_no_call_there_or_cannot_be_reached() -> None:
    async with sides() as (one, two, _):
        two.listening.far.parties("gone", PARTIES)
        assert code(await two.listening.begin("sue", "gone", ListenMode.LISTEN)) == "not_connected"
        one.media.fail.add("set_remote")
        with pytest.raises(NodeUnreachableError, match="worker_lost"):
            await two.peers.listen("i", "sue", ("192.0.2.2", 7000), ListenMode.LISTEN, "")
        with pytest.raises(NodeUnreachableError):
            await one.peers.take_over("i", "sue")


async def test_what_she_asks_at_another_node_than_that_of_her_device_is_done_there() -> None:
    async with sides() as (one, two, call):
        at, there = ["b.1"], ListeningDesk(two.link, two.listening, lambda _agent: "")
        here = ListeningDesk(one.link, one.listening, lambda _agent: at[0])
        assert await here.begin("sue", "i", ListenMode.BARGE, "anna") is None
        assert call.asked[-1] == ListenAsked("sue", "trunk:sue:1", ListenMode.BARGE, "anna")
        assert await here.take_over("sue", "i") is None
        assert await here.end("sue", "i") is None
        await until(lambda: call.asked[-1] == ListenEnded("sue"))
        assert code(await there.end("sue", "i")) == "not_listening"
        assert code(await here.end("sue", "i")) == "not_listening"
        at[0] = "gone.1"
        assert code(await here.begin("sue", "i", ListenMode.LISTEN)) == "node_unreachable"
