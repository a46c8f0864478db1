"""What nodes say to each other: it survives the way, and proofs are good for one direction and one pair only."""

import pytest

from server.nodes.peer_wire import (
    HEADER,
    MAX_FRAME,
    Answered,
    Asked,
    Frame,
    Greeting,
    PeerProtocolError,
    Proof,
    Told,
    decode,
    encode,
    proof,
    proven,
)

FRAMES: tuple[Frame, ...] = (
    Greeting("a.1", b"x" * 32),
    Proof("b.1", b"y" * 32, b"z" * 32),
    Asked(7, "attach", {"reservation": "r1", "at": ["127.0.0.1", 4000]}),
    Answered(7, ["127.0.0.1", 4002]),
    Answered(8, error="not_here"),
    Told("parties", [1, None, "x"]),
)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_frames_come_back_as_they_were(frame: Frame) -> None:
    raw = encode(frame)
    (length,) = HEADER.unpack(raw[: HEADER.size])
    assert length == len(raw) - HEADER.size
    assert decode(raw[HEADER.size :]) == frame


@pytest.mark.parametrize("body", [b"", b"GET / HTTP/1.0", b"\x92\xa5other\x01", b"\x92\xa5asked\xa1x"])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode(body)


def test_a_frame_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(PeerProtocolError):
        encode(Told("all", "x" * MAX_FRAME))


def test_a_proof_holds_for_its_secret_role_challenge_and_pair_only() -> None:
    said = (b"secret", "caller", b"challenge", "b.1", "a.1")
    given = proof(*said)
    assert proven(given, *said)
    for other in (
        (b"Secret", "caller", b"challenge", "b.1", "a.1"),
        (b"secret", "called", b"challenge", "b.1", "a.1"),
        (b"secret", "caller", b"Challenge", "b.1", "a.1"),
        (b"secret", "caller", b"challenge", "a.1", "b.1"),
        (b"secret", "caller", b"challenge", "b.1", "c.1"),
    ):
        assert not proven(given, *other)
