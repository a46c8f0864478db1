"""What a supervisor waits for when they ask what a change would do: 200 agents, 5 queues, the floor nearly full.

    python -m bench.what_if [--agents 200] [--asks 5] [--seconds 10]

`what_if.first` is from the question to the first line with numbers, through the pipe of a process started for it;
`what_if.first_cpu` is the CPU time of that process until it was ended, which is what it takes on a core of its own.
`what_if.pairs` is how many pairs of runs of the next half hour are done after ten seconds, `what_if.width` half the
interval of the service level's difference by then. Floor: a process that only loads numpy.
"""

import argparse
import asyncio
import resource
import sys
import time

from bench.figures import line
from http_api.what_if_messages import Compared
from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy
from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import Medium, OfferState, Presence, Requirement, WorkState
from server.floor.what_if import answers
from server.floor.what_if_basis import HORIZON_US
from server.floor.what_if_worker import Question, encode
from simulator.moment import QueueBasis, TeamBasis
from store.codec import encode_row
from store.segment import RawImage

SECOND = 1_000_000
NOW = 1_772_409_600_000_000
QUEUES = ("sales", "support", "billing", "orders", "returns")
TALK_S, WRAP_UP_S, RING_S = 200, 30, 4
# Of the agents' time, were the work spread evenly.
LOAD = 0.95
LONG_S = 10.0


def question(agents: int, limit_s: float) -> Question:
    """Nine in ten agents talk; the change teaches a tenth of them what the crowded queue asks."""
    skills = [{QUEUES[number % 5]: 5, QUEUES[(number + 1) % 5]: 3} for number in range(agents)]
    people = {f"a{n:04}": AgentPolicy(f"a{n:04}", "t", each) for n, each in enumerate(skills)}
    helped = {
        name: AgentPolicy(name, "t", {**one.skills, "sales": 5}) if number % 10 == 2 else one
        for number, (name, one) in enumerate(people.items())
    }
    queues = {
        name: QueuePolicy(
            name,
            Medium.VOICE,
            (Requirement(name),),
            strategy=Strategy.BEST_PROFICIENCY,
            wrap_up_us=120 * SECOND,
        )
        for name in QUEUES
    }
    before, after = Policy("before", queues, people), Policy("after", queues, helped)
    handle = TALK_S + WRAP_UP_S + RING_S
    basis = tuple(
        QueueBasis(
            queue=name,
            medium=Medium.VOICE,
            threshold_us=20 * SECOND,
            short_us=5 * SECOND,
            # Sales has a fifth too much, the others a little less than their share.
            per_hour=LOAD * agents * 3600 / handle / 5 * (1.2 if name == "sales" else 0.95),
            talk_us=TALK_S * SECOND,
            wrap_up_us=WRAP_UP_S * SECOND,
            patience_us=300 * SECOND,
        )
        for name in QUEUES
    )
    teams = (TeamBasis(team="t", ring_us=RING_S * SECOND),)
    rows, policies = _rows(list(people)), (encode_row(before), encode_row(after))
    return Question(rows, *policies, {}, basis, teams, QUEUES, ("t",), HORIZON_US, limit_s, 1)


def _rows(people: list[str]) -> RawImage:
    held = [name for number, name in enumerate(people) if number % 10]
    agents = [AgentRow(name, Presence.READY, None, NOW - 3600 * SECOND, 1, True, NOW - 60 * SECOND) for name in people]
    work = [
        WorkRow(f"w{n}", f"w{n}", Medium.VOICE, QUEUES[n % 5], (), 0, NOW - 90 * SECOND, n, WorkState.CONNECTED, 1, "n")
        for n, _ in enumerate(held)
    ]
    reservations = [
        ReservationRow(
            f"w{n}.1", f"w{n}", name, Medium.VOICE, 3, OfferState.CONNECTED, NOW - 80 * SECOND, None, NOW - 75 * SECOND
        )
        for n, name in enumerate(held)
    ]
    packed = [tuple(encode_row(row) for row in rows) for rows in (agents, work, reservations)]
    return RawImage("before", 1, NOW, packed[0], packed[1], packed[2])


async def first(asked: Question) -> tuple[float, float]:
    """Milliseconds until there are numbers, and of CPU time until the process is gone."""
    began, used = time.perf_counter(), _children_ms()
    lines = answers(encode(asked))
    async for told in lines:
        if isinstance(told, Compared):
            break
    passed = (time.perf_counter() - began) * 1000
    await lines.aclose()
    return passed, _children_ms() - used


def _children_ms() -> float:
    """CPU time of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


async def last(asked: Question) -> Compared:
    """What came of all its time."""
    found = [told async for told in answers(encode(asked)) if isinstance(told, Compared)]
    return found[-1]


async def floor() -> float:
    """Milliseconds of a process that loads numpy and ends."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import numpy")
    await process.wait()
    return (time.perf_counter() - began) * 1000


async def measure(agents: int, asks: int, long_s: float) -> list[str]:
    """The result lines."""
    floors, firsts = [], []
    for _ in range(asks):
        floors.append(await floor())
        firsts.append(await first(question(agents, long_s)))
    found = await last(question(agents, long_s))
    level = found.queues[0].level.difference
    width = 0.0 if level.high is None or level.low is None else 100 * (level.high - level.low) / 2
    conditions = f"{agents} agents, {len(QUEUES)} queues, 30 minutes forward, niced"
    return [
        line("what_if.first", "ms", [wall for wall, _ in firsts], conditions),
        line("what_if.first_cpu", "ms", [cpu for _, cpu in firsts], conditions),
        line("what_if.pairs", "pairs", [float(found.pairs)], f"{conditions}, {long_s:.0f} s"),
        line(
            "what_if.width", "percentage points", [width], f"{conditions}, {long_s:.0f} s, service level of one queue"
        ),
        line("what_if.floor", "ms", floors, "a process that loads numpy"),
    ]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=LONG_S)
    arguments = parser.parse_args()
    for result in asyncio.run(measure(arguments.agents, arguments.asks, arguments.seconds)):
        print(result)


if __name__ == "__main__":
    main()
