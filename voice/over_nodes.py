"""Calls whose customer is on one node and whose agent's device is on another: both ends of their trunk legs."""

from collections.abc import Callable, Mapping
from functools import partial

from router import events as facts
from router.commands import JoinLegs
from voice.far_calls import FarCall, FarCalls
from voice.neighbours import VoicePorts
from voice.ports import Tasks
from voice.trunk_legs import TrunkLegs


class OverNodes:
    """One for the node. `arrived` and `lost` are told of agents' legs from other nodes, by reservation.

    `knows` says whether an interaction is a call of this node.
    """

    def __init__(
        self,
        ports: VoicePorts,
        tasks: Tasks,
        arrived: Callable[[str, str], None],
        lost: Callable[[str], None],
        knows: Callable[[str], bool],
    ) -> None:
        self._ports = ports
        self._knows = knows
        self.trunks = TrunkLegs(ports.media, tasks, arrived, lost)
        self.far = FarCalls(ports.media, ports.nodes, tasks)

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open."""
        return {"trunk_legs": len(self.trunks), "far_calls": len(self.far)}

    def device_here(self, agent_id: str, phone: str | None) -> bool:
        """Whether the agent's browser or phone is reached by this node."""
        nodes, router = self._ports.nodes, self._ports.router
        here = nodes.phone_here(phone) if phone is not None and nodes is not None else None
        return router.agent_here(agent_id) if here is None else here

    def own(self, interaction_id: str, work_id: str) -> bool:
        """Whether this node has the call, or calls the customer."""
        return self._knows(interaction_id) or self._ports.router.callback_queue(work_id) is not None

    def is_call(self, command: JoinLegs) -> bool:
        """Whether that is a call which the agent has now; chats and other work are joined by others."""
        talks = self._ports.router.talks(command.agent_id)
        return any(talk.reservation_id == command.reservation_id for talk in talks)

    async def attach(
        self, node: str, reservation_id: str, work_id: str, interaction_id: str, at: tuple[str, int]
    ) -> tuple[str, int] | None:
        """An agent on `node` comes into a call; None when it is none of this node's. Raises MediaUnavailableError."""
        return await self.trunks.attach(node, reservation_id, at) if self.own(interaction_id, work_id) else None

    def expect(self, command: JoinLegs) -> None:
        """The agent's leg has to come from another node."""
        failed = facts.AssignmentFailed(command.reservation_id, "no_trunk")
        late = partial(self._ports.router.tell, failed, command.work_id)
        self.trunks.expect(command.reservation_id, late)

    def join(self, command: JoinLegs, leg_id: str) -> None:
        """An agent of this node has taken a call of another one."""
        work_id, interaction_id = command.work_id, command.interaction_id
        self.far.begin(FarCall(command.reservation_id, work_id, interaction_id, command.agent_id, leg_id))

    def come(self, agent_id: str, leg_id: str) -> None:
        """An agent's browser is there, and they may have calls on other nodes."""
        router = self._ports.router
        for talk in router.talks(agent_id):
            if not router.here(talk.work_id):
                self.far.begin(FarCall(talk.reservation_id, talk.work_id, talk.interaction_id, agent_id, leg_id))

    def release(self, reservation_id: str) -> None:
        """The agent's side is over."""
        self.trunks.release(reservation_id)
        self.far.end(reservation_id)

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when it is no end of a trunk leg."""
        return self.trunks.failed(leg_id) or self.far.failed(leg_id)

    def lost(self, node: str) -> None:
        """A node is gone, or not reached any more."""
        self.trunks.node_lost(node)
        self.far.node_lost(node)
