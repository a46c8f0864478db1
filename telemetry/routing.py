"""Routing's counters, taken from committed turns: what happened is read in one place, not counted in many."""

from collections.abc import Iterable, Mapping

from router.commands import CloseWork, Command, JoinLegs, PartLegs, Refuse, SendOffer, WithdrawOffer
from router.events import AssignmentConnected, WorkMoved, WorkQueued
from router.rows import ReservationRow, Turn, WorkRow
from router.vocabulary import OfferState, Outcome, WithdrawReason
from telemetry.metrics import Metrics, OfferResult

_RESULTS: Mapping[WithdrawReason, OfferResult] = {
    WithdrawReason.REJECTED: "rejected",
    WithdrawReason.EXPIRED: "expired",
    WithdrawReason.FAILED: "failed",
}


class RoutingMeter:
    """Feeds `Metrics` from turns. `targets`: within how many microseconds a queue promises to answer."""

    def __init__(self, metrics: Metrics, targets: Mapping[str, int]) -> None:
        self._metrics = metrics
        self.targets = targets
        self._work: dict[str, tuple[str, int]] = {}
        # Work items by reservation: of offers that stand, and of those accepted and not yet joined.
        self._offered: dict[str, str] = {}
        self._accepted: dict[str, str] = {}

    def restore(self, work: Iterable[WorkRow], reservations: Iterable[ReservationRow]) -> None:
        """Takes over the open work of a shard, before its first turn or where this node becomes the owner."""
        self._work = {row.work_id: (row.queue, row.queued_at) for row in work}
        self._offered, self._accepted = {}, {}
        for row in reservations:
            if row.state is OfferState.OFFERED:
                self._offered[row.reservation_id] = row.work_id
            elif row.state is OfferState.ACCEPTED:
                self._accepted[row.reservation_id] = row.work_id

    def observe(self, turn: Turn) -> None:
        """Counts one committed turn; call once for each, in order."""
        if not (turn.commands and any(isinstance(command, Refuse) for command in turn.commands)):
            match turn.event:
                case WorkQueued(work_id=work_id, queue=queue):
                    self._work[work_id] = (queue, turn.now)
                    self._metrics.queued(queue)
                case WorkMoved(work_id=work_id, queue=queue) if work_id in self._work:
                    self._work[work_id] = (queue, self._work[work_id][1])
                case AssignmentConnected(reservation_id=reservation_id):
                    self._joined(reservation_id, turn.now)
                case _:
                    pass  # the commands say what became of it
        for command in turn.commands:
            self._observe_command(command)

    def _joined(self, reservation_id: str, now: int) -> None:
        work = self._work.get(self._accepted.pop(reservation_id, ""))
        if work is None:
            return
        queue, queued_at = work
        wait_us = now - queued_at
        self._metrics.answered(queue, wait_us, wait_us <= self.targets.get(queue, 0))

    def _observe_command(self, command: Command) -> None:
        match command:
            case SendOffer():
                self._offered[command.reservation_id] = command.work_id
                self._metrics.offered(command.queue)
            case JoinLegs():
                self._accepted[command.reservation_id] = command.work_id
                self._offer_ended(command.reservation_id, "accepted")
            case WithdrawOffer():
                self._accepted.pop(command.reservation_id, None)
                self._offer_ended(command.reservation_id, _RESULTS.get(command.reason, "withdrawn"))
            case PartLegs():
                self._accepted.pop(command.reservation_id, None)
            case CloseWork():
                queue, _ = self._work.pop(command.work_id, ("", 0))
                if queue and command.outcome is Outcome.ABANDONED:
                    self._metrics.abandoned(queue)
            case _:
                pass

    def _offer_ended(self, reservation_id: str, result: OfferResult) -> None:
        work = self._work.get(self._offered.pop(reservation_id, ""))
        if work is not None:
            self._metrics.offer_ended(work[0], result)
