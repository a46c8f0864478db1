"""The course of one call: what happens to it, in order, and what is done about it.

What needs no waiting is done in the turn of the loop after the one in which it happened, without a task; only for what
has to be waited for is the call's own task woken. What happens meanwhile waits its turn, so that effects keep the
machine's order without a lock.
"""

import asyncio
import contextvars
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from voice.events import CallCommand, CallEvent, Deny

Answer = asyncio.Future[Deny | None]
Wait = Callable[[], Awaitable[None]]
OVER = Deny("not_connected", "the call is over")


def settle(answer: Answer | None, denied: Deny | None) -> None:
    """Whoever asked may have gone meanwhile."""
    if answer is not None and not answer.done():
        answer.set_result(denied)


class Inbox:
    """What happened and is not handled yet. `wake` is set while nobody is about to look.

    Ports are given this, not the call: a call that is over goes at once, not when the collector comes by.
    """

    def __init__(self) -> None:
        self.events: deque[tuple[CallEvent, Answer | None]] = deque()
        self.wake: Callable[[], None] | None = None

    def put(self, event: CallEvent, answer: Answer | None = None) -> None:
        """It is handled after all that came before it."""
        self.events.append((event, answer))
        if self.wake is not None:
            self.wake()


class Course(ABC):
    """`follow` is the call's own task; whatever happens is put into `inbox`."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        # What is left to do of what the machine wanted last, and who asked for it.
        self._left: deque[CallCommand] = deque()
        self._under_way = False
        self._answer: Answer | None = None
        self._denied: Deny | None = None
        # What the task is woken for; it sleeps while there is nothing to wait for.
        self._waiting: Wait | None = None
        self._asleep: asyncio.Future[None] | None = None
        self._context: contextvars.Context | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0

    @abstractmethod
    def _now(self) -> int:
        """Shard time in microseconds."""

    @abstractmethod
    def _is_over(self) -> bool:
        """Whether the machine has ended: then nothing is handled any more."""

    @abstractmethod
    def _next_deadline(self) -> int | None:
        """When the machine has something to do by itself, in shard time."""

    @abstractmethod
    def _handle(self, event: CallEvent) -> Sequence[CallCommand]:
        """What the machine wants done about it."""

    @abstractmethod
    def _expire(self) -> Sequence[CallCommand]:
        """What it wants done because its time has come."""

    @abstractmethod
    def _do(self, command: CallCommand) -> Wait | None:
        """Does it; returns what is still to be waited for, if anything is."""

    @abstractmethod
    def _settled(self) -> None:
        """All that the machine wanted is done."""

    def at_once(self, event: CallEvent) -> None:
        """As `inbox.put`, handled before this returns unless something is being waited for."""
        self.inbox.events.append((event, None))
        if self.inbox.wake is not None and self._context is not None:
            self.inbox.wake = None
            self._context.run(self._woken)

    async def follow(self, commands: Sequence[CallCommand] = ()) -> None:
        """Does these, then what follows, until the machine has ended. Raises whatever goes wrong on the way."""
        self._context = contextvars.copy_context()
        try:
            self._begin(commands)
            while True:
                wait, self._waiting = self._waiting or self._go_on(), None
                if wait is not None:
                    await wait()
                elif self._is_over():
                    return
                else:
                    await self._sleep()
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._left.clear()
            settle(self._answer, OVER)
            self._answer = None

    def _begin(self, commands: Sequence[CallCommand]) -> None:
        self._left.extend(commands)
        self._under_way = True
        if self._answer is not None:
            self._denied = next((command for command in commands if isinstance(command, Deny)), None)

    def _go_on(self) -> Wait | None:
        """Until all is done, or something has to be waited for."""
        left, events = self._left, self.inbox.events
        while True:
            while left:
                wait = self._do(left.popleft())
                if wait is not None:
                    return wait
            if self._under_way:
                self._under_way = False
                self._settled()
                if self._answer is not None:
                    settle(self._answer, self._denied)
                    self._answer = self._denied = None
            if not events or self._is_over():
                return None
            event, self._answer = events.popleft()
            self._begin(self._handle(event))

    # --- while nothing has to be waited for ---------------------------------------------------------------------

    async def _sleep(self) -> None:
        self._asleep = asyncio.get_running_loop().create_future()
        self._rest()
        try:
            await self._asleep
        finally:
            self._asleep = self.inbox.wake = None

    def _rest(self) -> None:
        self.inbox.wake = self._stir
        deadline = self._next_deadline()
        # A timer that is early finds nothing due, and is set again: only for an earlier deadline is it moved.
        if deadline is None or (self._timer is not None and self._due_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_at = deadline
        delay_ms = max(0, deadline - self._now() + 999) // 1000
        self._timer = asyncio.get_running_loop().call_later(delay_ms / 1000, self._due, context=self._context)

    def _stir(self) -> None:
        self.inbox.wake = None
        asyncio.get_running_loop().call_soon(self._woken, context=self._context)

    def _due(self) -> None:
        self._timer = None
        self._woken(due=True)

    def _woken(self, *, due: bool = False) -> None:
        asleep = self._asleep
        if asleep is None or asleep.done():
            return  # The task looks by itself.
        self.inbox.wake = None  # what happens on the way is handled on the way
        try:
            if due and not self.inbox.events:
                self._begin(self._expire())
            self._waiting = self._go_on()
        except Exception as error:  # noqa: BLE001 - it is raised where the call is followed
            asleep.set_exception(error)
            return
        if self._waiting is not None or self._is_over():
            asleep.set_result(None)
        else:
            self._rest()
