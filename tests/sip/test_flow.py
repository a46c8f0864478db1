"""Where answers and requests go."""

import pytest

from sip.flow import Flow, behind_nat, fallback_flow, flow_to_text, reply_flow
from sip.headers import Malformed, parse_via

SOURCE = Flow("UDP", "192.0.2.1", 1234)
STREAM = Flow("TCP", "192.0.2.1", 1234)


def test_replies() -> None:
    plain = parse_via("SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1")
    assert reply_flow(plain, SOURCE) == Flow("UDP", "192.0.2.1", 5062)
    assert reply_flow(parse_via("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;rport"), SOURCE) == SOURCE
    assert reply_flow(plain, STREAM) == STREAM


def test_fallback_is_only_for_connections() -> None:
    via = parse_via("SIP/2.0/TCP 10.0.0.1:5062;branch=z9hG4bK1;received=192.0.2.1")
    assert fallback_flow(via, SOURCE) is None
    assert fallback_flow(via, STREAM) == Flow("TCP", "192.0.2.1", 5062)
    plain = parse_via("SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1")
    assert fallback_flow(plain, Flow("TLS", "192.0.2.1", 1234)) == Flow("TLS", "192.0.2.9", 5061)


def test_nat() -> None:
    assert behind_nat(parse_via("SIP/2.0/UDP 10.0.0.1:1234"), SOURCE, 1)
    assert behind_nat(parse_via("SIP/2.0/UDP 192.0.2.1"), SOURCE, 1)
    assert not behind_nat(parse_via("SIP/2.0/UDP 192.0.2.1:1234"), SOURCE, 1)
    assert not behind_nat(parse_via("SIP/2.0/UDP 10.0.0.1:1234"), SOURCE, 2)


def test_next_hops() -> None:
    assert flow_to_text("sip:a@h") == Flow("UDP", "h", 5060)
    assert flow_to_text("sip:a@h:5;transport=TCP") == Flow("TCP", "h", 5)
    assert flow_to_text("sip:a@h;maddr=192.0.2.5").host == "192.0.2.5"
    assert flow_to_text("sip:a@[2001:db8::1]").host == "2001:db8::1"
    assert flow_to_text("sip:a@h;transport=tls") == flow_to_text("sips:a@h;transport=tcp") == Flow("TLS", "h", 5061)
    assert flow_to_text("sips:a@h:5") == Flow("TLS", "h", 5)
    for bad in ("sips:a@h;transport=udp", "tel:1", "sip:a@h;transport=sctp"):
        with pytest.raises(Malformed):
            flow_to_text(bad)
