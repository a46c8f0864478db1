"""Pages on one node and calls on another: what the call bar asks goes to the call's node, what the screens of agents
and supervisors show of it comes from there.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from agents_ws import messages as m
from agents_ws.ports import Refusal
from router import events as facts
from router.rows import Turn
from server.calls.trunk_nodes import TrunkNodes
from server.core.routing import Routing
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from voice.events import ShowRecording
from voice.party import PartyView

NOT_REACHED = Refusal("node_unreachable", "the node that has the call is not reached: try again")


class Screens(Protocol):
    """What this node's own pages are told of calls (the desk)."""

    def held(self, agent_id: str, reservation_id: str, on: bool) -> None: ...

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None: ...

    def recording(self, interaction_id: str, shown: ShowRecording) -> None: ...

    def leg_changed(self, agent_id: str, up: bool) -> None: ...


class CallBar(Protocol):
    """What agents ask of calls of this node (the call desk)."""

    async def ask(self, agent_id: str, command: m.CallCommand) -> Refusal | None: ...

    async def digit(self, agent_id: str, reservation_id: str, digit: str) -> Refusal | None: ...

    async def give_up(self, reservation_id: str) -> bool: ...


class FarDesk:
    """Implements voice.ports.AgentNotices, for pages on any node. `serve` once the call bar is there."""

    def __init__(self, link: PeerLink, pump: Routing, nodes: TrunkNodes, screens: Screens) -> None:
        self._link = link
        self._pump = pump
        self._nodes = nodes
        self._screens = screens
        self._bar: CallBar
        # Of calls of this node: what was shown last. Of others': whose they are.
        self._parties: dict[str, tuple[PartyView, ...]] = {}
        self._recordings: dict[str, ShowRecording] = {}
        self._theirs: dict[str, str] = {}
        # Told each call, of whichever node, when its parties have changed; and who is in one of another node.
        self.changed: Callable[[str], None] = lambda _interaction: None
        self.heard: Callable[[str, Sequence[PartyView]], None] = lambda _interaction, _parties: None

    def __len__(self) -> int:
        return len(self._parties) + len(self._theirs)

    def serve(self, bar: CallBar) -> None:
        """From now on other nodes may ask, and tell."""
        self._bar = bar
        self._link.answer |= {"call": self._asked, "digit": self._pressed, "give_up": self._given_up}
        self._link.hear |= {"parties": self._hear_parties, "recording": self._hear_recording, "held": self._hear_held}
        self._link.found.append(self._greet)
        self._link.lost.append(self._lost)

    # --- what this node's agents ask -----------------------------------------------------------------------------

    def far(self, reservation_id: str) -> str | None:
        """The work item, when its call is on another node."""
        row = self._pump.dispatcher.reservation(reservation_id)
        return row.work_id if row is not None and not self._pump.here(row.work_id) else None

    async def ask(self, work_id: str, agent_id: str, command: m.CallCommand) -> Refusal | None:
        """What the call bar asks."""
        return await self._refusal(work_id, "call", (agent_id, msgspec.to_builtins(command)))

    async def digit(self, work_id: str, agent_id: str, reservation_id: str, digit: str) -> Refusal | None:
        """A keypad digit to the customer's side."""
        return await self._refusal(work_id, "digit", (agent_id, reservation_id, digit))

    async def give_up(self, work_id: str, reservation_id: str) -> bool:
        """The agent does not want to wait for a customer who is being called back."""
        try:
            return bool(await self._link.ask(await self._nodes.node_of(work_id), "give_up", reservation_id))
        except (PeerUnreachableError, PeerRefusedError):
            return False

    async def _refusal(self, work_id: str, kind: str, body: Any) -> Refusal | None:
        try:
            answer = await self._link.ask(await self._nodes.node_of(work_id), kind, body)
        except (PeerUnreachableError, PeerRefusedError):
            return NOT_REACHED
        return Refusal(*answer) if answer is not None else None

    def node_of(self, interaction_id: str) -> str:
        """The other node that has this call, "" when none has."""
        return self._theirs.get(interaction_id, "")

    # --- what this node's calls show -----------------------------------------------------------------------------

    def held(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """Hold went on or off."""
        self._screens.held(agent_id, reservation_id, on)
        if node := self._node_of(agent_id):
            self._link.tell(node, "held", (agent_id, reservation_id, on))

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        """Who is in the call has changed."""
        self._screens.parties(interaction_id, parties)
        if parties:
            self._parties[interaction_id] = tuple(parties)
        else:
            self._parties.pop(interaction_id, None)
            self._recordings.pop(interaction_id, None)
        self.changed(interaction_id)
        if self._link.reached:
            self._link.tell_all("parties", (interaction_id, msgspec.to_builtins(tuple(parties))))

    def recording(self, interaction_id: str, shown: ShowRecording) -> None:
        """How the call's recording stands has changed."""
        self._screens.recording(interaction_id, shown)
        self._recordings[interaction_id] = shown
        self._link.tell_all("recording", (interaction_id, msgspec.to_builtins(shown)))

    def leg_changed(self, agent_id: str, up: bool) -> None:
        """The browser's leg, which is where the page is."""
        self._screens.leg_changed(agent_id, up)

    def observe(self, turn: Turn) -> None:
        """A node may be gone."""
        match turn.event:
            case facts.NodeLost(node=node):
                self._link.forget(node)
                self._lost(node)

    def _greet(self, node: str) -> None:
        """A node that is reached from now on: agents and supervisors of all calls may have their pages there."""
        for interaction_id, parties in self._parties.items():
            self._link.tell(node, "parties", (interaction_id, msgspec.to_builtins(parties)))
        for interaction_id, shown in self._recordings.items():
            self._link.tell(node, "recording", (interaction_id, msgspec.to_builtins(shown)))

    def _node_of(self, agent_id: str) -> str:
        """The other node that has the agent's page, "" when it is this one."""
        row = self._pump.dispatcher.agent(agent_id)
        return row.node if row is not None and row.connected and row.node != self._link.label else ""

    # --- what other nodes say ------------------------------------------------------------------------------------

    async def _asked(self, _node: str, body: Any) -> tuple[str, str] | None:
        agent_id, command = body
        return _said(await self._bar.ask(agent_id, msgspec.convert(command, m.CallCommand)))

    async def _pressed(self, _node: str, body: Any) -> tuple[str, str] | None:
        agent_id, reservation_id, digit = body
        return _said(await self._bar.digit(agent_id, reservation_id, digit))

    async def _given_up(self, _node: str, body: Any) -> bool:
        return await self._bar.give_up(body)

    def _hear_parties(self, node: str, body: Any) -> None:
        interaction_id, parties = msgspec.convert(body, tuple[str, tuple[PartyView, ...]])
        if parties:
            self._theirs[interaction_id] = node
        else:
            self._theirs.pop(interaction_id, None)
        self._show(interaction_id, parties)

    def _hear_recording(self, _node: str, body: Any) -> None:
        self._screens.recording(*msgspec.convert(body, tuple[str, ShowRecording]))

    def _hear_held(self, _node: str, body: Any) -> None:
        self._screens.held(*msgspec.convert(body, tuple[str, str, bool]))

    def _lost(self, node: str) -> None:
        for interaction_id in [name for name, of in self._theirs.items() if of == node]:
            del self._theirs[interaction_id]
            self._show(interaction_id, ())

    def _show(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        self.heard(interaction_id, parties)
        self._screens.parties(interaction_id, parties)
        self.changed(interaction_id)


def _said(refusal: Refusal | None) -> tuple[str, str] | None:
    return None if refusal is None else (refusal.code, refusal.message)
