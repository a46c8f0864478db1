"""Calls that come in, up to our final answer."""

import pytest

from sip.events import CallCancelled, CallEnded, CallReceived
from sip.flow import Flow
from sip.message import Request, parse
from sip.transaction import LIFETIME, T1, T4
from tests.sip.rig import ANSWER, PEER, SDP, SECOND, Peer, Rig, established, incoming


def test_a_call_is_announced_with_all_that_is_known() -> None:
    rig = Rig()
    rig.feed(Peer().request("INVITE", SDP, extra="User-Agent: phone/1\r\n"))
    event = rig.one(CallReceived)
    assert (event.from_user, event.from_host, event.from_display) == ("alice", "example.net", "Alice")
    assert (event.to_user, event.to_host) == ("400", "198.51.100.1")
    assert (event.source_host, event.source_port, event.transport) == ("192.0.2.7", 5070, "UDP")
    assert (event.sip_call_id, event.user_agent, event.offer) == ("call-1", "phone/1", SDP)
    assert event.call != event.sip_call_id


def test_ring_answer_and_the_parts_of_a_200() -> None:
    rig = Rig()
    peer = Peer()
    rig.feed(peer.request("INVITE", SDP, extra="Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"))
    call = rig.one(CallReceived).call
    rig.core.ring(call, 180, rig.now)
    rig.core.answer(call, ANSWER, rig.now)
    trying, ringing, ok = rig.responses()
    assert [trying.status, ringing.status, ok.status] == [100, 180, 200]
    assert trying.to.tag is None
    assert ringing.to.tag == ok.to.tag
    assert ok.headers.rows("Record-Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert ok.headers.get("Contact") == "<sip:198.51.100.1:5060>"
    assert ok.headers.get("Content-Type") == "application/sdp"
    assert "INVITE" in (ok.headers.get("Allow") or "")
    assert ok.body == ANSWER
    rig.core.ring(call, 180, rig.now)
    rig.core.answer(call, ANSWER, rig.now)
    assert rig.taken() == []


def test_a_repeated_invite_gets_the_last_answer_again_and_no_second_call() -> None:
    rig = Rig()
    peer = Peer()
    invite = peer.request("INVITE", SDP)
    rig.feed(invite)
    call = rig.one(CallReceived).call
    rig.core.ring(call, 180, rig.now)
    rig.taken()
    rig.feed(invite)
    assert rig.statuses() == [180]
    rig.core.answer(call, ANSWER, rig.now)
    rig.taken()
    rig.feed(invite)
    assert rig.statuses() == []
    assert rig.events() == []
    assert rig.core.context.counters["absorbed"] == 2


def test_a_merged_invite_is_a_loop() -> None:
    rig = Rig()
    incoming(rig)
    rig.feed(Peer(branch=50).request("INVITE", SDP))
    assert rig.statuses() == [482]
    assert rig.events() == []


def test_a_call_may_be_made_again_elsewhere() -> None:
    rig = Rig()
    _, call = incoming(rig)
    rig.taken()
    rig.core.redirect(call, "sip:400@198.51.100.2:5060", rig.now)
    rig.core.redirect("nobody", "sip:400@198.51.100.2:5060", rig.now)
    (answer,) = rig.responses()
    assert (answer.status, answer.headers.get("Contact")) == (302, "<sip:400@198.51.100.2:5060>")
    assert isinstance(rig.events()[-1], CallEnded)
    rig.settle()


def test_reject_is_repeated_until_the_ack() -> None:
    rig = Rig()
    peer, call = incoming(rig)
    rig.core.reject(call, 404, "No Such Entry", rig.now)
    assert rig.one(CallEnded).by == "local"
    [refusal] = rig.responses()
    assert (refusal.status, refusal.reason) == (404, "No Such Entry")
    rig.advance(T1)
    assert rig.statuses() == [404]
    peer.to_tag = refusal.to.tag or ""
    rig.feed(peer.request("ACK", branch=f"z9hG4bK-call-1-{peer.branch}"))
    rig.advance(T4)
    assert rig.statuses() == []
    assert rig.idle()


def test_cancel_before_the_answer() -> None:
    rig = Rig()
    peer, _ = incoming(rig)
    branch = f"z9hG4bK-call-1-{peer.branch}"
    rig.feed(peer.request("CANCEL", branch=branch))
    assert [(r.status, r.cseq.method) for r in rig.responses()] == [(200, "CANCEL"), (487, "INVITE")]
    assert rig.one(CallCancelled)
    rig.feed(peer.request("CANCEL", branch=branch))
    assert rig.statuses() == [200]
    rig.feed(peer.request("ACK", branch=branch))
    rig.settle()
    assert rig.events() == []


def test_cancel_of_nothing_and_cancel_after_the_answer() -> None:
    rig = Rig()
    rig.feed(Peer().request("CANCEL"))
    assert rig.statuses() == [481]
    peer, _ = established(rig)
    rig.feed(Peer().request("CANCEL", branch="z9hG4bK-call-1-1"))
    assert rig.statuses() == [200]
    assert rig.events() == []
    rig.feed(peer.next("BYE"))
    assert isinstance(rig.one(CallEnded), CallEnded)
    rig.settle()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("Max-Forwards: 70", "Max-Forwards: 0"), 483),
        (("Max-Forwards: 70", "Max-Forwards: x"), 400),
        (("Max-Forwards: 70", "Max-Forwards: 256"), 400),
        (("Max-Forwards: 70", "Max-Forwards: 70\r\nRequire: 100rel"), 420),
        (("Max-Forwards: 70", "Max-Forwards: 70\r\nContent-Encoding: gzip"), 415),
        (("application/sdp", "text/plain"), 415),
        (("INVITE sip:", "INVITE sips:"), 416),
        (("INVITE sip:400@198", "INVITE tel:400@198"), 416),
        (("Contact: <sip:alice@192.0.2.7:5070>\r\n", ""), 400),
        (("Contact: <sip:alice", "Contact: <mailto:alice"), 400),
        (("Contact:", "Record-Route: <broken\r\nContact:"), 400),
    ],
)
def test_refusals_without_a_trace(change: tuple[str, str], status: int) -> None:
    rig = Rig()
    rig.feed(Peer().request("INVITE", SDP).decode().replace(*change))
    assert rig.statuses() == [status]
    assert rig.events() == []
    assert rig.idle()


