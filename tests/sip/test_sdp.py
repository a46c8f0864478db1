"""Offer and answer."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.sdp import Direction, Negotiated, Origin, SdpError, build_answer, build_offer, negotiate, parse

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


def test_versions_count_up() -> None:
    assert ORIGIN.bumped() == Origin(7, 2, "198.51.100.1")


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


def test_directions() -> None:
    for one in Direction:
        assert one.reversed().reversed() is one
        assert one.limited(Direction.SENDRECV) is one
        assert one.limited(Direction.INACTIVE) is Direction.INACTIVE
        assert one.reversed().sends == one.receives
