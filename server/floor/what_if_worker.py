"""What a change of rules would do, in a process of its own: one question, lines of answers, then it ends.

Playing half an hour forward costs CPU for as long as somebody wants it finer; here it cannot keep a call waiting. The
question comes on standard input (msgpack, its length before it), the lines go to standard output (JSON). Standard
input stays open as long as somebody wants the answer: when it closes, the process ends at once.
"""

import os
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from http_api.what_if_messages import Compared, ComparedMeasure, Interval, QueueComparison, TeamComparison
from router.policy import Policy
from router.rows import ShardImage
from router.vocabulary import Presence
from simulator import paired
from simulator.estimates import Estimate
from simulator.moment import QueueBasis, TeamBasis, moment
from simulator.paired import Paired
from store.codec import decode_row
from store.errors import StoreError
from store.segment import RawImage

NICENESS = 10
MAX_PAIRS = 400
TELL_S = 0.5
FIRST_PAIRS = 2
FRAME = struct.Struct(">I")


class Question(msgspec.Struct, array_like=True, frozen=True):
    """Play `horizon_us` from these rows on, for at most `limit_s`, and tell of these queues and teams.

    `before` and `after` are policies as they are stored; `presences` are agents whose presence is another one after.
    """

    rows: RawImage
    before: bytes
    after: bytes
    presences: dict[str, str]
    basis: tuple[QueueBasis, ...]
    teams_basis: tuple[TeamBasis, ...]
    queues: tuple[str, ...]
    teams: tuple[str, ...]
    horizon_us: int
    limit_s: float
    seed: int


def encode(question: Question) -> bytes:
    """As it goes over standard input."""
    data = msgspec.msgpack.encode(question)
    return FRAME.pack(len(data)) + data


def read(stream: BinaryIO) -> Question:
    """Raises struct.error or msgspec.DecodeError for what is no question."""
    (size,) = FRAME.unpack(stream.read(FRAME.size))
    return msgspec.msgpack.decode(stream.read(size), type=Question)


def pairs_of(question: Question) -> Paired:
    """Both sides of the question. Raises StoreError."""
    image = question.rows.decoded()
    before, after = decode_row(question.before, Policy), decode_row(question.after, Policy)
    scenario = moment(before, image, question.basis, question.teams_basis, question.horizon_us)
    return Paired(scenario, image, after, with_presences(image, question.presences), question.seed)


def with_presences(image: ShardImage, presences: Mapping[str, str]) -> ShardImage:
    """The image with other presences of these agents."""
    rows = tuple(
        replace(row, presence=Presence(presences[row.agent_id]), reason=None, presence_since=image.clock)
        if row.agent_id in presences
        else row
        for row in image.agents
    )
    return replace(image, agents=rows)


def compared(pairs: Paired, question: Question, elapsed_s: float, *, done: bool) -> Compared:
    """The line that tells what came of the runs so far."""
    return Compared(
        pairs=pairs.pairs,
        elapsed_us=round(elapsed_s * 1e6),
        done=done,
        queues=tuple(_queue(name, pairs.queue(name)) for name in question.queues),
        teams=tuple(TeamComparison(name, _measure(pairs.team(name), 1.0)) for name in question.teams),
    )


def _queue(name: str, found: Mapping[str, paired.Compared]) -> QueueComparison:
    return QueueComparison(
        queue=name,
        arrivals=_measure(found["arrivals"], None),
        level=_measure(found["level"], 1.0),
        wait_us=_measure(found["wait"], None, 1e6),
        abandoned=_measure(found["abandoned"], 1.0),
        unserved=_measure(found["unserved"], 1.0),
    )


def _measure(one: paired.Compared, most: float | None, unit: float = 1.0) -> ComparedMeasure:
    return ComparedMeasure(
        _interval(one.before, 0.0, most, unit),
        _interval(one.after, 0.0, most, unit),
        _interval(one.difference, None, None, unit),
        one.verdict,
    )


def _interval(found: Estimate, least: float | None, most: float | None, unit: float) -> Interval:
    """A share does not leave 0 to 1, and nobody waits less than not at all, whatever the interval says."""

    def kept(value: float | None) -> float | None:
        if value is None:
            return None
        value = value if least is None else max(value, least)
        return round((value if most is None else min(value, most)) * unit, 6)

    return Interval(kept(found.value), kept(found.low), kept(found.high))


def answer(question: Question) -> Iterator[Compared]:
    """Lines until the time is over or it is fine enough. Raises StoreError."""
    began = told = time.monotonic()
    pairs = pairs_of(question)
    while True:
        pairs.run_pair()
        now = time.monotonic()
        done = now - began >= question.limit_s or pairs.pairs >= MAX_PAIRS
        if done or pairs.pairs == FIRST_PAIRS or (pairs.pairs > FIRST_PAIRS and now - told >= TELL_S):
            told = now
            yield compared(pairs, question, now - began, done=done)
        if done:
            return


def main() -> int:
    """Status 2 with the reason on standard error when the rows cannot be read."""
    os.nice(NICENESS)
    question = read(sys.stdin.buffer)
    threading.Thread(target=_end_with_asker, name="asker", daemon=True).start()
    try:
        for line in answer(question):
            sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
            sys.stdout.buffer.flush()
    except StoreError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _end_with_asker() -> None:
    """Nobody has more to say: whatever comes, it is the end."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
