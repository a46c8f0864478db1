"""Messages out of a stream, cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.framing import PING, Framer
from sip.headers import Malformed
from sip.message import MAX_BYTES
from tests.sip.rig import SDP, Peer

ONE = Peer().request("INVITE", SDP)
TWO = Peer().request("OPTIONS").replace(b"Content-Length: 0", b"l : 0")


@given(st.lists(st.integers(1, 200), max_size=40))
def test_cut_anywhere(sizes: list[int]) -> None:
    stream = ONE + PING + TWO + PING + PING + ONE
    framer, found, at = Framer(), [], 0
    for size in sizes:
        found += framer.feed(stream[at : at + size])
        at += size
    found += framer.feed(stream[at:])
    assert found == [ONE, TWO, ONE]
    assert framer.pings == 3
    assert not framer.pending


def test_a_single_line_end_between_messages_is_skipped() -> None:
    assert Framer().feed(b"\r\n" + ONE + b"\r\n" + TWO) == [ONE, TWO]


def test_pending() -> None:
    framer = Framer()
    framer.feed(ONE[:-1])
    assert framer.pending
    assert framer.feed(ONE[-1:]) == [ONE]
    framer.feed(b"\r\n")
    assert not framer.pending


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (MAX_BYTES + 1),
        TWO.replace(b"l : 0", b"X: 0"),
        TWO.replace(b"l : 0", b"l: 99999"),
        TWO.replace(b"l : 0", b"l: -5"),
    ],
)
def test_streams_that_cannot_be_followed(data: bytes) -> None:
    with pytest.raises(Malformed):
        Framer().feed(data)
