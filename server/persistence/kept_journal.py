"""The journal as it is kept, whole: older turns in files, the last ones in the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol

from server.explain.explain_worker import Piece
from server.persistence.journal_files import JournalFolder, SegmentFile
from store.codec import JournalEntry, policy_named
from store.errors import StoreError
from store.segment import pack

_PAGE = 500
_ATTEMPTS = 5


class JournalGap(StoreError):  # noqa: N818 - named like the store's own
    """Turns that should be in the store are not there (any more)."""


class Store(Protocol):
    """The store's journal and the heads of the segments that are not in files yet."""

    async def read_journal(self, after: int, limit: int) -> list[JournalEntry]: ...

    async def read_raw(self, after: int, limit: int) -> list[tuple[int, bytes]]: ...

    async def policy_bytes(self, version: str) -> bytes: ...

    async def heads(self) -> dict[int, bytes]: ...


class KeptJournal:
    """Reads over files and store as if they were one. Raises StoreError."""

    def __init__(self, store: Store, folder: JournalFolder) -> None:
        self._store = store
        self._folder = folder
        self._read: tuple[SegmentFile, list[JournalEntry]] | None = None

    async def read_journal(self, after: int, limit: int) -> Sequence[JournalEntry]:
        """Up to `limit` entries that follow sequence `after`; they may begin later when older ones are kept nowhere."""
        if self._read is None or not self._read[0].after <= after < self._read[0].last:
            self._read = None
            entries = await self._store.read_journal(after, limit)
            # In a file is what the store has no more. Whoever follows the journal asks for its end.
            if entries and entries[0].sequence == after + 1:
                return entries
            file = await asyncio.to_thread(self._folder.find, after + 1)
            if file is None:
                return entries
            self._read = file, await asyncio.to_thread(_turns, file)
        file, turns = self._read
        return turns[after - file.after : after - file.after + limit]

    async def whole(self) -> tuple[list[SegmentFile], list[bytes]]:
        """The segments in files, and those that are in none yet, packed: each once, in order. The last one grows on."""
        for _ in range(_ATTEMPTS):
            heads = await self._store.heads()
            done = _last(await asyncio.to_thread(self._folder.files))
            ends: list[int | None] = [*list(heads)[1:], None]
            try:
                packed = [
                    (after, await self._pack(after, upto, block))
                    for (after, block), upto in zip(heads.items(), ends, strict=False)
                    if after >= done
                ]
            except JournalGap:
                continue  # put into a file meanwhile
            files = await asyncio.to_thread(self._folder.files)
            return files, [data for after, data in packed if after >= _last(files)]
        raise JournalGap("the journal moves faster than it can be read, or turns of it are lost")

    async def pieces(self, sequences: Sequence[int]) -> list[Piece]:
        """The segments that have these turns, those in the store only as far as is asked; not those that are gone."""
        pieces: dict[int, Piece] = {}
        heads = await self._store.heads()
        for sequence in sorted(sequences):
            after = max((head for head in heads if head < sequence), default=None)
            with suppress(JournalGap):  # it is in a file, or nowhere any more
                if after is not None:
                    policies, entries = await collect(self._store, after, sequence)
                    pieces[after] = Piece("", heads[after], tuple(policies), tuple(entries))
                    continue
            file = await asyncio.to_thread(self._folder.find, sequence)
            if file is not None:
                pieces[file.after] = Piece(str(file.path))
        return list(pieces.values())

    async def _pack(self, after: int, upto: int | None, block: bytes) -> bytes:
        policies, entries = await collect(self._store, after, upto)
        return await asyncio.to_thread(pack, block, policies, entries)


def _last(files: Sequence[SegmentFile]) -> int:
    return files[-1].last if files else 0


def _turns(file: SegmentFile) -> list[JournalEntry]:
    return list(file.read().turns())


async def collect(store: Store, after: int, upto: int | None) -> tuple[list[bytes], list[bytes]]:
    """The policies that these turns name, and the turns, undecoded; up to the last one when `upto` is None.

    Raises JournalGap when one is missing.
    """
    versions: dict[str, None] = {}
    entries = [entry async for page in pages(store, after, upto, versions) for entry in page]
    return [await store.policy_bytes(version) for version in versions], entries


async def pages(
    store: Store, after: int, upto: int | None, versions: dict[str, None]
) -> AsyncIterator[Sequence[bytes]]:
    """The same turns some at a time; the policies that they name are put into `versions`. Raises JournalGap."""
    last = after
    while upto is None or last < upto:
        page = await store.read_raw(last, _PAGE if upto is None else min(_PAGE, upto - last))
        if not page and upto is None:
            return
        for sequence, data in page:
            if sequence != last + 1:
                raise JournalGap(f"turn {last + 1} is not in the store, {sequence} is")
            if (version := policy_named(data)) is not None:
                versions[version] = None
            last = sequence
        if not page:
            raise JournalGap(f"turn {last + 1} is not in the store")
        yield [data for _, data in page]
