"""Time of one routing decision in memory: an arrival that finds an agent, and a freed agent who finds an item.

    python -m bench.decision [ONLY=<prefix>]        (or ONLY in the environment)

One JSON object a line: name, unit, p50, p99, n, conditions. A turn is one event through `Dispatcher.handle`, commands
built; `+rows` adds `drain_changes`. The floor beside it is what no dispatcher can go below in this interpreter: an
event made, matched by class, and one dict looked up. Times include one reading of the clock.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import product
from random import Random
from time import perf_counter_ns
from typing import Any

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
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import EndedBy, Medium, Presence, Requirement

SIZES = (100, 1_000, 10_000)
SKILLS = 200
SKILLS_PER_AGENT = 5
WAITING = 10_000
ROUNDS = 4_000
MINIMA = (1, 3, 5)
SECOND = 1_000_000

Samples = dict[str, list[int]]


def site(random: Random, agents: int) -> Policy:
    """One voice queue; agents with five of 200 skills each."""
    names = [f"s{index}" for index in range(SKILLS)]
    return Policy(
        version="bench",
        queues={"voice": QueuePolicy("voice", Medium.VOICE)},
        agents={
            f"a{index:05}": AgentPolicy(
                f"a{index:05}",
                "t",
                {name: random.randint(1, 10) for name in random.sample(names, SKILLS_PER_AGENT)},
            )
            for index in range(agents)
        },
    )


class Bench:
    """A dispatcher with its own clock."""

    def __init__(self, agents: int) -> None:
        self.random = Random(agents)
        self.policy = site(self.random, agents)
        self.dispatcher = Dispatcher(self.policy)
        self.now = SECOND
        self.count = 0

    def post(self, event: Any) -> list[Any]:
        self.now += 100
        return list(self.dispatcher.handle(event, self.now))

    def sign_in(self) -> None:
        for agent_id in self.policy.agents:
            self.post(AgentConnected(agent_id, 1))
            self.post(PresenceSet(agent_id, Presence.READY))

    def arrival(self, skill: str | None = None) -> WorkQueued:
        self.count += 1
        skill = skill or f"s{self.random.randrange(SKILLS)}"
        needs = (Requirement(skill, self.random.choice(MINIMA)),)
        return WorkQueued(
            f"w{self.count}", f"i{self.count}", Medium.VOICE, "voice", needs, self.random.choice((0, 0, 5))
        )

    def held_skill(self) -> str:
        """A skill of some agent, so that small sites have a taker for most arrivals too."""
        agent = self.policy.agents[f"a{self.random.randrange(len(self.policy.agents)):05}"]
        return self.random.choice(list(agent.skills))

    def timed(self, event: Any, turn: list[int], rows: list[int]) -> list[Any]:
        """One turn, timed to its commands and to its rows."""
        self.now += 100
        start = perf_counter_ns()
        commands = self.dispatcher.handle(event, self.now)
        decided = perf_counter_ns()
        self.dispatcher.drain_changes()
        drained = perf_counter_ns()
        turn.append(decided - start)
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
    first_use: list[int] = []
    with quiet():
        for skill, minimum in product(range(SKILLS), MINIMA):
            needs = (Requirement(f"s{skill}", minimum),)
            bench.timed(WorkQueued("first", "first", Medium.VOICE, "voice", needs), first_use, [])
            bench.post(CustomerLeft("first"))
    bench.dispatcher.drain_changes()
    out: Samples = {"first_use": first_use, "arrival": [], "arrival+rows": []}
    with quiet():
        for _ in range(ROUNDS):
            turn: list[int] = []
            rows: list[int] = []
            event = bench.arrival(bench.held_skill())
            commands = bench.timed(event, turn, rows)
            if commands:
                out["arrival"] += turn
                out["arrival+rows"] += rows
            bench.post(CustomerLeft(event.work_id))
            bench.settle()
    return out


def freed(bench: Bench) -> Samples:
    """All agents busy and 10,000 items wait; wrap-up ends, and the same turn offers the agent their next item."""
    bench.sign_in()
    skills = [f"s{index}" for index in range(SKILLS)]
    bench_waiting(bench, skills)
    held = list(bench.dispatcher.shard.reservations.values())
    bench.dispatcher.drain_changes()
    out: Samples = {"freed": [], "freed+rows": []}
    with quiet():
        for index in range(ROUNDS):
            reservation = held[index % len(held)]
            agent_id = reservation.agent.agent_id
            wrap_up(bench, reservation.reservation_id, agent_id)
            turn: list[int] = []
            rows: list[int] = []
            commands = bench.timed(WrapUpFinished(reservation.reservation_id, agent_id), turn, rows)
            if len(commands) == 3:
                out["freed"] += turn
                out["freed+rows"] += rows
                held[index % len(held)] = bench.dispatcher.shard.reservations[commands[2].reservation_id]
            bench.post(bench.arrival())
            bench.settle()
    return out


def bench_waiting(bench: Bench, skills: list[str]) -> None:
    """Arrivals until so many wait."""
    while sum(one.waiting for one in bench.dispatcher.queues().values()) < WAITING:
        for _ in range(500):
            bench.post(bench.arrival(bench.random.choice(skills)))


def wrap_up(bench: Bench, reservation_id: str, agent_id: str) -> None:
    """From the offer to wrap-up, untimed."""
    bench.post(OfferAccepted(reservation_id, agent_id))
    bench.post(AssignmentConnected(reservation_id))
    bench.post(AssignmentEnded(reservation_id, EndedBy.CUSTOMER))


def floor(bench: Bench) -> Samples:
    """An event made, matched by class and one lookup by id: the least that a turn does."""
    agents = dict.fromkeys(bench.policy.agents, 0)
    keys = list(agents)
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
            start = perf_counter_ns()
            handle(WrapUpFinished("w1.1", keys[index % len(keys)]))
            out["floor"].append(perf_counter_ns() - start)
    return out


class quiet:  # noqa: N801 - reads as a word of the with statement
    """Garbage collection as in the server: what is loaded is frozen, the oldest generation is never collected."""

    def __enter__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(700, 10, 1_000_000)

    def __exit__(self, *_: object) -> None:
        gc.set_threshold(700, 10, 10)
        gc.unfreeze()


def results(only: str) -> Iterator[dict[str, object]]:
    """The lines, in order; a benchmark whose names do not begin with `only` is not run."""
    parts: tuple[tuple[str, tuple[str, ...], Callable[[Bench], Samples]], ...] = (
        ("floor", ("floor",), floor),
        ("arrival", ("first_use", "arrival", "arrival+rows"), arrivals),
        ("freed", ("freed", "freed+rows"), freed),
    )
    for agents in SIZES:
        for part, stems, run in parts:
            names = [f"{stem}.{agents}" for stem in stems]
            # A floor is measured with whatever stands beside it.
            if part != "floor" and not any(f"decision.{name}".startswith(only) for name in names):
                continue
            for name, samples in run(Bench(agents)).items():
                samples.sort()
                yield {
                    "name": f"decision.{name}.{agents}",
                    "unit": "us",
                    "p50": round(samples[len(samples) // 2] / 1000, 2),
                    "p99": round(samples[len(samples) * 99 // 100] / 1000, 2),
                    "n": len(samples),
                    "conditions": conditions(part, agents),
                }


def conditions(part: str, agents: int) -> str:
    """What the figures hold for."""
    version = ".".join(map(str, sys.version_info[:3]))
    base = f"CPython {version}, {os.cpu_count()} cores"
    if part == "floor":
        return base
    waiting = f", {WAITING} waiting" if part == "freed" else ", all free"
    return f"{base}, {agents} agents, {SKILLS} skills, {SKILLS_PER_AGENT} per agent, 3 minima{waiting}"


def main() -> None:
    """Print one line for each result."""
    only = os.environ.get("ONLY", "")
    for argument in sys.argv[1:]:
        only = argument.removeprefix("ONLY=")
    for line in results(only):
        if str(line["name"]).startswith(only) or str(line["name"]).startswith("decision.floor"):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
