"""Frames of the least kind: whole, in order, masked."""

from agents_ws.messages import Ping, encode
from bench.frames import frames, masked


def test_frames_come_out_whole_and_in_order() -> None:
    short, long = encode(Ping()), b"x" * 300
    wire = bytes((0x81, len(short))) + short + b"\x81\x7e\x01\x2c" + long
    found, left = frames(wire[:-1])
    assert found == [(1, short)]
    assert frames(left) == ([], left)
    assert frames(left + wire[-1:]) == ([(1, long)], b"")


def test_what_an_agent_says_is_masked() -> None:
    assert masked(b"hi") == b"\x81\x82\x00\x00\x00\x00hi"
    assert masked(b"x" * 200)[:8] == b"\x81\xfe\x00\xc8\x00\x00\x00\x00"
