"""What the projector writes: rows while they are worked on."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# The entry of interactions that begin with a call to the customer.
CALLBACK = "callback"


class RecordState(StrEnum):
    """Where an interaction stands. OPEN: with the IVR, or its work is done and the customer still there.

    PARKED: it waits for its customer, its agent has other work meanwhile. LEAVING: another shard is asked to take it.
    """

    OPEN = "open"
    WAITING = "waiting"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    CONNECTED = "connected"
    PARKED = "parked"
    WRAP_UP = "wrap_up"
    LEAVING = "leaving"
    CLOSED = "closed"


@dataclass(slots=True)
class InteractionDraft:
    """A row of `interactions` while it is worked on; field names are the column names."""

    id: str
    opened_at: int
    channel: str = ""
    medium: str = ""
    entry: str = ""
    node: str = ""
    queue: str | None = None
    agent_id: str | None = None
    answered_at: int | None = None
    queued_at: int | None = None
    offered_at: int | None = None
    connected_at: int | None = None
    ended_at: int | None = None
    closed_at: int | None = None
    wait_us: int | None = None
    talk_us: int | None = None
    wrap_up_us: int | None = None
    outcome: str | None = None
    disposition: str | None = None
    state: str = RecordState.OPEN
    open_work: int = 0
    customer_over: bool = False

    @property
    def not_called_yet(self) -> bool:
        """A customer who is to be called back and has not answered: no call of theirs can be lost."""
        return self.entry == CALLBACK and self.answered_at is None

    def end_if_not_called(self, now: int) -> None:
        """There will be no call to this customer, so there is none whose end would be told."""
        if self.not_called_yet:
            self.customer_over, self.ended_at = True, now

    def settle(self, now: int) -> None:
        """The record closes when the customer's attempt is over and no work of it is open."""
        if self.open_work > 0:
            return
        if not self.customer_over:
            self.state = RecordState.OPEN
            return
        self.state = RecordState.CLOSED
        self.closed_at = now


@dataclass(slots=True)
class OfferDraft:
    """A row of `offers`: one reservation, from the offer until the capacity is free again."""

    reservation_id: str
    work_id: str
    interaction_id: str
    agent_id: str
    queue: str
    queued_at: int
    offered_at: int
    accepted_at: int | None = None
    connected_at: int | None = None
    ended_at: int | None = None
    closed_at: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether agent and customer speak with each other."""
        return self.connected_at is not None and self.ended_at is None and self.closed_at is None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an interaction's story. `at` in microseconds; `index` orders the steps of one journal entry."""

    interaction_id: str
    sequence: int
    index: int
    at: int
    kind: str
    detail: Mapping[str, Any]
