from media import codecs, rtp
from media.dtmf import EventFrame, schedule
from media.events import MediaEvent
from media.leg import Leg, LegKind, Route
from media.outstream import OutStream
from tests.media.phones import strength, tone


class Wire:
    """A transport that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[rtp.RtpPacket] = []

    def send(self, packet: bytes) -> None:
        parsed = rtp.parse(packet)
        assert parsed is not None
        self.sent.append(parsed)

    async def close(self) -> None:
        """Nothing to release."""


def make(
    leg_id: str,
    events: list[MediaEvent],
    codec: codecs.CodecName = "PCMU",
    kind: LegKind = "rtp",
    dtmf: int | None = 101,
) -> tuple[Leg, Wire]:
    leg = Leg(leg_id, kind, OutStream(1, 10, 1000, 0), events.append, 0)
    wire = Wire()
    leg.transport = wire
    leg.negotiate(codec, 0 if codec == "PCMU" else 8, dtmf, send=True, receive=True)
    return leg, wire


def audio(n: int, payload_type: int = 0) -> bytes:
    sound = codecs.encode("PCMU", tone(440, 160, n * 160))
    return rtp.build(payload_type, n, n * 160, 77, sound)


def test_packets_pass_through_untouched_or_translated() -> None:
    events: list[MediaEvent] = []
    a, _ = make("a", events)
    b, to_b = make("b", events)
    c, to_c = make("c", events, "PCMA")
    a.routes = (Route(b, None), Route(c, codecs.table("PCMU", "PCMA", 1.0)))
    for n in range(20):
        a.receive(audio(n), n * 20_000)
    assert [p.payload for p in to_b.sent] == [audio(n)[12:] for n in range(20)]
    assert {p.payload_type for p in to_c.sent} == {8}
    heard = codecs.decode("PCMA", b"".join(p.payload for p in to_c.sent))
    assert strength(heard, 440) > 5000
    assert events == [MediaEvent("connected", "a")]
    assert a.stats(400_000)["packets_in"] == 20
    assert b.stats(400_000)["packets_out"] == 20


def test_what_was_not_negotiated_is_counted_and_goes_nowhere() -> None:
    a, _ = make("a", [])
    b, to_b = make("b", [])
    a.routes = (Route(b, None),)
    a.receive(b"junk", 0)
    a.receive(audio(1, payload_type=13), 0)
    assert to_b.sent == []
    assert a.stats(0)["unknown"] == 2


def test_direction_flags_close_each_way() -> None:
    a, to_a = make("a", [])
    b, to_b = make("b", [])
    a.routes, b.routes = (Route(b, None),), (Route(a, None),)
    a.negotiate("PCMU", 0, 101, send=True, receive=False)
    a.receive(audio(0), 0)
    b.receive(audio(0), 0)
    assert (len(to_a.sent), len(to_b.sent)) == (1, 0)
    a.negotiate("PCMU", 0, 101, send=False, receive=True)
    a.receive(audio(1), 20_000)
    b.receive(audio(1), 20_000)
    assert (len(to_a.sent), len(to_b.sent)) == (1, 1)


def test_digits_are_reported_and_renumbered_for_the_far_side() -> None:
    events: list[MediaEvent] = []
    a, _ = make("a", events)
    b, to_b = make("b", events, dtmf=96)
    none, to_none = make("none", events, dtmf=None)
    a.event_targets = (b, none)
    for n, frame in enumerate(f for f in schedule("8") if f is not None):
        # Another SSRC than the audio's, as in recordings that are replayed.
        a.receive(rtp.build(101, n, 4000, 5, frame.payload), n * 20_000)
    assert [e.digit for e in events if e.kind == "digit"] == ["8"]
    assert {p.payload_type for p in to_b.sent} == {96}
    assert len({p.timestamp for p in to_b.sent}) == 1
    assert to_none.sent == []


def test_a_trunk_passes_digits_on_without_a_report() -> None:
    events: list[MediaEvent] = []
    trunk, _ = make("t", events, kind="trunk")
    b, to_b = make("b", events)
    trunk.event_targets = (b,)
    trunk.receive(rtp.build(101, 1, 1, 1, bytes((1, 10, 0, 160))), 0)
    assert not [e for e in events if e.kind == "digit"]
    assert len(to_b.sent) == 1


def test_frames_come_only_while_somebody_mixes_them_and_once_a_tick() -> None:
    a, _ = make("a", [])
    a.receive(audio(0), 0)
    assert a.frame(10_000) is None
    a.needs_frames(True)
    a.receive(audio(1), 20_000)
    first = a.frame(32_000)
    assert first is not None
    assert a.frame(32_000) is first
    a.needs_frames(False)
    assert a.frame(52_000) is None


def test_own_frames_and_digits_are_one_stream() -> None:
    a, to_a = make("a", [])
    silence = codecs.silence("PCMU", 160)
    a.send_frame(silence, 0)
    a.send_event(EventFrame(bytes((1, 10, 0, 160)), True), 20_000)
    a.send_event(EventFrame(bytes((1, 138, 1, 64)), False), 40_000)
    a.send_frame(silence, 60_000)
    assert [p.sequence for p in to_a.sent] == [11, 12, 13, 14]
    start = to_a.sent[0].timestamp
    assert [p.timestamp - start for p in to_a.sent] == [0, 160, 160, 480]
    assert [p.marker for p in to_a.sent] == [True, True, False, False]


def test_delays_keep_the_latest() -> None:
    a, _ = make("a", [])
    assert a.stats(0)["delay_us_p99"] is None
    for n in range(1000):
        a.note_delay(n)
    assert a.stats(0)["delay_us_p50"] == 744
