"""Dialogs from both sides."""

import pytest

from sip.dialog import contact_uri, from_invite, from_response, key_of
from sip.headers import Malformed
from sip.message import Request, Response, parse
from tests.sip.rig import SDP, Peer, Rig, reply

ROUTES = "Record-Route: <sip:p1.example;lr>\r\nRecord-Route: <sip:p2.example;lr>\r\n"
VIA = "SIP/2.0/UDP h;branch=z9hG4bK1"


def invite(extra: str = "") -> Request:
    request = parse(Peer().request("INVITE", SDP, extra=extra))
    assert isinstance(request, Request)
    return request


def test_callee() -> None:
    dialog = from_invite(invite(ROUTES), "mine")
    assert dialog.key == ("call-1", "mine", "alice")
    assert dialog.next_hop() == "sip:p1.example;lr"
    bye = dialog.request("BYE", VIA)
    assert (bye.uri, str(bye.cseq), bye.to.tag, bye.from_.tag) == ("sip:alice@192.0.2.7:5070", "1 BYE", "alice", "mine")
    assert bye.headers.rows("Route") == ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]
    theirs = parse(Peer(to_tag="mine").request("BYE"))
    assert isinstance(theirs, Request)
    assert key_of(theirs) == dialog.key


def test_caller() -> None:
    ours = Rig().dial()
    answer = parse(reply(ours, 200, body=SDP, extra=ROUTES))
    assert isinstance(answer, Response)
    dialog = from_response(ours, answer)
    assert dialog.routes == ("<sip:p2.example;lr>", "<sip:p1.example;lr>")
    assert dialog.target == "sip:bob@192.0.2.7:5070"
    assert str(dialog.request("ACK", VIA, cseq=1).cseq) == "1 ACK"
    assert str(dialog.request("BYE", VIA).cseq) == "2 BYE"


def test_our_requests_say_the_addresses_as_they_were_said_when_the_dialog_began() -> None:
    asked = invite()
    sent = parse(from_invite(asked, "mine").request("BYE", VIA).encode())
    assert (sent.headers.get("From"), sent.headers.get("To")) == (
        "<sip:400@198.51.100.1>;tag=mine",
        asked.headers.get("From"),
    )
    ours = Rig().dial()
    answer = parse(reply(ours, 200).replace(b"To: <sip:bob", b'To: "B,  B" <sip:bob'))
    assert isinstance(answer, Response)
    sent = parse(from_response(ours, answer).request("BYE", VIA).encode())
    assert [sent.headers.get(name) for name in ("From", "To", "Call-ID")] == [
        ours.headers.get("From"),
        '"B,  B" <sip:bob@192.0.2.7:5070>;tag=bob',
        ours.call_id,
    ]


def test_a_strict_router_gets_its_own_address_as_uri() -> None:
    dialog = from_invite(invite("Record-Route: <sip:strict.example>, <sip:p2.example;lr>\r\n"), "mine")
    bye = dialog.request("BYE", VIA)
    assert bye.uri == "sip:strict.example"
    assert bye.headers.rows("Route") == ["<sip:p2.example;lr>", "<sip:alice@192.0.2.7:5070>"]


def test_sequence_numbers_must_grow() -> None:
    dialog = from_invite(invite(), "mine")
    for cseq, fine in ((1, False), (5, True), (5, False), (4, False), (6, True)):
        request = parse(Peer(to_tag="mine").request("INFO", cseq=cseq))
        assert isinstance(request, Request)
        assert dialog.in_order(request) is fine


def test_targets_and_contacts() -> None:
    with pytest.raises(Malformed):
        from_invite(parse(Peer().request("INVITE").replace(b"Contact: <sip:", b"Contact: <tel:")), "x")  # type: ignore[arg-type]
    dialog = from_invite(invite(), "mine")
    dialog.refresh_target(parse(Peer().request("INVITE").replace(b"<sip:alice@192.0.2.7:5070>", b"<sip:new@h>")))
    assert dialog.target == "sip:new@h"
    without = parse(Peer().request("OPTIONS").replace(b"Contact: <sip:alice@192.0.2.7:5070>\r\n", b""))
    dialog.refresh_target(without)
    assert dialog.target == "sip:new@h"
    assert contact_uri(without) is None
