"""Agents and queues that a call or a chat can be transferred to, as they are at this moment."""

from collections.abc import Callable

from http_api.ports import LiveBoard
from http_api.targets_api import Availability, TargetAgent, TargetList, TargetQueue
from router.vocabulary import Medium
from server.current import CurrentSite


class TransferTargets:
    """`availability` is what a transfer to the agent itself goes by (server.calls.call_desk)."""

    def __init__(
        self, current: CurrentSite, board: LiveBoard, availability: Callable[[str, Medium], Availability]
    ) -> None:
        self._current = current
        self._board = board
        self._availability = availability

    def of(self, agent_id: str | None, medium: Medium) -> TargetList:
        """For this agent: everybody else who takes work of the medium, and every queue of it."""
        site = self._current.site
        return TargetList(
            tuple(
                TargetAgent(one.agent_id, one.display_name, self._availability(one.agent_id, medium))
                for one in site.agents.values()
                if one.agent_id != agent_id and one.capacity.get(medium, 0) > 0
            ),
            tuple(
                TargetQueue(row.queue, row.title, row.waiting, row.outlook.free, row.titles)
                for row in self._board.queues()
                if row.medium == medium and row.queue in site.queues
            ),
        )
