"""From stored rows back to live state, before the policy is applied to it."""

from router.agent import Agent
from router.errors import ImageError
from router.neighbour import Neighbour
from router.offer import Reservation
from router.policy import AgentPolicy
from router.rows import ReservationRow, ShardImage
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import OfferState, WorkState
from router.work import Work

# The state of a work item by that of its reservation; without one it waits.
WORK_STATE = {
    OfferState.OFFERED: WorkState.OFFERED,
    OfferState.ACCEPTED: WorkState.ASSIGNED,
    OfferState.CONNECTED: WorkState.CONNECTED,
    OfferState.WRAP_UP: WorkState.WRAP_UP,
}


def load_image(shard: Shard, image: ShardImage, *, live: bool = False) -> None:
    """Fill an empty shard; `live`: the agents' connections hold, as in the shard that the image was taken of.

    Raises ImageError for a reservation without its work or agent, or work without its claim or its handoff.
    """
    for row in image.agents:
        agent = Agent(row.agent_id, AgentPolicy(row.agent_id, team="", capacity={}, total_units=0))
        agent.load_row(row, live=live)
        shard.agents[row.agent_id] = agent
        if live and row.grace_deadline is not None:
            shard.timers.arm(TimerKind.GRACE, row.agent_id, row.grace_deadline)
    for work_row in sorted(image.work, key=lambda row: row.sequence):
        work = Work.from_row(work_row)
        shard.work[work.work_id] = work
        if work.handoff is not None:
            shard.leaving[work.handoff.shard, work.handoff.token] = work
        if work.parked and work.parked_by is not None:
            shard.parked.setdefault(work.parked_by, {})[work.work_id] = work
        if work.resting:
            shard.timers.arm(TimerKind.REST, work.work_id, min(work.resting.values()))
    shard.leaving = dict(sorted(shard.leaving.items()))
    for neighbour in sorted(image.neighbours, key=lambda row: row.shard):
        shard.neighbours[neighbour.shard] = Neighbour.from_row(neighbour)
    shard.sequence = max((row.sequence for row in image.work), default=0)
    for reservation_row in sorted(image.reservations, key=lambda row: (row.offered_at, row.reservation_id)):
        _load_reservation(shard, reservation_row)
    for work in shard.work.values():
        alone = work.state in (WorkState.WAITING, WorkState.LEAVING)
        if (not work.reservations) is not alone or (work.handoff is not None) is not (work.state is WorkState.LEAVING):
            raise ImageError(f"work {work.work_id} is {work.state}, its reservations {list(work.reservations)}")


def _load_reservation(shard: Shard, row: ReservationRow) -> None:
    work, agent = shard.work.get(row.work_id), shard.agents.get(row.agent_id)
    if work is None or agent is None:
        raise ImageError(f"reservation {row.reservation_id} has no work or no agent")
    others = row.state is OfferState.OFFERED and work.claim_of(row.agent_id) is None
    if (work.reservations and not others) or work.state is not WORK_STATE.get(row.state):
        raise ImageError(f"reservation {row.reservation_id} does not fit work {row.work_id} in {work.state}")
    reservation = Reservation.from_row(row, work, agent)
    work.reservations[row.reservation_id] = reservation
    agent.take(reservation)
    shard.reservations[row.reservation_id] = reservation
    if row.deadline is not None:
        kind = TimerKind.OFFER if row.state is OfferState.OFFERED else TimerKind.WRAP_UP
        shard.timers.arm(kind, row.reservation_id, row.deadline)
