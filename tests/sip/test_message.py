"""The parser against forms of RFC 4475's kind (written for this test), and against any bytes."""

import gc
import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sip import headers
from sip import message as sip_message
from sip.headers import Malformed
from sip.message import (
    MAX_BYTES,
    Headers,
    MalformedRequest,
    Request,
    Response,
    make_request,
    parse,
    respond,
)
from tests.sip.rig import SDP, Peer

GOOD = Peer().request("INVITE", SDP)


def phone(
    via: str, from_: str, contact: str, *, start: str = "INVITE sip:400@198.51.100.1 SIP/2.0", length: str = "0"
) -> bytes:
    return (
        f"{start}\r\nVia: SIP/2.0/UDP 192.0.2.7:{via}\r\nFrom: {from_}\r\n"
        f"To: <sip:400@198.51.100.1:5060>;tag=5f3c.1-a\r\nCall-ID: 3@192.0.2.7\r\nCSeq: 1 INVITE\r\n"
        f"Contact: {contact}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


# As phones and test tools of different makers write Via, From, Contact and Content-Length.
CALLER = '"Caller 1" <sip:c1@192.0.2.7:5070>;tag=1'
PHONES = (
    phone("5070;branch=z9hG4bK-8-1-0", CALLER, "<sip:c1@192.0.2.7:5070;transport=UDP>", length="    0"),
    phone("59871;branch=z9hG4bK-8-1-0", CALLER.replace("5070", "65535"), "<sip:c1@192.0.2.7:10000>"),
    phone("5070;rport;branch=z9hG4bKPj.a-b", "Bob <sips:bob@a-b.example>;tag=x", "<sip:bob@192.0.2.7:5070;ob;line=a1>"),
    phone("5070;branch=z9hG4bK1;rport", "<sip:+861@h>", "<sip:192.0.2.7:5070>"),
    phone("5070;branch=z9hG4bK1;rport=50601;received=192.0.2.9", CALLER, "<sip:b@h>", start="SIP/2.0 200 OK"),
    phone("50601;rport=5;received=192.0.2.9;branch=z9hG4bK1", CALLER, "<sip:b@h>", start="SIP/2.0 180 Ringing now"),
    phone("5070;branch=z9hG4bK1", CALLER, "<sip:b@h>").replace(b"Contact:", b"X-FS-Support: a\r\nmin-SE: 90\r\nm:"),
)


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


def test_headers_values_split_lists() -> None:
    rows = Headers([("Require", "100rel, timer"), ("Require", "foo")])
    assert rows.values("Require") == ["100rel", "timer", "foo"]
    assert rows.get("Nothing") is None
    assert len(rows) == 2
    assert rows == Headers(list(rows))


PIECES = [
    b"\r\n",
    b"\r\n ",
    b"\n",
    b",",
    b'"',
    b"<",
    b";",
    b"\0",
    b"\x0b",
    b"\xff",
    b":",
    b"@",
    b"?",
    b"%",
    b" ",
    b"\t",
    b"\\",
    b"0",
]


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


def mutated(good: bytes, data: st.DataObject) -> bytes:
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        match data.draw(st.sampled_from(["set", "cut", "double", "insert"])):
            case "set":
                raw[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "cut":
                del raw[at : at + data.draw(st.integers(1, 20))]
            case "double":
                raw[at:at] = raw[at : at + 40]
            case _:
                raw[at:at] = data.draw(st.sampled_from(PIECES))
    return bytes(raw)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutated_messages(data: st.DataObject) -> None:
    check(mutated(GOOD, data))


HOSTS = st.sampled_from(["h", "192.0.2.7", "Example.NET", "[2001:db8::1]", "a_b", ""])
PORTS = st.sampled_from(
    ["", ":5060", ":05060", ":0", ":65535", ":65536", ":65499", ":59999", ":60000", ":999999", ": 7"]
)
SOME = st.sampled_from(
    ["", ";lr", ";a=b", ";a=b;A=c", ';q="x;y"', ";rport=1", ";tag=t", ";a=", "; a = b", ";a=b@c", ";;", ";%"]
)
USERS = st.sampled_from(["", "a@", "a%20b@", "400;x=1@", "a:b@", "a?b@", "@", "é@"])
SHOWN = st.sampled_from(["", '"A B" ', '"A\\"B"', "Bob ", "Bob", "Al Ice ", " ", "a:b ", '"', '"" ', "it's "])
URIS = st.builds(
    lambda *p: "".join(p), st.sampled_from(["sip:", "sips:", "SIP:", "tel:", ""]), USERS, HOSTS, PORTS, SOME
)
ADDRESSES = st.builds("{}<{}>{}{}".format, SHOWN, URIS, SOME, SOME) | URIS
OURS = st.sampled_from(["", ";rport", ";rport=", ";rport=5", ";rport=5;received=h", ";received=h"])
BRANCHES = st.builds("{}{}{}".format, OURS, st.sampled_from(["", ";branch=z9hG4bK1", ";Branch=b", ';branch="b"']), OURS)
TRANSPORTS = st.sampled_from(["SIP/2.0/UDP ", "SIP/2.0/tcp ", "SIP / 2.0 / TLS ", "SIP/2.0/WS ", "SIP/2.0/UDP  "])
VIAS = st.builds(lambda *p: "".join(p), TRANSPORTS, HOSTS, PORTS, BRANCHES, SOME)
NAMES = st.sampled_from(
    [("Via", "From", "To", "Call-ID", "CSeq"), ("v", "f", "t", "i", "cseq"), ("VIA", "from", "TO ", "Call-Id", "CSEQ")]
)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """A message of the usual kind, more or less."""
    start = draw(
        st.sampled_from(["OPTIONS sip:h SIP/2.0", "SIP/2.0 200 OK", "OPTIONS sip:h sip/2.0", "OPTIONS sip:h SIP/3.0"])
    )
    values = (
        draw(VIAS),
        draw(ADDRESSES),
        draw(ADDRESSES),
        "x",
        draw(st.sampled_from(["1 OPTIONS", "01  OPTIONS", "1 BYE"])),
    )
    rows = [f"{name}: {value}" for name, value in zip(draw(NAMES), values, strict=True)]
    rows += draw(
        st.lists(
            st.sampled_from(
                [
                    "X: y",
                    "Contact: <sip:a@h>, <sip:b@h>",
                    "l: 0",
                    "Max-Forwards:70",
                    "Expires:  0",
                    "Via: SIP/2.0/UDP p",
                ]
            )
        )
    )
    return lines(*rows, start=start)


def outcome(data: bytes) -> object:
    try:
        message = parse(data)
    except Malformed as error:
        return type(error), error.reason, error.status
    kept = message.via, message.from_, message.to, message.cseq, list(message.headers), message.body
    return (message.method, message.uri, *kept) if isinstance(message, Request) else (message.status, *kept)


@pytest.fixture
def thorough(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """While it lasts, everything is read by the general grammar."""

    @contextmanager
    def patched() -> Iterator[None]:
        never = re.compile(r"(?!)")
        with monkeypatch.context() as patch:
            for name in ("_USUAL_PARAMS", "_USUAL_VIA", "_USUAL_URI", "_USUAL_ADDRESS"):
                patch.setattr(headers, name, never)
            patch.setattr(sip_message, "_USUAL_START", never)
            headers._kept_uri.cache_clear()
            headers._kept_name_addr.cache_clear()
            yield
        headers._kept_uri.cache_clear()
        headers._kept_name_addr.cache_clear()

    return patched


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_usual_forms_are_read_as_the_general_grammar_reads_them(
    thorough: Callable[[], AbstractContextManager[None]], data: st.DataObject
) -> None:
    raw = mutated(data.draw(written() | st.sampled_from([GOOD, *PHONES])), data)
    found = outcome(raw)
    with thorough():
        assert outcome(raw) == found


@pytest.mark.parametrize("raw", [GOOD, *PHONES])
def test_what_phones_write_is_of_the_usual_form(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def unusual(text: str) -> Any:
        raise AssertionError(text)

    for name in ("_read_via", "_read_params", "_read_any_uri", "_read_name_addr", "_kept_name_addr"):
        monkeypatch.setattr(headers, name, unusual)
    monkeypatch.setattr(sip_message, "_parse_rows", unusual)
    headers._kept_uri.cache_clear()
    message = parse(raw)
    for value in (*message.headers.rows("Contact"), message.headers.rows("From")[0]):
        headers.parse_uri(headers.parse_name_addr(value).uri)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_bare_line_feeds_say_the_same(data: st.DataObject) -> None:
    raw = mutated(lines(*BASE, "Subject: s", " folded"), data).lstrip(b"\r\n")
    head = raw.partition(b"\r\n\r\n")[0].rstrip(b"\r\n") + b"\r\n\r\n"
    if not {*b"\r\n"} & {*head.replace(b"\r\n", b"")}:
        assert outcome(head.replace(b"\r\n", b"\n")) == outcome(head)


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
