"""Matching of messages to transactions, limits, and forgetting."""

from typing import Any

from sip.flow import Flow
from sip.layer import FORGET_US, Layer, server_key
from sip.message import Request, Response, parse, respond
from sip.transaction import LIFETIME, T4
from tests.sip.rig import PEER, Peer

NOW = 1_000_000


class Bench:
    def __init__(self, limit: int = 10) -> None:
        self.sent: list[tuple[Flow, bytes]] = []
        self.layer = Layer(lambda flow, data, _fallback: self.sent.append((flow, data)), limit)
        self.heard: list[int] = []

    def ask(self, request: Request, flow: Flow = PEER) -> None:
        self.layer.open_client(
            request, flow, NOW, lambda r, _now: self.heard.append(r.status), lambda s, _now: self.heard.append(-s)
        )


def request(method: str = "OPTIONS", **more: Any) -> Request:
    made = parse(Peer().request(method, **more))
    assert isinstance(made, Request)
    return made


def answer(to: Request, status: int) -> Response:
    made = parse(respond(to.headers, status, to_tag="t"))
    assert isinstance(made, Response)
    return made


def test_keys() -> None:
    invite = request("INVITE", branch="z9hG4bKa")
    assert server_key(invite) == server_key(request("ACK", branch="z9hG4bKa"))
    assert server_key(invite) == server_key(request("CANCEL", branch="z9hG4bKa"))
    assert server_key(invite) != server_key(request("BYE", branch="z9hG4bKa"))
    assert server_key(invite) != server_key(request("INVITE", branch="z9hG4bKb"))
    assert server_key(request("INVITE", branch="1")) == server_key(request("ACK", branch="1"))


def test_a_server_transaction_repeats_its_answer_and_is_forgotten() -> None:
    bench = Bench()
    bye = request("BYE")
    assert not bench.layer.absorb(bye, NOW)
    key = bench.layer.open_server(bye, PEER, "owner")
    assert bench.layer.owner(key) == "owner"
    bench.layer.respond(key, 200, b"ok", NOW)
    assert bench.layer.absorb(bye, NOW)
    assert bench.sent == [(PEER, b"ok")] * 2
    assert bench.layer.next_deadline() == NOW + LIFETIME
    bench.layer.expire(NOW + LIFETIME)
    assert len(bench.layer) == 0
    assert bench.layer.owner(key) is None
    bench.layer.respond(key, 200, b"ok", NOW)
    assert len(bench.sent) == 2


def test_a_client_transaction_hears_its_answers_only() -> None:
    bench = Bench()
    asked = request()
    bench.ask(asked)
    assert not bench.layer.receive_response(answer(request(branch="z9hG4bKother"), 200), NOW)
    assert bench.layer.receive_response(answer(asked, 200), NOW)
    assert bench.layer.receive_response(answer(asked, 200), NOW)
    assert bench.heard == [200]
    bench.layer.expire(NOW + T4)
    assert len(bench.layer) == 0


def test_time_out_transport_failure_and_abandoning() -> None:
    bench = Bench()
    bench.ask(request(branch="z9hG4bK1"))
    bench.ask(request(branch="z9hG4bK2"), Flow("TCP", "192.0.2.1", 1))
    bench.ask(request(branch="z9hG4bK3"))
    bench.layer.abandon(("c", "z9hG4bK3", "OPTIONS"))
    bench.layer.transport_failed(Flow("TCP", "192.0.2.1", 1), NOW)
    assert bench.heard == [-503]
    for _ in range(20):
        bench.layer.expire(bench.layer.next_deadline() or 0)
    assert bench.heard == [-503, -408]
    assert len(bench.layer) == 0


def test_over_tcp_a_late_answer_ends_the_wait_at_once() -> None:
    """Timer K is 0 there (RFC 3261 table 4), also where the answer comes right before timer F would."""
    bench = Bench()
    asked = request()
    bench.ask(asked, Flow("TCP", "192.0.2.1", 1))
    late = NOW + LIFETIME - FORGET_US // 2
    assert bench.layer.receive_response(answer(asked, 200), late)
    bench.layer.expire(late + FORGET_US)
    assert (len(bench.layer), bench.heard, bench.layer.next_deadline()) == (0, [200], None)


def test_who_is_forgotten_early_is_not_forgotten_again() -> None:
    """The key of a transaction that a broken connection ended may be used anew before the first would have ended."""
    bench = Bench()
    flow = Flow("UDP", "192.0.2.1", 1)
    asked = request()
    bench.ask(asked, flow)
    bench.layer.receive_response(answer(asked, 200), NOW)
    bench.layer.abandon(("c", asked.via.branch, "OPTIONS"))
    assert len(bench.layer) == 0
    bench.layer.open_client(asked, flow, NOW + T4 - 1, lambda _r, _now: None, lambda _s, _now: None)
    bench.layer.expire(NOW + T4)
    assert len(bench.layer) == 1


def test_merged_requests_are_seen_until_the_first_is_gone() -> None:
    bench = Bench()
    key = bench.layer.open_server(request("INVITE", branch="z9hG4bK1"), PEER)
    other = request("INVITE", branch="z9hG4bK2")
    assert bench.layer.merged(other)
    bench.layer.respond(key, 200, b"", NOW)
    bench.layer.expire(NOW + LIFETIME)
    assert not bench.layer.merged(other)


def test_limits() -> None:
    bench = Bench(limit=2)
    for n in range(4):
        assert (bench.layer.full, bench.layer.overfull) == (n >= 2, False)
        bench.layer.open_server(request("BYE", branch=f"z9hG4bK{n}"), PEER)
    assert bench.layer.overfull
