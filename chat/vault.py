"""Files of chats on disk: outside of everything that is served as a page, under names that nobody can guess.

A file is written to `incoming/` and moved to its place when it is whole: what is in its place is complete. All methods
that touch the disk run in threads. What no record speaks of is swept away (`sweep`).
"""

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from chat.ports import ChatRefusedError
from chat.sniff import Sniffer

# Longer than any upload takes: what is older in `incoming/` has no sender any more.
STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in its place. `kind` is its media type by content, `size` in bytes."""

    id: str
    kind: str
    size: int
    sha256: str


class Vault:
    """The folder `root` belongs to it alone; it is made when the first file comes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    async def take(self, pieces: AsyncIterator[bytes], most: int, allowed: Callable[[str], bool]) -> Stored:
        """Writes the pieces to disk as they come, never more than one of them in memory.

        Raises ChatRefusedError for a file that is empty, larger than `most` bytes or of a kind that is not allowed, and
        lets through whatever the pieces raise; then nothing of it is left.
        """
        file_id = secrets.token_hex(16)
        draft = self._incoming / file_id
        try:
            stored = await self._write(file_id, draft, pieces, most)
            if not allowed(stored.kind):
                raise ChatRefusedError("file_type", "files of this kind are not taken here")
            await asyncio.to_thread(_move, draft, self._place(file_id))
            return stored
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def keep(self, file_id: str, pieces: AsyncIterator[bytes], size: int, sha256: str) -> bool:
        """A file that was taken elsewhere, under its own id; False when the pieces are not what they should be.

        Raises ChatRefusedError when they are too many or none, and lets through whatever the pieces raise.
        """
        draft = self._incoming / secrets.token_hex(16)
        try:
            stored = await self._write(file_id, draft, pieces, size)
            if stored.sha256 != sha256:
                return False
            await asyncio.to_thread(_move, draft, self._place(file_id))
            return True
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def piece(self, file_id: str, offset: int, most: int) -> bytes | None:
        """Up to `most` bytes of a file from `offset` on; None when it is not here."""
        return await asyncio.to_thread(_piece, self._place(file_id), offset, most)

    async def open(self, file_id: str, sha256: str) -> Path | None:
        """Where the file is, None when it is gone or is not any more what was stored."""
        place = self._place(file_id)
        return place if await asyncio.to_thread(_digest, place) == sha256 else None

    async def remove(self, file_id: str) -> None:
        """Without effect when it is not there."""
        await asyncio.to_thread(self._place(file_id).unlink, missing_ok=True)

    async def stale(self) -> tuple[str, ...]:
        """The ids of files that are older than an hour; what was left in `incoming/` is thrown away on the way."""
        return await asyncio.to_thread(self._stale, time.time() - STALE_S)

    async def _write(self, file_id: str, draft: Path, pieces: AsyncIterator[bytes], most: int) -> Stored:
        await asyncio.to_thread(self._make)
        sniffer, digest, size = Sniffer(), hashlib.sha256(), 0
        descriptor = await asyncio.to_thread(os.open, draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise ChatRefusedError("file_too_big", f"a file has at most {most // 1024} KiB")
                await asyncio.to_thread(_put, descriptor, piece, sniffer, digest.update)
        finally:
            os.close(descriptor)
        if not size:
            raise ChatRefusedError("file_empty", "there is nothing in this file")
        return Stored(file_id, sniffer.kind() or "", size, digest.hexdigest())

    def _make(self) -> None:
        # Parents that mkdir makes along the way would be open to all.
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._incoming.mkdir(mode=0o700, exist_ok=True)

    def _place(self, file_id: str) -> Path:
        return self._root / file_id[:2] / file_id

    def _stale(self, before: float) -> tuple[str, ...]:
        if not self._root.is_dir():
            return ()
        old = [path for path in self._root.glob("*/*") if path.is_file() and path.stat().st_mtime < before]
        for path in old:
            if path.parent == self._incoming:
                path.unlink(missing_ok=True)
        return tuple(path.name for path in old if path.parent != self._incoming)


def _put(descriptor: int, piece: bytes, sniffer: Sniffer, count: Callable[[bytes], None]) -> None:
    sniffer.feed(piece)
    count(piece)
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def _move(draft: Path, place: Path) -> None:
    place.parent.mkdir(mode=0o700, exist_ok=True)
    draft.rename(place)


def _piece(path: Path, offset: int, most: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(most)
    except OSError:
        return None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
