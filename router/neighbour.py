"""What a shard knows of another one: the tokens that it gave its own items there, and what it said to that one's.

A handoff is asked for again and again until it is answered, and the line between shards may lose, repeat and reorder
what is said. So a verdict is given once for each token and kept until the other shard is known to have heard it; every
request says up to which token that is so, and what comes later than that under such a token is an old repeat.
"""

from dataclasses import dataclass, field

from router.rows import NeighbourRow


@dataclass(slots=True)
class Neighbour:
    """As NeighbourRow; `verdicts` by token."""

    shard: str
    sent: int = 0
    settled: int = 0
    verdicts: dict[int, str] = field(default_factory=dict)

    def next_token(self, now: int) -> int:
        """A token above all that were given, also where a store has lost the last ones: it follows the clock."""
        self.sent = max(self.sent + 1, now)
        return self.sent

    def heard(self, settled: int) -> None:
        """That shard needs no answer to its tokens up to this one any more."""
        if settled > self.settled:
            self.settled = settled
            self.verdicts = {token: said for token, said in self.verdicts.items() if token > settled}

    def row(self) -> NeighbourRow:
        """What the store keeps."""
        return NeighbourRow(self.shard, self.sent, self.settled, tuple(sorted(self.verdicts.items())))

    @classmethod
    def from_row(cls, row: NeighbourRow) -> "Neighbour":
        """As the store has it."""
        return cls(row.shard, row.sent, row.settled, dict(row.verdicts))
