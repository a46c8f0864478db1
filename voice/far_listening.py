"""Supervisors who listen to a call of another node: both ends of the trunk leg by which they hear it.

Who hears whom is decided where the call is. At the supervisor's end there is nothing but a room of two, their device
and the trunk leg.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from voice.closing import close_leg, close_room
from voice.events import Deny
from voice.listeners import ListenMode
from voice.party import PartyView
from voice.ports import MediaEngine, MediaUnavailableError, NodeUnreachableError, Tasks
from voice.trunk_legs import TrunkLegs, trunk_media

log = structlog.get_logger(__name__)

NOT_REACHED = Deny("node_unreachable", "the node that has the call is not reached: try again")


class ListeningNodes(Protocol):
    """The other nodes, for supervisors. What asks raises NodeUnreachableError."""

    async def listen(
        self, interaction_id: str, agent_id: str, at: tuple[str, int], mode: ListenMode, beside: str
    ) -> tuple[str, tuple[str, int]] | Deny:
        """Begin, or go on in another way: the node that has the call, and where its end of the trunk leg is."""
        ...

    async def take_over(self, interaction_id: str, agent_id: str) -> Deny | None:
        """The customer is to speak with this supervisor alone."""
        ...

    def stop(self, node: str, agent_id: str, at: tuple[str, int]) -> None:
        """Our end, which was `at`, is gone."""
        ...


@dataclass(slots=True)
class _Ear:
    interaction_id: str
    device_leg: str
    leg_id: str
    at: tuple[str, int] = ("", 0)
    node: str = ""
    shown: bool = False


class FarListening:
    """The supervisor's end, by agent. `ended` is told of whoever hears nothing any more; it calls `end`.

    `parties` keeps who is in the calls of other nodes. Without other nodes (`nodes` None) there are none.
    """

    def __init__(
        self, media: MediaEngine, nodes: ListeningNodes | None, tasks: Tasks, ended: Callable[[str], None]
    ) -> None:
        self._media = media
        self._nodes = nodes
        self._tasks = tasks
        self._ended = ended
        self._parties: dict[str, tuple[PartyView, ...]] = {}
        self._ears: dict[str, _Ear] = {}
        self._opened = 0

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        """Who is in a call of another node has changed; nobody: it is over, or its node is."""
        if parties:
            self._parties[interaction_id] = tuple(parties)
        else:
            self._parties.pop(interaction_id, None)
        for agent_id, ear in list(self._ears.items()):
            if ear.interaction_id != interaction_id:
                continue
            # What was sent before the other node had begun may come after its answer.
            before, ear.shown = ear.shown, any(view.party_id == f"supervisor:{agent_id}" for view in parties)
            if not parties or (before and not ear.shown):
                self._ended(agent_id)

    def parties_of(self, interaction_id: str) -> tuple[PartyView, ...]:
        """Who is in it; nobody when it is no call of another node."""
        return self._parties.get(interaction_id, ()) if self._nodes is not None else ()

    def hears(self, agent_id: str) -> bool:
        """Whether they listen to a call of another node."""
        return agent_id in self._ears

    async def begin(
        self, agent_id: str, interaction_id: str, device_leg: str, mode: ListenMode, beside: str
    ) -> Deny | None:
        """Listens, or goes on in another way."""
        ear = self._ears.get(agent_id)
        if ear is not None and (ear.interaction_id, ear.device_leg) == (interaction_id, device_leg) and ear.node:
            return await self._ask(agent_id, ear, mode, beside)
        self.end(agent_id)
        self._opened += 1
        ear = self._ears[agent_id] = _Ear(interaction_id, device_leg, f"ear:{agent_id}:{self._opened}")
        denied = await self._open(agent_id, ear, mode, beside)
        if denied is None and self._ears.get(agent_id) is not ear:
            denied = Deny("not_listening", "your leg is gone")  # meanwhile; `end` closed what was there by then
            self._stop(agent_id, ear)
        elif denied is not None and self._ears.get(agent_id) is ear:
            self.end(agent_id)
        return denied

    async def _open(self, agent_id: str, ear: _Ear, mode: ListenMode, beside: str) -> Deny | None:
        try:
            ear.at = await self._media.open_rtp(ear.leg_id)
            return await self._ask(agent_id, ear, mode, beside)
        except MediaUnavailableError as error:
            return Deny("media_unavailable", error.reason)

    async def _ask(self, agent_id: str, ear: _Ear, mode: ListenMode, beside: str) -> Deny | None:
        if self._nodes is None:
            return NOT_REACHED
        try:
            answer = await self._nodes.listen(ear.interaction_id, agent_id, ear.at, mode, beside)
        except NodeUnreachableError as error:
            log.info("not_listened", interaction_id=ear.interaction_id, reason=str(error))
            return NOT_REACHED
        if isinstance(answer, Deny):
            return answer
        known, (ear.node, at) = ear.node, answer
        if not known:
            await self._media.set_remote(ear.leg_id, trunk_media(*at))
            both = {(ear.device_leg, ear.leg_id): 1.0, (ear.leg_id, ear.device_leg): 1.0}
            await self._media.set_room(ear.leg_id, both)
        return None

    async def take_over(self, agent_id: str, interaction_id: str) -> Deny | None:
        """The customer is to speak with them alone; they are joined as with any call of another node."""
        try:
            return await self._nodes.take_over(interaction_id, agent_id) if self._nodes is not None else NOT_REACHED
        except NodeUnreachableError:
            return NOT_REACHED

    def end(self, agent_id: str) -> None:
        """They listen no more, or not by this leg. Idempotent."""
        if (ear := self._ears.pop(agent_id, None)) is not None:
            self._stop(agent_id, ear)

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when it is none of these."""
        found = [agent_id for agent_id, ear in self._ears.items() if ear.leg_id == leg_id]
        for agent_id in found:
            self._ended(agent_id)
        return bool(found)

    def _stop(self, agent_id: str, ear: _Ear) -> None:
        if self._nodes is not None and ear.node:
            self._nodes.stop(ear.node, agent_id, ear.at)
        self._tasks.spawn(self._close(ear.leg_id), f"close:{ear.leg_id}")

    async def _close(self, leg_id: str) -> None:
        await close_room(self._media, leg_id)
        await close_leg(self._media, leg_id)


