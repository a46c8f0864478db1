"""Messages outside any call, overload, and bytes of every kind."""

import gc
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core import Core
from sip.events import CallCancelled, CallEnded, CallFailed, CallReceived, OfferRefused
from sip.message import MAX_BYTES, Request
from tests.sip.rig import ANSWER, PEER, SDP, Peer, Rig, answered, established, incoming, local_settings, reply


@pytest.mark.parametrize(
    ("method", "to_tag", "status"),
    [
        ("OPTIONS", "", 200),
        ("OPTIONS", "gone", 481),
        ("BYE", "", 481),
        ("BYE", "gone", 481),
        ("INFO", "", 481),
        ("INVITE", "gone", 481),
        ("PRACK", "", 405),
        ("UPDATE", "gone", 405),
        ("SUBSCRIBE", "", 405),
        ("MESSAGE", "", 405),
        ("REFER", "", 403),
        ("FLY", "", 501),
    ],
)
def test_final_answers_without_memory(method: str, to_tag: str, status: int) -> None:
    rig = Rig()
    data = Peer(to_tag=to_tag).request(method)
    rig.feed(data)
    rig.feed(data)
    first, second = rig.responses()
    assert first == second
    assert first.status == status
    assert first.to.tag
    if status in (200, 405, 501):
        assert "INVITE" in (first.headers.get("Allow") or "")
    assert rig.events() == []
    assert rig.idle()


def test_options_say_what_is_accepted() -> None:
    rig = Rig()
    rig.feed(Peer().request("OPTIONS", uri="sip:198.51.100.1"))
    assert "application/sdp" in (rig.responses()[0].headers.get("Accept") or "")


def test_strays_are_counted_and_not_answered() -> None:
    rig = Rig()
    rig.feed(Peer(to_tag="x").request("ACK"))
    rig.feed(reply(Rig().dial(), 200))
    rig.feed(b"\r\n\r\n")
    rig.feed(b"\0\0\0\0")
    rig.feed(b"garbage")
    rig.feed(b"x" * (MAX_BYTES + 1))
    assert rig.taken() == []
    assert rig.core.context.counters == {"stray_ack": 1, "stray_response": 1, "keepalive": 2, "malformed": 2}


def test_malformed_requests_that_name_their_sender_get_400_or_505() -> None:
    sent: list[bytes] = []
    core = Core(local_settings(), lambda _flow, data, _fallback: sent.append(data))
    good = Peer().request("OPTIONS")
    for old, new in ((b"CSeq: 1", b"CSeq: x"), (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), (b"From: ", b"From: <")):
        core.receive(good.replace(old, new), PEER, 0)
    assert [data.split()[1] for data in sent] == [b"400", b"505", b"400"]
    assert all(b"branch=z9hG4bK-call-1-1" in data for data in sent)
    assert (len(core.context.layer), core.context.calls, core.context.counters) == (0, {}, {"malformed": 3})


def test_overload_refuses_the_new_and_lets_the_old_end() -> None:
    rig = Rig(max_transactions=2)
    peer, _ = established(rig)
    incoming(rig, Peer("call-2"))
    rig.feed(Peer("call-3").request("INVITE", SDP))
    rig.feed(Peer("call-4").request("OPTIONS"))
    assert rig.statuses() == [503, 503]
    rig.feed(peer.next("BYE"))
    assert rig.statuses() == [200]
    assert rig.core.context.counters["overload"] == 2


def test_dialling_out_in_overload_fails_at_once() -> None:
    rig = Rig(max_transactions=1)
    incoming(rig)
    with pytest.raises(IndexError):
        rig.dial()
    assert rig.one(CallFailed).code == 503


def test_commands_for_calls_that_are_gone_do_nothing() -> None:
    rig = Rig()
    core, now = rig.core, rig.now
    core.ring("x", 180, now)
    core.answer("x", SDP, now)
    core.reject("x", 404, None, now)
    core.hangup("x", None, now)
    core.accept_offer("x", SDP, now)
    core.reject_offer("x", 488, now)
    core.send_digit_info("x", "1", 100, now)
    assert rig.taken() == []
    core.reoffer("x", SDP, now)
    assert isinstance(rig.one(OfferRefused), OfferRefused)


