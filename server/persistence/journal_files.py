"""The folder of journal files: one segment a file, written whole or not at all, kept as long as the settings say."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from store.segment import Segment, SegmentError, read_segments

log = structlog.get_logger(__name__)

SUFFIX = ".journal"
_NAME = re.compile(r"(?P<shard>[A-Za-z0-9_-]+)-(?P<first>\d{12})-(?P<last>\d{12})\.journal")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, order=True)
class SegmentFile:
    """A file with the turns after `after` up to `last`."""

    after: int
    last: int
    path: Path

    def read(self) -> Segment:
        """The segment. Raises SegmentError (also when the file has gone)."""
        try:
            (segment,) = read_segments(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise SegmentError(f"{self.path}: {error}") from error
        except SegmentError as error:
            raise SegmentError(f"{self.path}: {error}") from error
        return segment


class JournalFolder:
    """The files of one shard. Everything here waits for the disk: call it in a thread."""

    def __init__(self, path: Path, shard: str) -> None:
        self.path = path
        self.shard = shard

    def files(self) -> list[SegmentFile]:
        """What is there, in the order of the turns."""
        found = []
        for path in self.path.glob(f"{self.shard}-*{SUFFIX}"):
            match = _NAME.fullmatch(path.name)
            if match is not None and match["shard"] == self.shard:
                found.append(SegmentFile(int(match["first"]) - 1, int(match["last"]), path))
        return sorted(found)

    def find(self, sequence: int) -> SegmentFile | None:
        """The file that has this turn."""
        return next((file for file in self.files() if file.after < sequence <= file.last), None)

    def write(self, after: int, last: int, data: bytes) -> SegmentFile:
        """Put a segment there, durably; one that is there already stays as it is. Raises OSError."""
        path = self.path / f"{self.shard}-{after + 1:012d}-{last:012d}{SUFFIX}"
        if not path.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            # A name of its own: a deposed owner that shares the folder may be writing the same segment.
            with tempfile.NamedTemporaryFile(dir=self.path, suffix=".tmp", delete=False) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).rename(path)
            _sync(self.path)
        return SegmentFile(after, last, path)

    def begin(self, applied: int) -> None:
        """At a start: remove unfinished drafts, and set aside files of turns that the store no longer knows.

        A store that lost its last second (a power cut without JACKFIELD_FSYNC=always) gives their numbers to others.
        """
        for draft in self.path.glob("*.tmp"):
            draft.unlink()
        for file in self.files():
            if file.last > applied:
                log.error("journal_file_set_aside", file=file.path.name, applied=applied)
                file.path.rename(file.path.with_suffix(".lost"))

    def expire(self, days: int, now_s: float) -> int:
        """Remove files that are older than `days` (0: none); return how many went."""
        gone = 0
        for file in self.files() if days else ():
            if file.path.stat().st_mtime < now_s - days * _DAY_S:
                file.path.unlink()
                gone += 1
        return gone


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
