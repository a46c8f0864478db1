"""Calls that we make: ringing, answers, refusals, CANCEL and its races, several contacts."""

import pytest

from sip.core import outgoing
from sip.events import CallAnswered, CallEnded, CallFailed, CallRinging
from sip.flow import Flow
from sip.message import Request
from sip.transaction import LIFETIME, T1
from sip.uac import Target, Uac
from tests.sip.rig import ANSWER, SDP, SECOND, Packet, Rig, dialled, reply


def test_the_invite_and_a_plain_answer() -> None:
    rig = Rig()
    invite = rig.dial(**{"X-Jackfield-Work": "w1"})
    assert invite.uri == "sip:bob@192.0.2.7:5070"
    assert str(invite.from_).startswith('"Jackfield" <sip:400@198.51.100.1>;tag=')
    assert invite.headers.get("X-Jackfield-Work") == "w1"
    assert invite.body == SDP
    rig.feed(reply(invite, 100))
    rig.feed(reply(invite, 180))
    assert rig.events() == [CallRinging("c1", 180)]
    rig.feed(reply(invite, 200, body=ANSWER, extra="Record-Route: <sip:p1;lr>\r\nRecord-Route: <sip:192.0.2.9;lr>\r\n"))
    assert rig.events() == [CallAnswered("c1", ANSWER)]
    [ack] = rig.taken()
    assert isinstance(ack.message, Request)
    assert (ack.message.method, ack.message.uri, str(ack.message.cseq)) == ("ACK", "sip:bob@192.0.2.7:5070", "1 ACK")
    assert ack.message.headers.rows("Route") == ["<sip:192.0.2.9;lr>", "<sip:p1;lr>"]
    assert ack.flow == Flow("UDP", "192.0.2.9", 5060)


def test_a_repeated_200_is_acknowledged_again() -> None:
    rig = Rig()
    invite = rig.dial()
    ok = reply(invite, 200, body=ANSWER)
    rig.feed(ok)
    rig.feed(ok)
    acks = rig.requests()
    assert [a.method for a in acks] == ["ACK", "ACK"]
    assert acks[0] == acks[1]
    assert len(rig.events()) == 1


def test_the_invite_is_repeated_until_something_comes() -> None:
    rig = Rig()
    invite = rig.dial()
    rig.advance(3 * T1)
    assert rig.requests() == [invite, invite]
    rig.feed(reply(invite, 180))
    rig.advance(20 * SECOND)
    assert rig.requests() == []


def test_nobody_there() -> None:
    rig = Rig()
    rig.dial()
    rig.advance(LIFETIME)
    assert rig.one(CallFailed).code == 408
    rig.settle()


def test_refused_and_acknowledged() -> None:
    rig = Rig()
    invite = rig.dial()
    rig.feed(reply(invite, 486))
    assert rig.events() == [CallFailed("c1", 486, "Reason")]
    [ack] = rig.requests()
    assert ack.via == invite.via
    rig.settle()


def test_cancel_waits_for_a_provisional_answer() -> None:
    rig = Rig()
    invite = rig.dial()
    rig.core.hangup("c1", "caller left", rig.now)
    assert rig.events() == [CallEnded("c1", "local", "caller left")]
    assert rig.requests() == []
    rig.feed(reply(invite, 100))
    [cancel] = rig.requests()
    assert (cancel.method, cancel.via, cancel.to.tag) == ("CANCEL", invite.via, None)
    rig.feed(reply(cancel, 200))
    rig.feed(reply(invite, 180))
    rig.feed(reply(invite, 487))
    assert [r.method for r in rig.requests()] == ["ACK"]
    assert rig.events() == []
    assert not rig.core.context.calls
    rig.settle()


def test_cancel_crosses_200() -> None:
    rig = Rig()
    invite = rig.dial()
    rig.feed(reply(invite, 180))
    rig.core.hangup("c1", None, rig.now)
    rig.feed(reply(invite, 200, body=ANSWER))
    assert [r.method for r in rig.requests()] == ["CANCEL", "ACK", "BYE"]
    assert [type(e) for e in rig.events()] == [CallRinging, CallEnded]
    rig.settle()


def test_cancel_that_nobody_answers_is_forgotten() -> None:
    rig = Rig()
    invite = rig.dial()
    rig.feed(reply(invite, 180))
    rig.core.hangup("c1", None, rig.now)
    rig.advance(LIFETIME)
    assert rig.idle()


def test_the_phone_rings_too_long() -> None:
    rig = Rig(ring_limit_us=60 * SECOND)
    invite = rig.dial()
    rig.feed(reply(invite, 180))
    rig.events()
    rig.advance(60 * SECOND)
    assert rig.one(CallFailed).code == 408
    assert rig.requests()[0].method == "CANCEL"
    rig.settle()