def test_hangup_in_every_state_ends_with_one_event_and_no_trace() -> None:
    for prepare in (incoming, answered, established):
        rig = Rig()
        _, call = prepare(rig)
        rig.taken()
        rig.events()
        rig.core.hangup(call, None, rig.now)
        rig.core.hangup(call, None, rig.now)
        assert len(rig.events()) == 1
        rig.settle()
        assert rig.events() == []


def test_a_thousand_calls_leave_nothing() -> None:
    rig = Rig(max_new_calls_per_second=1_000_000)

    def burst(name: str) -> None:
        for n in range(40):
            peer, call = answered(rig, Peer(f"{name}-{n}"))
            match n % 4:
                case 0:
                    rig.feed(peer.request("ACK"))
                    rig.feed(peer.next("BYE"))
                case 1:
                    rig.core.hangup(call, None, rig.now)
                case 2:
                    rig.feed(peer.next("BYE"))
                case _:
                    pass
            rig.taken()
        rig.settle()
        rig.taken()
        rig.events()
        rig.heard.clear()

    burst("warm")
    tracemalloc.start()
    try:
        burst("a")
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for name in "bcde":
            burst(name)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 50_000
    finally:
        tracemalloc.stop()


class Walk:
    """One call, pushed about from both sides at random."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.rig = Rig()
        self.peer, self.call = incoming(self.rig)
        self.asked: list[Request] = []

    def step(self) -> None:
        getattr(self, self.draw(st.sampled_from(["wire", "command", "answer", "wait"])))()
        for packet in self.rig.taken():
            if isinstance(packet.message, Request):
                self.asked += [packet.message] if packet.message.method != "ACK" else []
            elif packet.message.to.tag and not self.peer.to_tag:
                self.peer.to_tag = packet.message.to.tag
        self.rig.events()

    def wire(self) -> None:
        method = self.draw(st.sampled_from(["ACK", "BYE", "INVITE", "INFO", "OPTIONS", "UPDATE", "CANCEL"]))
        if method == "CANCEL":
            self.rig.feed(self.peer.request(method, branch=f"z9hG4bK-call-1-{self.draw(st.integers(1, 4))}"))
            return
        make = self.peer.request if method == "ACK" else self.peer.next
        self.rig.feed(make(method, self.draw(st.sampled_from([b"", SDP, b"5"]))))

    def command(self) -> None:
        core, now = self.rig.core, self.rig.now
        match self.draw(st.integers(0, 4)):
            case 0:
                core.answer(self.call, ANSWER, now)
            case 1:
                core.hangup(self.call, None, now)
            case 2:
                core.reoffer(self.call, SDP, now)
            case 3:
                core.accept_offer(self.call, ANSWER, now)
            case _:
                core.reject_offer(self.call, 488, now)

    def answer(self) -> None:
        status = self.draw(st.sampled_from([100, 200, 481, 491]))
        for request in self.asked[-2:]:
            self.rig.feed(reply(request, status, body=SDP))

    def wait(self) -> None:
        self.rig.advance(self.draw(st.sampled_from([0, 500_000, 5_000_000, 40_000_000])))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_sequence_of_messages_and_commands_settles(data: st.DataObject) -> None:
    """Never an exception, exactly one end for each call, nothing left behind."""
    walk = Walk(data)
    for _ in range(data.draw(st.integers(1, 14))):
        walk.step()
    for call in list(walk.rig.core.context.calls):
        walk.rig.core.hangup(call, None, walk.rig.now)
    walk.rig.settle()
    walk.rig.events()
    begun = [e.call for e in walk.rig.heard if isinstance(e, CallReceived)]
    ended = [e.call for e in walk.rig.heard if isinstance(e, CallEnded | CallCancelled)]
    assert sorted(begun) == sorted({walk.call, *begun})
    assert sorted(ended) == sorted({walk.call, *begun})
