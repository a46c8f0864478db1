"""Segments replayed in order: alike, and each way of not being alike."""

from dataclasses import replace

import msgspec
import pytest
from msgspec import structs

from router.commands import SendOffer
from router.replay import Difference
from router.rows import Changes, Turn
from server.persistence.replaying import Drift, Gap, replay
from store.codec import encode_entry
from store.segment import Segment
from tests.server.recorded import offers_of, recorded, with_offer

SEGMENTS = recorded(seed=3, steps=900, every=100)


def changed(segment: Segment, sequence: int, agent_id: str) -> Segment:
    """The segment with another agent in the offer of turn `sequence`."""
    entry = next(turn for turn in segment.turns() if turn.sequence == sequence)
    commands = tuple(
        structs.replace(one, agent_id=agent_id) if isinstance(one, SendOffer) else one for one in entry.commands
    )
    data = encode_entry(Turn(sequence, entry.now, entry.cause, entry.event, commands, Changes()))
    at = sequence - segment.head.after - 1
    return replace(segment, entries=(*segment.entries[:at], data, *segment.entries[at + 1 :]))


def test_what_was_recorded_comes_out_again() -> None:
    done = replay(SEGMENTS)
    assert done.found is None
    assert (done.segments, done.turns) == (len(SEGMENTS), SEGMENTS[-1].last)
    assert len(SEGMENTS) > 4
    assert done.code == ("test",)


def test_the_first_difference_is_told_with_both_commands() -> None:
    index = with_offer(SEGMENTS)
    at, _ = offers_of(SEGMENTS[index])[0]
    altered = changed(SEGMENTS[index], at, agent_id="nobody")
    done = replay([*SEGMENTS[:index], altered, *SEGMENTS[index + 1 :]])
    assert isinstance(done.found, Difference)
    assert (done.found.sequence, done.turns, done.segments) == (at, at, index + 1)
    assert isinstance(done.found.expected, SendOffer)
    assert isinstance(done.found.got, SendOffer)
    assert done.found.expected == structs.replace(done.found.got, agent_id="nobody")


@pytest.mark.parametrize("kept", [(0, 2), (0, 1, 1), (1, 0)])
def test_segments_that_do_not_follow_each_other_are_a_gap(kept: tuple[int, ...]) -> None:
    done = replay([SEGMENTS[index] for index in kept])
    last, after = SEGMENTS[kept[-2]].last, SEGMENTS[kept[-1]].head.after
    assert done.found == Gap(last, after)


def test_a_snapshot_of_another_state_is_told() -> None:
    head = SEGMENTS[1].head
    assert head.agents
    other = replace(SEGMENTS[1], head=msgspec.structs.replace(head, agents=head.agents[1:], work=(), reservations=()))
    done = replay([SEGMENTS[0], other])
    assert isinstance(done.found, Drift)
    assert done.found.sequence == SEGMENTS[0].last


def test_nothing_is_alike() -> None:
    assert replay([]).turns == 0
