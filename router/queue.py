"""The order of those who wait: priority first, then longest waiting; an item that comes back keeps its place."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from router.work import Rank, Work

Entry = tuple[int, int, int, Work]


def rank(priority: int, queued_at: int, sequence: int) -> Rank:
    """The sort key of an item: `priority` is its own plus its queue's, `queued_at` in shard microseconds."""
    return (-priority, queued_at, sequence)


class WaitingList:
    """Work items by rank, in one sorted list: first and place at once, add and remove move a few KiB at most.

    `entries` is read by matching; the rank is unique, so that two work items are never compared.
    """

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Work]:
        return (entry[3] for entry in self.entries)

    def add(self, work: Work) -> None:
        """Insert the item at the place that its rank gives."""
        insort(self.entries, (*work.rank, work))

    def remove(self, work: Work) -> None:
        """Take the item out; raises KeyError when it is not here."""
        index = self._index(work)
        del self.entries[index]

    def place(self, work: Work) -> int:
        """1-based place; raises KeyError when the item is not here."""
        return self._index(work) + 1

    def _index(self, work: Work) -> int:
        entries = self.entries
        # A 3-tuple sorts just before the 4-tuple that begins with it.
        index = bisect_left(entries, work.rank)
        if index == len(entries) or entries[index][3] is not work:
            raise KeyError(work.work_id)
        return index
