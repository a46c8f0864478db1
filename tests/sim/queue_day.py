"""A day of one or two queues through the real dispatcher, asking for an estimate for each item that has to wait."""

from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from router.commands import Command, JoinLegs, SendOffer, StartWrapUp
from router.estimates import WaitEstimate, WaitEstimates
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    OfferAccepted,
    PresenceSet,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import EndedBy, Medium, Presence, Requirement
from tests.router.world import SECOND, World


@dataclass
class QueueDay:
    """`load` is the share of the agents' time that the arrivals ask for; talk is lognormal, or exponential."""

    seed: int
    agents: int
    load: float
    arrivals: int = 4000
    exponential: bool = False
    second_queue: bool = False
    patience_s: float = 0.0
    told: dict[str, WaitEstimate] = field(default_factory=dict)
    waits: list[tuple[WaitEstimate, int]] = field(default_factory=list)
    unknown: int = 0
    turns: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.world = World(self._policy())
        self.estimates = WaitEstimates(self.world.dispatcher.policy)
        self._agenda: list[tuple[int, int, Event]] = []
        self._count = 0
        for name in self.world.dispatcher.policy.agents:
            self._later(0, AgentConnected(name, 1))
            self._later(1, PresenceSet(name, Presence.READY))
        at = 2.0
        mean_s = 200.0 + 20.0 + 3.0  # talk, wrap-up and ringing
        for number in range(self.arrivals):
            at += self.random.expovariate(self.agents * self.load / mean_s)
            queue = "vip" if self.second_queue and self.random.random() < 0.3 else "orders"
            work = WorkQueued(f"w{number}", f"i{number}", Medium.VOICE, queue)
            self._later(round(at * SECOND), work)
            if self.patience_s:
                until = at + self.random.expovariate(1 / self.patience_s)
                self._later(round(until * SECOND), CustomerLeft(f"w{number}"))

    def _policy(self) -> Policy:
        queues = {
            "orders": QueuePolicy("orders", Medium.VOICE, (Requirement("orders"),), wrap_up_us=20 * SECOND),
            "vip": QueuePolicy("vip", Medium.VOICE, (Requirement("vip"),), wrap_up_us=20 * SECOND),
        }
        skills = [{"orders": 5}, {"orders": 5, "vip": 5}] if self.second_queue else [{"orders": 5}]
        agents = {
            f"a{number:03}": AgentPolicy(f"a{number:03}", "day", skills[number % len(skills)])
            for number in range(self.agents)
        }
        return Policy("day", queues, agents)

    def run(self) -> None:
        """Until nothing is to come."""
        world = self.world
        while self._agenda or world.dispatcher.next_deadline() is not None:
            due = world.dispatcher.next_deadline()
            event: Event | None = None
            if self._agenda and (due is None or self._agenda[0][0] <= due):
                world.now, _, event = heappop(self._agenda)
                commands = world.dispatcher.handle(event, world.now)
            else:
                world.now = max(world.now, due or 0)
                commands = world.dispatcher.expire(world.now)
            self._observe(event, commands)
            for command in commands:
                self._carry_out(command)

    def _observe(self, event: Event | None, commands: list[Command]) -> None:
        changes = self.world.dispatcher.drain_changes()
        turn = Turn(len(self.turns) + 1, self.world.now, "sim", event or CustomerLeft(""), tuple(commands), changes)
        self.turns.append(turn)
        self.estimates.observe(turn)
        if isinstance(event, WorkQueued) and (place := self.world.dispatcher.place(event.work_id)) is not None:
            estimate = self.estimates.estimate(event.queue, place)
            if estimate is None:
                self.unknown += 1
            else:
                self.told[event.work_id] = estimate

    def _carry_out(self, command: Command) -> None:
        random = self.random
        match command:
            case SendOffer():
                if (estimate := self.told.pop(command.work_id, None)) is not None:
                    self.waits.append((estimate, self.world.now - command.queued_at))
                self._later(random.randint(SECOND, 5 * SECOND), OfferAccepted(command.reservation_id, command.agent_id))
            case JoinLegs():
                talk = random.expovariate(1 / 200) if self.exponential else random.lognormvariate(5.0, 0.8)
                self._later(0, AssignmentConnected(command.reservation_id))
                self._later(round(talk * SECOND) + 1, AssignmentEnded(command.reservation_id, EndedBy.CUSTOMER))
            case StartWrapUp():
                self._later(
                    random.randint(SECOND, 19 * SECOND), WrapUpFinished(command.reservation_id, command.agent_id)
                )
            case _:
                pass

    def _later(self, after: int, event: Event) -> None:
        self._count += 1
        heappush(self._agenda, (self.world.now + after, self._count, event))

    def coverage(self) -> float:
        """The share of real waits that lie in the interval that was told."""
        inside = sum(estimate.low_us <= wait <= estimate.high_us for estimate, wait in self.waits)
        return inside / len(self.waits)

    def bias(self) -> float:
        """Real waits over expected ones, both summed."""
        return sum(wait for _, wait in self.waits) / sum(estimate.expected_us for estimate, _ in self.waits)
