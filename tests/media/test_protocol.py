import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import protocol
from media.events import MediaEvent

FRAMES: list[protocol.Frame] = [
    protocol.Hello(3),
    protocol.Welcome(3, 4711),
    protocol.Refused(4),
    protocol.Request(1, 3, "set_room", {"room_id": "r", "gains": [["a", "b", 0.5]]}),
    protocol.Order(3, "stop_play", {"leg_id": "a", "play_id": None}),
    protocol.Reply(1, ["127.0.0.1", 20000]),
    protocol.Failure(2, "unknown_leg", "x"),
    protocol.Happened(MediaEvent("played", "a", play_id="p", reason="finished")),
    protocol.Heartbeat(3),
    protocol.Pulse(1, 2, 3, 4, 5),
]


@given(st.integers(1, 40))
def test_frames_survive_any_cut_of_the_stream(size: int) -> None:
    stream = b"".join(protocol.encode(frame) for frame in FRAMES)
    reader = protocol.FrameReader()
    found: list[protocol.Frame] = []
    for start in range(0, len(stream), size):
        found += reader.feed(stream[start : start + size])
    assert found == FRAMES


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0\0\0\1\x63x", "version 99"),
        (b"\xff\xff\xff\xff\x03", "a frame of"),
        (b"\0\0\0\1\x03\xc1", "."),
        (b"\0\0\0\6\x03" + msgspec.msgpack.encode(["none"]), "."),
        (b"GET / HTTP/1.1\r\n\r\n", "version"),
    ],
)
def test_what_is_no_frame_is_an_error(data: bytes, said: str) -> None:
    with pytest.raises(protocol.ProtocolError, match=said):
        protocol.FrameReader().feed(data)
