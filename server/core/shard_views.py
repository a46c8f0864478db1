"""What the parts of a node ask of the shard in memory, whichever node owns it: the same for the pump and a member."""

from router.dispatcher import Dispatcher
from router.vocabulary import Medium, OfferState
from voice.ports import Talk

_TALKING = (OfferState.ACCEPTED, OfferState.CONNECTED)


class ShardViews:
    """Read views over `dispatcher`. A shard in one process has everything here."""

    dispatcher: Dispatcher

    def here(self, _work_id: str) -> bool:
        """Whether this node carries out what is decided of an item."""
        return True

    def agent_here(self, _agent_id: str) -> bool:
        """Whether this node holds the agent's connection."""
        return True

    async def take_up(self, _work_id: str) -> bool:
        """The item is this node's from now on."""
        return True

    def place(self, work_id: str) -> int | None:
        """1-based place of a waiting item in its queue."""
        return self.dispatcher.place(work_id)

    def callback_queue(self, work_id: str) -> str | None:
        """The queue of an item whose customer this node calls once an agent has accepted; None for other work."""
        row = self.dispatcher.work(work_id)
        return row.queue if row is not None and row.callback and self.here(work_id) else None

    def directed(self, work_id: str) -> str | None:
        """The one agent for whom an open item is kept."""
        row = self.dispatcher.work(work_id)
        return None if row is None else row.directed

    def talks(self, agent_id: str) -> tuple[Talk, ...]:
        """The calls that an agent has taken and not left, of whichever node."""
        found = []
        for row in self.dispatcher.reservations_of(agent_id):
            work = self.dispatcher.work(row.work_id)
            if work is not None and row.medium is Medium.VOICE and row.state in _TALKING:
                found.append(Talk(row.reservation_id, row.work_id, work.interaction_id))
        return tuple(found)
