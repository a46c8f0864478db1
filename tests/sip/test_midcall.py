"""Inside a call: ACK, BYE, re-INVITE both ways, INFO, and every race between them."""

import pytest

from sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    DigitPressed,
    OfferReceived,
    OfferRefused,
    OfferWithdrawn,
)
from sip.message import Request, Response
from sip.midcall import parse_digit
from sip.transaction import LIFETIME, T1
from tests.sip.rig import ANSWER, SDP, SECOND, Peer, Rig, answered, dialled, established, incoming, reply

HOLD = SDP + b"a=sendonly\r\n"


def test_ack_confirms_once() -> None:
    rig = Rig()
    peer, call = answered(rig)
    rig.feed(peer.request("ACK"))
    assert rig.events() == [CallConfirmed(call, None)]
    rig.feed(peer.request("ACK"))
    assert rig.events() == []
    assert rig.core.context.counters["stray_ack"] == 1


def test_late_offer_the_answer_is_in_the_ack() -> None:
    rig = Rig()
    peer, call = incoming(rig, body=b"")
    rig.core.answer(call, SDP, rig.now)
    peer.to_tag = rig.responses()[-1].to.tag or ""
    rig.feed(peer.request("ACK", ANSWER))
    assert rig.events() == [CallConfirmed(call, ANSWER)]


def test_lost_ack_the_200_is_repeated_then_the_call_ends() -> None:
    rig = Rig()
    answered(rig)
    rig.advance(3 * T1)
    assert rig.statuses() == [200, 200]
    rig.advance(LIFETIME)
    assert rig.one(CallEnded).by == "timeout"
    [bye, *_] = rig.requests()
    assert bye.method == "BYE"
    rig.settle()


def test_lost_ack_then_it_comes() -> None:
    rig = Rig()
    peer, _ = answered(rig)
    rig.advance(T1)
    assert rig.statuses() == [200]
    rig.feed(peer.request("ACK"))
    rig.advance(60 * SECOND)
    assert rig.taken() == []
    assert rig.core.context.calls


def test_bye_from_the_peer_and_its_repetition() -> None:
    rig = Rig()
    peer, call = established(rig)
    bye = peer.next("BYE")
    rig.feed(bye)
    rig.feed(bye)
    assert rig.statuses() == [200, 200]
    assert rig.events() == [CallEnded(call, "remote", "BYE")]
    rig.feed(peer.next("BYE"))
    assert rig.statuses() == [481]
    rig.settle()


def test_bye_before_the_ack_and_bye_before_the_answer() -> None:
    rig = Rig()
    peer, call = answered(rig)
    rig.feed(peer.next("BYE"))
    assert rig.statuses() == [200]
    assert rig.one(CallEnded).call == call
    rig.advance(60 * SECOND)
    assert rig.taken() == []
    peer, call = incoming(rig, Peer("call-2"))
    rig.core.ring(call, 180, rig.now)
    peer.to_tag = rig.responses()[0].to.tag or ""
    rig.feed(peer.next("BYE"))
    assert [(r.status, r.cseq.method) for r in rig.responses()] == [(200, "BYE"), (487, "INVITE")]
    assert len(rig.events()) == 1
    rig.settle()


def test_our_bye_waits_for_the_ack() -> None:
    rig = Rig()
    peer, call = answered(rig)
    rig.core.hangup(call, "done", rig.now)
    assert rig.events() == [CallEnded(call, "local", "done")]
    assert rig.taken() == []
    rig.feed(peer.request("ACK"))
    [bye] = rig.requests()
    assert (bye.method, bye.uri, bye.to.tag, str(bye.cseq)) == ("BYE", "sip:alice@192.0.2.7:5070", "alice", "1 BYE")
    rig.feed(reply(bye, 200))
    assert not rig.core.context.calls
    rig.core.hangup(call, None, rig.now)
    assert rig.events() == []
    rig.settle()


def test_both_hang_up_at_once() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.core.hangup(call, None, rig.now)
    [bye] = rig.requests()
    rig.feed(peer.next("BYE"))
    assert rig.statuses() == [200]
    rig.feed(reply(bye, 481))
    assert len(rig.events()) == 1
    rig.settle()


def test_an_unanswered_bye_ends_the_call_all_the_same() -> None:
    rig = Rig()
    _, call = established(rig)
    rig.core.hangup(call, None, rig.now)
    rig.advance(LIFETIME)
    assert len(rig.requests()) == 11
    assert rig.core.context.counters["bye_unanswered"] == 1
    assert rig.idle()


def test_reinvite_hold_is_the_consumers_to_answer() -> None:
    rig = Rig()
    peer, call = established(rig)
    reinvite = peer.next("INVITE", HOLD)
    rig.feed(reinvite)
    assert rig.events() == [OfferReceived(call, HOLD)]
    rig.core.accept_offer(call, ANSWER, rig.now)
    assert rig.statuses() == [100, 200]
    rig.advance(T1)
    assert rig.statuses() == [200]
    rig.feed(peer.request("ACK"))
    rig.advance(60 * SECOND)
    assert rig.taken() == []
    assert rig.events() == []
    rig.core.accept_offer(call, ANSWER, rig.now)
    assert rig.taken() == []


