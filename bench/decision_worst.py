"""What is hardest for matching: nobody, everybody or one agent in question, all relaxing at once, and new rules."""

from collections.abc import Callable
from dataclasses import replace

from bench.decision_sites import RARE
from bench.decision_turns import ROUNDS, SECOND, WAITING, Bench, Samples, clock, freed_rounds, quiet
from router.events import CustomerLeft, PolicyChanged, WorkQueued
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Requirement

REPEATS = 7


def nobody(bench: Bench) -> Samples:
    """10,000 wait for what all agents lack; each arrival asks for it too."""
    bench.sign_in()
    bench.fill(lambda: "none")
    out: Samples = {"arrival": []}
    with quiet():
        for _ in range(ROUNDS):
            event = bench.arrival("none")
            bench.timed(event, out["arrival"])
            bench.post(CustomerLeft(event.work_id))
            bench.settle()
    return out


def everybody(bench: Bench) -> Samples:
    """Every agent may take every item: all free, then all busy and 10,000 waiting."""

    def anything() -> WorkQueued:
        bench.count += 1
        number = f"{bench.count}"
        return WorkQueued(f"w{number}", f"i{number}", Medium.VOICE, "voice", (), bench.random.choice((0, 0, 5)))

    bench.sign_in()
    out: Samples = {"arrival": []}
    with quiet():
        for _ in range(ROUNDS):
            event = anything()
            bench.timed(event, out["arrival"])
            bench.post(CustomerLeft(event.work_id))
            bench.settle()
    for _ in range(len(bench.agents) + WAITING):
        bench.post(anything())
    bench.dispatcher.drain_changes()
    return out | freed_rounds(bench, anything)


def rare(bench: Bench) -> Samples:
    """10,000 wait for the one skill that the first agent alone has; that agent is freed again and again."""
    bench.sign_in()
    bench.fill(lambda: RARE)
    return freed_rounds(bench, lambda: bench.arrival(RARE, 1))


def relaxing(bench: Bench) -> Samples:
    """10,000 items that wait come to the end of a ring at one moment: each turn until all of them have."""
    bench.sign_in()
    out: Samples = {"turn": []}
    for _ in range(REPEATS):
        bench.fill(after=0)
        with quiet():
            bench.now += 10 * SECOND
            while (due := bench.dispatcher.next_deadline()) is not None and due <= bench.now:
                start = clock()
                bench.dispatcher.expire(bench.now)
                out["turn"].append(clock() - start)
                bench.dispatcher.drain_changes()
        for name in bench.queues:
            for work_id in bench.dispatcher.waiting(name):
                bench.post(CustomerLeft(work_id), after=0)
    return out


Change = Callable[[Policy, int], Policy]


def _one_agent(policy: Policy, turn: int) -> Policy:
    agent_id = list(policy.agents)[turn]
    return replace(policy, agents={**policy.agents, agent_id: _better(policy.agents[agent_id])})


def _many_agents(policy: Policy, _: int) -> Policy:
    return replace(policy, agents={name: _better(agent) for name, agent in policy.agents.items()})


def _better(agent: AgentPolicy) -> AgentPolicy:
    return replace(agent, skills={skill: grade % 10 + 1 for skill, grade in agent.skills.items()})


def _one_queue(policy: Policy, change: Callable[[QueuePolicy], QueuePolicy]) -> Policy:
    name = next(iter(policy.queues))
    return replace(policy, queues={**policy.queues, name: change(policy.queues[name])})


def _every_queue(policy: Policy, change: Callable[[QueuePolicy], QueuePolicy]) -> Policy:
    return replace(policy, queues={name: change(queue) for name, queue in policy.queues.items()})


def _asks(queue: QueuePolicy, turn: int) -> QueuePolicy:
    return replace(queue, requirements=() if turn % 2 else (Requirement("s0"),))


CHANGES: dict[str, Change] = {
    "one_agent": _one_agent,
    "one_queue": lambda policy, _: _one_queue(policy, lambda queue: replace(queue, priority=queue.priority + 1)),
    "every_queue": lambda policy, _: _every_queue(policy, lambda queue: replace(queue, priority=queue.priority + 1)),
    "every_demand": lambda policy, turn: _every_queue(policy, lambda queue: _asks(queue, turn)),
    "every_agent": _many_agents,
}


def policy_changes(bench: Bench) -> Samples:
    """10,000 wait: the longest turn of each kind of change, and all its turns until everybody has been tried anew."""
    bench.sign_in()
    bench.fill()
    out: Samples = {}
    for name, change in CHANGES.items():
        pauses, whole = out.setdefault(f"{name}.pause", []), out.setdefault(f"{name}.whole", [])
        for turn in range(REPEATS):
            policy = change(bench.dispatcher.policy, turn)
            with quiet():
                turns: list[int] = []
                bench.timed(PolicyChanged(replace(policy, version=f"{name} {turn}")), turns)
                while bench.dispatcher.unfinished:
                    start = clock()
                    bench.dispatcher.expire(bench.now)
                    turns.append(clock() - start)
                    bench.dispatcher.drain_changes()
            pauses.append(max(turns))
            whole.append(sum(turns))
    return out
