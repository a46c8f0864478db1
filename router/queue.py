"""The order of those who wait: priority or ageing first, then time; an item that comes back keeps its place."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from router.policy import Order, QueuePolicy
from router.work import Rank, Work

Entry = tuple[int, int, int, Work]


def rank(priority: int, time: int, sequence: int, ageing_us: int = 0) -> Rank:
    """The sort key of an item: by priority, then by time, then as they came.

    `priority` is the whole one: the item's own, its queue's, its rules' and its rings'. `time` (shard microseconds) is
    since when it waits, or when it misses its target (Order.TARGET). With `ageing_us` a point of priority is worth so
    much time, at the one rate of all, so that the order of two items never changes while they wait.
    """
    return (time - priority * ageing_us, time, sequence) if ageing_us else (-priority, time, sequence)


def order_time(rules: QueuePolicy, queued_at: int) -> int:
    """The time that orders an item of the queue: since when it waits, or when it misses the queue's target."""
    return queued_at + rules.target_us if rules.order is Order.TARGET else queued_at


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

    def update(self, items: list[Work]) -> None:
        """Have these items in it, by the ranks that they have now; whoever reads `entries` sees the same list."""
        self.entries[:] = sorted([(*work.rank, work) for work in items])

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

    def behind(self, rank: Rank) -> Iterator[Work]:
        """Those who stand behind this rank, in order."""
        entries = self.entries
        for index in range(bisect_left(entries, (*rank[:2], rank[2] + 1)), len(entries)):
            yield entries[index][3]

    def _index(self, work: Work) -> int:
        entries = self.entries
        # A 3-tuple sorts just before the 4-tuple that begins with it.
        index = bisect_left(entries, work.rank)
        if index == len(entries) or entries[index][3] is not work:
            raise KeyError(work.work_id)
        return index
