"""Offers as browsers write them, and the one answer to each."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.webrtc_sdp import (
    Fingerprint,
    LocalCandidate,
    LocalParameters,
    Offer,
    OfferError,
    build_answer,
    parse_offer,
)

# As Chromium 156 writes it for pc.addTransceiver of audio and video and a data channel, shortened in the video.
CHROMIUM = """v=0
o=- 2149210319193228485 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:3522274786 1 udp 2113937151 caea1a54-7ca8-444e-bffb-eeb591682a0d.local 51987 typ host generation 0
a=ice-ufrag:CNHG
a=ice-pwd:jg7eOnNPEu93j0aa63qr3c7a
a=ice-options:trickle
a=fingerprint:sha-256 85:96:7C:08:5E:6D:96:31:C1:6A:BA:2A:8A:A3:89:C9:52:7D:77:89:2C:25:A1:03:79:A3:EA:FD:6C:70:C3:F3
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- 9a1258bc-b4fb-4d90-a2b6-a91c40369a71
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:4097189109 cname:AQk7Wn3mfJ3Vj9WY
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:CNHG
a=ice-pwd:jg7eOnNPEu93j0aa63qr3c7a
a=fingerprint:sha-256 85:96:7C:08:5E:6D:96:31:C1:6A:BA:2A:8A:A3:89:C9:52:7D:77:89:2C:25:A1:03:79:A3:EA:FD:6C:70:C3:F3
a=setup:actpass
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:CNHG
a=mid:2
a=sctp-port:5000
"""

# The form of Firefox: fingerprint in the session part, one channel written out, further sections bundle-only.
FIREFOX = """v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5284391039433063457 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 2B:5F:0D:9A:55:73:0E:CC:1D:64:A0:95:97:24:3B:1C:FD:8E:4A:51:C6:0F:70:B3:12:9D:E8:6A:3E:47:D1:08
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 52419 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 192.0.2.44
a=candidate:0 1 UDP 2122252543 8d1f5a0a-5e53-4c7e-9d6c-2a0f4ad5f1a5.local 52419 typ host
a=candidate:1 1 TCP 2105524479 8d1f5a0a-5e53-4c7e-9d6c-2a0f4ad5f1a5.local 9 typ host tcptype active
a=sendrecv
a=end-of-candidates
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:f0f3a4b5b4c1d2e3f405162738495a6b
a=ice-ufrag:9a8b7c6d
a=mid:0
a=msid:- {6fd1b3c5-8a0d-4c9e-9d53-0f5f3a1c2b4d}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:1263894501 cname:{5b2e7f3a-1c4d-4e6f-8a9b-0c1d2e3f4a5b}
m=video 0 UDP/TLS/RTP/SAVPF 120
c=IN IP4 0.0.0.0
a=bundle-only
a=mid:1
a=rtpmap:120 VP8/90000
"""

LOCAL = LocalParameters(
    ufrag="abcd",
    password="p" * 22,
    fingerprint=Fingerprint("sha-256", "AA:BB"),
    candidates=[
        LocalCandidate("f1", 2130706431, "192.0.2.1", 40000),
        LocalCandidate("f2", 2130706175, "2001:db8::1", 40001),
    ],
    ssrc=77,
    cname="c",
    session_id=5,
)


def offer(text: str = CHROMIUM) -> Offer:
    return parse_offer(text.replace("\n", "\r\n"))


def without(line: str, text: str = CHROMIUM) -> str:
    """`text` without its first line of that beginning after the first m= line."""
    head, m, body = text.partition("m=audio")
    lines = (m + body).split("\n")
    lines.pop(next(i for i, each in enumerate(lines) if each.startswith(line)))
    return head + "\n".join(lines)


def test_chromium_offer() -> None:
    parsed = offer()
    assert (parsed.codec, parsed.payload_type, parsed.dtmf_payload_type) == ("PCMU", 0, 126)
    assert (parsed.ufrag, parsed.password) == ("CNHG", "jg7eOnNPEu93j0aa63qr3c7a")
    assert parsed.fingerprints[0].algorithm == "sha-256"
    assert parsed.fingerprints[0].value.startswith("85:96:7C")
    assert (parsed.dtls_role, parsed.direction, parsed.bundled) == ("client", "sendrecv", True)


def test_firefox_offer() -> None:
    parsed = offer(FIREFOX)
    assert (parsed.codec, parsed.payload_type, parsed.dtmf_payload_type) == ("PCMU", 0, 101)
    assert parsed.fingerprints[0].value.startswith("2B:5F")
    assert parsed.ufrag == "9a8b7c6d"


def test_answer_accepts_audio_and_rejects_the_rest() -> None:
    answer = build_answer(offer(), LOCAL)
    assert answer.endswith("\r\n")
    assert re.findall("^m=.*", answer, re.MULTILINE) == [
        "m=audio 40000 UDP/TLS/RTP/SAVPF 0 126\r",
        "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r",
    ]
    lines = answer.split("\r\n")
    for line in (
        "a=group:BUNDLE 0",
        "c=IN IP4 192.0.2.1",
        "a=setup:active",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:126 telephone-event/8000",
        "a=fmtp:126 0-15",
        "a=ice-ufrag:abcd",
        "a=fingerprint:sha-256 AA:BB",
        "a=ssrc:77 cname:c",
        "a=candidate:f1 1 udp 2130706431 192.0.2.1 40000 typ host",
        "a=candidate:f2 1 udp 2130706175 2001:db8::1 40001 typ host",
    ):
        assert lines.count(line) == 1, line
    assert [line for line in lines if line.startswith("a=mid:")] == ["a=mid:0", "a=mid:1", "a=mid:2"]
    assert "extmap" not in answer


def test_codec_follows_the_order_of_the_offer() -> None:
    swapped = CHROMIUM.replace("111 63 9 0 8 13 110 126", "111 8 0 110 126")
    assert offer(swapped).codec == "PCMA"


def test_static_payload_types_need_no_rtpmap_and_dynamic_ones_work() -> None:
    assert offer(without("a=rtpmap:0 ")).codec == "PCMU"
    moved = CHROMIUM.replace("111 63 9 0 8 13 110 126", "111 96 126").replace(
        "a=rtpmap:0 PCMU/8000", "a=rtpmap:96 pcmu/8000/1"
    )
    assert (offer(moved).codec, offer(moved).payload_type) == ("PCMU", 96)


def test_telephone_event_counts_only_at_the_rate_of_the_voice() -> None:
    parsed = offer(without("a=rtpmap:126 "))
    assert parsed.dtmf_payload_type is None
    answer = build_answer(parsed, LOCAL)
    assert "telephone-event" not in answer
    assert "m=audio 40000 UDP/TLS/RTP/SAVPF 0\r\n" in answer


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")],
)
def test_direction_is_mirrored(offered: str, answered: str) -> None:
    parsed = offer(CHROMIUM.replace("a=sendrecv", f"a={offered}", 1))
    assert f"\r\na={answered}\r\na=rtcp-mux" in build_answer(parsed, LOCAL)


@pytest.mark.parametrize(("offered", "answered"), [("active", "passive"), ("passive", "active")])
def test_setup_is_complemented(offered: str, answered: str) -> None:
    parsed = offer(CHROMIUM.replace("a=setup:actpass", f"a=setup:{offered}", 1))
    assert f"a=setup:{answered}\r\n" in build_answer(parsed, LOCAL)


def test_a_second_audio_section_is_rejected() -> None:
    second = CHROMIUM[CHROMIUM.index("m=audio") : CHROMIUM.index("m=video")].replace("a=mid:0", "a=mid:9")
    answer = build_answer(offer(CHROMIUM + second), LOCAL)
    assert "m=audio 0 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n" in answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_audio"),
        (CHROMIUM.replace("m=audio 9", "m=audio 0"), "no_audio"),
        (CHROMIUM.replace("m=audio 9 UDP/TLS/RTP/SAVPF", "m=audio 9 RTP/AVP"), "no_audio"),
        (CHROMIUM.replace("m=audio 9", "m=audio nine"), "bad_media_line"),
        (CHROMIUM.replace("a=extmap-allow-mixed", "a=ice-lite"), "ice_lite"),
        (without("a=rtcp-mux"), "no_rtcp_mux"),
        (without("a=ice-ufrag"), "bad_ice_ufrag"),
        (CHROMIUM.replace("jg7eOnNPEu93j0aa63qr3c7a", "short"), "bad_ice_pwd"),
        (without("a=fingerprint"), "no_fingerprint"),
        (CHROMIUM.replace("sha-256", "md5"), "no_fingerprint"),
        (without("a=setup"), "bad_setup"),
        (CHROMIUM.replace("111 63 9 0 8 13 110 126", "111 110"), "no_common_codec"),
        (CHROMIUM.replace("111 63 9 0 8 13 110 126", "9" * 5000), "no_common_codec"),
        (CHROMIUM.replace("m=audio 9", "m=audio " + "9" * 5000), "bad_media_line"),
        (CHROMIUM + "a=x\n" * 30000, "offer_too_long"),
    ],
)
def test_offers_that_cannot_be_answered(text: str, reason: str) -> None:
    with pytest.raises(OfferError) as error:
        offer(text)
    assert error.value.reason == reason


LINES = CHROMIUM.splitlines() + FIREFOX.splitlines()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=30)), max_size=80))
def test_any_mixture_of_lines_is_answered_or_refused(lines: list[str]) -> None:
    try:
        parsed = parse_offer("\r\n".join(lines))
    except OfferError:
        return
    answer = build_answer(parsed, LOCAL)
    assert len(re.findall("^m=", answer, re.MULTILINE)) == len(parsed.sections)
    assert not re.search(r"[\r\n](?![\n]|[a-z]=|$)", answer.replace("\r\n", "\n"))


@given(st.integers(0, len(CHROMIUM)), st.integers(0, 200), st.text(max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_damaged_offer_is_answered_or_refused(start: int, length: int, patch: str) -> None:
    with contextlib.suppress(OfferError):
        assert build_answer(parse_offer(CHROMIUM[:start] + patch + CHROMIUM[start + length :]), LOCAL)


@pytest.mark.parametrize(
    ("offer", "opus", "event", "rate"),
    [(CHROMIUM, 111, 110, 48000), (FIREFOX, 109, 101, 8000)],
    ids=["chromium", "firefox"],
)
def test_opus_is_taken_where_it_is_allowed_and_first(offer: str, opus: int, event: int, rate: int) -> None:
    read = parse_offer(offer, allow_opus=True)
    assert (read.codec, read.payload_type) == ("OPUS", opus)
    assert (read.dtmf_payload_type, read.dtmf_rate) == (event, rate)
    answer = build_answer(read, LOCAL)
    assert f"m=audio 40000 UDP/TLS/RTP/SAVPF {opus} {event}" in answer
    assert f"a=rtpmap:{opus} opus/48000/2" in answer
    assert "useinbandfec=1;stereo=0" in answer
    assert "maxplaybackrate=8000" in answer
    assert f"a=rtpmap:{event} telephone-event/{rate}" in answer
    assert parse_offer(offer).codec == "PCMU"


def test_an_offer_with_nothing_but_opus_is_refused_where_opus_is_not_allowed() -> None:
    alone = CHROMIUM.replace("SAVPF 111 63 9 0 8 13 110 126", "SAVPF 111 110")
    assert parse_offer(alone, allow_opus=True).codec == "OPUS"
    with pytest.raises(OfferError, match="no_common_codec"):
        parse_offer(alone)


def test_opus_behind_g711_is_not_preferred() -> None:
    later = CHROMIUM.replace("SAVPF 111 63 9 0 8 13 110 126", "SAVPF 8 0 111 110 126")
    read = parse_offer(later, allow_opus=True)
    assert (read.codec, read.dtmf_payload_type, read.dtmf_rate) == ("PCMA", 126, 8000)
