"""Calling a customer back from the list of follow-ups: a new interaction, whose work item is for the agent who asks.

The router offers it to them, and the customer is called when they accept; who is not reached is tried again by the
rules of the queue.
"""

from collections.abc import Awaitable, Callable

from agents_ws.ports import Refusal
from config.site import AgentConfig
from records.drafts import CALLBACK
from records.follow_ups import FollowUp, FollowUps
from records.interactions import Interactions
from router import events as facts
from router.commands import Refuse
from router.vocabulary import Medium
from server.core.routing import Routing
from server.current import CurrentSite
from server.desks.contexts import InteractionContexts

UNKNOWN = Refusal("unknown_follow_up", "there is no such customer to call back, or not for you")


class CallBacks:
    """`may_dial` is the site's list, `free` says whether an agent can be offered a call, `wall` gives microseconds."""

    def __init__(
        self,
        follow_ups: FollowUps,
        interactions: Interactions,
        contexts: InteractionContexts,
        pump: Routing,
        current: CurrentSite,
        may_dial: Callable[[str], bool],
        free: Callable[[str], bool],
        *,
        node: str,
        new_id: Callable[[], str],
        wall: Callable[[], int],
    ) -> None:
        self._follow_ups = follow_ups
        self._interactions = interactions
        self._contexts = contexts
        self._pump = pump
        self._current = current
        self._may_dial = may_dial
        self._free = free
        self._node = node
        self._new_id = new_id
        self._wall = wall

    async def call(self, agent_id: str, follow_up_id: int) -> Refusal | None:
        """Takes it for the agent, and queues the call to the customer for them. Done when that is committed."""
        agent = self._current.site.agents.get(agent_id)
        found = await self._follow_ups.get(follow_up_id)
        if agent is None or found is None or found.done_at is not None or not self._theirs(agent, found):
            return UNKNOWN
        if found.taken_by not in (None, agent_id):
            return Refusal("taken", f"{found.taken_by} sees to it")
        if found.kind == "message" or not self._may_dial(found.number):
            return Refusal("number_not_allowed", "this number may not be called")
        if not self._free(agent_id):
            return Refusal("agent_unavailable", "be ready, and in no other call")
        if not await self._follow_ups.take(follow_up_id, found.taken_by, agent_id, self._wall()):
            return UNKNOWN
        return await self._queue(agent_id, found)

    async def _queue(self, agent_id: str, follow_up: FollowUp) -> Refusal | None:
        before = await self._interactions.view(follow_up.interaction_id)
        channel = before.record.channel if before else ""
        new = self._new_id()
        self._contexts.opened(new, channel, follow_up.number, follow_up.name or "")
        cause = f"agent:{agent_id}"
        await self._pump.post(facts.InteractionOpened(new, channel, Medium.VOICE, CALLBACK, self._node), cause)
        note = (("follow_up", str(follow_up.id)), ("of", follow_up.interaction_id))
        await self._pump.post(facts.InteractionNoted(new, "callback_of", note), cause)
        queued = facts.WorkQueued(
            new, new, Medium.VOICE, follow_up.queue, node=self._node, callback=True, directed=agent_id
        )
        for answer in await self._pump.post(queued, cause):
            if isinstance(answer, Refuse):
                self._contexts.closed(new)
                await self._pump.post(facts.InteractionClosed(new, "refused"), cause)
                return Refusal(answer.code, answer.message)
        return None

    def _theirs(self, agent: AgentConfig, follow_up: FollowUp) -> bool:
        queue = self._current.site.queues.get(follow_up.queue)
        return queue is not None and (not queue.teams or agent.team in queue.teams)


CallBack = Callable[[str, int], Awaitable[Refusal | None]]