def test_a_second_answer_of_a_forking_proxy_is_ended() -> None:
    rig = Rig()
    invite = rig.dial()
    rig.feed(reply(invite, 200, tag="one", body=ANSWER))
    rig.taken()
    rig.feed(reply(invite, 200, tag="two", body=ANSWER))
    ack, bye = rig.requests()
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert ack.to.tag == bye.to.tag == "two"
    assert len(rig.events()) == 1
    assert "c1" in rig.core.context.calls


def two_phones(rig: Rig) -> list[Packet]:
    targets = [
        Target("sip:bob@10.0.0.1:5060", Flow("UDP", "203.0.113.1", 1111), pinned=True),
        Target("sip:bob@10.0.0.2:5060", Flow("UDP", "203.0.113.2", 2222), pinned=True),
    ]
    Uac(rig.core.context).dial("c1", targets, outgoing("400", "", SDP, {}), rig.now)
    return rig.taken()


def invites(packets: list[Packet]) -> list[Request]:
    return [p.message for p in packets if isinstance(p.message, Request)]


def test_two_phones_ring_and_the_loser_is_cancelled() -> None:
    rig = Rig()
    packets = two_phones(rig)
    first, second = invites(packets)
    assert [p.flow.port for p in packets] == [1111, 2222]
    assert first.call_id != second.call_id
    rig.feed(reply(first, 180))
    rig.feed(reply(second, 180))
    rig.feed(reply(second, 200, body=ANSWER))
    sent = rig.taken()
    assert [(p.message.cseq.method, p.flow.port) for p in sent] == [("ACK", 2222), ("CANCEL", 1111)]
    rig.feed(reply(first, 487))
    assert [type(e) for e in rig.events()] == [CallRinging, CallRinging, CallAnswered]
    rig.core.hangup("c1", None, rig.now)
    bye = rig.taken()[-1]
    assert (bye.message.cseq.method, bye.flow.port) == ("BYE", 2222)
    assert isinstance(bye.message, Request)
    rig.feed(reply(bye.message, 200))
    rig.settle()


def test_both_phones_answer_at_once() -> None:
    rig = Rig()
    first, second = invites(two_phones(rig))
    rig.feed(reply(first, 200, body=ANSWER))
    rig.feed(reply(second, 200, body=ANSWER))
    assert [(r.method, r.call_id) for r in rig.requests()] == [
        ("ACK", first.call_id),
        ("ACK", second.call_id),
        ("BYE", second.call_id),
    ]
    assert rig.events() == [CallAnswered("c1", ANSWER)]


@pytest.mark.parametrize(
    ("codes", "told"), [((486, 404), 486), ((500, 486), 486), ((404, 603), 603), ((603, 404), 603)]
)
def test_all_phones_refuse(codes: tuple[int, int], told: int) -> None:
    rig = Rig()
    for invite, code in zip(invites(two_phones(rig)), codes, strict=True):
        rig.feed(reply(invite, code))
    assert rig.one(CallFailed).code == told
    rig.settle()


@pytest.mark.parametrize("target", ["sips:bob@h", "mailto:bob@h", "sip:", "sip:bob@h;transport=ws"])
def test_targets_that_cannot_be_dialled(target: str) -> None:
    rig = Rig()
    rig.core.dial("c1", target, outgoing("400", "", SDP, {}), rig.now)
    assert rig.one(CallFailed).code in (400, 416)
    assert rig.idle()


def test_an_unknown_user_is_unavailable() -> None:
    rig = Rig()
    rig.core.dial("c1", "bob", outgoing("400", "", SDP, {}), rig.now)
    assert rig.one(CallFailed).code == 480


@pytest.mark.parametrize(
    ("name", "value"), [("Via", "x"), ("v", "x"), ("X", "a\r\nVia: b"), ("X Y", "x"), ("contact", "x")]
)
def test_headers_that_are_not_the_consumers(name: str, value: str) -> None:
    rig = Rig()
    with pytest.raises(ValueError, match="header"):
        rig.dial(**{name: value})
    assert rig.idle()


def test_an_id_in_use_is_refused() -> None:
    rig = Rig()
    dialled(rig)
    with pytest.raises(ValueError, match="exists"):
        rig.dial()


def test_no_connection() -> None:
    rig = Rig()
    rig.dial(target="sip:bob@192.0.2.7;transport=tcp")
    rig.core.transport_failed(Flow("TCP", "192.0.2.7", 5060), rig.now)
    assert rig.one(CallFailed).code == 503
    assert rig.idle()
