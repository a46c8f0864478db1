"""What an Opus leg costs beyond a G.711 one: the transcoding of 50 packets a second each way, without sockets.

Called by bench.media. The voice is a shipped prompt at 8 kHz, which is what the answer asks browsers for. The floor is
a G.711 leg's own work on the same packets: parse, translate the companding, build.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.figures import line
from media import codecs, rtp
from media.opus_edge import OpusEdge
from tests.audio import read_wav

VOICE = Path(__file__).resolve().parent.parent / "config" / "demo" / "prompts" / "en" / "main-menu.wav"
PACKETS_PER_S = 50
WINDOW = 50
LEGS = 20


def voice_packets() -> list[bytes]:
    """PCMU packets of 20 ms, payload type 111 as the engine uses it for an Opus leg."""
    samples = np.ascontiguousarray(read_wav(VOICE)[0][:, 0])
    payload = codecs.encode("PCMU", samples)
    return [
        rtp.build(111, number & 0xFFFF, number * 160, 7, payload[number * 160 : number * 160 + 160])
        for number in range(len(payload) // 160)
    ]


def measure(work: Callable[[bytes], object], packets: list[bytes]) -> list[float]:
    """CPU microseconds of one leg and second, one sample for each second of sound."""
    samples = []
    for start in range(0, len(packets) - WINDOW + 1, WINDOW):
        before = time.process_time_ns()
        for packet in packets[start : start + WINDOW]:
            work(packet)
        samples.append((time.process_time_ns() - before) / 1000 / WINDOW * PACKETS_PER_S)
    return samples


def g711_leg(packet: bytes) -> bytes:
    """What a G.711 leg of another companding does with a packet."""
    parsed = rtp.parse(packet)
    assert parsed is not None
    table = codecs.table("PCMU", "PCMA", 1.0)
    assert table is not None
    return rtp.build(8, parsed.sequence, parsed.timestamp, parsed.ssrc, parsed.payload.translate(table))


def bench_opus() -> list[str]:
    """The result lines."""
    plain = voice_packets()
    encoding: list[float] = []
    decoding: list[float] = []
    whole: list[float] = []
    floor: list[float] = []
    for _ in range(LEGS):
        here, far = OpusEdge(111, 110), OpusEdge(111, 110)
        coded: list[bytes] = []

        def send(packet: bytes, edge: OpusEdge = here, kept: list[bytes] = coded) -> None:
            kept.extend(edge.outward(packet))

        out = measure(send, plain)
        back = measure(far.inward, coded)
        encoding += out
        decoding += back
        whole += [one + other for one, other in zip(out, back, strict=False)]
        floor += [one * 2 for one in measure(g711_leg, plain)]
    conditions = f"a voice, 50 packets/s each way, {LEGS} legs one after the other, complexity 1, FEC on"
    unit = "us CPU/leg/s"
    return [
        line("media.opus_floor_g711_cpu", unit, floor, conditions),
        line("media.opus_encode_cpu", unit, encoding, conditions),
        line("media.opus_decode_cpu", unit, decoding, conditions),
        line("media.opus_leg_cpu", unit, whole, conditions),
        line("media.opus_legs_per_core", "legs", [1e6 / statistics.median(whole)], "transcoding alone, by the median"),
    ]


if __name__ == "__main__":
    print("\n".join(bench_opus()))
