"""Header grammar: what RFC 3261 shows, the odd forms that peers send, and any text at all."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.headers import (
    Malformed,
    NameAddr,
    Uri,
    parse_auth,
    parse_cseq,
    parse_name_addr,
    parse_number,
    parse_params,
    parse_uri,
    parse_via,
    quote_string,
    split_list,
    unquote_string,
)


def test_uri_parts() -> None:
    uri = parse_uri("sip:alice:secret@Example.com:5080;transport=tcp;lr?subject=hi")
    assert (uri.scheme, uri.user, uri.host, uri.port) == ("sip", "alice:secret", "example.com", 5080)
    assert uri.params == {"transport": "tcp", "lr": None}
    assert uri.headers == "subject=hi"
    assert str(uri) == "sip:alice:secret@example.com:5080;transport=tcp;lr?subject=hi"


def test_uri_escapes_and_semicolons_in_the_user() -> None:
    uri = parse_uri("sip:user;par=u%40example.net@example.com")
    assert (uri.user, uri.host) == ("user;par=u@example.net", "example.com")
    assert parse_uri(str(uri)) == uri


def test_other_schemes_keep_the_number() -> None:
    assert parse_uri("tel:+864001234567;phone-context=x") == Uri("tel", "+864001234567", "")
    assert parse_uri("sip:[2001:db8::1]:5060").host == "[2001:db8::1]"


@pytest.mark.parametrize(
    "text", ["", "sip:", "alice", "sip:@h", "sip:a@", "sip:h:0", "sip:h:99999", "sip:a b@h", "<sip:h>"]
)
def test_bad_uris(text: str) -> None:
    with pytest.raises(Malformed):
        parse_uri(text)


def test_name_addr_forms() -> None:
    assert parse_name_addr('"A. \\"G\\" Bell" <sip:a@b>;tag=x') == NameAddr("sip:a@b", 'A. "G" Bell', "x")
    assert parse_name_addr("Bell <sip:a@b;lr>") == NameAddr("sip:a@b;lr", "Bell")
    assert parse_name_addr("sip:a@b;tag=1") == NameAddr("sip:a@b", "", "1")
    assert parse_name_addr('"<fake>" <sip:a@b>').uri == "sip:a@b"
    assert parse_name_addr("<sip:a@b> ; TAG = x").tag == "x"
    assert parse_name_addr("客服 <sip:a@b>").display == "客服"


@pytest.mark.parametrize(
    "text", ["", '"open <sip:a@b>', "<sip:a@b", "a,b <sip:a@b>", "<>", "<sip:a@b>;;", "<sip:a@b> x"]
)
def test_bad_name_addrs(text: str) -> None:
    with pytest.raises(Malformed):
        parse_name_addr(text)


def test_via_with_white_space_and_ipv6() -> None:
    via = parse_via("SIP / 2.0 / udp  [2001:db8::9]:5062 ;branch=z9hG4bKx ; rport")
    assert (via.transport, via.host, via.port) == ("UDP", "[2001:db8::9]", 5062)
    assert via.branch == "z9hG4bKx"
    assert via.params["rport"] is None


def test_via_stamp_fills_rport_and_received() -> None:
    via = parse_via("SIP/2.0/UDP host.example;branch=z9hG4bK1;rport").stamped("192.0.2.1", 999)
    assert via.params["rport"] == "999"
    assert via.params["received"] == "192.0.2.1"
    same = parse_via("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
    assert same.stamped("192.0.2.1", 5060) is same


@pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "SIP/3.0/UDP h", "SIP/2.0/UDP h:70000", "SIP/2.0/UDP h;=x"])
def test_bad_vias(text: str) -> None:
    with pytest.raises(Malformed):
        parse_via(text)


def test_cseq() -> None:
    assert str(parse_cseq(" 0009   INVITE ")) == "9 INVITE"
    for bad in ("4294967296 INVITE", "x INVITE", "1", "-1 INVITE", "1 IN VITE"):
        with pytest.raises(Malformed):
            parse_cseq(bad)


def test_auth() -> None:
    auth = parse_auth('Digest username="a\\"b", realm="x, y", nonce=abc, qop=auth')
    assert auth.scheme == "digest"
    assert auth.params == {"username": 'a"b', "realm": "x, y", "nonce": "abc", "qop": "auth"}
    for bad in ("", "Digest", "Digest a", 'Digest a="b', "Digest a=b, a=c"):
        with pytest.raises(Malformed):
            parse_auth(bad)


def test_lists_respect_quotes_and_brackets() -> None:
    assert split_list('"a, b" <sip:x,y@h>, <sip:z@h>') == ['"a, b" <sip:x,y@h>', "<sip:z@h>"]
    assert split_list("a,,b,") == ["a", "b"]
    with pytest.raises(Malformed):
        split_list('a, "b')


def test_parameters_first_of_two_wins() -> None:
    assert parse_params(';a=1;A=2; b ; c="x;y"') == {"a": "1", "b": None, "c": '"x;y"'}


def test_numbers() -> None:
    assert parse_number(" 70 ", 255) == 70
    for bad in ("", "-1", "1.5", "256", "٣", "9" * 40):
        with pytest.raises(Malformed):
            parse_number(bad, 255)


@given(st.text(max_size=80))
def test_quoting_round_trip(text: str) -> None:
    flat = " ".join(text.replace("\0", "\n").replace("\r", "\n").split("\n"))
    quoted = quote_string(text)
    assert "\n" not in quoted
    assert unquote_string(quoted).replace(" ", "") == flat.replace(" ", "")


@given(st.text(alphabet=st.sampled_from('sip:tel@;=,<>"\\ \tab1[]?%/.é'), max_size=60))
def test_any_text_is_parsed_or_malformed(text: str) -> None:
    for parser in (parse_uri, parse_name_addr, parse_via, parse_cseq, parse_auth, split_list, parse_params):
        with contextlib.suppress(Malformed):
            parser(text)
