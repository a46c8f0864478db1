"""The parser against forms of RFC 4475's kind (written for this test), and against any bytes."""

import gc
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.headers import Malformed
from sip.message import (
    MAX_BYTES,
    Headers,
    MalformedRequest,
    Request,
    Response,
    canonical,
    make_request,
    parse,
    respond,
)
from tests.sip.rig import SDP, Peer

GOOD = Peer().request("INVITE", SDP)


def lines(*rows: str, start: str = "OPTIONS sip:h SIP/2.0", body: str = "") -> bytes:
    return ("\r\n".join([start, *rows]) + "\r\n\r\n" + body).encode()


BASE = (
    "Via: SIP/2.0/UDP h;branch=z9hG4bK1",
    "From: <sip:a@h>;tag=1",
    "To: <sip:b@h>",
    "Call-ID: x",
    "CSeq: 1 OPTIONS",
)


def test_request_round_trip() -> None:
    request = parse(GOOD)
    assert isinstance(request, Request)
    assert request.method == "INVITE"
    assert request.body == SDP
    assert request.from_.display == "Alice"
    assert parse(request.encode()) == request


def test_compact_folded_and_odd_case() -> None:
    data = lines(
        "v: SIP/2.0/UDP one;branch=z9hG4bK1, SIP/2.0/UDP two;branch=z9hG4bK2",
        "VIA: SIP/2.0/TCP three;branch=z9hG4bK3",
        "f:<sip:a@h>",
        "  ;tag=1",
        "T : <sip:b@h>",
        "i:x",
        "cseq:\t7",
        " OPTIONS",
        'm: <sip:1@h>, "a, b" <sip:2@h>',
        "x-NEW-header: kept: as is",
        "l: 2",
        body="okignored",
    )
    request = parse(b"\r\n\r\n" + data)
    assert isinstance(request, Request)
    assert [v.split()[1].split(";")[0] for v in request.headers.rows("Via")] == ["one", "two", "three"]
    assert request.from_.tag == "1"
    assert request.cseq.number == 7
    assert request.headers.rows("Contact") == ["<sip:1@h>", '"a, b" <sip:2@h>']
    assert request.headers.get("X-New-Header") == "kept: as is"
    assert request.body == b"ok"


def test_bare_line_feeds_and_latin_1() -> None:
    data = lines(*BASE, "Subject: h").replace(b"\r\n", b"\n").replace(b"Subject: h", b"Subject: gr\xfc\xdfe")
    request = parse(data)
    assert request.headers.get("Subject") == "grüße"


def test_utf8_is_kept() -> None:
    assert parse(lines(*BASE, "Subject: 客服")).headers.get("Subject") == "客服"


def test_response() -> None:
    response = parse(lines(*BASE, start="SIP/2.0 200 "))
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (200, "")
    assert parse(response.encode()).encode() == response.encode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (lines(*BASE, start="OPTIONS sip:h SIP/7.0"), 505),
        (lines(*BASE, start="OPTIONS <sip:h> SIP/2.0"), 400),
        (lines(*BASE, start="OPTIONS  sip:h SIP/2.0"), 400),
        (lines(*BASE, start="OPTIONS sip:h  SIP/2.0"), 400),
        (lines(*BASE, start="OPTIONS sip:h; lr SIP/2.0"), 400),
        (lines(*BASE, "Content-Length: -1"), 400),
        (lines(*BASE, "Content-Length: 5", body="four"), 400),
        (lines(*BASE, "Content-Length: 0", "l: 0"), 400),
        (lines(*BASE, "From: <sip:c@h>"), 400),
        (lines(*BASE[:4], "CSeq: 1 INVITE"), 400),
        (lines(*BASE[:4], "CSeq: 36893488147419103232 OPTIONS"), 400),
        (lines(BASE[0], '"open <sip:a@h>', *BASE[2:]), None),
        (lines(BASE[0], 'From: "open <sip:a@h>', *BASE[2:]), 400),
        (lines("Via: broken", *BASE[1:]), None),
        (lines(*BASE[1:]), None),
        (lines(*BASE[:3], BASE[4]), None),
        (lines(*BASE, "No colon here"), None),
        (lines(*BASE, "Bad name: x"), None),
        (lines(*BASE, start="OPT@IONS sip:h SIP/2.0"), None),
        (lines(*BASE, start="SIP/2.0 99 Low"), None),
        (lines(*BASE, start="SIP/2.0 2000 Long"), None),
        (lines(*BASE, "X: a\0b"), None),
        (lines(*BASE, "X: a\rb"), None),
        (lines(*BASE, *["X: y"] * 300), None),
        (lines(*BASE, "X: " + "y" * 9000), None),
        (b"OPTIONS sip:h SIP/2.0\r\n", None),
        (b"A" * (MAX_BYTES + 1), None),
        (b"", None),
    ],
)
def test_torture(data: bytes, status: int | None) -> None:
    """Broken messages: those that name their sender get an answer, the others none."""
    with pytest.raises(Malformed) as caught:
        parse(data)
    if status is None:
        assert not isinstance(caught.value, MalformedRequest)
    else:
        assert isinstance(caught.value, MalformedRequest)
        assert caught.value.status == status


