"""The pump: one way in for events, one commit at a time, and nothing spoken before the commit.

`post` decides at once, in memory, and with no commit under way the turn's own is written before it returns; what
gathers meanwhile is one atomic commit after it (group commit), and what nobody waits for goes with the next turn of
anybody. Where the store's answer is read the commands are carried out in order: no task stands between. While the
store is away turns gather and nothing is spoken; when it is back the same commit is tried again, which is safe because
a commit is idempotent by sequence.

What is spoken first is what somebody waits for; `prepare` is called while the store works on the turn, for what can be
made ready by then. What only keeps account of it (`decided`, then `note`) comes a little later: server.core.account.
Whoever drains has all of it; whoever posted goes on before.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from router.commands import CloseWork, Command, EndWrapUp, PartLegs, StartWrapUp
from router.dispatcher import Dispatcher
from router.errors import RoutingEndedError
from router.events import STORY, AssignmentConnected, AssignmentEnded, CustomerLeft, Event, TimePassed, WrapUpFinished
from router.rows import NOTHING, Turn
from server.core.account import Account, guarded
from server.core.shard_views import ShardViews
from store.errors import StoreLost
from store.lease import InboxEntry, Memory

log = structlog.get_logger(__name__)

MAX_BATCH = 256
# How many committed turns are kept for a store that loses them. Its rows are put back whole; these are for the journal.
KEPT_TURNS = 1_024
# What nobody is in a hurry to hear of (`_can_wait`) is committed with the next turn of anybody, or after this time: a
# commit wakes the store and this process, with the caches of both full of something else.
LATER_S = 0.05
# What may follow when somebody has left a conversation or a queue, and nobody comes in their place.
_LEFT = frozenset({AssignmentEnded, CustomerLeft})
_PARTING = frozenset({PartLegs, StartWrapUp, EndWrapUp, CloseWork})
# Within so long after a turn the next one of the same call is likely: what nobody waits for keeps out of its way.
LATELY_US = 5_000
RETRY_FIRST_S = 0.02
RETRY_LAST_S = 1.0


class Clock(Protocol):
    """Shard time in microseconds."""

    def now(self) -> int: ...


class Committer(Protocol):
    """Commits turns under a lease. Raises StoreLost (tried again) or another StoreError, which ends the pump."""

    async def commit(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
        """`inbox`: the inbox entries among the causes of these turns."""
        ...

    def begin(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]) -> bool:
        """As `commit`, written before this returns; `answered` is told later whether it was taken.

        Where it was not, or this returns False, `commit` with the same turns says why, or makes it good.
        """
        ...


class Pump(ShardViews):
    """Stamps events with (sequence, now, cause), runs the dispatcher, commits, then speaks."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        committer: Committer,
        clock: Clock,
        sequence: int,
        speak: Callable[[Turn], None],
        *,
        prepare: Callable[[Turn], None] = lambda _turn: None,
        note: Callable[[Turn], None] = lambda _turn: None,
        decided: Callable[[Turn, int], None] = lambda _turn, _us: None,
    ) -> None:
        self.dispatcher = dispatcher
        self.sequence = sequence
        self.away = False
        # What the store says while it is away; else "".
        self.trouble = ""
        # Another node owns the shard by now, or this one has failed: it is no owner any more.
        self.failed = False
        # Turns after which matches were left to the next: their rows alone are not the whole state.
        self.unsettled: set[int] = set()
        # The last committed turns.
        self.kept: deque[Turn] = deque(maxlen=KEPT_TURNS)
        self._committer = committer
        self._clock = clock
        self._speak = speak
        self._prepare = prepare
        self._account = Account(sequence, decided, note, dispatcher.tidy, lambda: self._under_way, self.decided_lately)
        self._pending: list[Turn] = []
        self._entries: dict[int, InboxEntry] = {}
        self._waiting: dict[int, asyncio.Future[tuple[Command, ...]]] = {}
        self._wake = asyncio.Event()
        # What is being committed and spoken: nothing else is before that is over. `run` has it where `_by_task`.
        self._under_way: list[Turn] = []
        self._inbox: Sequence[InboxEntry] = ()
        self._by_task = False
        self._running = False
        # Whether any of the pending turns can not wait.
        self._urgent = False
        self._late: asyncio.TimerHandle | None = None
        self._turned = 0
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: int | None = None
        self._closed = False
        self._ended = False
        self._broken: Exception | None = None

    @property
    def backlog(self) -> int:
        """Turns that are decided and not committed."""
        return len(self._pending)

    def now(self) -> int:
        """Shard time in microseconds."""
        return self._clock.now()

    def decided_lately(self) -> bool:
        """Whether somebody is likely to wait for the next turn."""
        return self._clock.now() - self._turned < LATELY_US

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        """Decides now; returns the turn's commands once it is committed. Raises RoutingEndedError."""
        turn = self._turn(event, cause)
        future: asyncio.Future[tuple[Command, ...]] = asyncio.get_running_loop().create_future()
        self._waiting[turn.sequence] = future
        return await future

    def tell(self, event: Event, cause: str) -> None:
        """Decides now; whoever tells needs no answer."""
        if self._closed:
            log.info("event_after_close", kind=type(event).__name__, cause=cause)
            return
        self._turn(event, cause, told=True)

    def take_in(self, event: Event, cause: str, entry: InboxEntry) -> None:
        """Decides now on an event from the inbox; the entry leaves it with the turn's commit."""
        self._turn(event, cause, entry)

    async def run(self) -> None:
        """Commits and speaks until `close`. Raises Deposed when another owner raised the epoch: say nothing more."""
        try:
            self._running = True
            self._arm()
            self._go_on()
            while not (self._closed and not self._pending):
                await self._wake.wait()
                self._wake.clear()
                while self._by_task:
                    await self._commit_by_task()
            if self._broken is not None:
                raise self._broken
        except Exception as error:
            self.failed, self.trouble = True, str(error)
            raise
        finally:
            self._closed = self._ended = True
            self._account.end()
            for timer in (self._timer, self._late):
                if timer is not None:
                    timer.cancel()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(RoutingEndedError())
            self._waiting.clear()

    async def drain(self) -> None:
        """Returns when all that was posted is committed, spoken and noted. Raises RoutingEndedError if it never is."""
        if self._account.noted >= self.sequence:
            return
        if self._ended:
            raise RoutingEndedError
        self._go_on()
        await self._account.upto(self.sequence)

    def close(self) -> None:
        """No more events; `run` returns when what is pending is committed."""
        self._closed = True
        self._wake.set()
        self._go_on()

    def tell_decided(self) -> None:
        """Whoever keeps account of decisions has all of them from here on."""
        self._account.tell_decided()

    def memory(self, senders: Mapping[str, int], gone: Collection[str]) -> Memory:
        """The shard as it is decided, with the turns that led there."""
        core = self.dispatcher
        turns = [*self.kept, *self._pending]
        clock = turns[-1].now if turns else self._clock.now()
        return Memory(core.image(self.sequence, clock), core.policy, turns, senders, gone)

    # --- inside -------------------------------------------------------------------------------------------------

    def _turn(self, event: Event, cause: str, entry: InboxEntry | None = None, *, told: bool = False) -> Turn:
        if self._closed:
            raise RoutingEndedError
        now = self._turned = self._clock.now()
        core = self.dispatcher
        try:
            commands = core.expire(now) if isinstance(event, TimePassed) else core.handle(event, now)
        except Exception as error:
            # The turn is half applied in memory: nothing of it may be committed. The rows are whole; start from them.
            self._broken = error
            self.close()
            raise
        self.sequence += 1
        changes, unfinished = core.drain_changes(), core.unfinished
        turn = Turn(self.sequence, now, cause, event, tuple(commands), changes)
        if entry is not None:
            self._entries[self.sequence] = entry
        self._pending.append(turn)
        can_wait = not unfinished and _can_wait(turn, told=told)
        if can_wait and changes is NOTHING:
            self._commit_later()  # of a line nothing was decided, and no deadline is another one by it
            return turn
        if unfinished:
            self.unsettled.add(self.sequence)
        self._account.begun(turn, self._clock.now() - now)
        if can_wait:
            self._commit_later()
        else:
            self._urgent = True
            self._go_on()
        self._arm()
        return turn

    def _commit_later(self) -> None:
        if self._late is None:
            self._late = asyncio.get_running_loop().call_later(LATER_S, self._it_is_late)

    def _it_is_late(self) -> None:
        self._late, self._urgent = None, True
        self._go_on()

    def _go_on(self) -> None:
        """Commits what has gathered, if anything has and nothing is under way."""
        if self._under_way or not self._running or self._ended:
            return
        if not self._pending:
            if self._closed:
                self._wake.set()
            return
        if self._late is not None:  # it goes with this: the next line has its own time
            self._late.cancel()
            self._late = None
        batch = self._under_way = self._pending[:MAX_BATCH]
        self._urgent = len(self._pending) > MAX_BATCH
        self._inbox = self._applied_by(batch) if self._entries else ()
        self._by_task = not self._begin()
        if self._by_task:
            self._wake.set()
        for turn in batch:
            if turn.commands or type(turn.event) not in STORY:
                guarded(self._prepare, turn)

    def _begin(self) -> bool:
        try:
            return self._committer.begin(self._under_way, self._inbox, self._answered)
        except Exception:  # whoever told of the event is not at fault; the task meets it again, and ends by it
            log.exception("commit_not_begun", first=self._under_way[0].sequence)
            return False

    def _answered(self, taken: bool) -> None:
        if self._ended:
            return
        if taken:
            self._committed()
        else:
            self._by_task = True
            self._wake.set()

    async def _commit_by_task(self) -> None:
        batch, delay = self._under_way, RETRY_FIRST_S
        while True:
            try:
                await self._committer.commit(batch, self._inbox)
                break
            except StoreLost as error:
                if not self.away:
                    log.error("store_away", error=str(error), backlog=len(self._pending))
                self.away, self.trouble = True, str(error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_LAST_S)
        if self.away:
            log.info("store_back", backlog=len(self._pending))
            self.away, self.trouble = False, ""
        self._by_task = False
        self._committed()

    def _committed(self) -> None:
        """Speaks, and goes on. Whatever is told meanwhile is committed after it."""
        batch = self._under_way
        del self._pending[: len(batch)]
        self.kept.extend(batch)
        for turn in batch:
            guarded(self._speak, turn)
            if self._waiting:
                future = self._waiting.pop(turn.sequence, None)
                if future is not None and not future.done():
                    future.set_result(turn.commands)
        self._account.spoken(batch)
        self._under_way = []
        if self._pending and not (self._urgent or self._account.awaited or self._closed):
            self._commit_later()
        else:
            self._go_on()

    def _applied_by(self, batch: Sequence[Turn]) -> list[InboxEntry]:
        """The inbox entries that these turns apply."""
        found = (self._entries.pop(turn.sequence, None) for turn in batch)
        return [entry for entry in found if entry is not None]

    def _arm(self) -> None:
        """A timer that is early finds nothing due, and is armed again: only for an earlier deadline is it moved."""
        deadline = self.dispatcher.next_deadline()
        if deadline is None or (self._armed_for is not None and deadline >= self._armed_for) or self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = deadline
        delay_s = max(0, deadline - self._clock.now()) / 1e6
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = self._armed_for = None
        if self._closed:
            return
        deadline = self.dispatcher.next_deadline()
        if deadline is not None and deadline <= self._clock.now():
            self._turn(TimePassed(), "timer")
        else:
            self._arm()


def _can_wait(turn: Turn, *, told: bool) -> bool:
    """Whether nobody is kept waiting by it; `told`: nobody waits for its answer.

    A line of a story; that two were joined, who hear each other by then; that somebody has left, where no agent is
    offered anything for it, and no offer taken away. Its answer alone may be waited for where an agent finishes
    wrap-up: they are free from now on, and with an offer for them it is committed at once.
    """
    kind = type(turn.event)
    if told and (kind in STORY or kind is AssignmentConnected):
        return not turn.commands
    if (told and kind in _LEFT) or kind is WrapUpFinished:
        return all(type(command) in _PARTING for command in turn.commands)
    return False
