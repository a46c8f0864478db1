"""Callers whose node ends: they are asked to call another one, which takes them in front of their queue.

The node that ends says beforehand to the other one who will come, under a word that nobody can guess; the phone, or the
web page, calls that word. Whoever comes by it has been on the line already: no menu, their own place in the queue.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from ivr.flow import Flow, Queue, Set
from voice.caller_leg import Elsewhere

# How long a word is good for, and how long a phone has to come.
COME_S = 20.0


class MovedCall(msgspec.Struct, frozen=True, kw_only=True):
    """What one node tells another of a caller: whom it has on the line, and where they wait.

    `caller` is an identity of `caller_kind` (phone, visitor). `since`: shard time in microseconds at which they came
    into `queue`. `of` is their interaction at the other node.
    """

    word: str
    of: str
    channel: str
    entry: str
    queue: str
    requirements: tuple[tuple[str, int], ...]
    priority: int
    attributes: tuple[tuple[str, str], ...]
    since: int
    caller: str
    caller_kind: str
    caller_name: str
    data: dict[str, str]
    path: tuple[str, ...]
    language: str

    def flow(self) -> Flow:
        """The way straight into the queue, with what the menus of the other node have found out."""
        here = Set(
            "here",
            "wait",
            requirements=self.requirements,
            priority=self.priority,
            data={key: value.replace("{", "").replace("}", "") for key, value in self.data.items()},
            attributes=dict(self.attributes),
        )
        return Flow("moved", "moved", self.language, "here", {"here": here, "wait": Queue("wait", self.queue)})


class AwaitedCalls:
    """Callers who were announced to this node. `came` is told the word of each who is there."""

    def __init__(self) -> None:
        self._awaited: dict[str, tuple[MovedCall, Callable[[], None], asyncio.TimerHandle]] = {}

    def __len__(self) -> int:
        return len(self._awaited)

    def expect(self, moved: MovedCall, came: Callable[[], None]) -> None:
        """They come within `COME_S`, or not at all."""
        timer = asyncio.get_running_loop().call_later(COME_S, self._awaited.pop, moved.word, None)
        self._awaited[moved.word] = moved, came, timer

    def knows(self, word: str) -> bool:
        """Whether somebody is expected by it."""
        return word in self._awaited

    def take(self, word: str) -> MovedCall | None:
        """Whoever calls this word, once; None for a stranger."""
        found = self._awaited.pop(word, None)
        if found is None:
            return None
        moved, came, timer = found
        timer.cancel()
        came()
        return moved

    def close(self) -> None:
        """Nobody is awaited any more."""
        for _, _, timer in self._awaited.values():
            timer.cancel()
        self._awaited.clear()


class Moving(Protocol):
    """A call of this node."""

    call: str

    def move(self, there: Elsewhere) -> bool: ...

    def move_away(self) -> None: ...


class MovingCalls:
    """Calls of this node whose callers are asked to call another one. `runner_of` finds one by its interaction."""

    def __init__(self, runner_of: Callable[[str], Moving | None]) -> None:
        self._runner_of = runner_of
        self._asked: dict[str, asyncio.Future[bool]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def call_of(self, interaction_id: str) -> str | None:
        """The signalling of a call of this node."""
        runner = self._runner_of(interaction_id)
        return runner.call if runner is not None else None

    async def move(self, interaction_id: str, there: Elsewhere) -> bool:
        """Whether the caller calls another node when asked to; the call here ends then, and else goes on."""
        runner = self._runner_of(interaction_id)
        if runner is None or not await self._ask(runner, there):
            return False
        runner.move_away()
        return True

    async def _ask(self, runner: Moving, there: Elsewhere) -> bool:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked[runner.call] = done
        try:
            async with asyncio.timeout(COME_S):
                return runner.move(there) and await done
        except TimeoutError:
            return False
        finally:
            del self._asked[runner.call]

    def came(self, call: str) -> None:
        """The other node has the phone on the line."""
        self._settle(call, came=True)

    def answered(self, call: str, code: int) -> None:
        """The phone says what came of it; that it went well the other node knows better."""
        if code >= 300:
            self._settle(call, came=False)

    def _settle(self, call: str, *, came: bool) -> None:
        done = self._asked.get(call)
        if done is not None and not done.done():
            done.set_result(came)


def attributes_of(told: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Of what rules are told of an item, that which the place of the call does not say anyway."""
    return tuple(sorted((key, value) for key, value in told.items() if key not in ("channel", "entry", "language")))
