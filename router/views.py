"""What others may read of a dispatcher between turns: rows and counts, never the live objects."""

from typing import NamedTuple

from msgspec import Struct

from router.events import HandoffAsked
from router.handoff import asked_for, seeks_host
from router.policy import Policy
from router.rows import AgentRow, ReservationRow, WorkRow
from router.shard import Shard
from router.vocabulary import Medium, OfferState, Presence


class QueueOverview(Struct, frozen=True, gc=False):
    """How many wait in a queue and since when the longest has (shard microseconds; None when nobody waits)."""

    waiting: int
    oldest_queued_at: int | None


class PresenceView(NamedTuple):
    """What an agent declares, since when (shard microseconds), whether they are reached, and the units they hold.

    takes: the media of which they take new work now, whatever they hold.
    """

    presence: Presence
    reason: str | None
    since: int
    connected: bool
    units: int
    takes: tuple[Medium, ...]


class Views:
    """Read-only views of a shard."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard

    @property
    def shard(self) -> Shard:
        """The live state, for `explain` and `invariants` only; everybody else reads the views below."""
        return self._shard

    @property
    def policy(self) -> Policy:
        """The current rules."""
        return self._shard.policy

    @property
    def clock(self) -> int:
        """The time of the last turn (shard microseconds)."""
        return self._shard.clock

    def place(self, work_id: str) -> int | None:
        """1-based place of a waiting item in its queue; None for work that does not wait."""
        work = self._shard.work.get(work_id)
        if work is None or not work.listed:
            return None
        return self._shard.lines[work.queue].waiting.place(work)

    def waiting(self, queue: str) -> tuple[str, ...]:
        """The ids of those who wait in the queue, in order; empty for an unknown queue."""
        line = self._shard.lines.get(queue)
        return () if line is None else tuple(work.work_id for work in line.waiting)

    def queues(self) -> dict[str, QueueOverview]:
        """Each queue with what waits in it, also a removed one as long as somebody waits there."""
        return {
            name: QueueOverview(len(line.waiting), min((work.queued_at for work in line.waiting), default=None))
            for name, line in self._shard.lines.items()
            if line.waiting.entries or not line.retired
        }

    def agent(self, agent_id: str) -> AgentRow | None:
        """The agent's live state; None for an agent whom the policy does not know."""
        agent = self._shard.agents.get(agent_id)
        return None if agent is None else agent.row()

    def node_of(self, agent_id: str) -> str:
        """The node that holds, or held, the agent's connection; "" for nobody's."""
        agent = self._shard.agents.get(agent_id)
        return "" if agent is None else agent.node

    def agents(self) -> tuple[AgentRow, ...]:
        """Every agent, in the order of the policy."""
        return tuple(agent.row() for agent in self._shard.agents.values())

    def presence(self, agent_id: str) -> PresenceView | None:
        """As `agent`, but only what a look at everybody needs: a row costs ten times as much."""
        agent = self._shard.agents.get(agent_id)
        if agent is None:
            return None
        return PresenceView(
            agent.presence, agent.reason, agent.presence_since, agent.connected, agent.units, agent.takes
        )

    def load(self, agent_id: str) -> int:
        """Units that the agent holds now; 0 for an unknown agent."""
        agent = self._shard.agents.get(agent_id)
        return 0 if agent is None else agent.units

    def has_room(self, agent_id: str, medium: Medium) -> bool:
        """Whether the agent is ready, can be reached, and could hold one more item of the medium."""
        agent, policy = self._shard.agents.get(agent_id), self._shard.policy
        if agent is None or not agent.ready:
            return False
        return agent.has_room(medium, policy.cost(agent.rules, medium), policy.interrupts)

    def work(self, work_id: str) -> WorkRow | None:
        """An open work item."""
        work = self._shard.work.get(work_id)
        return None if work is None else work.drained or work.row()

    def offered(self, reservation_id: str) -> bool:
        """Whether the offer stands."""
        reservation = self._shard.reservations.get(reservation_id)
        return reservation is not None and reservation.state is OfferState.OFFERED

    def parked(self, agent_id: str) -> tuple[WorkRow, ...]:
        """What the agent has parked, oldest first."""
        held = self._shard.parked.get(agent_id, {}).values()
        return tuple(work.row() for work in sorted(held, key=lambda work: (work.parked_at, work.work_id)))

    def works(self) -> tuple[WorkRow, ...]:
        """Every open work item, in the order in which they were queued here."""
        return tuple(work.row() for work in self._shard.work.values())

    def guests(self) -> tuple[WorkRow, ...]:
        """The open items whose caller is on the line of another shard; without neighbours nothing is looked through."""
        shard = self._shard
        return tuple(work.row() for work in shard.work.values() if work.origin) if shard.neighbours else ()

    def leaving(self) -> tuple[WorkRow, ...]:
        """The items that are on their way to another shard."""
        return tuple(work.row() for work in self._shard.leaving.values())

    def handoffs(self, source: str) -> tuple[tuple[str, HandoffAsked], ...]:
        """What other shards are to be asked by this one, `source`, in the order in which the items left, by shard."""
        shard = self._shard
        leaving = [(name, work) for (name, _), work in shard.leaving.items() if not seeks_host(work)]
        return tuple((name, asked_for(shard, work, source)) for name, work in leaving)

    def handoff(self, shard: str, token: int, source: str) -> HandoffAsked | None:
        """What that shard is to be asked by this one, `source`, of the item under this token; None: nothing (now)."""
        work = self._shard.leaving.get((shard, token))
        return None if work is None or seeks_host(work) else asked_for(self._shard, work, source)

    def open_work(self) -> int:
        """How many items are open: waiting, offered, assigned or in wrap-up."""
        return len(self._shard.work)

    def reservation(self, reservation_id: str) -> ReservationRow | None:
        """An open reservation."""
        reservation = self._shard.reservations.get(reservation_id)
        return None if reservation is None else reservation.drained or reservation.row()

    def holders(self, work_id: str) -> tuple[ReservationRow, ...]:
        """The open reservations of a work item, oldest first: the offers of it, or the one that was accepted."""
        work = self._shard.work.get(work_id)
        return () if work is None else tuple(held.drained or held.row() for held in work.reservations.values())

    def reservations_of(self, agent_id: str) -> tuple[ReservationRow, ...]:
        """The agent's open reservations, oldest offer first."""
        agent = self._shard.agents.get(agent_id)
        return () if agent is None else tuple(held.drained or held.row() for held in agent.open())