class ListeningTrunks:
    """The call's end, by agent: legs towards supervisors of other nodes. `lost` is told whose is gone."""

    def __init__(self, media: MediaEngine, tasks: Tasks, lost: Callable[[str], None]) -> None:
        self._legs = TrunkLegs(media, tasks, lambda _agent, _leg: None, lost)
        self._ends: dict[str, tuple[str, tuple[str, int], tuple[str, int]]] = {}

    def __len__(self) -> int:
        return len(self._legs)

    def has(self, agent_id: str) -> bool:
        """Whether a supervisor of another node is heard by one of these."""
        return self._legs.leg(agent_id) is not None

    async def attach(self, node: str, agent_id: str, at: tuple[str, int]) -> tuple[str, tuple[str, int]]:
        """The leg towards `at` on that node, and where it is itself. Raises MediaUnavailableError."""
        known = self._ends.get(agent_id)
        if known is None or known[:2] != (node, at) or not self.has(agent_id):
            known = node, at, await self._legs.attach(node, agent_id, at)
            self._ends[agent_id] = known
        return self._legs.leg(agent_id) or "", known[2]

    def detached(self, node: str, agent_id: str, at: tuple[str, int]) -> None:
        """The other node is done with its end."""
        self._legs.detached(node, agent_id, at)

    def release(self, agent_id: str) -> None:
        """They listen no more."""
        self._ends.pop(agent_id, None)
        self._legs.release(agent_id)

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when it is none of these."""
        return self._legs.failed(leg_id)

    def node_lost(self, node: str) -> None:
        """That node is gone, or not reached any more."""
        self._legs.node_lost(node)
