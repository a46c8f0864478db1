"""Turns of a dispatcher, timed: a site with a clock of its own, arrivals and freed agents on it."""

import gc
import os
import sys
from collections.abc import Callable
from itertools import product
from random import Random
from time import perf_counter_ns, thread_time_ns
from typing import Any

from bench.decision_sites import RULES, SKILLS, SPECIAL, site
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    OfferAccepted,
    PresenceSet,
    WorkQueued,
    WrapUpFinished,
)
from router.vocabulary import EndedBy, Medium, Presence, Requirement

# For tests, that everything runs: no figures come of it.
QUICK = "--quick" in sys.argv or bool(os.environ.get("QUICK"))
WAITING = 200 if QUICK else 10_000
ROUNDS = 20 if QUICK else 20_000
MINIMA = (1,) if QUICK else (1, 3, 5)
SECOND = 1_000_000
# Where other work shares the cores, its share of the time is left out by counting the thread's own.
CPU = "--cpu" in sys.argv or bool(os.environ.get("CPU"))
clock = thread_time_ns if CPU else perf_counter_ns

Samples = dict[str, list[int]]


class Bench:
    """A dispatcher with its own clock, on a site of so many agents with the rules of that name."""

    def __init__(self, agents: int, rules: str = "plain", seed: int = 0) -> None:
        self.random = Random(agents + seed)
        self.rules = {**RULES, **SPECIAL}[rules]
        self.policy = site(self.random, agents, self.rules)
        self.queues = list(self.policy.queues)
        self.agents = list(self.policy.agents)
        self.dispatcher = Dispatcher(self.policy)
        # What is timed.
        self.decide = self.dispatcher.handle
        self.now = SECOND
        self.count = 0
        self.signed_in = False

    def post(self, event: Any, after: int = 100) -> list[Any]:
        self.pass_time(after)
        return list(self.dispatcher.handle(event, self.now))

    def pass_time(self, duration: int) -> None:
        """Time goes on, with every deadline in it."""
        self.now += duration
        while (due := self.dispatcher.next_deadline()) is not None and due <= self.now:
            self.dispatcher.expire(self.now)

    def sign_in(self) -> None:
        """Everybody is ready from now on; those who are already stay so."""
        signed_in, self.signed_in = self.signed_in, True
        for agent_id in () if signed_in else self.agents:
            self.post(AgentConnected(agent_id, 1))
            self.post(PresenceSet(agent_id, Presence.READY))

    def arrival(self, skill: str | None = None, minimum: int = 0) -> WorkQueued:
        self.count += 1
        skill = skill or f"s{self.random.randrange(SKILLS)}"
        event = WorkQueued(
            f"w{self.count}",
            f"i{self.count}",
            Medium.VOICE,
            self.random.choice(self.queues),
            (Requirement(skill, minimum or self.random.choice(MINIMA)),),
            self.random.choice((0, 0, 5)),
        )
        return event if self.rules.work is None else self.rules.work(event, self.random)

    def held_skill(self) -> str:
        """A skill of some agent, so that small sites have a taker for most arrivals too."""
        return self.random.choice(list(self.policy.agents[self.random.choice(self.agents)].skills))

    def fill(self, skill: Callable[[], str | None] = lambda: None, after: int = 5_000) -> None:
        """Arrivals, so long after one another, until 10,000 wait."""
        while sum(one.waiting for one in self.dispatcher.queues().values()) < WAITING:
            for _ in range(WAITING // 20):
                self.post(self.arrival(skill()), after=after)
        self.dispatcher.drain_changes()

    def timed(self, event: Any, turn: list[int], rows: list[int] | None = None) -> list[Any]:
        """One turn, timed to its commands and to its rows."""
        self.pass_time(100)
        start = clock()
        commands = self.decide(event, self.now)
        decided = clock()
        self.dispatcher.drain_changes()
        drained = clock()
        turn.append(decided - start)
        if rows is not None:
            rows.append(drained - start)
        return list(commands)

    def settle(self) -> None:
        """What the pump does between turns, untimed."""
        self.dispatcher.tidy()


def arrivals(bench: Bench) -> Samples:
    """All agents free; each arrival is offered, then leaves, and the agent is free again.

    Every demand is compiled beforehand: `first_use` tells what the first item of a new demand costs.
    """
    bench.sign_in()
    return {"first_use": first_uses(bench), **arrival_rounds(bench)}


def first_uses(bench: Bench) -> list[int]:
    """An arrival of each demand, for the first time."""
    first_use: list[int] = []
    with quiet():
        for skill, minimum in product(range(SKILLS), MINIMA):
            event = bench.arrival(f"s{skill}", minimum)
            bench.timed(event, first_use)
            bench.post(CustomerLeft(event.work_id))
    return first_use


def arrival_rounds(bench: Bench) -> Samples:
    """An agent is found each time, and free again afterwards."""
    out: Samples = {"arrival": [], "arrival+rows": []}
    with quiet():
        for _ in range(ROUNDS):
            turn: list[int] = []
            rows: list[int] = []
            event = bench.arrival(bench.held_skill())
            if bench.timed(event, turn, rows):
                out["arrival"] += turn
                out["arrival+rows"] += rows
            bench.post(CustomerLeft(event.work_id))
            bench.settle()
    return out


def freed(bench: Bench) -> Samples:
    """All agents busy and 10,000 items wait; wrap-up ends, and the same turn offers the agent their next item."""
    bench.sign_in()
    bench.fill()
    return {name: samples for name, samples in freed_rounds(bench, bench.arrival).items() if samples}


def freed_rounds(bench: Bench, another: Callable[[], WorkQueued]) -> Samples:
    """Each of those who hold something is freed in turn; another item arrives each time."""
    held = list(bench.dispatcher.shard.reservations.values())
    out: Samples = {"freed": [], "freed+rows": []}
    at = 0
    with quiet():
        while held and len(out["freed"]) < ROUNDS:
            at %= len(held)
            reservation = held[at]
            agent_id = reservation.agent.agent_id
            _wrap_up(bench, reservation.reservation_id, agent_id)
            turn: list[int] = []
            rows: list[int] = []
            commands = bench.timed(WrapUpFinished(reservation.reservation_id, agent_id), turn, rows)
            if len(commands) == 3:
                out["freed"] += turn
                out["freed+rows"] += rows
                held[at] = bench.dispatcher.shard.reservations[commands[2].reservation_id]
                at += 1
            else:
                held.pop(at)
            bench.post(another())
            bench.settle()
    return out


def _wrap_up(bench: Bench, reservation_id: str, agent_id: str) -> None:
    """From the offer to wrap-up, untimed."""
    bench.post(OfferAccepted(reservation_id, agent_id))
    bench.post(AssignmentConnected(reservation_id))
    bench.post(AssignmentEnded(reservation_id, EndedBy.CUSTOMER))


def floor(bench: Bench) -> Samples:
    """An event made, matched by class and one lookup by id: the least that a turn does."""
    agents = dict.fromkeys(bench.agents, 0)
    out: Samples = {"floor": []}

    def handle(event: object) -> int:
        match event:
            case WorkQueued():
                return 1
            case WrapUpFinished():
                return agents[event.agent_id]
            case _:
                return 0

    with quiet():
        for index in range(ROUNDS):
            start = clock()
            handle(WrapUpFinished("w1.1", bench.agents[index % len(agents)]))
            out["floor"].append(clock() - start)
    return out


class quiet:  # noqa: N801 - reads as a word of the with statement
    """Garbage collection as in the server: what is loaded is frozen, and the rest is collected as seldom as there."""

    def __enter__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 10)  # as server.node has it

    def __exit__(self, *_: object) -> None:
        gc.set_threshold(700, 10, 10)
        gc.unfreeze()
