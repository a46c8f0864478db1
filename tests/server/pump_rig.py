"""A pump over a real dispatcher, its commits written down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from config.policy import site_policy
from router import events as facts
from router.dispatcher import Dispatcher
from router.rows import Turn
from router.vocabulary import Medium, Presence
from server.clock import ShardClock
from server.core.pump import Pump
from store.lease import InboxEntry
from tests.server.sites import ORDERS, small_site

NOTE = facts.InteractionNoted("i", "answered")


def work(name: str) -> facts.WorkQueued:
    return facts.WorkQueued(name, name, Medium.VOICE, "orders")


class Committer:
    """Keeps batches; `gate` lets a commit wait, `errors` are raised first, one for each attempt."""

    def __init__(self) -> None:
        self.attempts: list[list[Turn]] = []
        self.kept: list[Turn] = []
        self.errors: list[Exception] = []
        # What each attempt says that its turns take out of the inbox.
        self.inboxes: list[list[InboxEntry]] = []
        self.gate: asyncio.Event | None = None
        self.at_once = False
        self._answers: list[asyncio.Task[None]] = []
        self.log: list[str] = []

    async def commit(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
        self.attempts.append(list(turns))
        self.inboxes.append(list(inbox))
        if self.gate is not None:
            await self.gate.wait()
        else:
            await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self._take(turns)

    def begin(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]) -> bool:
        """If `at_once`: answered in a later turn of the loop, or when the gate opens; not taken for an error."""
        if not self.at_once:
            return False
        self.attempts.append(list(turns))
        self.inboxes.append(list(inbox))
        self._answers.append(asyncio.create_task(self._answer(turns, answered)))
        return True

    async def _answer(self, turns: Sequence[Turn], answered: Callable[[bool], None]) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.errors:
            answered(False)
            return
        self._take(turns)
        answered(True)

    def _take(self, turns: Sequence[Turn]) -> None:
        self.kept += turns
        self.log += [f"commit {turn.sequence}" for turn in turns]


class Rig:
    """A pump over a real dispatcher."""

    def __init__(self, sequence: int = 0, **queue: Any) -> None:
        self.committer = Committer()
        self.clock = ShardClock(1_000_000_000)
        self.decided: list[int] = []
        self.prepared: list[int] = []
        site = small_site(queue=replace(ORDERS, **queue))
        self.pump = Pump(
            Dispatcher(site_policy(site)),
            self.committer,
            self.clock,
            sequence,
            self.speak,
            prepare=lambda turn: self.prepared.append(turn.sequence),
            note=self.note,
            decided=lambda turn, elapsed: self.decided.append(turn.sequence),
        )
        self.on_speak: Callable[[Turn], None] = lambda _turn: None
        self.on_note: Callable[[Turn], None] = lambda _turn: None
        self.task: asyncio.Task[None] | None = None

    def speak(self, turn: Turn) -> None:
        self.committer.log.append(f"speak {turn.sequence}")
        self.on_speak(turn)

    def note(self, turn: Turn) -> None:
        self.on_note(turn)

    def run(self) -> asyncio.Task[None]:
        self.task = asyncio.create_task(self.pump.run(), name="pump")
        return self.task

    @property
    def timer_turns(self) -> list[Turn]:
        return [turn for turn in self.committer.kept if isinstance(turn.event, facts.TimePassed)]

    async def ready_agent(self) -> None:
        await self.pump.post(facts.AgentConnected("anna", 1), "t")
        await self.pump.post(facts.PresenceSet("anna", Presence.READY), "t")
