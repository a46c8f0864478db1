"""What each client saw and did, in its own order: one file for each process, a line for each thing, written at once.

A client may be killed after any line: what it had written stands. All times are microseconds of this machine's
monotonic clock, which its processes share; `offered_us` is the shard's own time, from the messages.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

import msgspec

# A reservation, how far it is, and its medium.
Held = tuple[str, str, str]
What = Literal[
    # customers
    "posting",
    "posted",
    "not_posted",
    "leaving",
    "over",
    "dialling",
    "answered",
    "called_back",
    "hung_up",
    "failed",
    "gone",
    "finished",
    # both
    "saying",
    "heard",
    # agents
    "connected",
    "lost",
    "snapshot",
    "offered",
    "withdrawn",
    "assigned",
    "wrap_up",
    "wrap_up_ended",
    "presence",
    "asked",
    "done",
    "refused",
    "began",
    # who breaks things, and who reads the records when all is over
    "fault",
    "down",
    "ended",
    "record",
    "record_offer",
    "record_line",
    "reached",
]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing. `who` is an agent, a customer's key, or a node; `held` is what a snapshot shows.

    `number` is a telephone's, `line` a message's within its chat. `from_us` and `to_us`: when the customer was with the
    agent, in the records (the shard's time; 0 where that is not known).
    """

    at: int
    who: str
    what: What
    node: str = ""
    queue: str = ""
    priority: int = 0
    work_id: str = ""
    interaction: str = ""
    reservation: str = ""
    ref: str = ""
    command: str = ""
    text: str = ""
    presence: str = ""
    reason: str = ""
    disposition: str = ""
    offered_us: int = 0
    medium: str = ""
    number: str = ""
    line: int = 0
    author: str = ""
    client_id: str = ""
    from_us: int = 0
    to_us: int = 0
    held: tuple[Held, ...] = ()
    resumed: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def now_us() -> int:
    """This machine's monotonic clock, the same in each process."""
    return time.monotonic_ns() // 1000


class Diary:
    """Appends entries to a file; each is with the kernel before `write` returns, so that kill -9 takes none away."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, who: str, what: What, **fields: object) -> Entry:
        """One entry, now."""
        entry = msgspec.convert({"at": now_us(), "who": who, "what": what, **fields}, Entry)
        os.write(self._file, _encode(entry) + b"\n")
        return entry

    def close(self) -> None:
        """No more."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: Path) -> list[Entry]:
    """A file's entries in their order. Raises msgspec.DecodeError."""
    return [_decode(line) for line in path.read_bytes().splitlines() if line]


class Following:
    """A file that is still written to: each `read` gives the entries that are new and whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._from = 0

    def read(self) -> list[Entry]:
        """Raises msgspec.DecodeError."""
        with self._path.open("rb") as file:
            file.seek(self._from)
            whole = file.read().rpartition(b"\n")[0]
        self._from += len(whole) + bool(whole)
        return [_decode(line) for line in whole.splitlines() if line]


def merged(paths: Iterable[Path]) -> list[Entry]:
    """All files' entries by time; those of one file stay in their order."""
    return sorted((entry for path in sorted(paths) for entry in read(path)), key=lambda entry: entry.at)
