"""What stands around the chats: a dispatcher without a pump, a store that can fail, agents' screens as lists."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat.ports import Identity, LeftMessage, StoreAwayError
from records.messages import Message
from router import events as facts
from router.commands import Command, SendOffer
from router.dispatcher import Dispatcher
from router.invariants import check
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import Medium, Presence
from server.chats.chat_store import SqlChatStore


def policy(wrap_up_us: int = 60_000_000) -> Policy:
    queue = QueuePolicy("web_chat", Medium.CHAT, wrap_up_us=wrap_up_us)
    rules = AgentPolicy("ann", "t1", {"mandarin": 5}, {Medium.CHAT: 3}, 3)
    return Policy("v1", {"web_chat": queue}, {"ann": rules, "bob": replace(rules, agent_id="bob", skills={})})


class RealRouter:
    """A dispatcher whose turns are committed at once."""

    def __init__(self, rules: Policy | None = None) -> None:
        self.dispatcher = Dispatcher(rules or policy())
        self.events: list[facts.Event] = []
        self.offers: list[SendOffer] = []
        self.execute: list[Callable[[Command], None]] = []
        self.observe: list[Callable[[Turn], None]] = []
        self.skew = 0
        self._generation = itertools.count(1)

    def now(self) -> int:
        return time.time_ns() // 1000 + self.skew

    def place(self, work_id: str) -> int | None:
        return self.dispatcher.place(work_id)

    def directed(self, work_id: str) -> str | None:
        row = self.dispatcher.work(work_id)
        return row.directed if row else None

    def tell(self, event: facts.Event, cause: str) -> None:
        self._turn(event)

    async def post(self, event: facts.Event, cause: str) -> tuple[Command, ...]:
        await asyncio.sleep(0)
        return self._turn(event)

    def ready(self, *agents: str, node: str = "") -> None:
        for agent in agents:
            self._turn(facts.AgentConnected(agent, next(self._generation), node))
            self._turn(facts.PresenceSet(agent, Presence.READY))

    def expire(self) -> None:
        """What is due by now, as the pump does it."""
        self._turn(facts.TimePassed())

    def accept(self, number: int = -1) -> str:
        offer = self.offers[number]
        self._turn(facts.OfferAccepted(offer.reservation_id, offer.agent_id))
        return offer.reservation_id

    def finish(self, reservation_id: str, agent_id: str) -> None:
        self._turn(facts.WrapUpFinished(reservation_id, agent_id))

    def _turn(self, event: facts.Event) -> tuple[Command, ...]:
        self.events.append(event)
        now = self.now()
        commands = tuple(self.dispatcher.handle(event, now))
        turn = Turn(len(self.events), now, "test", event, commands, self.dispatcher.drain_changes())
        check(self.dispatcher)
        for observe in self.observe:
            observe(turn)
        for command in commands:
            if isinstance(command, SendOffer):
                self.offers.append(command)
            for execute in self.execute:
                execute(command)
        return commands

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Screens:
    """What agents are shown; agents in `pages` have a page."""

    pages: set[str] = field(default_factory=lambda: {"ann", "bob"})
    messages: list[tuple[str, str, Message]] = field(default_factory=list)
    typed: list[tuple[str, str, bool]] = field(default_factory=list)
    receipts: list[tuple[str, str, int, int]] = field(default_factory=list)

    def here(self, agent_id: str) -> bool:
        return agent_id in self.pages

    def message(self, agent_id: str, reservation_id: str, message: Message) -> bool:
        self.messages.append((agent_id, reservation_id, message))
        return agent_id in self.pages

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        self.typed.append((agent_id, reservation_id, on))

    def receipt(self, agent_id: str, reservation_id: str, delivered: int, read: int) -> None:
        self.receipts.append((agent_id, reservation_id, delivered, read))


@dataclass
class Known:
    """Contexts: who opened what."""

    opened: dict[str, Identity | None] = field(default_factory=dict)
    over: list[str] = field(default_factory=list)
    told: dict[str, dict[str, str]] = field(default_factory=dict)

    def collected(self, interaction_id: str, data: Mapping[str, str], path: Sequence[str], language: str) -> None:
        self.told[interaction_id] = dict(data)

    def chat_opened(self, interaction_id: str, channel: str, name: str, locale: str, identity: Identity | None) -> None:
        self.opened[interaction_id] = identity

    async def acquainted(self, interaction_id: str, queue: str) -> tuple[str, ...]:
        return ()

    def closed(self, interaction_id: str) -> None:
        self.over.append(interaction_id)


@dataclass
class Mailbox:
    """What visitors left; `away` keeps nothing, `slow_s` takes its time."""

    kept: list[LeftMessage] = field(default_factory=list)
    away: bool = False
    slow_s: float = 0.0

    async def keep(self, message: LeftMessage) -> None:
        await asyncio.sleep(self.slow_s)
        if self.away:
            raise StoreAwayError("away")
        self.kept.append(message)


class Waits:
    """Estimates: a minute for everybody."""

    def expected_wait(self, work_id: str) -> int | None:
        return 60


class Phases:
    """Records: every interaction is open."""

    async def phase(self, interaction_id: str) -> str | None:
        return "open"


class WeakStore(SqlChatStore):
    """The real store; `fail_before` and `fail_after` make the next adds fail, `broken` in an unforeseen way."""

    fail_before = 0
    fail_after = 0
    broken = 0

    async def add(self, interaction_id: str, message: Message) -> Message:
        if self.broken:
            self.broken -= 1
            raise LookupError("nobody foresaw this")
        if self.fail_before:
            self.fail_before -= 1
            raise StoreAwayError("away")
        kept = await super().add(interaction_id, message)
        if self.fail_after:
            self.fail_after -= 1
            raise StoreAwayError("away")
        return kept
