"""Segments: what comes back, joined files, damage, and versions that this code does not know."""

import lzma

import msgspec
import pytest

from router.events import PolicyChanged
from router.replay import Start
from router.rows import ShardImage
from store.codec import JournalEntry, encode_entry, encode_row, policy_named
from store.segment import (
    FORMAT,
    Head,
    Packer,
    RawImage,
    Segment,
    SegmentError,
    make_head,
    pack,
    pack_head,
    read_segments,
)
from tests.store.samples import T0, agent, policy, reservation, turn, typical_interaction, work

IMAGE = RawImage("p1", 7, T0, (encode_row(agent()),), (encode_row(work()),), (encode_row(reservation()),))


def head(restored_at: int | None = T0 + 5) -> Head:
    return make_head(IMAGE, encode_row(policy("p1")), code="c1", shard="s0", restored_at=restored_at)


def packed(**changes: object) -> bytes:
    turns = [turn(8, event=PolicyChanged(policy("p2"))), *typical_interaction(9, lambda kind: f"{kind}1")]
    changed = msgspec.structs.replace(head(), **changes)
    return pack(pack_head(changed), [encode_row(policy("p2"))], [encode_entry(one) for one in turns])


def test_a_segment_comes_back_as_a_start_and_its_turns() -> None:
    (segment,) = read_segments(packed())
    image = ShardImage((agent(),), (work(),), (reservation(),), "p1", 7, T0)
    assert segment.start() == Start(policy("p1"), image, T0 + 5)
    turns = list(segment.turns())
    assert turns[0] == JournalEntry(8, turn(8).now, "test", PolicyChanged(policy("p2")), ())
    assert [(one.sequence, one.event) for one in turns[1:]] == [
        (one.sequence, one.event) for one in typical_interaction(9, lambda kind: f"{kind}1")
    ]
    assert segment.last == turns[-1].sequence


def test_a_segment_without_turns_is_one() -> None:
    (segment,) = read_segments(pack(pack_head(head(None)), [], []))
    assert (segment.last, segment.start().restored_at, list(segment.turns())) == (7, None, [])


def test_a_segment_is_packed_as_its_turns_come() -> None:
    turns = [encode_entry(one) for one in typical_interaction(8, lambda kind: f"{kind}1")]
    packer = Packer(len(turns))
    for at in range(0, len(turns), 3):
        packer.add(turns[at : at + 3])
    (segment,) = read_segments(packer.finish(pack_head(head()), [encode_row(policy("p2"))]))
    assert (segment.policies, list(segment.entries)) == ((encode_row(policy("p2")),), turns)


def test_a_segment_that_lacks_turns_is_none() -> None:
    packer = Packer(2)
    packer.add([encode_entry(turn(8))])
    with pytest.raises(ValueError, match="1 turns too few"):
        packer.finish(pack_head(head()), [])


def test_joined_files_are_one_file() -> None:
    assert [type(each) for each in read_segments(packed() + packed())] == [Segment, Segment]
    assert list(read_segments(b"")) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\3\4 something else that is long enough", "no journal file"),
        (packed()[:-1], "cut off"),
        (packed()[:9], "cut off"),
        (packed() + b"JFJ", "cut off"),
        (packed()[:3] + bytes([FORMAT + 1]) + packed()[4:], f"format {FORMAT + 1}, this server reads format {FORMAT}"),
        (packed()[:40] + b"\0\0\0\0" + packed()[44:], "damaged"),
        (packed(codec=9), "codec version 9 .written by c1.; this server reads version 1"),
        (pack(lzma.compress(b"\x93\1\2\3"), [], []), "damaged"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_why(data: bytes, why: str) -> None:
    with pytest.raises(SegmentError, match=why):
        list(read_segments(data))


def test_only_a_changed_policy_names_one() -> None:
    assert policy_named(encode_entry(turn(1, event=PolicyChanged(policy("p2"))))) == "p2"
    assert {policy_named(encode_entry(one)) for one in typical_interaction(1, lambda kind: kind)} == {None}
