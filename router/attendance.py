"""Events of agents: who is connected, who declares what, and what is counted of them by day."""

from typing import assert_never

from router.agent import DECLARED, Agent, AgentCause
from router.assignments import HELD
from router.events import AgentConnected, AgentDisconnected, DayStarted, MediaPaused, PresenceQueued, PresenceSet
from router.moves import Moves
from router.vocabulary import (
    REASON_CONNECTION_LOST,
    REASON_SIGNED_IN,
    Medium,
    OfferState,
    Presence,
    WithdrawReason,
)

Event = AgentConnected | AgentDisconnected | PresenceSet | PresenceQueued | MediaPaused | DayStarted


class Attendance:
    """Carries them out with the moves of one shard."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._shard = moves.shard

    def take(self, event: Event) -> None:
        """One event."""
        match event:
            case AgentConnected():
                self._connected(event)
            case AgentDisconnected():
                self._disconnected(event)
            case PresenceSet():
                self._presence_set(event)
            case PresenceQueued():
                self._presence_queued(event)
            case MediaPaused():
                self._media_paused(event)
            case DayStarted():
                self._day_started()
            case _:
                assert_never(event)

    def grace_over(self, agent: Agent) -> None:
        """The connection did not come back in time."""
        self._moves.set_grace(agent, None)
        self._moves.queue_presence(agent, None, None)
        self._moves.presence(agent, AgentCause.CONNECTION_LOST, REASON_CONNECTION_LOST)

    def fresh_again(self, agent: Agent) -> None:
        """The limit of fresh work may let the next item come."""
        agent.prune_fresh(self._moves.now)
        self._shard.touch_agent(agent)
        if self._moves.limit_fresh(agent):
            self._moves.changed[agent.agent_id] = agent

    def _known(self, agent_id: str) -> Agent | None:
        agent = self._shard.agents.get(agent_id)
        if agent is None:
            self._moves.refuse("unknown_agent", f"there is no agent {agent_id}")
        return agent

    def _connected(self, event: AgentConnected) -> None:
        agent = self._known(event.agent_id)
        if agent is None:
            return
        media = _ordered(event.media)
        if agent.connected and (event.generation, event.node) == (agent.generation, agent.node):
            if agent.media != media:
                agent.media = media
                self._changed(agent)
            return
        if event.generation < agent.generation or (event.generation == agent.generation and not agent.unconfirmed):
            self._moves.refuse("stale_generation", f"agent {event.agent_id} has generation {agent.generation}")
            return
        agent.generation, agent.node = event.generation, event.node
        agent.connected = True
        agent.media = media
        agent.unconfirmed = False
        self._moves.set_grace(agent, None)
        self._moves.changed[agent.agent_id] = agent
        if agent.presence is Presence.OFFLINE:
            self._moves.presence(agent, AgentCause.CONNECTED, REASON_SIGNED_IN)
        else:
            self._moves.show(agent)

    def _disconnected(self, event: AgentDisconnected) -> None:
        agent = self._shard.agents.get(event.agent_id)
        if agent is None or event.generation != agent.generation:
            return
        if agent.unconfirmed:
            agent.unconfirmed = False
            self._shard.touch_agent(agent)
        if agent.connected:
            self._lose(agent)

    def node_lost(self, node: str) -> None:
        """Every connection that the node held is gone."""
        for agent in self._shard.agents.values():
            if agent.connected and agent.node == node:
                self._lose(agent)

    def _lose(self, agent: Agent) -> None:
        agent.connected = False
        if agent.presence is not Presence.OFFLINE:
            self._moves.set_grace(agent, self._moves.now + self._shard.policy.reconnect_grace_us)
        self._moves.changed[agent.agent_id] = agent
        self._shard.touch_agent(agent)

    def _presence_set(self, event: PresenceSet) -> None:
        agent = self._known(event.agent_id)
        if agent is None:
            return
        if event.presence is Presence.OFFLINE:
            self._sign_out(agent, event.reason)
        elif agent.connected or (event.presence is Presence.NOT_READY and agent.presence is not Presence.OFFLINE):
            self._moves.presence(agent, DECLARED[event.presence], event.reason)
            self._moves.queue_presence(agent, None, None)
        else:
            self._moves.refuse("not_connected", f"agent {event.agent_id} is not connected")

    def _presence_queued(self, event: PresenceQueued) -> None:
        agent = self._known(event.agent_id)
        if agent is None:
            return
        if event.presence is not None and not agent.reservations:
            self._presence_set(PresenceSet(event.agent_id, event.presence, event.reason, event.by))
        elif event.presence is Presence.READY and not agent.connected:
            self._moves.refuse("not_connected", f"agent {event.agent_id} is not connected")
        elif agent.reservations and not agent.removed:
            self._moves.queue_presence(agent, event.presence, event.reason)

    def _media_paused(self, event: MediaPaused) -> None:
        agent = self._known(event.agent_id)
        if agent is None:
            return
        paused = _ordered(event.media)
        if agent.presence is Presence.OFFLINE:
            self._moves.refuse("signed_out", f"agent {event.agent_id} is signed out")
        elif agent.paused != paused:
            agent.paused = paused
            self._changed(agent)
            self._moves.show(agent)

    def _changed(self, agent: Agent) -> None:
        self._moves.changed[agent.agent_id] = agent
        self._shard.touch_agent(agent)

    def _sign_out(self, agent: Agent, reason: str | None) -> None:
        reservations = agent.open()
        if any(reservation.state in HELD for reservation in reservations):
            self._moves.refuse("work_held", f"agent {agent.agent_id} is in a conversation")
            return
        self._moves.presence(agent, AgentCause.SET_OFFLINE, reason)
        self._moves.set_grace(agent, None)
        self._moves.parking.let_go(agent)
        for reservation in reservations:
            if reservation.state is OfferState.OFFERED:
                self._moves.withdraw(reservation, WithdrawReason.SIGNED_OUT)
            else:
                self._moves.finish(reservation, None)

    def _day_started(self) -> None:
        for agent in self._shard.agents.values():
            if agent.handled_today:
                agent.handled_today = 0
                self._moves.changed[agent.agent_id] = agent
                self._shard.touch_agent(agent)


def _ordered(media: tuple[Medium, ...]) -> tuple[Medium, ...]:
    return tuple(medium for medium in Medium if medium in media)
