"""Calls that came over from another shard: their callers are on the line of a node there, which relays the sound.

For this node such a caller is one more kind of caller: a trunk leg in place of SIP or WebRTC. Room is made before the
item comes; the call begins when this shard has taken the item in (ADR 14).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import structlog

from voice.call_table import CallState
from voice.caller_leg import Elsewhere
from voice.events import CallerLeft, DigitPressed
from voice.neighbours import VoicePorts
from voice.ports import MediaUnavailableError, Tasks
from voice.runner import CallRunner, caller_leg_id
from voice.trunk_legs import trunk_media

log = structlog.get_logger(__name__)

# How long a way between nodes may be broken before the call counts as over, on both of its ends.
GRACE_S = 5.0


class NoRoomError(Exception):
    """This node does not take the caller in."""


class GuestCall(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller's node tells of a call. `at`: host and port of its end of the trunk leg.

    `caller` is an identity of `caller_kind` (phone, visitor); `shard` is theirs, `queue` is of this one.
    """

    work_id: str
    interaction_id: str
    queue: str
    at: tuple[str, int]
    shard: str
    channel: str
    entry: str
    caller: str
    caller_kind: str
    caller_name: str
    data: dict[str, str]
    path: tuple[str, ...]
    language: str


class GuestCaller:
    """Implements CallerLeg for a caller of another shard, whose leg is there already.

    `over` is why the call ended, `place` where it is: the state, and the agent whom the caller hears.
    """

    is_shown = True

    def __init__(self, call: str) -> None:
        self.call = call
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.place = (CallState.QUEUED, "")
        self.changed = asyncio.Event()

    async def answer(self, leg_id: str) -> bool:  # noqa: ARG002 - it was opened when room was made
        """They are on the line."""
        return True

    def media_up(self) -> None:
        """Of no concern."""

    def gone(self) -> None:
        """Of no concern."""

    def moved(self, state: CallState, agent_id: str | None, work_id: str | None) -> None:  # noqa: ARG002 - it is theirs
        """Their own node is told, and shows them."""
        place = (state, agent_id or "")
        if place != self.place and state is not CallState.ENDED:
            self.place = place
            self.changed.set()

    def shown(self, state: CallState, agent: str) -> None:
        """No caller is a guest twice."""

    def move(self, there: Elsewhere) -> bool:  # noqa: ARG002 - their own node has the line
        """They are taken back by their own node."""
        return False

    def redirect(self, there: Elsewhere) -> bool:  # noqa: ARG002 - their own node has the line
        """They have been answered."""
        return False

    def refuse(self, code: int, reason: str) -> None:  # noqa: ARG002 - that is SIP's
        """The call is over."""
        self.hang_up(reason)

    def hang_up(self, reason: str) -> None:
        """Their own node hears of it."""
        if not self.over.done():
            self.over.set_result(reason)
            self.changed.set()

    def release(self) -> None:
        """As `hang_up`, where nobody did."""
        self.hang_up("over")


@dataclass(slots=True)
class _Guest:
    call: GuestCall
    node: str
    caller: GuestCaller
    begun: bool = False
    missed: asyncio.TimerHandle | None = field(default=None)


