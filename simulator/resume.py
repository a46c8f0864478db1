"""A run that begins with the shard as it is: who waits, who talks and who works goes on from there."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    OfferAccepted,
    WrapUpFinished,
)
from router.rows import ReservationRow, ShardImage, WorkRow
from router.vocabulary import EndedBy, OfferState
from simulator.distributions import Distribution, residual
from simulator.items import Item
from simulator.scenario import Group, Scenario
from simulator.trace import Ending


@dataclass(frozen=True, slots=True)
class Found:
    """An item of the image, with the reservation that is open for it."""

    row: WorkRow
    item: Item
    reservation: ReservationRow | None


def found_items(image: ShardImage, scenario: Scenario, counts: tuple[int, ...]) -> Iterator[Found]:
    """The image's items, oldest first, as customers after those who are to come (`counts` of each work type).

    An item belongs to the first work type of its queue. Raises ValueError for a queue without one.
    """
    numbers: dict[str, int] = {}
    for number, work in enumerate(scenario.work):
        numbers.setdefault(work.queue, number)
    following = list(counts)
    open_for = {row.work_id: row for row in image.reservations}
    for row in sorted(image.work, key=lambda row: row.sequence):
        if row.queue not in numbers:
            raise ValueError(f"work {row.work_id} is in queue {row.queue}, which has no work type")
        number = numbers[row.queue]
        item = Item(number, scenario.work[number], following[number], 0, row.queued_at, image.clock)
        following[number] += 1
        yield Found(row, item, open_for.get(row.work_id))


def with_found(counts: tuple[int, ...], found: Sequence[Found]) -> tuple[int, ...]:
    """How many customers of each work type there are with those who were found."""
    more = Counter(one.item.number for one in found)
    return tuple(count + more[number] for number, count in enumerate(counts))


def what_follows(
    found: Found, group: Group | None, now: int, share: Callable[[str], float]
) -> Iterator[tuple[int, Event]]:
    """What comes next for a found item, and when.

    `group` is that of the agent who has it. `share` gives a number in [0, 1) for a purpose. What lasts already counts:
    a talk of ten minutes has what is left of talks that are longer than ten minutes.
    """
    item, row = found.item, found.reservation

    def left(purpose: str, whole: Distribution, since: int | None) -> int:
        return now + residual(whole, now - (since if since is not None else now), share(purpose))

    if not is_answered(row) and item.work.patience is not None:
        yield left("patience", item.work.patience, item.queued_at), CustomerLeft(found.row.work_id)
    if row is None or group is None:
        return
    match row.state:
        case OfferState.OFFERED:
            yield left("ring", group.ring, row.offered_at), OfferAccepted(row.reservation_id, row.agent_id)
        case OfferState.ACCEPTED:
            yield now, AssignmentConnected(row.reservation_id)
            yield left("talk", item.work.talk_with(group.name), now), _over(row)
        case OfferState.CONNECTED:
            yield left("talk", item.work.talk_with(group.name), row.connected_at), _over(row)
        case OfferState.WRAP_UP | OfferState.CLOSED:
            done = WrapUpFinished(row.reservation_id, row.agent_id)
            yield left("wrap_up", item.work.wrap_up_with(group.name), row.ended_at), done
        case _:
            assert_never(row.state)


def _over(row: ReservationRow) -> Event:
    return AssignmentEnded(row.reservation_id, EndedBy.CUSTOMER)


def is_answered(row: ReservationRow | None) -> bool:
    """Whether the customer of this reservation waits no more."""
    return row is not None and row.state is not OfferState.OFFERED


def mark_answered(item: Item, row: ReservationRow, now: int, group: int) -> None:
    """The item was answered before the run began."""
    item.offered_at = row.offered_at
    item.answered_at = row.connected_at if row.connected_at is not None else now
    item.ending, item.group, item.reservation_id = Ending.ANSWERED, group, row.reservation_id
