"""What a chat tells the router. Its work items come one after the other; each method names the one that it is about."""

from chat.ports import Router
from router import events as facts
from router.commands import Command, RequeueWork
from router.vocabulary import EndedBy


class Told:
    """Of one chat."""

    def __init__(self, chat_id: str, router: Router) -> None:
        self._chat_id = chat_id
        self._router = router
        self.cause = f"chat:{chat_id}"

    async def post(self, event: facts.Event) -> tuple[Command, ...]:
        """Returns the turn's commands once it is committed."""
        return await self._router.post(event, self.cause)

    def tell(self, event: facts.Event) -> None:
        """Like `post`, without an answer."""
        self._router.tell(event, self.cause)

    async def connected(self, reservation_id: str) -> None:
        """Customer and agent are joined."""
        await self.post(facts.AssignmentConnected(reservation_id))

    async def give_back(self, reservation_id: str, reason: str) -> None:
        """The agent is gone for good: the chat goes back to its place, or is over where that is not possible."""
        answers = await self.post(facts.AssignmentFailed(reservation_id, reason))
        if not any(isinstance(answer, RequeueWork) for answer in answers):
            self.tell(facts.AssignmentEnded(reservation_id, EndedBy.SYSTEM, reason))

    def end_part(self, reservation_id: str, reason: str) -> None:
        """One agent's part is over, the chat goes on with somebody else."""
        by = EndedBy.AGENT if reason == "transferred" else EndedBy.SYSTEM
        self.tell(facts.AssignmentEnded(reservation_id, by, reason))

    def release(self, work_id: str, agent_id: str) -> None:
        """Not for this agent alone any more, unless somebody has kept it for another one since."""
        if self._router.directed(work_id) == agent_id:
            self.tell(facts.WorkDirected(work_id, None, "chat"))

    def recall(self, work_id: str) -> None:
        """The customer of a parked chat was heard."""
        self.tell(facts.WorkRecalled(work_id))

    def left(self, work_id: str) -> None:
        """The customer is gone."""
        self.tell(facts.CustomerLeft(work_id))

    def noted(self, kind: str, **detail: str) -> None:
        """One step of the story; identifiers only."""
        self.tell(facts.InteractionNoted(self._chat_id, kind, tuple(sorted(detail.items()))))

    async def closed(self, outcome: str) -> None:
        """The customer's attempt is over; committed when this returns."""
        await self.post(facts.InteractionClosed(self._chat_id, outcome))
