"""Offer and answer for voice."""

import itertools

import pytest

from server.calls.sdp_port import SdpPort
from sip.sdp import negotiate
from tests.server.house import offer_of
from voice.ports import RemoteMedia, SdpRefusedError


@pytest.fixture
def port() -> SdpPort:
    return SdpPort(itertools.count(100).__next__)


def origin(sdp: bytes) -> str:
    return next(line for line in sdp.decode().splitlines() if line.startswith("o="))


def test_an_offer_is_read_and_answered(port: SdpPort) -> None:
    remote = port.read_offer("a", offer_of(4000))
    assert remote == RemoteMedia("127.0.0.1", 4000, "PCMU", 0, 101, send=True, receive=True)
    answer = port.answer("a", "192.0.2.1", 5000)
    chosen = negotiate(answer)
    assert (chosen.remote_host, chosen.remote_port, chosen.codec) == ("192.0.2.1", 5000, "PCMU")
    assert origin(answer) == "o=- 100 0 IN IP4 192.0.2.1"


def test_a_law_is_taken_when_it_is_offered_first(port: SdpPort) -> None:
    remote = port.read_offer("a", offer_of(4000).replace(b"RTP/AVP 0 8", b"RTP/AVP 8 0"))
    assert (remote.codec, remote.payload_type) == ("PCMA", 8)


def test_a_later_answer_keeps_the_address_and_counts_the_version(port: SdpPort) -> None:
    port.read_offer("a", offer_of(4000))
    port.answer("a", "192.0.2.1", 5000)
    held = port.read_offer("a", offer_of(4000, "sendonly", 1))
    assert (held.send, held.receive) == (False, True)
    answer = port.answer("a", "", 0)
    assert b"a=recvonly" in answer
    assert negotiate(answer).remote_port == 5000
    assert origin(answer) == "o=- 100 1 IN IP4 192.0.2.1"


def test_our_own_offer_and_its_answer(port: SdpPort) -> None:
    offer = port.offer("p", "192.0.2.1", 5002)
    assert negotiate(offer).remote_port == 5002
    assert port.read_answer("p", offer_of(4002)).port == 4002
    assert origin(port.offer("p", "192.0.2.1", 5002)).split()[2] == "1"


def test_the_old_sign_for_hold_keeps_the_peers_address(port: SdpPort) -> None:
    port.read_offer("a", offer_of(4000))
    old = port.read_offer("a", offer_of(4000, version=1).replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0"))
    assert (old.host, old.port, old.send) == ("127.0.0.1", 4000, False)
    first = port.read_offer("b", offer_of(4004).replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0"))
    assert (first.host, first.port, first.send) == ("127.0.0.1", 4004, False)


def test_a_refused_offer_leaves_what_was_agreed(port: SdpPort) -> None:
    port.read_offer("a", offer_of(4000))
    port.answer("a", "192.0.2.1", 5000)
    for bad in (b"nonsense", offer_of(4001).replace(b"RTP/AVP 0 8 101", b"RTP/AVP 96")):
        with pytest.raises(SdpRefusedError):
            port.read_offer("a", bad)
    assert negotiate(port.answer("a", "", 0)).remote_port == 5000


def test_each_leg_has_its_own_session_until_it_is_forgotten(port: SdpPort) -> None:
    port.offer("a", "127.0.0.1", 1)
    assert origin(port.offer("b", "127.0.0.1", 1)).split()[1] == "101"
    port.forget("a")
    port.forget("a")
    assert len(port) == 1
    assert origin(port.offer("a", "127.0.0.1", 1)).split()[1] == "102"


def test_an_answer_for_a_leg_that_is_gone_is_refused_and_remembers_nothing(port: SdpPort) -> None:
    with pytest.raises(SdpRefusedError):
        port.answer("gone", "", 0)
    assert len(port) == 0
