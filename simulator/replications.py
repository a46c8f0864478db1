"""Runs a scenario again and again, each time with other luck, and puts the results together."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from router.policy import Policy
from router.rows import ShardImage
from simulator.distributions import Floats
from simulator.engine import Engine
from simulator.estimates import Estimate, Pair, difference, estimate, join
from simulator.measures import Key, Summary, summarize
from simulator.scenario import Scenario
from simulator.streams import Streams
from simulator.trace import Trace

# One long run is cut into so many parts, whose means are nearly independent when they are long against the waits.
BATCHES = 20


def run(
    scenario: Scenario,
    seed: int,
    replication: int = 0,
    *,
    policy: Policy | None = None,
    start: ShardImage | None = None,
    progress: Callable[[float], None] | None = None,
) -> Trace:
    """One run. The same seed and replication meet the same customers, under whatever policy (None: the scenario's).

    With `start` the shard is found as that image has it, at the image's clock, which is then `scenario.start_us`: who
    waits, rings, talks or is in wrap-up goes on, agents stay as they are until their plan says otherwise. Raises
    ImageError for an image that contradicts itself, ValueError for one that the scenario does not cover.
    """
    return Engine(scenario, Streams(seed, replication), policy or scenario.policy, start, progress).run()


@dataclass(frozen=True, slots=True)
class Job:
    """One replication, as it is sent to another process."""

    scenario: Scenario
    seed: int
    replication: int
    policy: Policy | None
    start: ShardImage | None
    batches: int

    def summary(self, progress: Callable[[float], None] | None = None) -> Summary:
        """Runs and measures it, without the collector of cycles: a run leaves few, and looking costs a tenth."""
        collects = gc.isenabled()
        gc.disable()
        try:
            trace = run(
                self.scenario, self.seed, self.replication, policy=self.policy, start=self.start, progress=progress
            )
            return summarize(trace, self.scenario, self.batches)
        finally:
            if collects:
                gc.enable()


def _summary(job: Job) -> Summary:
    return job.summary()


def replicate(
    scenario: Scenario,
    seed: int,
    replications: Iterable[int],
    *,
    policy: Policy | None = None,
    start: ShardImage | None = None,
    batches: int = 1,
    processes: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Summary]:
    """The replications of these numbers, each as soon as it and those before it are done.

    `progress` is told the share of the work that is done, from 0 to 1.
    """
    numbers = tuple(replications)
    jobs = [Job(scenario, seed, number, policy, start, batches) for number in numbers]
    tell = progress or (lambda _: None)
    if processes <= 1:
        for done, job in enumerate(jobs):
            yield job.summary(lambda share, done=done: tell((done + share) / len(jobs)))  # type: ignore[misc]
            tell((done + 1) / len(jobs))
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done, summary in enumerate(pool.map(_summary, jobs)):
            tell((done + 1) / len(jobs))
            yield summary


@dataclass(frozen=True, slots=True)
class Result:
    """Several replications, or one run in batches. `slots` are the means of each slot of the plot."""

    pairs: Mapping[Key, Pair]
    slots: Mapping[str, Floats]
    runs: int
    batches: int
    turns: int
    notes: Mapping[str, int]

    def estimate(self, kind: str, name: str, measure: str) -> Estimate:
        """One measure. Raises KeyError for a name that was not measured."""
        return estimate(self.pairs[kind, name, measure])

    def estimates(self) -> dict[Key, Estimate]:
        """All of them."""
        return {key: estimate(pair) for key, pair in self.pairs.items()}


def gather(summaries: Sequence[Summary], batches: int = 1) -> Result:
    """The result of these runs. Raises IndexError without any."""
    first = summaries[0]
    notes: dict[str, int] = {}
    for summary in summaries:
        for note, count in summary.notes.items():
            notes[note] = notes.get(note, 0) + count
    return Result(
        pairs={key: join([summary.pairs[key] for summary in summaries]) for key in first.pairs},
        slots={name: np.mean([summary.slots[name] for summary in summaries], axis=0) for name in first.slots},
        runs=len(summaries),
        batches=batches,
        turns=sum(summary.turns for summary in summaries),
        notes=notes,
    )


def simulate(
    scenario: Scenario,
    seed: int,
    *,
    replications: int | None = None,
    policy: Policy | None = None,
    start: ShardImage | None = None,
    processes: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """All replications (None: as many as the scenario says); a single one is cut into batches."""
    count = scenario.replications if replications is None else replications
    batches = BATCHES if count == 1 else 1
    summaries = replicate(
        scenario,
        seed,
        range(count),
        policy=policy,
        start=start,
        batches=batches,
        processes=processes,
        progress=progress,
    )
    return gather(list(summaries), batches)


def compare(first: Result, second: Result) -> dict[Key, Estimate]:
    """Second less first, measure by measure. Both are of the same seed and the same replications."""
    return {key: difference(pair, second.pairs[key]) for key, pair in first.pairs.items() if key in second.pairs}
