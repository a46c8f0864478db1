"""What the statistics remember of what is open: work, reservations, what agents do. It can be kept and read again."""

from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from router.rows import ReservationRow, ShardImage
from router.slots import SLOT_US
from router.vocabulary import OfferState, Presence

DAY_US = 24 * 3_600_000_000


class Limits(Struct, frozen=True, gc=False):
    """A queue's target for the wait, and below what an abandon is a short one; microseconds."""

    target_us: int
    short_us: int


class OpenWork(Struct):
    """An item that is not closed. `settled` once its wait was counted as over, whatever comes after."""

    queue: str
    medium: str
    channel: str
    queued_at: int
    settled: bool = False
    reservations: list[str] = msgspec.field(default_factory=list)


class OpenReservation(Struct, gc=False):
    """A reservation that is not over."""

    work_id: str
    interaction_id: str
    agent_id: str
    offered_at: int
    accepted: bool = False
    connected_at: int | None = None
    ended_at: int | None = None
    hold_since: int | None = None
    hold_us: int = 0


class Activity(Struct, gc=False):
    """What an agent does: counted up to `since`. `held` counts reservations."""

    presence: Presence
    since: int
    held: int = 0

    @property
    def counts(self) -> bool:
        """Whether the time since then is counted as anything."""
        return self.held > 0 or self.presence is not Presence.OFFLINE


@dataclass(slots=True)
class State:
    """All that is open, as of `position` in the journal. `channels`: channel and node of open interactions."""

    position: int = 0
    clock: int = 0
    work: dict[str, OpenWork] = field(default_factory=dict)
    reservations: dict[str, OpenReservation] = field(default_factory=dict)
    agents: dict[str, Activity] = field(default_factory=dict)
    channels: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def counted_from(self) -> int:
        """Nothing more is counted before that time."""
        return min((each.since for each in self.agents.values() if each.counts), default=self.clock)

    def slots_from(self, since: int) -> int:
        """From where on a start needs the slots: `since`, or before it where the rest of the journal counts in these.

        A day before it at the earliest. Microseconds.
        """
        return since if not self.clock else max(since - DAY_US, min(since, self.counted_from // SLOT_US * SLOT_US))

    def agree(self, image: ShardImage, now: int) -> None:
        """Made to agree with the rows; agents' time counts from `now`.

        It agrees by itself, unless the journal was cut or begun anew: what came and went unseen is not counted.
        """
        known = {row.work_id: row for row in image.work}
        held = {row.reservation_id: row for row in image.reservations}
        self.work = {name: work for name, work in self.work.items() if name in known}
        self.reservations = {name: one for name, one in self.reservations.items() if name in held}
        for row in image.work:
            channel, _ = self.channels.get(row.interaction_id, ("", ""))
            self.work.setdefault(
                row.work_id, OpenWork(row.queue, row.medium.value, channel, row.queued_at, row.callback)
            )
        for name, claim in held.items():
            if name not in self.reservations:
                self.reservations[name] = _reservation(claim, known[claim.work_id].interaction_id)
            self.work[claim.work_id].settled |= claim.connected_at is not None
        self.agents = {row.agent_id: Activity(row.presence, now) for row in image.agents}
        for work in self.work.values():
            work.reservations = []
        for name, reservation in self.reservations.items():
            self.work[reservation.work_id].reservations.append(name)
            self.agents[reservation.agent_id].held += 1
        self.position, self.clock = image.applied, max(now, self.clock)


def _reservation(row: ReservationRow, interaction_id: str) -> OpenReservation:
    return OpenReservation(
        row.work_id,
        interaction_id,
        row.agent_id,
        row.offered_at,
        accepted=row.state is not OfferState.OFFERED,
        connected_at=row.connected_at,
        ended_at=row.ended_at,
    )
