"""Whether a waiting item will miss its queue's target: from the expected wait and how far that has been off lately.

The target counts from queued to joined, the estimate to the offer, so the mean time that ringing and joining take now
is added. tests/sim/test_breach.py holds the probabilities to what happens. Pure, integers only.
"""

from dataclasses import dataclass

from router.estimates import WaitEstimates
from router.rows import WorkRow
from router.vocabulary import WorkState

CERTAIN = 1000
_OPEN = (WorkState.WAITING, WorkState.OFFERED, WorkState.ASSIGNED)


@dataclass(frozen=True, slots=True)
class Breach:
    """`due_at`: when the target is missed; `permille`: how likely it will be (1000: it is), for one who waits on.

    `joined_at`: when the item is likely to be joined with an agent, None while too little is known. Shard microseconds.
    """

    due_at: int
    permille: int | None
    joined_at: int | None


def due(work: WorkRow, target_us: int) -> int:
    """When the target of so many microseconds is missed: from queued, of scheduled work from when it may be offered."""
    return max(work.queued_at, work.not_before or 0) + target_us


def predict(estimates: WaitEstimates, work: WorkRow, place: int | None, target_us: int, now: int) -> Breach | None:
    """For an item that nobody has answered yet; None for any other, and for one whose customer waits at home.

    `place` counts from 1, None when it does not wait in the line (an agent has the offer).
    """
    if work.state not in _OPEN or work.callback:
        return None
    due_at = due(work, target_us)
    left_us, ring_us = due_at - now, estimates.ring_us(work.queue)
    if work.state is not WorkState.WAITING or place is None:
        since = estimates.offered_at(work.work_id)
        elapsed_us = now - since if since is not None else 0
        permille = estimates.ring_exceeds(work.queue, elapsed_us, elapsed_us + left_us)
        joined_at: int | None = max(now, now - elapsed_us + ring_us)
    else:
        expected = estimates.estimate(work.queue, place)
        permille = estimates.exceeds(work.queue, place, left_us - ring_us)
        joined_at = now + expected.expected_us + ring_us if expected is not None else None
    return Breach(due_at, CERTAIN if left_us < 0 else permille, joined_at)
