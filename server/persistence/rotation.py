"""Rotation: the journal's older turns go from the store into files, each segment with its own snapshot.

The head of a segment (snapshot, policy, code) is kept in the store from the moment that it begins; it ends where the
next one begins. Once its turns are in SQL it is written to a file, then trimmed from the store, then its head is
dropped: killed anywhere in between, the next round does the rest again, and nothing is missing or there twice.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from router.policy import Policy
from server.persistence import kept_journal
from server.persistence.build import code_version
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import JournalGap, pages
from store.codec import encode_row
from store.errors import Deposed, StoreError
from store.lease import Lease
from store.segment import Packer, RawImage, make_head, pack_head

log = structlog.get_logger(__name__)

SEGMENT_TURNS = 20_000
CHECK_S = 5.0
# A try that meets a moment at which matches are left over comes again soon.
AGAIN_S = 0.2


class Store(kept_journal.Store, Protocol):
    """What rotation needs of the shard's store."""

    async def raw_image(self, lease: Lease) -> RawImage: ...

    async def keep_head(self, after: int, block: bytes) -> None: ...

    async def drop_head(self, after: int) -> None: ...

    async def trim_journal(self, upto: int) -> int: ...

    async def drop_policies(self, upto: int) -> int: ...


class Rotation:
    """`begin` before the first turn, then `run` as a task.

    `position` is the last turn that is in SQL. `unsettled` are turns after which matches were left to the next, so that
    the rows alone are not all; those that no longer matter are taken out of it. `days` 0 keeps files for ever.
    """

    def __init__(
        self,
        store: Store,
        lease: Lease,
        folder: JournalFolder,
        position: Callable[[], int],
        *,
        unsettled: set[int],
        days: int,
    ) -> None:
        self._store = store
        self._lease = lease
        self._folder = folder
        self._position = position
        self._days = days
        self._unsettled = unsettled
        self._newest = 0

    async def begin(self, policy: Policy, restored_at: int) -> None:
        """A process took the shard over at `restored_at` (shard microseconds), and has made no turn yet.

        Raises StoreError and OSError.
        """
        image = await self._store.raw_image(self._lease)
        await asyncio.to_thread(self._folder.begin, image.applied)
        await self._open(image, encode_row(policy), restored_at)

    async def run(self) -> None:
        """Until cancelled. Store or disk away: tried again."""
        while True:
            settled = True
            try:
                settled = await self.turn_over()
            except Deposed as error:
                if not error.went_back:
                    return
                log.warning("journal_not_rotated", error=str(error))
            except (StoreError, OSError) as error:
                log.error("journal_not_rotated", error=str(error))
            await asyncio.sleep(CHECK_S if settled else AGAIN_S)

    async def resume(self) -> None:
        """As `run`, on a shard that was taken over while it ran: its newest segment goes on. Until cancelled."""
        while not self._newest:
            try:
                self._newest = max(await self._store.heads(), default=0)
                break
            except StoreError as error:
                log.error("journal_not_rotated", error=str(error))
                await asyncio.sleep(CHECK_S)
        await self.run()

    async def turn_over(self) -> bool:
        """One round; False when a segment should begin and could not yet. Raises StoreError and OSError."""
        settled = await self._begin_next()
        heads = await self._store.heads()
        if not heads:
            return settled
        for (after, block), upto in zip(heads.items(), list(heads)[1:], strict=False):
            if upto <= self._position():
                await self._finish(after, upto, block)
        # What a round that was cut short left, and turns from before there were heads; the store may be empty by now.
        oldest = next(iter(await self._store.heads()), None)
        if oldest is not None and oldest <= self._position():
            await self._store.trim_journal(oldest)
        await asyncio.to_thread(self._folder.expire, self._days, time.time())
        return settled

    async def _begin_next(self) -> bool:
        if self._position() - self._newest < SEGMENT_TURNS and await self._store.heads():
            return True  # without any head the store has lost them: what is there begins a segment
        image = await self._store.raw_image(self._lease)
        if image.applied in self._unsettled:
            return False
        self._unsettled.difference_update([sequence for sequence in self._unsettled if sequence < image.applied])
        await self._open(image, await self._store.policy_bytes(image.policy_version or ""), None)
        return True

    async def _open(self, image: RawImage, policy: bytes, restored_at: int | None) -> None:
        head = make_head(image, policy, code=code_version(), shard=self._folder.shard, restored_at=restored_at)
        await self._store.keep_head(image.applied, await asyncio.to_thread(pack_head, head))
        self._newest = image.applied

    async def _finish(self, after: int, upto: int, block: bytes) -> None:
        if await asyncio.to_thread(self._folder.find, upto) is None:
            try:
                data = await self._packed(after, upto, block)
            except JournalGap as error:
                log.error("journal_segment_lost", after=after, upto=upto, error=str(error))
            else:
                await asyncio.to_thread(self._folder.write, after, upto, data)
                log.info("journal_segment_written", after=after, upto=upto, bytes=len(data))
        await self._store.trim_journal(upto)
        await self._store.drop_policies(after)
        await self._store.drop_head(after)

    async def _packed(self, after: int, upto: int, block: bytes) -> bytes:
        """Packed as they are read: all its turns at one time would be as much memory as a thousand calls."""
        packer, versions = Packer(upto - after), dict[str, None]()
        async for page in pages(self._store, after, upto, versions):
            await asyncio.to_thread(packer.add, page)
        policies = [await self._store.policy_bytes(version) for version in versions]
        return await asyncio.to_thread(packer.finish, block, policies)
