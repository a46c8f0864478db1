"""A simulated day: how long the simulator takes for 50,000 calls and 500 agents on one core.

    python -m bench.simulate [--calls 50000] [--agents 500] [--runs 3]

Calls come as the day goes (a quiet night, two peaks), ring, talk, have wrap-up and lose patience; two skills, half of
the agents have both. `day` is the time of one replication with its measures, `day_cpu` its CPU time (what
it takes on a core of its own), `turn` the CPU time of one turn of the dispatcher with all that the simulator does
around it. Floor: the CPU time of as many events made, put into a heap and taken out again, with nothing done about
them.
"""

import argparse
import time
from heapq import heappop, heappush

from bench.figures import line
from router.events import OfferAccepted
from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy
from router.vocabulary import Medium, Requirement
from simulator.arrivals import from_rates
from simulator.distributions import Exponential, LogNormal, Uniform
from simulator.replications import replicate
from simulator.scenario import Group, Scenario, WorkType
from simulator.schedule import Plan, Spell

SECOND = 1_000_000
DAY_US = 86_400 * SECOND
# The share of the day's calls in each of its hours.
HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 6, 8, 8, 7, 6, 6, 7, 8, 7, 6, 5, 4, 4, 3, 2, 1)
HANDLE_S = 270.0
# So much of the busiest hour's work fits into the agents' time.
PEAK_OCCUPANCY = 0.95


def day(calls: int, agents: int) -> Scenario:
    """The day, with calls as long as keeps the agents busy at the peak."""
    stretch = PEAK_OCCUPANCY * agents * 3600 * sum(HOURS) / (max(HOURS) * calls) / HANDLE_S
    skills = ({"sales": 5}, {"support": 5}, {"sales": 3, "support": 7}, {"sales": 7, "support": 3})
    people = {f"a{n:04}": AgentPolicy(f"a{n:04}", "t", skills[n % len(skills)]) for n in range(agents)}
    queues = {
        name: QueuePolicy(
            name, Medium.VOICE, (Requirement(name),), strategy=Strategy.BEST_PROFICIENCY, wrap_up_us=3600 * SECOND
        )
        for name in ("sales", "support")
    }
    rates = [(hour * 3600 * SECOND, calls / 2 * share / sum(HOURS)) for hour, share in enumerate(HOURS)]
    work = tuple(
        WorkType(
            name,
            name,
            Medium.VOICE,
            from_rates(rates, DAY_US),
            talk=LogNormal(240e6 * stretch, 0.9),
            wrap_up=Exponential(27e6 * stretch),
            patience=Exponential(300e6),
        )
        for name in queues
    )
    group = Group("agents", dict.fromkeys(people, Plan((Spell(0, None),))), ring=Uniform(SECOND, 5 * SECOND))
    return Scenario("bench", Policy("bench", queues, people), work, (group,), 0, DAY_US, 0, DAY_US)


def floor(turns: int) -> float:
    """Seconds for so many events through a heap that holds a thousand."""
    heap: list[tuple[int, int, OfferAccepted]] = []
    start = time.process_time()
    for number in range(turns):
        heappush(heap, ((number * 7919) % 100_003, number, OfferAccepted("w1.1", "a1")))
        if number >= 1000:
            heappop(heap)
    return time.process_time() - start


def measure(calls: int, agents: int, runs: int) -> list[str]:
    """The result lines."""
    scenario = day(calls, agents)
    days: list[float] = []
    cpu: list[float] = []
    turns: list[float] = []
    floors: list[float] = []
    for replication in range(runs):
        start, begun = time.perf_counter(), time.process_time()
        turned = next(replicate(scenario, 1, (replication,))).turns
        days.append(time.perf_counter() - start)
        cpu.append(time.process_time() - begun)
        turns.append(cpu[-1] / turned * 1e6)
        floors.append(floor(turned))
    conditions = f"a day of {calls} calls, {agents} agents, two skills, ringing, wrap-up and patience, one process"
    return [
        line("simulate.floor_events", "s CPU", floors, f"as many events through a heap; {conditions}"),
        line("simulate.day", "s", days, conditions),
        line("simulate.day_cpu", "s CPU", cpu, conditions),
        line("simulate.turn", "us CPU", turns, conditions),
    ]


def main() -> None:
    """Reads the counts and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print("\n".join(measure(arguments.calls, arguments.agents, arguments.runs)), flush=True)


if __name__ == "__main__":
    main()
