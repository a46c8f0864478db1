"""A work item: where it stands, and its fixed place among those who wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from router.events import WorkQueued
from router.rows import Handoff, Stay, WorkRow
from router.transitions import step
from router.vocabulary import Medium, Requirement, WorkState

if TYPE_CHECKING:
    from router.offer import Reservation
    from router.profile import Profile

# (minus the priority, queued at, sequence): smaller is sooner, and no two items share one.
Rank = tuple[int, int, int]


class WorkCause(StrEnum):
    """What moves a work item."""

    OFFER = "offer"
    RETURN = "return"
    ACCEPT = "accept"
    CONNECT = "connect"
    END = "end"
    LEAVE = "leave"
    CLOSE = "close"


WORK_TABLE: Mapping[tuple[WorkState, WorkCause], WorkState] = {
    (WorkState.WAITING, WorkCause.OFFER): WorkState.OFFERED,
    (WorkState.WAITING, WorkCause.LEAVE): WorkState.LEAVING,
    (WorkState.WAITING, WorkCause.CLOSE): WorkState.CLOSED,
    (WorkState.OFFERED, WorkCause.RETURN): WorkState.WAITING,
    (WorkState.OFFERED, WorkCause.ACCEPT): WorkState.ASSIGNED,
    (WorkState.OFFERED, WorkCause.CLOSE): WorkState.CLOSED,
    (WorkState.ASSIGNED, WorkCause.RETURN): WorkState.WAITING,
    (WorkState.ASSIGNED, WorkCause.CONNECT): WorkState.CONNECTED,
    (WorkState.ASSIGNED, WorkCause.CLOSE): WorkState.CLOSED,
    (WorkState.CONNECTED, WorkCause.RETURN): WorkState.WAITING,
    (WorkState.CONNECTED, WorkCause.END): WorkState.WRAP_UP,
    (WorkState.CONNECTED, WorkCause.CLOSE): WorkState.CLOSED,
    (WorkState.WRAP_UP, WorkCause.CLOSE): WorkState.CLOSED,
    (WorkState.LEAVING, WorkCause.RETURN): WorkState.WAITING,
    (WorkState.LEAVING, WorkCause.CLOSE): WorkState.CLOSED,
}


@dataclass(slots=True, eq=False)
class Work:
    """One open work item. `requirements` are its own; its profile has what its queue and rings ask as well.

    `directed` is the one agent for whom it is kept; then nothing is demanded but room for the medium.
    `resting` maps an agent who rejected the item to the time (shard microseconds) until which it is not offered to
    them again. `listed` is true while the item stands in the waiting lists.

    condition, attributes, preferred, named, units, not_before: as in WorkQueued. ring: how many of its queue's rings
    hold for it; they count from `ringed_at`. waited_us: for how long it had waited there at its last boundary
    (router.stages). callback: the customer waits at home. tries: calls to them that failed. parked_by: who parked it,
    and for whom it waits first when it is back; parked_at: since when it is parked. handoff, rooted, origin, stays: as
    in WorkRow.
    """

    work_id: str
    interaction_id: str
    medium: Medium
    queue: str
    requirements: tuple[Requirement, ...]
    priority: int
    queued_at: int
    sequence: int
    node: str
    state: WorkState = WorkState.WAITING
    attempts: int = 0
    resting: dict[str, int] = field(default_factory=dict)
    directed: str | None = None
    condition: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    preferred: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    units: int | None = None
    not_before: int | None = None
    ring: int = 0
    ringed_at: int = 0
    callback: bool = False
    tries: int = 0
    waited_us: int = 0
    parked_by: str | None = None
    parked_at: int = 0
    handoff: Handoff | None = None
    rooted: bool = False
    origin: str = ""
    stays: Stay | None = None
    rank: Rank = (0, 0, 0)
    listed: bool = False
    # Set when the item is bound to the current rules, before anything else happens to it.
    profile: "Profile" = field(init=False)
    reservations: "dict[str, Reservation]" = field(default_factory=dict)
    # As the last drain gave it to the store, None where it has been touched since.
    drained: WorkRow | None = None

    @property
    def reservation(self) -> "Reservation | None":
        """The first of its open reservations; there are several only while it is offered to several agents."""
        return next(iter(self.reservations.values()), None)

    @property
    def taken(self) -> "Reservation":
        """The one reservation of an item that an agent has accepted; raises StopIteration for one that nobody has."""
        return next(iter(self.reservations.values()))

    @property
    def scheduled(self) -> bool:
        """Whether its time has not come: it waits, but in no list."""
        return self.not_before is not None

    @property
    def parked(self) -> bool:
        """Whether it waits for its customer, and holds nobody's units meanwhile."""
        return self.parked_by is not None and self.not_before is not None

    def claim_of(self, agent_id: str) -> "Reservation | None":
        """The reservation that this agent has of it."""
        return next((one for one in self.reservations.values() if one.agent.agent_id == agent_id), None)

    def excludes(self, agent_id: str) -> bool:
        """Whether it is not to be offered to this agent now: it rests for them, or they have an offer of it."""
        return agent_id in self.resting or self.claim_of(agent_id) is not None

    def move(self, cause: WorkCause) -> None:
        """Take the step that the table gives."""
        self.state = step("work", WORK_TABLE, self.state, cause)

    def preference(self, agent_id: str) -> int:
        """How much the item prefers the agent: the first of n by n, the last by 1, others not."""
        preferred = self.preferred
        return len(preferred) - preferred.index(agent_id) if agent_id in preferred else 0

    def row(self) -> WorkRow:
        """What the store keeps."""
        return WorkRow(
            work_id=self.work_id,
            interaction_id=self.interaction_id,
            medium=self.medium,
            queue=self.queue,
            requirements=self.requirements,
            priority=self.priority,
            queued_at=self.queued_at,
            sequence=self.sequence,
            state=self.state,
            attempts=self.attempts,
            node=self.node,
            resting=tuple(self.resting.items()),
            directed=self.directed,
            condition=self.condition,
            attributes=self.attributes,
            preferred=self.preferred,
            named=self.named,
            units=self.units,
            not_before=self.not_before,
            ring=self.ring,
            ringed_at=self.ringed_at,
            callback=self.callback,
            tries=self.tries,
            waited_us=self.waited_us,
            parked_by=self.parked_by,
            parked_at=self.parked_at,
            handoff=self.handoff,
            rooted=self.rooted,
            origin=self.origin,
            stays=self.stays,
        )

    def drain(self) -> WorkRow:
        """The row, kept for whoever reads it before it is touched again: to make it anew costs more than to decide."""
        self.drained = row = self.row()
        return row

    @classmethod
    def queued(cls, event: WorkQueued, now: int, sequence: int) -> "Work":
        """A new item. Its place counts from the event's `since`, else from when it may first be offered."""
        begin = now if event.not_before is None else max(now, event.not_before)
        return cls(
            work_id=event.work_id,
            interaction_id=event.interaction_id,
            medium=event.medium,
            queue=event.queue,
            requirements=event.requirements,
            priority=event.priority,
            queued_at=begin if event.since is None else min(event.since, now),
            sequence=sequence,
            node=event.node,
            condition=event.condition,
            attributes=event.attributes,
            preferred=event.preferred,
            named=event.named,
            units=event.units,
            not_before=event.not_before,
            ringed_at=begin,
            callback=event.callback,
            directed=event.directed,
        )

    @classmethod
    def from_row(cls, row: WorkRow) -> "Work":
        """The item as the store has it; rules and lists are bound afterwards."""
        return cls(
            work_id=row.work_id,
            interaction_id=row.interaction_id,
            medium=row.medium,
            queue=row.queue,
            requirements=row.requirements,
            priority=row.priority,
            queued_at=row.queued_at,
            sequence=row.sequence,
            node=row.node,
            state=row.state,
            attempts=row.attempts,
            resting=dict(row.resting),
            directed=row.directed,
            condition=row.condition,
            attributes=row.attributes,
            preferred=row.preferred,
            named=row.named,
            units=row.units,
            not_before=row.not_before,
            ring=row.ring,
            ringed_at=row.ringed_at,
            callback=row.callback,
            tries=row.tries,
            waited_us=row.waited_us,
            parked_by=row.parked_by,
            parked_at=row.parked_at,
            handoff=row.handoff,
            rooted=row.rooted,
            origin=row.origin,
            stays=row.stays,
        )
