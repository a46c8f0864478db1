"""The commands of `python -m server` for journals."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from router.replay import Difference
from server.build import code_version
from server.replaying import Drift, Gap, Replayed, replay
from store.errors import StoreError
from store.segment import Segment, SegmentError, read_segments

SUFFIX = ".journal"


def replay_journal(arguments: argparse.Namespace) -> int:
    """Status 0: every turn came out as recorded; 1: the first difference is told; 2: it cannot be read."""
    try:
        done = replay(_segments(Path(arguments.journal)))
    except (OSError, StoreError) as error:
        print(f"{arguments.journal}: {error}", file=sys.stderr)
        return 2
    print("\n".join(report(done)))
    return 0 if done.found is None else 1


def report(done: Replayed) -> list[str]:
    """What came of a replay, for people; the same words on any machine."""
    lines = [f"{done.segments} segments, {done.turns} turns"]
    match done.found:
        case None:
            lines.append("identical: every turn gave the recorded commands")
        case Difference() as found:
            lines += [
                f"first difference at turn {found.sequence} (command {found.index + 1} of it)",
                f"  event     {found.event}",
                f"  expected  {_shown(found.expected)}",
                f"  got       {_shown(found.got)}",
            ]
        case Gap(last=last, after=after):
            lines.append(f"not one journal: a segment that ends with turn {last}, then one that begins after {after}")
        case Drift(sequence=sequence, row=row):
            lines += [
                f"first difference after turn {sequence}: the next segment's snapshot is another state",
                f"  {row}",
            ]
    others = [code for code in done.code if code != code_version()]
    if others:
        lines.append(f"recorded by {', '.join(others)}, replayed by {code_version()}: other code may decide otherwise")
    return lines


def _shown(command: object | None) -> str:
    return "nothing more" if command is None else str(command)


def _segments(path: Path) -> Iterator[Segment]:
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files:
        raise SegmentError(f"there is no file *{SUFFIX} in this folder")
    for file in files:
        yield from read_segments(file.read_bytes())
