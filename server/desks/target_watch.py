"""Agents who are choosing to whom they hand work on: told who is free, and each change, as long as they choose."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agents_ws import messages as m
from http_api.targets_api import TargetAgent, TargetList, TargetQueue
from router.rows import Turn
from router.vocabulary import Medium

GATHER_S = 0.25


@dataclass(slots=True)
class _Watcher:
    """What one agent was told last, by id."""

    medium: Medium
    agents: dict[str, TargetAgent] = field(default_factory=dict)
    queues: dict[str, TargetQueue] = field(default_factory=dict)


class TargetWatch:
    """`targets` gives the list of a medium; `send` says whether the message is on its way. Changes gather for a moment.

    Who can not be told any more watches no longer: a snapshot follows for them, after which they ask again.
    """

    def __init__(
        self,
        targets: Callable[[str | None, Medium], TargetList],
        send: Callable[[str, m.NumberedMessage], bool],
        gather_s: float = GATHER_S,
    ) -> None:
        self._targets = targets
        self._send = send
        self._gather_s = gather_s
        self._watchers: dict[str, _Watcher] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watchers)

    def watch(self, agent_id: str, medium: Medium | None) -> None:
        """The whole list at once, then what changes; None: no more."""
        self._watchers.pop(agent_id, None)
        if medium is not None:
            self._watchers[agent_id] = _Watcher(medium)
            self._tell(agent_id, self._targets(None, medium))

    def observe(self, turn: Turn) -> None:
        """A committed turn: who is free, or who waits, may be different now."""
        changes = turn.changes
        if changes.agents or changes.agents_removed or changes.reservations or changes.work or changes.work_closed:
            self.refresh()

    def refresh(self) -> None:
        """The list may be another one."""
        if self._watchers and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gather_s, self._flush)

    def _flush(self) -> None:
        self._timer = None
        lists = {medium: self._targets(None, medium) for medium in {one.medium for one in self._watchers.values()}}
        for agent_id, watcher in list(self._watchers.items()):
            self._tell(agent_id, lists[watcher.medium])

    def _tell(self, agent_id: str, found: TargetList) -> None:
        watcher = self._watchers[agent_id]
        agents = {one.agent_id: one for one in found.agents if one.agent_id != agent_id}
        queues = {one.queue: one for one in found.queues}
        whole = list(agents) != list(watcher.agents) or list(queues) != list(watcher.queues)
        message = m.Targets(
            medium=watcher.medium,
            agents=tuple(_agent(one) for name, one in agents.items() if whole or one != watcher.agents[name]),
            queues=tuple(_queue(one) for name, one in queues.items() if whole or one != watcher.queues[name]),
            whole=whole,
        )
        watcher.agents, watcher.queues = agents, queues
        if (whole or message.agents or message.queues) and not self._send(agent_id, message):
            del self._watchers[agent_id]


def _agent(one: TargetAgent) -> m.TargetAgent:
    return m.TargetAgent(agent_id=one.agent_id, name=one.name, availability=one.availability)


def _queue(one: TargetQueue) -> m.TargetQueue:
    return m.TargetQueue(queue=one.queue, title=one.title, waiting=one.waiting, free=one.free, titles=one.titles)
