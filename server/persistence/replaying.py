"""Recorded segments through a new dispatcher, one after the other: `python -m server replay` and the tests."""

from collections.abc import Iterable
from dataclasses import dataclass

from router.dispatcher import Dispatcher
from router.replay import Difference, begin, differing_row, first_difference
from store.segment import Segment


@dataclass(frozen=True, slots=True)
class Gap:
    """Turns are missing, or are there twice, between two segments."""

    last: int
    after: int


@dataclass(frozen=True, slots=True)
class Drift:
    """The turns came out alike, but the state after `sequence` is not that of the next snapshot."""

    sequence: int
    row: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it. `found` is the first thing that is not as recorded; `code` are the deciding codes' names."""

    segments: int
    turns: int
    code: tuple[str, ...]
    found: Difference | Gap | Drift | None = None


def replay(segments: Iterable[Segment]) -> Replayed:
    """Run the segments in order up to the first difference. Raises StoreError for what cannot be read.

    A segment starts from its own snapshot; the state at the end of the one before it must be the same.
    """
    count = turns = 0
    code: dict[str, None] = {}
    dispatcher: Dispatcher | None = None
    last = 0
    for segment in segments:
        start = segment.start()
        code[segment.head.code] = None
        if dispatcher is not None and (found := _seam(dispatcher, last, segment)) is not None:
            return Replayed(count, turns, tuple(code), found)
        dispatcher = begin(start)
        difference = first_difference(dispatcher, segment.turns())
        count += 1
        if difference is not None:
            return Replayed(count, turns + difference.sequence - segment.head.after, tuple(code), difference)
        turns += len(segment.entries)
        last = segment.last
    return Replayed(count, turns, tuple(code))


def _seam(dispatcher: Dispatcher, last: int, segment: Segment) -> Gap | Drift | None:
    if segment.head.after != last:
        return Gap(last, segment.head.after)
    row = differing_row(dispatcher, segment.start().image)
    return None if row is None else Drift(last, row)
