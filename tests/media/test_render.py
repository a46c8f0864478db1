import numpy as np

from media import codecs, rtp
from media.dtmf import schedule
from media.leg import Leg
from media.outstream import OutStream
from media.player import Player
from media.prompts import Prompt
from media.render import render
from tests.media.test_leg import Wire, audio


def make(leg_id: str = "a") -> tuple[Leg, Wire]:
    leg = Leg(leg_id, "rtp", OutStream(1, 1, 1, 0), lambda event: None, 0)
    wire = Wire()
    leg.transport = wire
    leg.negotiate("PCMU", 0, 101, send=True, receive=True)
    return leg, wire


def loud(wire: Wire, n: int = -1) -> int:
    return int(np.abs(codecs.decode("PCMU", wire.sent[n].payload).astype(int)).max())


def player(frames: int) -> Player:
    return Player("p", [Prompt("p", np.full(frames * 160, 4000, dtype=np.int16))], loop=False, gain=1.0)


def test_a_prompt_is_sent_and_its_end_reported() -> None:
    leg, wire = make()
    leg.player = player(2)
    assert [render(leg, n * 20_000) for n in range(3)] == ["", "", "played"]
    assert loud(wire, 0) > 3900
    assert loud(wire, 2) == 0


def test_on_hold_time_passes_without_a_packet() -> None:
    leg, wire = make()
    leg.negotiate("PCMU", 0, 101, send=False, receive=True)
    leg.player = player(1)
    assert [render(leg, n * 20_000) for n in range(2)] == ["", "played"]
    leg.player = None
    leg.digits.extend(schedule("1"))
    assert [render(leg, n * 20_000) for n in range(8)] == [""] * 7 + ["digits"]
    assert render(leg, 0) == ""
    assert wire.sent == []


def test_digits_come_before_all_else() -> None:
    leg, wire = make()
    leg.player = player(20)
    leg.digits.extend(schedule("1"))
    assert [render(leg, n * 20_000) for n in range(8)] == [""] * 7 + ["digits"]
    assert [p.payload_type for p in wire.sent] == [101] * 7 + [0]
    assert render(leg, 160_000) == ""
    assert loud(wire) > 3900


def test_sources_and_prompt_are_mixed_and_silence_keeps_the_stream_going() -> None:
    leg, wire = make()
    speaker, _ = make("b")
    leg.mix = ((speaker, 0.5),)
    speaker.needs_frames(True)
    assert render(leg, 0) == ""
    assert loud(wire) == 0
    speaker.receive(audio(1), 21_000)
    render(leg, 40_000)
    assert 3000 < loud(wire) < 4500
    leg.player = player(1)
    speaker.receive(audio(2), 41_000)
    render(leg, 60_000)
    assert 7000 < loud(wire) < 8500
    speaker.receive(audio(3), 61_000)
    assert render(leg, 80_000) == "played"
    assert [rtp.sequence_delta(p.sequence, 1) for p in wire.sent] == [1, 2, 3, 4]
    assert leg.stats(80_000)["delay_us_p50"] is not None
