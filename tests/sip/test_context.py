"""What the parts share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.call import Call, CallState, CallTimer
from sip.context import stateless_tag
from sip.events import CallEnded
from sip.flow import Flow
from sip.message import Headers, Request, parse, respond
from tests.sip.rig import ANSWER, PEER, SDP, Peer, Rig, established


def test_a_call_is_told_its_end_once() -> None:
    rig = Rig()
    context = rig.core.context
    call = Call("c", CallState.UP, PEER)
    context.end(call, "local", "one")
    context.fail(call, 500, "two")
    context.cancel(call)
    assert rig.events() == [CallEnded("c", "local", "one")]
    assert call.state is CallState.CLOSING


def test_forgetting_stops_the_timers() -> None:
    rig = Rig()
    context = rig.core.context
    call = Call("c", CallState.UP, PEER)
    context.calls["c"] = call
    for timer in CallTimer:
        context.arm(call, timer, 5)
    context.forget(call)
    assert rig.idle()


def test_tags_without_memory_follow_the_request() -> None:
    one, two = (parse(Peer(c).request("OPTIONS")) for c in ("a", "b"))
    assert stateless_tag(one.headers) == stateless_tag(Headers(one.headers))
    assert stateless_tag(one.headers) != stateless_tag(two.headers)


def test_contacts_and_vias_name_us() -> None:
    context = Rig(advertise="sip.example").core.context
    assert context.contact(Flow("TCP", "h", 1), "sip:a@h") == ("Contact", "<sip:sip.example:5060;transport=tcp>")
    secure = Rig(advertise="sip.example", tls_port=5071).core.context
    assert secure.contact(Flow("TLS", "h", 1), "sip:a@h") == ("Contact", "<sip:sip.example:5071;transport=tls>")
    assert secure.contact(Flow("TLS", "h", 1), "SIPS:a@h") == ("Contact", "<sips:sip.example:5071>")
    assert secure.via(Flow("TLS", "h", 1)).startswith("SIP/2.0/TLS sip.example:5071;")
    assert secure.contact(PEER, "sips:a@h") == secure.contact(PEER, "sip:a@h")
    assert context.contact(PEER, "sip:a@h") == ("Contact", "<sip:sip.example:5060>")
    assert context.via(PEER) != context.via(PEER)
    assert context.via(PEER).startswith("SIP/2.0/UDP sip.example:5060;branch=z9hG4bK")


def test_counting() -> None:
    context = Rig().core.context
    context.count("a")
    context.count("a")
    assert context.counters == {"a": 2}


def test_a_target_that_cannot_be_reached_falls_back_to_the_peer() -> None:
    rig = Rig()
    rig.feed(Peer().request("INVITE").replace(b"Contact: <sip:alice", b"Contact: <sips:alice"))
    [call] = rig.core.context.calls.values()
    assert call.dialog is not None
    assert rig.core.context.flow_for(call, call.dialog) == PEER
    assert isinstance(rig.taken()[0].message, Request) is False


def test_requests_go_where_the_peer_says_that_it_is_now() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.core.send_digit_info(call, "1", 100, rig.now)
    assert [packet.flow for packet in rig.taken()] == [PEER]
    rig.feed(peer.next("INVITE", SDP).replace(b"alice@192.0.2.7:5070", b"alice@192.0.2.9:50900"))
    rig.core.accept_offer(call, ANSWER, rig.now)
    rig.feed(peer.request("ACK"))
    rig.taken()
    rig.core.hangup(call, None, rig.now)
    assert [packet.flow for packet in rig.taken()] == [Flow("UDP", "192.0.2.9", 50_900)]


TEXTS = st.text(alphabet="a,: ;é\r\n", max_size=6)


@given(st.lists(st.tuples(st.sampled_from(["Server", "Allow", "Content-Length"]), TEXTS)), TEXTS, st.binary(max_size=5))
def test_a_response_is_its_rows_in_order_or_refused(rows: list[tuple[str, str]], reason: str, body: bytes) -> None:
    headers = parse(Peer().request("OPTIONS")).headers
    said = [row for row in rows if row[0] != "Content-Length"]
    if set("\r\n") & set(reason.join(value for _, value in said) + reason):
        with pytest.raises(ValueError, match="line end"):
            respond(headers, 200, reason=reason, extra=rows, body=body)
        return
    echoed = [(name, headers.get(name)) for name in ("Via", "From", "Call-ID", "CSeq", "To")]
    lines = [f"{name}: {value}" for name, value in (*echoed, *said, ("Content-Length", len(body)))]
    whole = "\r\n".join([f"SIP/2.0 200 {reason or 'OK'}", *lines, "", ""]).encode() + body
    assert respond(headers, 200, reason=reason, extra=rows, body=body) == whole
