"""The live board's versions: what committed turns touched, gathered for a quarter of a second, kept as one ledger.

A watcher asks what changed after the version that it has. Nothing is kept or counted while nobody watches.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog

from http_api.board_messages import BoardWork, Key, Thing
from http_api.ports import AgentOverview, QueueOverview
from router.dispatcher import Dispatcher
from router.events import DayStarted, PolicyChanged
from router.rows import Turn
from router.vocabulary import WorkState
from server.floor.board import Board

log = structlog.get_logger(__name__)

GATHER_S = 0.25
MAX_GONE = 10_000


class Part(Protocol):
    """Something else that the board shows; whoever has it calls `touch` when it changes."""

    def things(self) -> Iterable[tuple[str, Thing]]:
        """All of it with its ids."""
        ...

    def thing(self, name: str) -> Thing | None:
        """One of it."""
        ...


class LiveFeed:
    """`observe` is called with each committed turn. `gather_s` is how long changes gather."""

    def __init__(self, board: Board, dispatcher: Dispatcher, changed: Callable[[], set[Key]], gather_s: float) -> None:
        self._board = board
        self._dispatcher = dispatcher
        self._figures_changed = changed
        self._gather_s = gather_s
        self._watchers = 0
        self._ledger: OrderedDict[Key, tuple[int, Thing | None]] = OrderedDict()
        self._gone = 0
        self._floor = 0
        self._dirty: dict[Key, None] = {}
        self._everything = False
        self._agents_changed = False
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._parts: dict[str, Part] = {}
        self.version = 0

    def attach(self, kind: str, part: Part) -> Callable[[str], None]:
        """Shows this too, as that field of the messages; what it returns is told of each that changes, by id."""
        self._parts[kind] = part
        return lambda name: self.touch([(kind, name)])

    # --- for the board's sockets --------------------------------------------------------------------------------

    def subscribe(self) -> None:
        """The first watcher makes the ledger."""
        self._watchers += 1
        if self._watchers == 1:
            self._ledger.clear()
            self._gone = 0
            self.version += 1
            self._floor = self.version
            self._ledger.update((key, (self.version, thing)) for key, thing in self._all().items())

    def unsubscribe(self) -> None:
        """The last watcher lets it go."""
        self._watchers -= 1
        if self._watchers == 0:
            self._ledger.clear()
            self._dirty.clear()
            self._everything = False
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def since(self, version: int) -> Mapping[Key, Thing | None] | None:
        """What changed after that version, newest first; None when that is older than the ledger."""
        if version < self._floor:
            return None
        found: dict[Key, Thing | None] = {}
        for key in reversed(self._ledger):
            changed, thing = self._ledger[key]
            if changed <= version:
                break
            found[key] = thing
        return found

    def everything(self) -> Mapping[Key, Thing]:
        """All that is on the board."""
        return {key: thing for key, (_, thing) in self._ledger.items() if thing is not None}

    async def wait(self, version: int) -> None:
        """Returns when there is a newer version."""
        while self.version <= version:
            await self._news.wait()

    # --- from the router ----------------------------------------------------------------------------------------

    def observe(self, turn: Turn) -> None:
        """Notes what the turn touched."""
        if not self._watchers:
            return
        if isinstance(turn.event, PolicyChanged | DayStarted):
            self._everything = True
        changes = turn.changes
        # Who is ready decides how long everybody waits.
        self._agents_changed |= bool(changes.agents or changes.agents_removed)
        for agent_id in (*(row.agent_id for row in changes.agents), *changes.agents_removed):
            self._dirty["agents", agent_id] = None
        for row in changes.reservations:
            self._dirty["agents", row.agent_id] = None
        for command in turn.commands:
            touched: str | None = getattr(command, "agent_id", None)
            if touched is not None:
                self._dirty["agents", touched] = None
        for work in changes.work:
            self._touch_work(work.work_id, work.queue)
        for work_id in changes.work_closed:
            self._touch_work(work_id, "")
        self._dirty.update((key, None) for key in self._figures_changed())
        self._gather()

    def touch(self, keys: Iterable[Key]) -> None:
        """These may show something else now, without any turn."""
        if self._watchers:
            self._dirty.update((key, None) for key in keys)
            self._gather()

    def refresh(self) -> None:
        """Everything may show something else, and watchers are woken: the site has other names."""
        if self._watchers:
            self._everything = True
            self._gather()

    def _gather(self) -> None:
        if (self._dirty or self._everything) and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gather_s, self._flush)

    def _touch_work(self, work_id: str, queue: str) -> None:
        self._dirty["work", work_id] = None
        _, before = self._ledger.get(("work", work_id), (0, None))
        for name in (queue, before.queue if isinstance(before, BoardWork) else ""):
            if name:
                self._dirty["queues", name] = None

    def _flush(self) -> None:
        self._timer = None
        dirty, self._dirty = self._dirty, {}
        anyway = self._everything
        if self._everything:
            self._everything = False
            dirty = dict.fromkeys((*self._ledger, *self._all()))
        if self._agents_changed:
            self._agents_changed = False
            dirty.update((("queues", name), None) for name in self._dispatcher.policy.queues)
        version = self.version + 1
        queues = {row.queue: row for row in self._board.queues()} if any(key[0] == "queues" for key in dirty) else {}
        for key in dirty:
            self._put(key, self._now(key, queues), version)
        self._bound()
        if anyway or (self._ledger and next(reversed(self._ledger.values()))[0] == version):
            self.version = version
            self._news.set()
            self._news = asyncio.Event()

    def _put(self, key: Key, thing: Thing | None, version: int) -> None:
        before = self._ledger.get(key, (0, None))[1]
        if thing == before:
            return
        self._gone += (thing is None) - (before is None and key in self._ledger)
        self._ledger[key] = (version, thing)
        self._ledger.move_to_end(key)

    def _bound(self) -> None:
        """Forget the oldest that are gone; whoever was last told before that begins anew."""
        if self._gone <= MAX_GONE:
            return
        gone = [key for key, (_, thing) in self._ledger.items() if thing is None]
        for key in gone[: len(gone) - MAX_GONE // 2]:
            self._floor = max(self._floor, self._ledger.pop(key)[0])
            self._gone -= 1

    # --- what the board shows -----------------------------------------------------------------------------------

    def _all(self) -> dict[Key, Thing]:
        found: dict[Key, Thing] = {("queues", one.queue): one for one in self._board.queues()}
        found.update((("agents", one.agent_id), one) for one in self._board.agents())
        found.update((("alerts", str(one.id)), one) for one in self._board.alerts())
        found.update((("channels", one.channel), one) for one in self._board.channels())
        for queue in self._dispatcher.queues():
            for work_id in self._dispatcher.waiting(queue):
                if (work := self._work(work_id)) is not None:
                    found["work", work_id] = work
        for agent in self._board.agents():
            for held in agent.held:
                if (work := self._work(held.work_id)) is not None:
                    found["work", held.work_id] = work
        for kind, part in self._parts.items():
            found.update(((kind, name), thing) for name, thing in part.things())
        return found

    def _now(self, key: Key, queues: Mapping[str, QueueOverview]) -> Thing | None:
        match key:
            case ("queues", name):
                return queues.get(name)
            case ("agents", name):
                return self._agent(name)
            case ("alerts", name):
                return self._board.alert(int(name))
            case ("channels", name):
                return self._board.channel(name)
            case ("work", name):
                return self._work(name)
            case (kind, name):
                return self._parts[kind].thing(name)

    def _agent(self, agent_id: str) -> AgentOverview | None:
        row = self._dispatcher.agent(agent_id)
        return None if row is None else self._board.agent(row)

    def _work(self, work_id: str) -> BoardWork | None:
        row = self._dispatcher.work(work_id)
        if row is None or row.state is WorkState.CLOSED or row.not_before is not None:
            return None
        reservation = next(iter(self._dispatcher.holders(work_id)), None)
        return self._board.work(row, self._queue_priority(row.queue), reservation)

    def _queue_priority(self, queue: str) -> int:
        rules = self._dispatcher.policy.queues.get(queue)
        return rules.priority if rules is not None else 0
