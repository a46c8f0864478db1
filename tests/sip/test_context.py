"""What the parts share."""

from sip.call import Call, CallState, CallTimer
from sip.context import stateless_tag
from sip.events import CallEnded
from sip.flow import Flow
from sip.message import Headers, Request, parse
from tests.sip.rig import PEER, Peer, Rig


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
