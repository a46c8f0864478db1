"""A recorded journal through a new dispatcher: the first difference, and decisions as they were made.

Pure: the same segment gives the same answer on any machine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from router.commands import Command, SendOffer
from router.dispatcher import Dispatcher
from router.events import Event, TimePassed
from router.explain import Explanation, explain
from router.matching import Pair
from router.moves import Moves
from router.policy import Policy
from router.rows import Entry, ShardImage, WorkRow
from router.shard import Shard


@dataclass(frozen=True, slots=True)
class Start:
    """The state before the first entry of a segment.

    `restored_at`: when (shard microseconds) a process took the shard over from its rows; None: the image was taken of a
    running shard, whose connections hold.
    """

    policy: Policy
    image: ShardImage
    restored_at: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The first turn that came out otherwise. `index` counts its commands from 0; None: there is no such command."""

    sequence: int
    now: int
    event: Event
    index: int
    expected: Command | None
    got: Command | None


def begin(start: Start, dispatcher: Dispatcher | None = None) -> Dispatcher:
    """A new dispatcher (or this unused one) in the state of the start."""
    dispatcher = Dispatcher() if dispatcher is None else dispatcher
    if start.restored_at is None:
        dispatcher.restore(start.policy, start.image, start.image.clock, live=True)
    else:
        dispatcher.restore(start.policy, start.image, start.restored_at)
    return dispatcher


def step(dispatcher: Dispatcher, entry: Entry) -> list[Command]:
    """Give the dispatcher one recorded turn."""
    if isinstance(entry.event, TimePassed):
        return dispatcher.expire(entry.now)
    return dispatcher.handle(entry.event, entry.now)


def first_difference(dispatcher: Dispatcher, entries: Iterable[Entry]) -> Difference | None:
    """Run the entries; None when every turn gave the recorded commands."""
    for entry in entries:
        got = step(dispatcher, entry)
        if got != list(entry.commands):
            return _difference(entry, got)
    return None


def differing_row(dispatcher: Dispatcher, image: ShardImage) -> str | None:
    """The first thing whose row is not as in the image of the same moment; None: all alike.

    Work is numbered anew when a shard is restored, so that of the numbers only the order is compared. Agents to whom
    nothing ever happened have no row.
    """
    shard = dispatcher.shard
    agents = {row.agent_id: row for row in image.agents if row.agent_id in shard.agents}
    reservations = {row.reservation_id: row for row in image.reservations}
    work = {row.work_id: replace(row, sequence=at) for at, row in enumerate(sorted(image.work, key=_number), 1)}
    mine = sorted((item.row() for item in shard.work.values()), key=_number)
    neighbours = {row.shard: row for row in image.neighbours}
    pairs: tuple[tuple[str, dict[str, object], dict[str, object]], ...] = (
        ("agent", dict(agents), {key: shard.agents[key].row() for key in agents}),
        ("work", dict(work), {row.work_id: replace(row, sequence=at) for at, row in enumerate(mine, 1)}),
        ("reservation", dict(reservations), {key: held.row() for key, held in shard.reservations.items()}),
        ("neighbour", dict(neighbours), {key: known.row() for key, known in shard.neighbours.items()}),
    )
    for kind, theirs, ours in pairs:
        for key in sorted(theirs.keys() | ours.keys()):
            if theirs.get(key) != ours.get(key):
                return f"{kind} {key}: recorded {theirs.get(key)}, replayed {ours.get(key)}"
    return None


class Watched(Dispatcher):
    """A dispatcher that tells each claim just before it makes it: the state is then the decision's own."""

    def __init__(self, before_claim: Callable[[Pair], None]) -> None:
        self._before_claim = before_claim
        super().__init__()

    def _new_moves(self) -> Moves:
        return _WatchedMoves(self._shard, self._before_claim)


class _WatchedMoves(Moves):
    def __init__(self, shard: Shard, before_claim: Callable[[Pair], None]) -> None:
        super().__init__(shard)
        self._before_claim = before_claim

    def claim(self, pair: Pair) -> None:
        self._before_claim(pair)
        super().claim(pair)


def _number(row: WorkRow) -> int:
    return row.sequence


def _difference(entry: Entry, got: Sequence[Command]) -> Difference:
    expected = list(entry.commands)
    index = next(
        (at for at, (one, other) in enumerate(zip(expected, got, strict=False)) if one != other),
        min(len(expected), len(got)),
    )
    return Difference(
        entry.sequence,
        entry.now,
        entry.event,
        index,
        expected[index] if index < len(expected) else None,
        got[index] if index < len(got) else None,
    )


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A recorded offer with the state that it was decided in; the winner is the offer's agent."""

    sequence: int
    now: int
    offer: SendOffer
    explanation: Explanation


def past_decisions(start: Start, entries: Iterable[Entry], wanted: Mapping[int, str]) -> Iterator[PastDecision]:
    """Explain the offers of `wanted` (sequence -> work id), each as its own moment saw it; no further than the last.

    Candidates are told as they stood just before this claim: other offers of the same turn that came first are counted.
    """
    seen: dict[str, Explanation] = {}
    asked: str | None = None

    def look(pair: Pair) -> None:
        if pair.work.work_id == asked:
            found = explain(dispatcher, pair.work.work_id)
            if found is not None:
                seen[pair.agent.agent_id] = found

    dispatcher = Watched(look)
    begin(start, dispatcher)
    last = max(wanted, default=0)
    for entry in entries:
        if entry.sequence > last:
            return
        asked = wanted.get(entry.sequence)
        seen.clear()
        step(dispatcher, entry)
        for offer in entry.commands if asked is not None else ():
            if isinstance(offer, SendOffer) and offer.work_id == asked and offer.agent_id in seen:
                yield PastDecision(entry.sequence, entry.now, offer, seen[offer.agent_id])
