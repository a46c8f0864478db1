"""The turns of a call that is handed from agent to agent, said by the real dispatcher."""

from router.commands import SendOffer
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    InteractionClosed,
    OfferAccepted,
    PresenceSet,
    WorkCancelled,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import EndedBy, Medium, Presence
from tests.records.turns import SECOND, START, opened

AGENTS = ("anna", "ben", "cai")


class Told:
    """`post` is one turn; `turns` are all so far."""

    def __init__(self) -> None:
        queue = QueuePolicy("orders", Medium.VOICE, offer_timeout_us=20 * SECOND, wrap_up_us=30 * SECOND)
        self._dispatcher = Dispatcher(
            Policy("v1", {"orders": queue}, {name: AgentPolicy(name, "all") for name in AGENTS})
        )
        self.turns: list[Turn] = []
        for name in AGENTS:
            self.post(0, AgentConnected(name, 1))
            self.post(0, PresenceSet(name, Presence.READY))
        self.post(1, opened())

    def post(self, seconds: float, event: Event) -> None:
        now = START + int(seconds * SECOND)
        commands = tuple(self._dispatcher.handle(event, now))
        changes = self._dispatcher.drain_changes()
        self.turns.append(Turn(len(self.turns) + 1, now, "test", event, commands, changes))

    def joined(self, seconds: float, work_id: str, agent_id: str) -> str:
        """The work item is queued for this agent, taken and joined a second later; returns the reservation."""
        self.post(seconds, WorkQueued(work_id, "i1", Medium.VOICE, "orders", node="n1", directed=agent_id))
        offer = next(c for turn in reversed(self.turns) for c in turn.commands if isinstance(c, SendOffer))
        assert offer.agent_id == agent_id
        self.post(seconds + 1, OfferAccepted(offer.reservation_id, agent_id))
        self.post(seconds + 1, AssignmentConnected(offer.reservation_id))
        return offer.reservation_id


def handed_on() -> list[Turn]:
    """anna, then with ben who leaves again, a third who is called off, then handed to cai; the caller hangs up."""
    told = Told()
    anna = told.joined(2, "i1", "anna")
    ben = told.joined(10, "i1-2", "ben")
    told.post(15, AssignmentEnded(ben, EndedBy.AGENT, "dropped"))
    told.post(16, WrapUpFinished(ben, "ben"))
    told.post(17, WorkQueued("i1-3", "i1", Medium.VOICE, "orders", node="n1", directed="ben"))
    told.post(18, WorkCancelled("i1-3", "agent:anna"))
    cai = told.joined(20, "i1-4", "cai")
    told.post(25, AssignmentEnded(anna, EndedBy.AGENT, "transferred"))
    told.post(40, CustomerLeft("i1-4"))
    told.post(40, InteractionClosed("i1", "handled"))
    told.post(50, WrapUpFinished(cai, "cai", "done"))
    told.post(51, WrapUpFinished(anna, "anna", "passed_on"))
    return told.turns
