"""A small discrete-event simulation of a shift: arrivals, patience, talk and wrap-up times, all drawn from one seed.

It plays the outside world around one dispatcher: it carries commands out and posts what follows, in time order.
"""

from collections import Counter
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from router.commands import CloseWork, Command, JoinLegs, PartLegs, SendOffer, StartWrapUp, WithdrawOffer
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    CustomerLeft,
    Event,
    OfferAccepted,
    OfferRejected,
    PresenceSet,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy
from router.vocabulary import EndedBy, Medium, Outcome, Presence, Requirement
from tests.router.world import SECOND, World

MINUTE = 60 * SECOND


def site(random: Random, agents: int) -> Policy:
    """Voice and chat; two languages; agents with one call or up to three chats."""
    return Policy(
        version="shift",
        queues={
            "orders": QueuePolicy("orders", Medium.VOICE, (Requirement("orders"),)),
            "vip": QueuePolicy("vip", Medium.VOICE, (Requirement("orders", 4),), priority=5),
            "chat": QueuePolicy("chat", Medium.CHAT, strategy=Strategy.LONGEST_IDLE, wrap_up_us=10 * SECOND),
        },
        agents={
            f"a{index:02}": AgentPolicy(
                f"a{index:02}",
                "day",
                {"orders": random.randint(1, 10), "en": random.randint(1, 10), "zh": random.randint(1, 10)},
                {Medium.VOICE: 1, Medium.CHAT: 3},
                total_units=3,
            )
            for index in range(agents)
        },
        units={Medium.VOICE: 3, Medium.CHAT: 1, Medium.EMAIL: 1},
    )


@dataclass
class Shift:
    """`held` counts units per agent from the commands alone; `peak` is the most that anybody held."""

    seed: int
    agents: int
    arrivals: int
    world: World = field(init=False)
    random: Random = field(init=False)
    agenda: list[tuple[int, int, Event]] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    closed: dict[str, Outcome] = field(default_factory=dict)
    offered: dict[str, SendOffer] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    waits: list[int] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.world = World(site(self.random, self.agents))
        for index, agent_id in enumerate(self.world.dispatcher.policy.agents):
            self.later(index * SECOND, AgentConnected(agent_id, 1))
            self.later(index * SECOND + 1, PresenceSet(agent_id, Presence.READY))
        at = MINUTE
        for number in range(self.arrivals):
            at += self.random.randint(1, 4 * SECOND)
            self.later(at, self.arrival(number))
            self.later(at + self.random.randint(10 * SECOND, 5 * MINUTE), CustomerLeft(f"w{number}"))

    def arrival(self, number: int) -> WorkQueued:
        queue = self.random.choice(("orders", "orders", "vip", "chat", "chat"))
        medium = Medium.CHAT if queue == "chat" else Medium.VOICE
        needs = (Requirement(self.random.choice(("en", "zh")), self.random.randint(1, 5)),)
        return WorkQueued(f"w{number}", f"i{number}", medium, queue, needs, self.random.choice((0, 0, 0, 2)), "n1")

    def later(self, after: int, event: Event) -> None:
        self.steps += 1
        heappush(self.agenda, (self.world.now + after, self.steps, event))

    def run(self) -> None:
        """Until nothing is to come: no event, no deadline."""
        world = self.world
        while self.agenda or world.dispatcher.next_deadline() is not None:
            due = world.dispatcher.next_deadline()
            if self.agenda and (due is None or self.agenda[0][0] <= due):
                world.now, _, event = heappop(self.agenda)
                commands = world.dispatcher.handle(event, world.now)
            else:
                assert due is not None
                world.now = max(world.now, due)
                commands = world.dispatcher.expire(world.now)
            world.store.apply(world.dispatcher.drain_changes())
            for command in commands:
                self.carry_out(command)

    def carry_out(self, command: Command) -> None:
        """What the outside world does about a command."""
        random = self.random
        match command:
            case SendOffer():
                self.hold(command)
                chance = random.random()
                if chance < 0.85:
                    self.later(random.randint(1, 8 * SECOND), OfferAccepted(command.reservation_id, command.agent_id))
                elif chance < 0.95:
                    self.later(random.randint(1, 8 * SECOND), OfferRejected(command.reservation_id, command.agent_id))
                else:  # A missed offer makes the agent not ready; they notice after a minute.
                    self.later(MINUTE, PresenceSet(command.agent_id, Presence.READY))
            case JoinLegs():
                self.join(command)
            case PartLegs():
                if command.work_id not in self.talked():
                    self.free(command.reservation_id)
            case StartWrapUp():
                if random.random() < 0.8:
                    self.later(random.randint(1, 40 * SECOND), WrapUpFinished(command.reservation_id, command.agent_id))
            case WithdrawOffer():
                self.free(command.reservation_id)
            case CloseWork():
                assert command.work_id not in self.closed, f"{command.work_id} is closed twice"
                self.closed[command.work_id] = command.outcome
                self.outcomes[command.outcome] += 1
                if command.outcome is Outcome.HANDLED:
                    self.free(self.last_of(command.work_id))
            case _:
                pass

    def join(self, command: JoinLegs) -> None:
        if self.random.random() < 0.03:
            self.later(SECOND, AssignmentFailed(command.reservation_id, "no_media"))
            self.later(MINUTE, PresenceSet(command.agent_id, Presence.READY))
            return
        self.later(self.random.randint(1, SECOND), AssignmentConnected(command.reservation_id))
        talk = self.random.randint(5 * SECOND, 3 * MINUTE)
        self.later(talk + SECOND, AssignmentEnded(command.reservation_id, self.random.choice(tuple(EndedBy))))
        self.waits.append(self.world.now - self.offered[command.reservation_id].queued_at)

    def talked(self) -> set[str]:
        """Work that is in wrap-up: its capacity is still held."""
        return {key for key, row in self.world.store.work.items() if row.state == "wrap_up"} | {
            key for key, outcome in self.closed.items() if outcome is Outcome.HANDLED
        }

    def hold(self, offer: SendOffer) -> None:
        assert offer.reservation_id not in self.offered, f"{offer.reservation_id} is offered twice"
        self.offered[offer.reservation_id] = offer
        self.held[offer.agent_id] += self.world.dispatcher.policy.units[offer.medium]
        self.peak = max(self.peak, self.held[offer.agent_id])

    def free(self, reservation_id: str) -> None:
        offer = self.offered[reservation_id]
        self.held[offer.agent_id] -= self.world.dispatcher.policy.units[offer.medium]
        assert self.held[offer.agent_id] >= 0, f"{reservation_id} is freed twice"

    def last_of(self, work_id: str) -> str:
        attempt = max(offer.attempt for offer in self.offered.values() if offer.work_id == work_id)
        return f"{work_id}.{attempt}"
