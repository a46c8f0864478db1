"""All that a dispatcher knows, kept in step: things by id, waiting lists, timers, and which rows were touched.

Nothing here decides; `Moves` and `Dispatcher` do.
"""

from router.agent import Agent
from router.line import Line
from router.matching import Matcher
from router.neighbour import Neighbour
from router.offer import Reservation
from router.policy import Policy
from router.rows import NOTHING, Changes
from router.timers import Timers
from router.work import Work

EMPTY_POLICY = Policy(version="", queues={}, agents={})


class Shard:
    """The state of one shard in memory."""

    def __init__(self) -> None:
        self.policy = EMPTY_POLICY
        self.agents: dict[str, Agent] = {}
        self.work: dict[str, Work] = {}
        self.reservations: dict[str, Reservation] = {}
        # Parked items by who parked them, in the order in which they did.
        self.parked: dict[str, dict[str, Work]] = {}
        # Items on their way to other shards, by the shard and the token there, in the order in which they left.
        self.leaving: dict[tuple[str, int], Work] = {}
        self.neighbours: dict[str, Neighbour] = {}
        self.lines: dict[str, Line] = {}
        self.timers = Timers()
        self.matcher = Matcher(EMPTY_POLICY, ())
        # Units, interrupts, whether any agent keeps a list of queues: what every eligible set depends on.
        self.shape = (EMPTY_POLICY.units, EMPTY_POLICY.interrupts, False)
        self.sequence = 0
        self.clock = 0
        self._agents: dict[str, None] = {}
        self._work: dict[str, None] = {}
        self._reservations: dict[str, None] = {}
        self._neighbours: dict[str, None] = {}

    def bind(self, work: Work) -> None:
        """Give an open item its profile and its rank under the current rules."""
        self.matcher.bind(work, self.lines[work.queue])

    def staffed(self, work: Work) -> bool:
        """Whether an agent is present who could take the item with the rings that hold for it."""
        return self.matcher.staffed(work, self.lines[work.queue])

    def enlist(self, work: Work) -> None:
        """Put an item into the waiting lists."""
        work.listed = True
        if work.profile is self.matcher.unbound:
            work.rank = self.lines[work.queue].rank(work, self.policy.ageing_us)
        self.lines[work.queue].waiting.add(work)
        self.matcher.enlist(work)

    def delist(self, work: Work) -> None:
        """Take an item out of the waiting lists; without effect when it is not there."""
        if work.listed:
            work.listed = False
            self.lines[work.queue].waiting.remove(work)
            self.matcher.delist(work)

    def touch_agent(self, agent: Agent) -> None:
        """The agent's row is to be written (or deleted, when the agent is gone by the next drain)."""
        self._agents[agent.agent_id] = None

    def touch_work(self, work: Work) -> None:
        """The item's row is to be written or deleted."""
        self._work[work.work_id] = None
        work.drained = None

    def touch_reservation(self, reservation: Reservation) -> None:
        """The reservation's row is to be written or deleted."""
        self._reservations[reservation.reservation_id] = None
        reservation.drained = None

    def touch_neighbour(self, neighbour: Neighbour) -> None:
        """What is known of that shard is to be written."""
        self._neighbours[neighbour.shard] = None

    def drain(self) -> Changes:
        """Rows touched since the last drain."""
        agents, work, reservations = self._agents, self._work, self._reservations
        if not (agents or work or reservations or self._neighbours):
            return NOTHING
        self._agents, self._work, self._reservations = {}, {}, {}
        neighbours = self._neighbours
        if neighbours:
            self._neighbours = {}
        return Changes(
            agents=tuple([self.agents[key].row() for key in agents if key in self.agents]) if agents else (),
            work=tuple([self.work[key].drain() for key in work if key in self.work]),
            reservations=tuple([self.reservations[key].drain() for key in reservations if key in self.reservations]),
            work_closed=tuple([key for key in work if key not in self.work]),
            reservations_closed=tuple([key for key in reservations if key not in self.reservations]),
            agents_removed=tuple([key for key in agents if key not in self.agents]) if agents else (),
            neighbours=tuple([self.neighbours[key].row() for key in neighbours]) if neighbours else (),
        )