def test_supported_prack_is_fine_when_it_is_not_required() -> None:
    rig = Rig()
    rig.feed(Peer().request("INVITE", SDP, extra="Supported: 100rel, timer\r\n"))
    assert rig.statuses() == [100]


def test_no_more_calls_than_the_limit_and_the_rate() -> None:
    rig = Rig(max_calls=1)
    incoming(rig)
    rig.feed(Peer("call-2").request("INVITE", SDP))
    [refusal] = rig.responses()
    assert (refusal.status, refusal.headers.get("Retry-After")) == (503, "2")
    rig = Rig(max_new_calls_per_second=2)
    for n in range(4):
        rig.feed(Peer(f"call-{n}").request("INVITE", SDP))
    assert rig.statuses() == [100, 100, 503, 503]
    rig.advance(SECOND // 2)
    rig.feed(Peer("call-9").request("INVITE", SDP))
    assert rig.statuses() == [100]


def test_a_call_that_the_consumer_forgets_ends_by_itself() -> None:
    rig = Rig(answer_limit_us=30 * SECOND)
    incoming(rig)
    rig.advance(30 * SECOND)
    assert rig.one(CallEnded).by == "timeout"
    assert rig.statuses() == [480]
    rig.settle()


def test_a_caller_behind_nat_is_reached_where_its_packets_come_from() -> None:
    rig = Rig()
    nat = Flow("UDP", "203.0.113.5", 40_000)
    peer = Peer()
    rig.feed(peer.request("INVITE", SDP).replace(b";branch", b";rport;branch"), nat)
    call = rig.one(CallReceived).call
    rig.core.answer(call, ANSWER, rig.now)
    packets = rig.taken()
    assert {p.flow for p in packets} == {nat}
    assert packets[0].message.via.params["received"] == "203.0.113.5"
    peer.to_tag = packets[-1].message.to.tag or ""
    rig.feed(peer.request("ACK"), nat)
    rig.core.hangup(call, None, rig.now)
    [bye] = rig.taken()
    assert bye.flow == nat
    assert isinstance(bye.message, Request)
    assert bye.message.uri == "sip:alice@192.0.2.7:5070"


def test_without_rport_the_answer_goes_to_the_port_in_via() -> None:
    rig = Rig()
    rig.feed(Peer().request("OPTIONS"), Flow("UDP", "192.0.2.7", 9999))
    assert rig.taken()[0].flow == PEER


def test_an_rfc_2543_caller_without_the_magic_cookie() -> None:
    rig = Rig()
    peer = Peer()
    invite = peer.request("INVITE", SDP, branch="1")
    rig.feed(invite)
    rig.feed(invite)
    call = rig.one(CallReceived).call
    rig.core.reject(call, 486, None, rig.now)
    refusal = rig.responses()[-1]
    peer.to_tag = refusal.to.tag or ""
    rig.feed(peer.request("ACK", branch="1"))
    rig.advance(LIFETIME)
    assert rig.statuses() == []
    assert isinstance(parse(invite), Request)