def test_reinvite_moves_the_target() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("INVITE", SDP).replace(b"alice@192.0.2.7:5070>\r\n", b"alice@192.0.2.7:6000>\r\n"))
    rig.core.accept_offer(call, ANSWER, rig.now)
    rig.feed(peer.request("ACK"))
    rig.taken()
    rig.core.hangup(call, None, rig.now)
    [bye] = rig.taken()
    assert bye.flow.port == 6000


def test_reinvite_rejected_leaves_the_call() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("INVITE", HOLD))
    rig.core.reject_offer(call, 488, rig.now)
    assert rig.statuses() == [100, 488]
    rig.events()
    rig.feed(peer.next("INFO", b"1", kind="application/dtmf"))
    assert rig.one(DigitPressed).digit == "1"


def test_reinvite_without_offer_and_its_late_answer() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("INVITE"))
    assert rig.events() == [OfferReceived(call, None)]
    rig.core.accept_offer(call, SDP, rig.now)
    rig.feed(peer.request("ACK", ANSWER))
    assert rig.events() == [CallConfirmed(call, ANSWER)]


def test_second_reinvite_waits_500_and_reinvite_before_ack_491() -> None:
    rig = Rig()
    peer, _ = established(rig)
    rig.feed(peer.next("INVITE", HOLD))
    rig.feed(peer.next("INVITE", HOLD))
    refusal = rig.responses()[-1]
    assert (refusal.status, refusal.headers.get("Retry-After")) == (500, "1")
    rig = Rig()
    peer, _ = answered(rig)
    rig.feed(peer.next("INVITE", HOLD))
    assert rig.statuses() == [491]


def test_reinvite_cancelled() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("INVITE", HOLD))
    rig.events()
    rig.feed(peer.request("CANCEL", branch=f"z9hG4bK-call-1-{peer.branch}"))
    assert [(r.status, r.cseq.method) for r in rig.responses()] == [(100, "INVITE"), (200, "CANCEL"), (487, "INVITE")]
    assert rig.events() == [OfferWithdrawn(call)]
    rig.core.accept_offer(call, ANSWER, rig.now)
    assert rig.taken() == []


@pytest.mark.parametrize("ours", [True, False])
def test_reinvite_races_with_bye(ours: bool) -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("INVITE", HOLD))
    rig.taken()
    rig.events()
    if ours:
        rig.core.hangup(call, None, rig.now)
        packets = rig.taken()
        bye = next(p.message for p in packets if isinstance(p.message, Request))
        assert 487 in [getattr(p.message, "status", 0) for p in packets]
        rig.feed(reply(bye, 200))
    else:
        rig.feed(peer.next("BYE"))
        assert sorted(rig.statuses()) == [200, 487]
    assert isinstance(rig.one(CallEnded), CallEnded)
    rig.core.accept_offer(call, ANSWER, rig.now)
    rig.settle()


def test_our_reinvite_is_answered_and_acknowledged_again() -> None:
    rig = Rig()
    _, call = established(rig)
    rig.core.reoffer(call, HOLD, rig.now)
    [invite] = rig.requests()
    assert (invite.method, invite.body) == ("INVITE", HOLD)
    ok = reply(invite, 200, body=ANSWER)
    rig.feed(ok)
    assert rig.events() == [CallAnswered(call, ANSWER)]
    [ack] = rig.requests()
    assert (str(ack.cseq), ack.uri) == ("1 ACK", "sip:bob@192.0.2.7:5070")
    rig.feed(ok)
    assert [str(r.cseq) for r in rig.requests()] == ["1 ACK"]
    assert rig.events() == []


def test_our_reinvite_is_refused_or_lost() -> None:
    rig = Rig()
    _, call = established(rig)
    rig.core.reoffer(call, HOLD, rig.now)
    rig.feed(reply(rig.requests()[0], 488))
    assert rig.events() == [OfferRefused(call, 488, "Reason")]
    rig.core.reoffer(call, HOLD, rig.now)
    rig.feed(reply(rig.requests()[1], 481))
    assert rig.one(CallEnded).by == "timeout"
    rig.core.reoffer("nobody", HOLD, rig.now)
    assert rig.one(OfferRefused).code == 481


def test_glare_is_refused_by_both_and_tried_again() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.core.reoffer(call, HOLD, rig.now)
    [invite] = rig.requests()
    rig.feed(peer.next("INVITE", HOLD))
    assert rig.statuses() == [491]
    rig.feed(reply(invite, 491))
    assert [r.method for r in rig.requests()] == ["ACK"]
    assert rig.events() == []
    rig.core.reoffer(call, SDP, rig.now)
    assert rig.one(OfferRefused).code == 491
    rig.advance(2 * SECOND)
    again = [r for r in rig.requests() if r.method == "INVITE"]
    assert again[0].cseq.number == 2
    rig.feed(reply(again[0], 200, body=ANSWER))
    assert rig.one(CallAnswered).sdp == ANSWER


