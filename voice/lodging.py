"""Calls of this node that go over to another shard: a node there takes them in, and this one relays the sound (ADR 14).

The item is leaving by then (router.handoff). Here a host is looked for; when the other shard has the item, the caller
hears the host in place of this node, until the call is over there or the host is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from router import events as facts
from router.commands import HandWork
from voice.away import LodgingLost, LodgingOver, TakenIn
from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError, NodeUnreachableError, Tasks
from voice.runner import CallRunner, caller_leg_id
from voice.trunk_legs import trunk_media

log = structlog.get_logger(__name__)

# Why the host of a call may end it without anybody having hung up, besides a leg of it that failed.
ENDING = ("shutting down", "moved", "over")


@dataclass(slots=True, eq=False)
class _Lodging:
    work_id: str
    interaction_id: str
    shard: str
    token: int
    since: int
    leg_id: str
    node: str = ""
    taken: bool = False
    over: bool = False
    broken: bool = False


class Lodgings:
    """By interaction. `runner_of` finds a call of this node by its own."""

    def __init__(self, ports: VoicePorts, tasks: Tasks, runner_of: Callable[[str], CallRunner | None]) -> None:
        self._ports = ports
        self._tasks = tasks
        self._runner_of = runner_of
        self._lodgings: dict[str, _Lodging] = {}

    def __len__(self) -> int:
        return len(self._lodgings)

    # --- what the router has decided ------------------------------------------------------------------------------

    def leave(self, command: HandWork) -> None:
        """An item leaves; of a call of this node a host is looked for, unless somebody else is in the conversation."""
        runner, shards = self._runner_of(command.interaction_id), self._ports.shards
        since = shards.queued_at(command.work_id) if shards is not None else None
        if runner is None or command.interaction_id in self._lodgings:
            return
        if self._ports.router.callback_queue(command.work_id) is not None:
            return  # they were promised to be called, and are about to hang up
        if shards is None or since is None or not runner.waits_alone(command.work_id):
            never = facts.HandoffHosted(command.shard, command.token, "", never=True)
            self._ports.router.tell(never, command.work_id)
            return
        lodging = _Lodging(
            command.work_id, command.interaction_id, command.shard, command.token, since, f"lodging:{command.work_id}"
        )
        self._lodgings[command.interaction_id] = lodging
        self._tasks.spawn(self._look_for_host(lodging, command.queue), lodging.leg_id)

    def taken(self, interaction_id: str, work_id: str) -> None:
        """The other shard has it: the caller is heard there from now on."""
        lodging = self._lodgings.get(interaction_id)
        runner = self._runner_of(interaction_id)
        if lodging is None or runner is None or lodging.work_id != work_id or lodging.taken:
            return
        lodging.taken = True
        runner.tell(TakenIn(work_id, lodging.leg_id))
        if lodging.broken:
            self._back(lodging, "leg failed")
        else:
            self._tasks.spawn(self._stay(lodging, runner), f"stay:{work_id}")

    def refused(self, interaction_id: str, work_id: str) -> None:
        """It waits here again."""
        lodging = self._lodgings.get(interaction_id)
        if lodging is not None and lodging.work_id == work_id and not lodging.taken:
            self._end(lodging, "refused")

    # --- what happens to the caller -------------------------------------------------------------------------------

    def over(self, interaction_id: str) -> None:
        """The call is over here: the host is told, if it does not know."""
        if (lodging := self._lodgings.get(interaction_id)) is not None:
            self._end(lodging, "caller left")

    def pressed(self, interaction_id: str, digit: str) -> bool:
        """A key of the caller's; False when the call is not at a host."""
        lodging, shards = self._lodgings.get(interaction_id), self._ports.shards
        if lodging is None or shards is None or not lodging.taken:
            return False
        shards.digit(lodging.shard, lodging.node, lodging.work_id, digit)
        return True

    def sent(self, leg_id: str, digit: str) -> None:
        """A digit on this leg; where it comes from a host it is the agent's, for the caller's side."""
        if (lodging := self._of_leg(leg_id)) is not None:
            self._tasks.spawn(self._pass_on(lodging.interaction_id, digit), f"digit:{leg_id}")

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when it is none of these."""
        lodging = self._of_leg(leg_id)
        if lodging is None:
            return False
        lodging.broken = True  # who is not taken yet comes back as soon as they are
        if lodging.taken:
            self._back(lodging, "leg failed")
        return True

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _look_for_host(self, lodging: _Lodging, queue: str) -> None:
        shards, media = self._ports.shards, self._ports.media
        assert shards is not None  # noqa: S101 - `leave` has seen it
        node = ""
        try:
            own = await media.open_rtp(lodging.leg_id)
            node, at = await shards.lodge(lodging.work_id, lodging.interaction_id, lodging.shard, queue, own)
            await media.set_remote(lodging.leg_id, trunk_media(*at))
        except NodeUnreachableError as error:
            log.info("no_host", interaction_id=lodging.interaction_id, shard=lodging.shard, reason=str(error))
        except MediaUnavailableError as error:
            log.warning("no_host", interaction_id=lodging.interaction_id, shard=lodging.shard, reason=error.reason)
            if node:
                shards.leave(lodging.shard, node, lodging.work_id, "no media")
            node = ""
        lodging.node = node
        if lodging.over:
            self._put_away(lodging, "caller left")
            return
        self._answer(lodging.shard, lodging.token, node, lodging.work_id)
        if not node:
            self._end(lodging, "no host")

    async def _stay(self, lodging: _Lodging, runner: CallRunner) -> None:
        shards = self._ports.shards
        assert shards is not None  # noqa: S101 - `leave` has seen it
        try:
            reason = await shards.stay(lodging.shard, lodging.node, lodging.work_id, runner.show)
        except NodeUnreachableError as error:
            self._back(lodging, str(error))
            return
        if reason in ENDING or reason.startswith("media"):
            self._back(lodging, reason)
        elif not lodging.over:
            log.info("lodging_over", interaction_id=lodging.interaction_id, reason=reason)
            runner.tell(LodgingOver(reason))

    def _back(self, lodging: _Lodging, reason: str) -> None:
        """The caller is still on the line, and waits here again."""
        if lodging.over:
            return
        log.warning("lodging_lost", interaction_id=lodging.interaction_id, node=lodging.node, reason=reason)
        self._end(lodging, "taken back")
        if (runner := self._runner_of(lodging.interaction_id)) is not None:
            runner.tell(LodgingLost(lodging.since))

    def _end(self, lodging: _Lodging, reason: str) -> None:
        lodging.over = True
        if self._lodgings.get(lodging.interaction_id) is lodging:
            del self._lodgings[lodging.interaction_id]
        self._put_away(lodging, reason)

    def _put_away(self, lodging: _Lodging, reason: str) -> None:
        if lodging.node and self._ports.shards is not None:
            self._ports.shards.leave(lodging.shard, lodging.node, lodging.work_id, reason)
        self._tasks.spawn(self._close(lodging.leg_id), f"close:{lodging.leg_id}")

    async def _close(self, leg_id: str) -> None:
        try:
            await self._ports.media.close_leg(leg_id)
        except MediaUnavailableError as error:
            log.info("leg_already_gone", leg_id=leg_id, reason=error.reason)

    async def _pass_on(self, interaction_id: str, digit: str) -> None:
        try:
            await self._ports.media.send_digits(caller_leg_id(interaction_id), digit)
        except MediaUnavailableError as error:
            log.info("digit_not_sent", interaction_id=interaction_id, reason=error.reason)

    def _answer(self, shard: str, token: int, host: str, work_id: str) -> None:
        self._ports.router.tell(facts.HandoffHosted(shard, token, host), work_id)

    def _of_leg(self, leg_id: str) -> _Lodging | None:
        return next((one for one in self._lodgings.values() if one.leg_id == leg_id), None)
