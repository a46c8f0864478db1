"""Past decisions by replay, in a process of its own: one question, one answer, then it ends.

Replaying a segment takes seconds of CPU; here it cannot keep a call waiting, and its memory goes with it. The question
comes on standard input, the answer goes to standard output, both msgpack.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from router.replay import past_decisions
from router.summary import Summary, summary
from server.persistence.journal_files import SegmentFile
from store.errors import StoreError
from store.segment import Segment, unpack_head

NICENESS = 10


class Piece(msgspec.Struct, array_like=True, frozen=True):
    """A segment: in a file, or (`path` empty) the beginning of one as the store has it."""

    path: str = ""
    head: bytes = b""
    policies: tuple[bytes, ...] = ()
    entries: tuple[bytes, ...] = ()

    def segment(self) -> Segment:
        """Raises SegmentError."""
        if self.path:
            return SegmentFile(0, 0, Path(self.path)).read()
        return Segment(unpack_head(self.head), self.policies, self.entries)


class Question(msgspec.Struct, array_like=True, frozen=True):
    """Explain the offers of `work_id` at these turns, each of which is in one of the pieces.

    `candidates`: how many to tell of each at most.
    """

    work_id: str
    sequences: tuple[int, ...]
    candidates: int
    pieces: tuple[Piece, ...]


class Found(msgspec.Struct, array_like=True, frozen=True):
    """One decision as it was made."""

    sequence: int
    agent_id: str
    summary: Summary


def answer(question: Question) -> Iterator[Found]:
    """The decisions that the pieces have. Raises StoreError for a segment that cannot be read."""
    for piece in question.pieces:
        segment = piece.segment()
        wanted = {
            sequence: question.work_id
            for sequence in question.sequences
            if segment.head.after < sequence <= segment.last
        }
        for made in past_decisions(segment.start(), segment.turns(), wanted):
            yield Found(made.sequence, made.offer.agent_id, summary(made.explanation, question.candidates))


def decode(data: bytes) -> Sequence[Found]:
    """The answer's bytes."""
    return msgspec.msgpack.decode(data, type=tuple[Found, ...])


def main() -> int:
    """Status 2 with the reason on standard error when a segment cannot be read."""
    os.nice(NICENESS)
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    try:
        found = tuple(answer(question))
    except StoreError as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