class Guests:
    """By work item. `begin` starts a call, `runner_of` finds it by its interaction, `full` says that none is taken."""

    def __init__(
        self,
        ports: VoicePorts,
        tasks: Tasks,
        begin: Callable[[GuestCaller, GuestCall], object],
        runner_of: Callable[[str], CallRunner | None],
        full: Callable[[], bool],
    ) -> None:
        self._ports = ports
        self._tasks = tasks
        self._begin = begin
        self._runner_of = runner_of
        self._full = full
        self._guests: dict[str, _Guest] = {}

    def __len__(self) -> int:
        return len(self._guests)

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes whose callers are here."""
        return frozenset(guest.node for guest in self._guests.values())

    async def take_in(self, node: str, call: GuestCall) -> tuple[str, int]:
        """Make room for a caller of `node`; where this end of the trunk leg is. Raises NoRoomError."""
        known = any(guest.call.interaction_id == call.interaction_id for guest in self._guests.values())
        if self._full() or known or self._runner_of(call.interaction_id) is not None:
            raise NoRoomError("no room for another call")
        guest = self._guests[call.work_id] = _Guest(call, node, GuestCaller(f"guest:{call.work_id}"))
        leg_id = caller_leg_id(call.interaction_id)
        try:
            own = await self._ports.media.open_rtp(leg_id)
            await self._ports.media.set_remote(leg_id, trunk_media(*call.at))
        except MediaUnavailableError as error:
            self._drop(guest)
            raise NoRoomError(error.reason) from error
        contexts = self._ports.contexts
        contexts.opened(call.interaction_id, call.channel, call.caller, call.caller_name, call.caller_kind)
        contexts.collected(call.interaction_id, call.data, call.path, call.language)
        return own

    def taken(self, work_id: str) -> None:
        """This shard has the item from now on."""
        guest = self._guests.get(work_id)
        if guest is None or guest.begun:
            return
        guest.begun = True
        guest.caller.over.add_done_callback(lambda _over: self._over(guest))
        self._begin(guest.caller, guest.call)

    def refused(self, work_id: str) -> None:
        """It is not this shard's."""
        guest = self._guests.get(work_id)
        if guest is not None and not guest.begun:
            self._drop(guest)

    async def stay(self, node: str, work_id: str, known: str, agent_id: str) -> tuple[CallState, str]:
        """Where the call is, and whom the caller hears, as soon as it is another than these; or that it is `ended`, and
        why. Raises NoRoomError when there is no such guest.
        """
        guest = self._guests.get(work_id)
        if guest is None or guest.node != node:
            raise NoRoomError("there is no such call here")
        self._found(guest)
        caller = guest.caller
        while caller.place == (known, agent_id) and not caller.over.done():
            caller.changed.clear()
            await caller.changed.wait()
        return (CallState.ENDED, caller.over.result()) if caller.over.done() else caller.place

    def left(self, node: str, work_id: str, reason: str) -> None:
        """The caller is gone, or their node has taken them back."""
        guest = self._guests.get(work_id)
        if guest is None or guest.node != node:
            return
        if not guest.begun:
            self._drop(guest)
        elif (runner := self._runner_of(guest.call.interaction_id)) is not None:
            runner.tell(CallerLeft(reason))

    def digit(self, node: str, work_id: str, digit: str) -> None:
        """The caller pressed a key."""
        guest = self._guests.get(work_id)
        runner = None if guest is None or guest.node != node else self._runner_of(guest.call.interaction_id)
        if runner is not None:
            runner.tell(DigitPressed(digit))

    def node_lost(self, node: str, grace_s: float = GRACE_S) -> None:
        """That node is not reached; it has a moment to ask for its callers again."""
        for guest in [guest for guest in self._guests.values() if guest.node == node and guest.missed is None]:
            guest.missed = asyncio.get_running_loop().call_later(grace_s, self._missed, guest)

    def close(self) -> None:
        """The node ends."""
        for guest in list(self._guests.values()):
            self._found(guest)
            if not guest.begun:
                self._drop(guest)

    def _missed(self, guest: _Guest) -> None:
        guest.missed = None
        log.info("guest_lost", interaction_id=guest.call.interaction_id, node=guest.node)
        self.left(guest.node, guest.call.work_id, "node lost")

    def _found(self, guest: _Guest) -> None:
        if guest.missed is not None:
            guest.missed.cancel()
            guest.missed = None

    def _over(self, guest: _Guest) -> None:
        self._found(guest)
        if self._guests.get(guest.call.work_id) is guest:
            del self._guests[guest.call.work_id]

    def _drop(self, guest: _Guest) -> None:
        """Nothing has begun: what was made ready is put away."""
        self._over(guest)
        guest.caller.release()
        self._ports.contexts.closed(guest.call.interaction_id)
        leg_id = caller_leg_id(guest.call.interaction_id)
        self._tasks.spawn(self._close(leg_id), f"close:{leg_id}")

    async def _close(self, leg_id: str) -> None:
        try:
            await self._ports.media.close_leg(leg_id)
        except MediaUnavailableError as error:
            log.info("leg_already_gone", leg_id=leg_id, reason=error.reason)
