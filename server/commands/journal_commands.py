"""The commands of `python -m server` for journals."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from config.settings import Settings
from config.site import Site
from router.replay import Difference
from server.commands.attach import attached_journal
from server.commands.refused import CommandError
from server.persistence.build import code_version
from server.persistence.journal_files import SUFFIX, SegmentFile
from server.persistence.replaying import Drift, Gap, Replayed, replay
from store.errors import StoreError
from store.segment import Segment, SegmentError, read_segments


async def export_journal(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Writes the journal as one file, of a server that runs or has stopped."""
    async with attached_journal(settings) as journal:
        files, opened = await journal.whole()
    try:
        _write(Path(arguments.out), files, opened, arguments.segments)
    except OSError as error:
        raise CommandError(f"the journal could not be written: {error}") from error
    return 0


def _write(out: Path, files: list[SegmentFile], opened: list[bytes], newest: int) -> None:
    parts: list[SegmentFile | bytes] = [*files, *opened]
    parts = parts[-newest:] if newest else parts
    draft = out.with_name(f"{out.name}.tmp")
    size, seen = 0, []
    with draft.open("wb") as file:
        for part in parts:
            data = part if isinstance(part, bytes) else part.path.read_bytes()
            size += file.write(data)
            seen += [(segment.head.after + 1, segment.last) for segment in read_segments(data)]
    draft.rename(out)
    turns = f"turns {seen[0][0]} to {seen[-1][1]}" if seen else "no turns"
    print(f"{out}: {len(seen)} segments, {turns}, {size} bytes")


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