def test_broken_ack_is_never_answered() -> None:
    data = lines(*BASE[:4], "CSeq: 1 OPTIONS", start="ACK sip:h SIP/2.0")
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert not isinstance(caught.value, MalformedRequest)


def test_a_line_end_in_a_value_is_refused() -> None:
    request = parse(GOOD)
    assert isinstance(request, Request)
    bad = make_request("INVITE", request.uri, Headers([*request.headers, ("X", "a\r\nVia: evil")]))
    with pytest.raises(ValueError, match="line end"):
        bad.encode()


def test_respond_copies_what_it_must_and_tags_once() -> None:
    request = parse(GOOD)
    response = parse(respond(request.headers, 486, to_tag="t1", extra=[("Retry-After", "3")]))
    assert isinstance(response, Response)
    assert response.reason == "Busy Here"
    assert response.to.tag == "t1"
    assert response.headers.rows("Via") == request.headers.rows("Via")
    assert response.headers.get("Retry-After") == "3"
    again = parse(respond(response.headers, 200, to_tag="t2"))
    assert again.to.tag == "t1"
    assert parse(respond(request.headers, 100, to_tag="t1")).to.tag is None


def test_canonical_names() -> None:
    assert [canonical(n) for n in ("i", "CALL-ID", "www-authenticate", "cseq", "x-a")] == [
        "Call-ID", "Call-ID", "WWW-Authenticate", "CSeq", "X-A",
    ]  # fmt: skip


def test_headers_values_split_lists() -> None:
    headers = Headers([("Require", "100rel, timer"), ("Require", "foo")])
    assert headers.values("Require") == ["100rel", "timer", "foo"]
    assert headers.get("Nothing") is None
    assert len(headers) == 2
    assert headers == Headers(list(headers))


PIECES = [b"\r\n", b"\r\n ", b",", b'"', b"<", b";", b"\0", b"\xff", b":"]


def check(data: bytes) -> None:
    try:
        message = parse(data)
    except Malformed:
        return
    again = parse(message.encode())
    assert parse(again.encode()) == again


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    check(data)


@settings(max_examples=300)
@given(st.data())
def test_mutated_messages(data: st.DataObject) -> None:
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["set", "cut", "double", "insert"])):
            case "set":
                raw[at] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + data.draw(st.integers(1, 20))]
            case "double":
                raw[at:at] = raw[at : at + 40]
            case _:
                raw[at:at] = data.draw(st.sampled_from(PIECES))
        if not raw:
            return
    check(bytes(raw))


def test_malformed_messages_keep_no_memory() -> None:
    bad = lines(*BASE, start="OPTIONS sip:h SIP/7.0")

    def attempt() -> None:
        for n in range(300):
            with pytest.raises(Malformed):
                parse(bad.replace(b"Call-ID: x", b"Call-ID: %d" % n))

    attempt()
    tracemalloc.start()
    try:
        attempt()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(4):
            attempt()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()
