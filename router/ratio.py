"""Fixed queue ratio: the freed agent takes from the queue that is most above its share of those who wait.

Gurvich and Whitt, "Queue-and-Idleness-Ratio Controls in Many-Server Service Systems" (Mathematics of Operations
Research 34(2), 2009) and "Service-Level Differentiation in Many-Server Service Systems: Asymptotically Optimal Policies
via Queue-Ratio Routing" (Operations Research 58(2), 2010): with shares r_i that sum to 1, the agent serves the queue
with the largest Q_i - r_i * Q, where Q is the sum of all Q_i. Here shares are integers and everything is multiplied by
their sum, so that it is exact.
"""

from collections.abc import Iterable, Mapping

from router.line import Line
from router.work import Work


class Ratios:
    """The queues of a policy that have a ratio."""

    __slots__ = ("_lines", "_whole")

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self._lines = {name: line for name, line in lines.items() if line.rules.ratio > 0}
        self._whole = sum(line.rules.ratio for line in self._lines.values())

    def rules(self, work: Work) -> bool:
        """Whether the item is of a queue with a ratio, and for anybody."""
        return work.queue in self._lines and work.directed is None

    def choose(self, first: Work, heads: Iterable[Work], *, ageing: bool) -> Work:
        """What an agent takes who may take these, of which `first` stands first.

        Where that is of a queue with a ratio, the ratio decides among all such queues whose best item has the same
        priority (with ageing, whatever their priority, as that is worth time only); else it is `first`. Queues that
        are equally far above their shares are told apart by what stands first.
        """
        if not self.rules(first):
            return first
        rivals = [work for work in heads if self.rules(work) and (ageing or work.rank[0] == first.rank[0])]
        total = sum(len(line.waiting) for line in self._lines.values())
        return min(rivals, key=lambda work: (-self._excess(work.queue, total), work.rank))

    def _excess(self, queue: str, total: int) -> int:
        line = self._lines[queue]
        return len(line.waiting) * self._whole - line.rules.ratio * total
