"""A reservation: the claim on an agent's capacity, from the offer until wrap-up ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from router.rows import ReservationRow
from router.transitions import step
from router.vocabulary import Medium, OfferState

if TYPE_CHECKING:
    from router.agent import Agent
    from router.work import Work


class OfferCause(StrEnum):
    """What moves a reservation."""

    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    CONNECT = "connect"
    END = "end"
    FINISH = "finish"


# WITHDRAW ends an offer that nobody took; RELEASE an accepted one that never became a conversation, or a conversation
# whose agent's side died for good: the customer is still there and waits again.
OFFER_TABLE: Mapping[tuple[OfferState, OfferCause], OfferState] = {
    (OfferState.OFFERED, OfferCause.ACCEPT): OfferState.ACCEPTED,
    (OfferState.OFFERED, OfferCause.WITHDRAW): OfferState.CLOSED,
    (OfferState.ACCEPTED, OfferCause.CONNECT): OfferState.CONNECTED,
    (OfferState.ACCEPTED, OfferCause.RELEASE): OfferState.CLOSED,
    (OfferState.CONNECTED, OfferCause.RELEASE): OfferState.CLOSED,
    (OfferState.CONNECTED, OfferCause.END): OfferState.WRAP_UP,
    (OfferState.WRAP_UP, OfferCause.FINISH): OfferState.CLOSED,
}


@dataclass(slots=True, eq=False)
class Reservation:
    """One open reservation. `deadline` (shard microseconds) is the offer's or the wrap-up's, else None.

    `extended_us`: by how much the agent has extended the wrap-up so far.
    """

    reservation_id: str
    work: "Work"
    agent: "Agent"
    medium: Medium
    units: int
    offered_at: int
    deadline: int | None
    policy_version: str | None
    state: OfferState = OfferState.OFFERED
    connected_at: int | None = None
    ended_at: int | None = None
    extended_us: int = 0
    # As the last drain gave it to the store, None where it has been touched since.
    drained: ReservationRow | None = None

    def move(self, cause: OfferCause) -> None:
        """Take the step that the table gives."""
        self.state = step("offer", OFFER_TABLE, self.state, cause)

    def row(self) -> ReservationRow:
        """What the store keeps."""
        return ReservationRow(
            reservation_id=self.reservation_id,
            work_id=self.work.work_id,
            agent_id=self.agent.agent_id,
            medium=self.medium,
            units=self.units,
            state=self.state,
            offered_at=self.offered_at,
            deadline=self.deadline,
            connected_at=self.connected_at,
            ended_at=self.ended_at,
            extended_us=self.extended_us,
        )

    def drain(self) -> ReservationRow:
        """The row, kept for whoever reads it before it is touched again: to make it anew costs more than to decide."""
        self.drained = row = self.row()
        return row

    @classmethod
    def from_row(cls, row: ReservationRow, work: "Work", agent: "Agent") -> "Reservation":
        """The reservation as the store has it; the policy that it was made under is no longer known."""
        return cls(
            reservation_id=row.reservation_id,
            work=work,
            agent=agent,
            medium=row.medium,
            units=row.units,
            offered_at=row.offered_at,
            deadline=row.deadline,
            policy_version=None,
            state=row.state,
            connected_at=row.connected_at,
            ended_at=row.ended_at,
            extended_us=row.extended_us,
        )
