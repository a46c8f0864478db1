"""Supervisors in calls: they listen, whisper, barge in and take over; each of it is in the audit log."""

from collections.abc import Callable, Mapping
from typing import Protocol

from http_api.calls_api import LiveCall
from http_api.supervision_api import Refused
from records.audit import Audit, Intervention
from records.roles import Action, Scope
from records.sessions import Caller
from router.vocabulary import Medium
from server.calls.call_desk import CallDesk
from server.calls.floor_calls import live_call
from server.core.routing import Routing
from voice.events import Deny
from voice.listeners import ListenMode

NO_AGENT = Refused("not_an_agent", "this account has no agent who takes calls, and so no voice")


class Ears(Protocol):
    """Who has supervisors hear calls (voice.listening, server.calls.peer_listening)."""

    async def begin(self, agent_id: str, interaction_id: str, mode: ListenMode, beside: str = "") -> Deny | None: ...

    async def end(self, agent_id: str, interaction_id: str) -> Deny | None: ...

    async def take_over(self, agent_id: str, interaction_id: str) -> Deny | None: ...


class Monitoring:
    """`wall` gives microseconds since the epoch."""

    def __init__(self, listening: Ears, desk: CallDesk, pump: Routing, audit: Audit, wall: Callable[[], int]) -> None:
        self._listening = listening
        self._desk = desk
        self._pump = pump
        self._audit = audit
        self._wall = wall

    def live(self, scope: Scope) -> tuple[LiveCall, ...]:
        """The calls in which one of the caller's agents is, oldest first."""
        found = [interaction_id for interaction_id, _ in self._desk.live.all() if self.covers(scope, interaction_id)]
        return tuple(live_call(self._desk.live, one) for one in found)

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        """Whether one of the caller's agents is in this call."""
        agents = self._desk.live.agents_in(interaction_id)
        return any(scope.covers_agent(Action.LISTEN, agent_id) for agent_id in agents)

    async def listen(
        self, caller: Caller, interaction_id: str, mode: str, beside: str | None, comment: str
    ) -> Refused | None:
        """Begin, or go on in another way."""
        if caller.agent_id is None:
            return NO_AGENT
        before = self._mode(caller.agent_id, interaction_id)
        denied = await self._listening.begin(caller.agent_id, interaction_id, ListenMode(mode), beside or "")
        if denied is None:
            self._desk.helped(interaction_id)
        return await self._told(denied, caller, "listen", interaction_id, before, {"mode": mode}, comment)

    async def stop(self, caller: Caller, interaction_id: str) -> Refused | None:
        """Listen no more."""
        if caller.agent_id is None:
            return NO_AGENT
        before = self._mode(caller.agent_id, interaction_id)
        denied = await self._listening.end(caller.agent_id, interaction_id)
        return await self._told(denied, caller, "listen", interaction_id, before, {"mode": None}, "")

    async def take_over(self, caller: Caller, interaction_id: str, comment: str) -> Refused | None:
        """The customer speaks with the supervisor as soon as their leg is joined; the agents go to wrap-up."""
        agent = self._desk.live.current.site.agents.get(caller.agent_id or "")
        row = self._pump.dispatcher.agent(agent.agent_id) if agent else None
        if agent is None or row is None or not agent.capacity.get(Medium.VOICE):
            return NO_AGENT
        if not row.connected or Medium.VOICE not in row.media:
            return Refused("no_leg", "sign in on the agent page first: that is where you speak")
        before = {"agents": list(self._desk.live.agents_in(interaction_id))}
        denied = await self._listening.take_over(agent.agent_id, interaction_id)
        if denied is None:
            self._desk.helped(interaction_id)
        after = {"agents": [agent.agent_id]}
        return await self._told(denied, caller, "take_over", interaction_id, before, after, comment)

    async def _told(
        self,
        denied: Deny | None,
        caller: Caller,
        action: str,
        interaction_id: str,
        before: Mapping[str, object],
        after: Mapping[str, object],
        comment: str,
    ) -> Refused | None:
        if denied is not None:
            return Refused(denied.code, denied.message)
        agents = (self._desk.live.current.agent(one) for one in self._desk.live.agents_in(interaction_id))
        teams = tuple(sorted({agent.team for agent in agents if agent is not None}))
        await self._audit.add(
            Intervention.of(caller, self._wall(), action, f"call:{interaction_id}", before, after, comment, teams)
        )
        return None

    def _mode(self, agent_id: str, interaction_id: str) -> dict[str, object]:
        modes = (party.mode for party in self._desk.live.of(interaction_id) if party.agent_id == agent_id)
        return {"mode": next((mode for mode in modes if mode), None)}