def test_the_peers_offer_is_taken_while_ours_waits_to_be_tried_again() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.core.reoffer(call, HOLD, rig.now)
    rig.feed(reply(rig.requests()[0], 491))
    rig.taken()
    rig.feed(peer.next("INVITE", SDP))
    assert rig.events() == [OfferReceived(call, SDP)]
    rig.advance(3 * SECOND)
    rig.core.accept_offer(call, ANSWER, rig.now)
    rig.advance(3 * SECOND)
    assert {(type(p.message), p.message.cseq.method) for p in rig.taken()} == {(Response, "INVITE")}
    rig.feed(peer.request("ACK"))
    rig.advance(3 * SECOND)
    again, *repeated = rig.requests()
    assert (again.method, again.body) == ("INVITE", HOLD)
    assert {str(each.cseq) for each in repeated} <= {str(again.cseq)}
    rig.feed(reply(again, 200, body=ANSWER))
    assert rig.one(CallAnswered).sdp == ANSWER


def test_glare_gives_up_after_some_tries() -> None:
    rig = Rig()
    _, call = established(rig)
    rig.core.reoffer(call, HOLD, rig.now)
    for _ in range(4):
        invite = next(r for r in rig.requests() if r.method == "INVITE")
        rig.feed(reply(invite, 491))
        rig.advance(4 * SECOND)
    assert rig.one(OfferRefused).code == 491


def test_our_reinvite_races_with_the_end() -> None:
    rig = Rig()
    _, call = established(rig)
    rig.core.reoffer(call, HOLD, rig.now)
    [invite] = rig.requests()
    rig.core.hangup(call, None, rig.now)
    [bye] = rig.requests()
    rig.feed(reply(invite, 200, body=ANSWER))
    assert [r.method for r in rig.requests()] == ["ACK"]
    rig.feed(reply(bye, 200))
    assert isinstance(rig.one(CallEnded), CallEnded)
    rig.settle()


def test_reinvite_on_a_call_that_we_made() -> None:
    rig = Rig()
    invite = dialled(rig)
    peer = Peer(invite.call_id, tag="bob", to_tag=invite.from_.tag or "")
    rig.feed(peer.request("INVITE", HOLD))
    assert rig.events() == [OfferReceived("c1", HOLD)]
    rig.core.accept_offer("c1", ANSWER, rig.now)
    ok = rig.responses()[-1]
    assert ok.to.tag == invite.from_.tag
    rig.feed(peer.request("ACK"))
    rig.feed(peer.next("BYE"))
    assert rig.events() == [CallEnded("c1", "remote", "BYE")]
    rig.settle()


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", ("5", 160)),
        ("application/dtmf-relay", b"Signal= *\nDuration= 250", ("*", 250)),
        ("application/dtmf-relay", b"signal=11", ("#", 0)),
        ("application/dtmf-relay", b"Signal=d\r\n", ("D", 0)),
        ("application/dtmf-relay", b"Duration=160", None),
        ("application/dtmf-relay", b"Signal=55", None),
        ("application/dtmf", b"7", ("7", 0)),
        ("application/dtmf", b"16", None),
        ("text/plain", b"7", None),
    ],
)
def test_digit_bodies(kind: str, body: bytes, expected: tuple[str, int] | None) -> None:
    assert parse_digit(kind, body) == expected


def test_info_answers_and_a_repeated_info_is_one_digit() -> None:
    rig = Rig()
    peer, call = established(rig)
    info = peer.next("INFO", b"Signal=5\r\nDuration=160\r\n", kind="application/dtmf-relay")
    rig.feed(info)
    rig.feed(info)
    assert rig.events() == [DigitPressed(call, "5", 160)]
    rig.feed(peer.next("INFO", b"x", kind="text/plain"))
    rig.feed(peer.next("INFO", b"Signal=x", kind="application/dtmf-relay"))
    rig.feed(peer.next("INFO"))
    assert rig.statuses() == [200, 200, 415, 400, 200]


def test_requests_out_of_order_and_methods_that_are_not_served() -> None:
    rig = Rig()
    peer, _ = established(rig)
    rig.feed(peer.request("INFO", b"1", kind="application/dtmf"))
    assert rig.statuses() == [500]
    rig.feed(peer.next("OPTIONS"))
    rig.feed(peer.next("UPDATE", SDP))
    rig.feed(peer.next("FLY"))
    rig.feed(peer.next("INFO", extra="Require: foo\r\n"))
    assert rig.statuses() == [200, 405, 501, 420]
    assert rig.events() == []


def test_send_info_and_a_peer_that_lost_the_call() -> None:
    rig = Rig()
    _, call = established(rig)
    rig.core.send_digit_info(call, "9", 120, rig.now)
    [info] = rig.requests()
    assert info.body == b"Signal=9\r\nDuration=120\r\n"
    rig.feed(reply(info, 481))
    assert rig.one(CallEnded).by == "timeout"
    [bye] = rig.requests()
    rig.feed(reply(bye, 481))
    rig.settle()
