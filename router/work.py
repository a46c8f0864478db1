"""A work item: where it stands, and its fixed place among those who wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from router.rows import WorkRow
from router.transitions import step
from router.vocabulary import Medium, Requirement, WorkState

if TYPE_CHECKING:
    from router.matching import Profile
    from router.offer import Reservation

# (minus the priority, queued at, sequence): smaller is sooner, and no two items share one.
Rank = tuple[int, int, int]


class WorkCause(StrEnum):
    """What moves a work item."""

    OFFER = "offer"
    RETURN = "return"
    ACCEPT = "accept"
    CONNECT = "connect"
    END = "end"
    CLOSE = "close"


WORK_TABLE: Mapping[tuple[WorkState, WorkCause], WorkState] = {
    (WorkState.WAITING, WorkCause.OFFER): WorkState.OFFERED,
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
}


@dataclass(slots=True, eq=False)
class Work:
    """One open work item. `requirements` are its own, `demanded` those merged with its queue's.

    `directed` is the one agent for whom it is kept; then nothing is demanded but room for the medium.
    `resting` maps an agent who rejected the item to the time (shard microseconds) until which it is not offered to
    them again. `listed` is true while the item stands in the waiting lists.
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
    demanded: tuple[Requirement, ...] = ()
    rank: Rank = (0, 0, 0)
    listed: bool = False
    # Set when the item is bound to the current rules, before anything else happens to it.
    profile: "Profile" = field(init=False)
    reservation: "Reservation | None" = None

    def move(self, cause: WorkCause) -> None:
        """Take the step that the table gives."""
        self.state = step("work", WORK_TABLE, self.state, cause)

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
        )
