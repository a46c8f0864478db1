"""A REFER of ours: who is asked, what is made of the answer and of each NOTIFY, and that the call goes on."""

import pytest

from sip.events import ReferAnswered
from sip.message import Request
from sip.moving import LIMIT
from tests.sip.rig import Peer, Rig, established, reply

THERE = "sip:word@198.51.100.2:5060"


def referred(rig: Rig, call: str) -> Request:
    rig.taken()
    rig.core.refer(call, THERE, rig.now)
    (asked,) = rig.requests()
    assert asked.method == "REFER"
    assert asked.headers.get("Refer-To") == f"<{THERE}>"
    return asked


def notify(peer: Peer, status: str, event: str = "refer") -> bytes:
    extra = f"Event: {event}\r\nSubscription-State: active\r\n"
    return peer.next("NOTIFY", f"SIP/2.0 {status}\r\n".encode(), kind="message/sipfrag;version=2.0", extra=extra)


def over(rig: Rig, peer: Peer) -> None:
    """The call was as it had been, until the peer ends it."""
    rig.feed(peer.next("BYE"))
    assert rig.statuses() == [200]
    rig.settle()


@pytest.mark.parametrize(("said", "code"), [("200 OK", 200), ("486 Busy Here", 486), ("603 Decline", 603)])
def test_a_peer_that_agrees_tells_what_came_of_it(said: str, code: int) -> None:
    rig = Rig()
    peer, call = established(rig)
    asked = referred(rig, call)
    rig.feed(reply(asked, 202))
    rig.feed(notify(peer, "100 Trying"))
    assert rig.statuses() == [200]
    assert rig.events() == []
    rig.feed(notify(peer, said))
    assert rig.statuses() == [200]
    assert rig.one(ReferAnswered) == ReferAnswered(call, code)
    rig.feed(notify(peer, said))
    assert rig.statuses() == [481]
    over(rig, peer)


@pytest.mark.parametrize("status", [405, 501, 603])
def test_a_peer_that_will_not(status: int) -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(reply(referred(rig, call), status))
    assert rig.one(ReferAnswered) == ReferAnswered(call, status)
    over(rig, peer)


def test_a_peer_that_says_nothing_more() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(reply(referred(rig, call), 202))
    rig.advance(LIMIT)
    assert rig.one(ReferAnswered) == ReferAnswered(call, 408)
    over(rig, peer)


def test_one_at_a_time_and_none_before_the_call_is_there() -> None:
    rig = Rig()
    peer, call = established(rig)
    asked = referred(rig, call)
    rig.core.refer(call, THERE, rig.now)
    assert rig.one(ReferAnswered) == ReferAnswered(call, 491)
    rig.feed(reply(asked, 603))
    rig.events()
    rig.core.refer("nobody", THERE, rig.now)
    assert rig.events() == []
    over(rig, peer)


@pytest.mark.parametrize(
    ("event", "kind", "body", "status"),
    [
        ("presence", "message/sipfrag", b"SIP/2.0 200 OK\r\n", 481),
        ("refer", "text/plain", b"SIP/2.0 200 OK\r\n", 400),
        ("refer", "message/sipfrag", b"well done", 400),
    ],
)
def test_what_is_no_word_of_ours(event: str, kind: str, body: bytes, status: int) -> None:
    rig = Rig()
    peer, call = established(rig)
    asked = referred(rig, call)
    rig.feed(reply(asked, 202))
    rig.feed(peer.next("NOTIFY", body, kind=kind, extra=f"Event: {event}\r\n"))
    assert rig.statuses() == [status]
    assert rig.events() == []
    over(rig, peer)


def test_a_peer_that_hangs_up_instead() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(reply(referred(rig, call), 202))
    over(rig, peer)
    assert not [event for event in rig.heard if isinstance(event, ReferAnswered)]
