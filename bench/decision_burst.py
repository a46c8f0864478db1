"""Bursts: agents who come free in one turn while many items wait, matched as a whole or one by one.

Beside the time of the turns, until everybody has been tried: how many items were served, and the sum of the grades
that the agents have in what was asked for.
"""

from dataclasses import dataclass

from bench.decision_turns import QUICK, Bench, Samples, clock, quiet
from router.agenda import Agenda
from router.commands import SendOffer
from router.events import NodeLost, WorkQueued
from router.vocabulary import Medium, Requirement

REPEATS = 3 if QUICK else 15
SHAPES = ((5, 12),) if QUICK else ((20, 50), (200, 100), (200, 200), (200, 500), (500, 500))


@dataclass
class Measured:
    """Samples of one way: nanoseconds of all turns, of the longest one, items served, grades."""

    turns: list[int]
    pause: list[int]
    served: list[int]
    grades: list[int]


def bursts() -> Samples:
    """Each shape with the same sites and items, both ways. Counts stand as thousands, to be printed as they are."""
    out: Samples = {}
    for agents, items in SHAPES:
        for way in ("whole", "one_by_one"):
            found = Measured([], [], [], [])
            for seed in range(REPEATS):
                _measure(found, agents, items, seed, way == "whole")
            lead = f"{agents}x{items}.{way}"
            out |= {f"{lead}.turns": found.turns, f"{lead}.pause": found.pause}
            out |= {f"{lead}.served": found.served, f"{lead}.grades": found.grades}
    return out


def _measure(found: Measured, agents: int, items: int, seed: int, whole: bool) -> None:
    bench = Bench(agents, seed=seed)
    bench.sign_in()
    for agent_id in bench.agents:
        bench.post(WorkQueued(f"held-{agent_id}", "i", Medium.VOICE, "voice", (), 0, "lost", named=(agent_id,)))
    for _ in range(items):
        bench.post(bench.arrival(bench.held_skill()))
    plan = Agenda._goes_alone
    try:
        if not whole:
            Agenda._goes_alone = lambda *_: True  # type: ignore[method-assign]
        commands, turns = [], []
        with quiet():
            start = clock()
            commands += bench.dispatcher.handle(NodeLost("lost"), bench.now)
            turns.append(clock() - start)
            while bench.dispatcher.unfinished:
                start = clock()
                commands += bench.dispatcher.expire(bench.now)
                turns.append(clock() - start)
    finally:
        Agenda._goes_alone = plan  # type: ignore[method-assign]
    offers = [command for command in commands if isinstance(command, SendOffer)]
    found.turns.append(sum(turns))
    found.pause.append(max(turns))
    found.served.append(len(offers) * 1000)
    found.grades.append(sum(_grades(bench, one.agent_id, one.requirements) for one in offers) * 1000)


def _grades(bench: Bench, agent_id: str, needs: tuple[Requirement, ...]) -> int:
    return sum(bench.policy.agents[agent_id].skills[need.skill] for need in needs)
