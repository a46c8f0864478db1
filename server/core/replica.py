"""A replica of the shard on a node that does not own it: every committed turn goes through the same dispatcher.

The dispatcher is deterministic, so the replica is the owner's memory as of the last commit: it can answer, draw pages,
and become the owner at once. That it is the same is held by each turn's commands, which the journal has too.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from router.dispatcher import Dispatcher
from router.policy import Policy
from router.replay import differing_row, step
from router.rows import Entry, ShardImage, Turn
from server.core.pump import KEPT_TURNS
from store.codec import JournalEntry
from store.errors import StoreLost
from store.lease import ShardHead

PAGE = 256


class Journal(Protocol):
    """The shard's store."""

    async def head(self) -> ShardHead: ...

    async def read_journal(self, after: int, limit: int) -> list[JournalEntry]: ...


class ReplicaDivergedError(Exception):
    """This node decides otherwise than the owner did (other code, or a mistake): it must start anew from the rows."""

    def __init__(self, sequence: int, what: str) -> None:
        super().__init__(f"after turn {sequence}: {what}")
        self.sequence = sequence


class JournalGapError(Exception):
    """Turns that this node has not seen are in the store no more: it must start anew from the rows."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"turn {expected} is expected, the journal goes on with {found}")


def settled_dispatcher(policy: Policy, image: ShardImage) -> Dispatcher | None:
    """A dispatcher in the state of the image; None when it was taken between a turn and matches left to the next."""
    dispatcher = Dispatcher()
    if dispatcher.restore(policy, image, image.clock, live=True):
        return None
    while dispatcher.unfinished:
        if dispatcher.expire(image.clock):
            return None
    dispatcher.drain_changes()
    return dispatcher


class Replica:
    """The dispatcher after the turn `sequence`; `clock` is the `now` of that turn."""

    def __init__(self, dispatcher: Dispatcher, image: ShardImage) -> None:
        self.dispatcher = dispatcher
        self.image = image
        self.sequence = image.applied
        self.clock = image.clock
        # The last turns, should this node become the owner of a store that has lost them.
        self.kept: deque[Turn] = deque(maxlen=KEPT_TURNS)
        self._last: JournalEntry | None = None

    @classmethod
    async def load(
        cls, image: Callable[[], Awaitable[ShardImage | None]], policy: Callable[[str], Awaitable[Policy]]
    ) -> "Replica | None":
        """From the rows as they are; None when this moment will not do (try again soon). Raises StoreError."""
        found = await image()
        if found is None or found.policy_version is None:
            return None
        dispatcher = settled_dispatcher(await policy(found.policy_version), found)
        return None if dispatcher is None else cls(dispatcher, found)

    def apply(self, entry: JournalEntry) -> Turn:
        """The owner's next turn, as a turn of this node. Raises JournalGapError and ReplicaDivergedError."""
        if entry.sequence != self.sequence + 1:
            raise JournalGapError(self.sequence + 1, entry.sequence)
        recorded: Entry = entry
        commands = step(self.dispatcher, recorded)
        if tuple(commands) != entry.commands:
            raise ReplicaDivergedError(entry.sequence, f"{commands} here, {entry.commands} in the journal")
        self.sequence, self.clock = entry.sequence, entry.now
        changes = self.dispatcher.drain_changes()
        turn = Turn(entry.sequence, entry.now, entry.cause, entry.event, entry.commands, changes)
        self.kept.append(turn)
        self._last = entry
        return turn

    async def missed(self, journal: Journal, upto: int) -> AsyncIterator[Turn]:
        """The turns up to `upto` that this replica has not seen yet. Raises as `apply`, and StoreError.

        StoreLost also where the store had them, and has lost them since.
        """
        while self.sequence < upto:
            entries = await journal.read_journal(self.sequence, PAGE)
            if not entries and (applied := (await journal.head()).applied) < upto:
                raise StoreLost(f"the store had turn {upto} and is at turn {applied} now")
            if not entries:
                raise JournalGapError(self.sequence + 1, upto + 1)
            for entry in entries:
                yield self.apply(entry)

    async def still_there(self, journal: Journal) -> bool:
        """After a break: whether the store, which may be another server now, has this replica's last turn.

        False: it has lost writes, and its owner has not put them back yet. Raises ReplicaDivergedError when another
        turn has taken its place, and StoreError.
        """
        if (await journal.head()).applied < self.sequence:
            return False
        entries = await journal.read_journal(self.sequence - 1, 1) if self._last is not None else []
        if entries and entries[0].sequence == self.sequence and entries[0] != self._last:
            raise ReplicaDivergedError(self.sequence, "the store has another turn in its place")
        return True

    def compare(self, image: ShardImage) -> None:
        """Check this replica against the rows of its very turn. Raises ReplicaDivergedError."""
        if (row := differing_row(self.dispatcher, image)) is not None:
            raise ReplicaDivergedError(self.sequence, row)

    def compared(self, target: ShardImage | None) -> ShardImage | None:
        """What is still to be compared: rows of a turn that this replica has not seen yet. Raises as `compare`."""
        if target is None or target.applied > self.sequence:
            return target
        if target.applied == self.sequence:
            self.compare(target)
        return None
