"""Offer and answer."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip import sdp
from sip.sdp import Direction, Negotiated, Origin, SdpError, build_answer, build_offer, negotiate, parse
from tests.sip.rig import SDP

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
ORIGIN = Origin(7, 1, "198.51.100.1")


def offer(*media: str, head: str = HEAD) -> bytes:
    return (head + "".join(f"{line}\r\n" for line in media)).encode()


FULL = offer("m=audio 4000 RTP/AVP 9 8 0 97", "a=rtpmap:9 G722/8000", "a=rtpmap:97 telephone-event/8000", "a=ptime:30")


def test_the_callers_first_known_codec_counts() -> None:
    chosen = negotiate(FULL)
    assert chosen == Negotiated("PCMA", 8, 97, "192.0.2.1", 4000, Direction.SENDRECV, 30)
    assert negotiate(FULL, codecs=("PCMU",)).codec == "PCMU"
    assert negotiate(FULL, dtmf=False).dtmf_payload_type is None


def test_dynamic_numbers_and_wideband_events() -> None:
    chosen = negotiate(
        offer(
            "m=audio 5 RTP/AVP 96 100 101",
            "a=rtpmap:96 pcmu/8000/1",
            "a=rtpmap:100 telephone-event/48000",
            "a=rtpmap:101 telephone-event/8000",
        )
    )
    assert (chosen.codec, chosen.payload_type, chosen.dtmf_payload_type) == ("PCMU", 96, 101)


def test_a_map_that_takes_a_static_number_away() -> None:
    with pytest.raises(SdpError) as caught:
        negotiate(offer("m=audio 5 RTP/AVP 0", "a=rtpmap:0 L16/8000"))
    assert caught.value.status == 488


def test_addresses_at_session_and_media_level() -> None:
    assert negotiate(offer("m=audio 5 RTP/AVP 0", "c=IN IP4 192.0.2.9")).remote_host == "192.0.2.9"
    with pytest.raises(SdpError):
        negotiate(offer("m=audio 5 RTP/AVP 0", "c=IN IP4 233.252.0.1/127"))
    with pytest.raises(SdpError):
        negotiate(offer("m=audio 5 RTP/AVP 0", "c=IN IP6 2001:db8::1"))
    with pytest.raises(SdpError):
        negotiate(offer("m=audio 5 RTP/AVP 0", "c=IN IP4 192.0.2.999"))
    with pytest.raises(SdpError):
        negotiate(offer("m=audio 5 RTP/AVP 0", head=HEAD.replace("c=IN IP4 192.0.2.1\r\n", "")))


@pytest.mark.parametrize(
    ("lines", "ours"),
    [
        ((), Direction.SENDRECV),
        (("a=sendonly",), Direction.RECVONLY),
        (("a=recvonly",), Direction.SENDONLY),
        (("a=inactive",), Direction.INACTIVE),
        (("c=IN IP4 0.0.0.0",), Direction.RECVONLY),
        (("c=IN IP4 0.0.0.0", "a=recvonly"), Direction.INACTIVE),
    ],
)
def test_hold_in_all_its_forms(lines: tuple[str, ...], ours: Direction) -> None:
    assert negotiate(offer("m=audio 5 RTP/AVP 0", *lines)).direction is ours


def test_direction_at_session_level_and_our_own_wish() -> None:
    held = offer("m=audio 5 RTP/AVP 0", head=HEAD + "a=sendonly\r\n")
    assert negotiate(held).direction is Direction.RECVONLY
    resumed = offer("m=audio 5 RTP/AVP 0", "a=sendrecv", head=HEAD + "a=sendonly\r\n")
    assert negotiate(resumed).direction is Direction.SENDRECV
    assert negotiate(FULL, local=Direction.SENDONLY).direction is Direction.SENDONLY
    assert negotiate(held, local=Direction.SENDONLY).direction is Direction.INACTIVE


def test_answer_keeps_the_order_and_refuses_the_rest() -> None:
    data = offer(
        "m=video 6000 RTP/AVP 34",
        "m=audio 0 RTP/AVP 0",
        "m=audio 7000 RTP/SAVP 0",
        "m=audio 4000 RTP/AVP 0 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=sendonly",
        "m=audio 4002 RTP/AVP 0",
    )
    chosen = negotiate(data)
    assert chosen.stream == 3
    answer = build_answer(data, chosen, host="198.51.100.1", port=20_000, origin=ORIGIN)
    assert answer.decode().splitlines() == [
        "v=0",
        "o=- 7 1 IN IP4 198.51.100.1",
        "s=-",
        "c=IN IP4 198.51.100.1",
        "t=0 0",
        "m=video 0 RTP/AVP 34",
        "m=audio 0 RTP/AVP 0",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 20000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=recvonly",
        "m=audio 0 RTP/AVP 0",
    ]


def test_our_offer_and_the_answer_to_it() -> None:
    ours = build_offer(host="198.51.100.1", port=20_000, origin=ORIGIN, codecs=("PCMA", "PCMU"))
    theirs = negotiate(ours)
    assert (theirs.codec, theirs.dtmf_payload_type, theirs.remote_port) == ("PCMA", 101, 20_000)
    answer = build_answer(ours, theirs, host="192.0.2.1", port=4000, origin=Origin(1, 1, "192.0.2.1"))
    assert negotiate(answer) == Negotiated("PCMA", 8, 101, "192.0.2.1", 4000, Direction.SENDRECV, 20)
    quiet = build_offer(host="h", port=1, origin=ORIGIN, dtmf_payload_type=None, direction=Direction.SENDONLY)
    assert b"telephone-event" not in quiet
    assert b"a=sendonly" in quiet


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"v=0\r\n",
        b"v=1\r\no=- 1 1 IN IP4 h\r\n",
        offer("m=audio"),
        offer("m=audio x RTP/AVP 0"),
        offer("m=audio 70000 RTP/AVP 0"),
        offer("m=audio 5 RTP/AVP 0", "a=rtpmap:x"),
        offer("c=IN IP4"),
        offer(*["m=audio 5 RTP/AVP 0"] * 40),
        b"v=0\r\n" + b"a=x\r\n" * 5000,
    ],
)
def test_broken_descriptions(data: bytes) -> None:
    with pytest.raises(SdpError) as caught:
        parse(data)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "media", ["m=audio 0 RTP/AVP 0", "m=audio 5 RTP/AVP 9", "m=video 5 RTP/AVP 0", "m=audio 5 udp 0"]
)
def test_nothing_in_common(media: str) -> None:
    with pytest.raises(SdpError) as caught:
        negotiate(offer(f"m={media}"))
    assert caught.value.status == 488


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="vocmat=: 0128/IP.ANaudirtpmRVx\r\n", max_size=200)))
def test_any_bytes(data: bytes | str) -> None:
    raw = data if isinstance(data, bytes) else data.encode()
    for text in (raw, FULL + raw, FULL[: len(raw)] + raw):
        with contextlib.suppress(SdpError):
            chosen = negotiate(text)
            build_answer(text, chosen, host="h", port=1, origin=ORIGIN)


HOSTS = st.sampled_from(
    ["192.0.2.7", "10.0.0.1", "0.0.0.0", "224.0.0.1", "223.1.2.3", "1.2.3", "1.2.3.256", "h", "192.0.2.7/5"]
)
PORTS = st.sampled_from(["4000", "0", "04000", "65535", "65536", "60000", "4000/2", "x"])
FORMATS = st.lists(st.sampled_from(["0", "8", "101", "96", "9", "x", "1000"]), max_size=4).map(" ".join)
ATTRIBUTES = st.lists(
    st.sampled_from(
        [
            "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=rtpmap:96 pcma/8000/1", "a=rtpmap:8 x/1",
            "a=rtpmap:x", "a=sendonly", "a=inactive", "a=ptime:30", "a=ptime:7", "a=fmtp:101 0-15", "a=", "b=AS:64",
            "c=IN IP4 192.0.2.9", "m=video 5 RTP/AVP 31", "m=audio 6 RTP/AVP 0", "i=é",
        ]
    ),
    max_size=5,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(HOSTS, PORTS, FORMATS, ATTRIBUTES, st.sampled_from(["\r\n", "\n"]), st.data())
def test_the_usual_form_is_read_as_the_general_parser_reads_it(
    host: str, port: str, formats: str, attributes: list[str], end: str, data: st.DataObject
) -> None:
    lines = ["v=0", "o=- 5 1 IN IP4 h", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP {formats}"]
    raw = bytearray((end.join([*lines, *attributes]) + end).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from([b"", b" ", b"\r\n", b"\x0b", b"m=", b"\xff"])
        )
    assert outcome(negotiate, bytes(raw)) == outcome(thoroughly, bytes(raw))


def thoroughly(raw: bytes) -> Negotiated:
    return sdp._negotiate(raw, sdp.CODECS, Direction.SENDRECV, dtmf=True)


def outcome(read: Callable[[bytes], Negotiated], raw: bytes) -> object:
    try:
        chosen = read(raw)
    except SdpError as error:
        return error.reason, error.status
    return chosen, build_answer(raw, chosen, host="h", port=1, origin=ORIGIN)


def test_what_phones_say_is_of_the_usual_form() -> None:
    for raw in (SDP, build_offer(host="192.0.2.1", port=4000, origin=ORIGIN), FULL):
        assert sdp._USUAL.fullmatch(raw) is not None


def test_directions() -> None:
    for one in Direction:
        assert one.reversed().reversed() is one
        assert one.limited(Direction.SENDRECV) is one
        assert one.limited(Direction.INACTIVE) is Direction.INACTIVE
        assert one.reversed().sends == one.receives
