"""Seeded random walks: plausible events, late ones, repeated ones and nonsense, with time passing in between."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from router.commands import Command
from router.events import (
    AgentConnected,
    AgentDisconnected,
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    CallbackFailed,
    CallbackRequested,
    CustomerLeft,
    DayStarted,
    Event,
    HandoffAnswered,
    HandoffAsked,
    HandoffHosted,
    MediaPaused,
    NodeLost,
    OfferAccepted,
    OfferFailed,
    OfferRejected,
    PolicyChanged,
    PresenceQueued,
    PresenceSet,
    WorkCancelled,
    WorkDirected,
    WorkMoved,
    WorkParked,
    WorkPrioritised,
    WorkQueued,
    WorkRecalled,
    WorkTakenUp,
    WrapUpExtended,
    WrapUpFinished,
)
from router.invariants import check_order
from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy, Weights
from router.rows import ReservationRow
from router.vocabulary import EndedBy, Medium, OfferState, Outcome, Presence, Requirement
from tests.properties.every_rule import FAR, random_wishes, with_rules
from tests.properties.oracle import Oracle, as_good, made_matches
from tests.router.world import SECOND, Store, World

NODES = ("n1", "n2")


def random_policy(random: Random, version: int, agents: int, queues: int, skills: int) -> Policy:
    """A policy of about this size; versions of one walk share most names, some come and go."""
    names = [f"s{index}" for index in range(skills)]

    def needs(most: int) -> tuple[Requirement, ...]:
        return tuple(Requirement(name, random.randint(1, 6)) for name in random.sample(names, random.randint(0, most)))

    kept_queues = [index for index in range(queues) if index == 0 or random.random() < 0.9]
    kept_agents = [index for index in range(agents) if index == 0 or random.random() < 0.9]
    return Policy(
        version=f"v{version}",
        queues={
            f"q{index}": QueuePolicy(
                name=f"q{index}",
                medium=tuple(Medium)[index % 3],
                requirements=needs(1),
                priority=random.choice((0, 0, 5)),
                strategy=random.choice(tuple(Strategy)),
                weights=Weights(
                    random.randint(0, 2), random.randint(0, 50), random.randint(0, 9), random.randint(0, 90)
                ),
                teams=random.choice(((), (), ("t0",), ("t1", "t0"))),
                offer_timeout_us=random.choice((5, 20)) * SECOND,
                wrap_up_us=random.choice((0, 10, 30)) * SECOND,
                reject_rest_us=random.choice((0, 10, 40)) * SECOND,
            )
            for index in kept_queues
        },
        agents={
            f"a{index:02}": AgentPolicy(
                agent_id=f"a{index:02}",
                team=f"t{index % 2}",
                skills={name: random.randint(1, 10) for name in random.sample(names, min(skills, 3))},
                capacity={Medium.VOICE: random.randint(0, 2), Medium.CHAT: random.randint(0, 4), Medium.EMAIL: 2},
                total_units=(total := random.randint(1, 6)),
                units=random.choice(({}, {}, {Medium.VOICE: total})),
            )
            for index in kept_agents
        },
        units={Medium.VOICE: random.choice((1, 2)), Medium.CHAT: 1, Medium.EMAIL: 1},
        reconnect_grace_us=15 * SECOND,
    )


class Walk:
    """One walk. `trace` is what was done: (event or None for expire, now, commands).

    `rules`: the policies use every rule of waiting, offers and agents; what the oracle does not know is then left to
    the invariants.
    """

    def __init__(
        self, seed: int, *, agents: int, queues: int, skills: int, policy_changes: bool = True, rules: bool = False
    ) -> None:
        self.random = Random(seed)
        self.size = (agents, queues, skills)
        self.rules = rules
        self.version = 1
        first = self._new_policy()
        self.world = World(first)
        self.oracle = Oracle(first)
        self.first = first
        self.connected: dict[str, int] = {}
        self.generation = 0
        self.count = 0
        self.handed = 0
        self.past_reservations: list[str] = []
        self.trace: list[tuple[Event | None, int, list[Command]]] = []
        self.makers: list[tuple[int, Callable[[], Event]]] = [
            (20, self._work),
            (8, self._left),
            (16, self._accept),
            (4, self._reject),
            (16, self._joined),
            (10, self._ended),
            (10, self._wrapped),
            (3, self._offer_failed),
            (2, self._failed),
            (40 if rules else 16, self._presence),
            (20 if rules else 10, self._connect),
            (4, self._disconnect),
            (3, lambda: WorkMoved(self._any_work(), f"q{self.random.randrange(self.size[1])}", "sam")),
            (
                3,
                lambda: WorkDirected(self._any_work(), self.random.choice((None, self._agent(), self._agent())), "sam"),
            ),
            (1, lambda: WorkCancelled(self._any_work(), "sam")),
            (1, lambda: NodeLost(self.random.choice(NODES))),
            (1, lambda: WorkTakenUp(self._any_work(), self.random.choice(NODES), self.random.choice(NODES))),
            (2, lambda: WorkPrioritised(self._any_work(), self.random.choice((0, 1, 7)), "sam")),
            (1 + 2 * rules, lambda: CallbackRequested(self._any_work())),
            (1 + 3 * rules, lambda: CallbackFailed(self._reservation(OfferState.ACCEPTED)[0], "no_answer")),
            (3, self._extended),
            (6, self._parks),
            (2, lambda: WorkRecalled(self._parked_work())),
            (1, DayStarted),
            (2 + rules, self._queued_presence),
            (1 + rules, lambda: MediaPaused(self._agent(), self._some_media())),
            (1 + 2 * rules, self._other_media),
        ]
        if rules:
            self.makers += [(3, self._asked), (6, self._answered)]
            self.makers.append((3, lambda: WorkMoved(self._any_work(), self.random.choice(list(FAR)), "sam")))
        if policy_changes:
            self.makers.append((4 if rules else 2, self._policy))

    def step(self) -> None:
        """One event or one deadline, checked against the oracle."""
        random, world = self.random, self.world
        due = world.dispatcher.next_deadline()
        if due is not None and (due <= world.now or random.random() < (0.03 if self.rules else 0.2)):
            world.now = max(world.now, due) + random.choice((0, 0, 500))
            self._note(None, world.dispatcher.expire(world.now))
            return
        event = random.choices([maker for _, maker in self.makers], [weight for weight, _ in self.makers])[0]()
        commands = world.dispatcher.handle(event, world.now)
        self._track(event)
        self._note(event, commands)
        if random.random() < 0.03:
            self._note(event, world.dispatcher.handle(event, world.now))
        world.now += random.choice((0, 1_000, 50_000, SECOND // 4 if self.rules else SECOND))
        if random.random() < 0.3:
            world.dispatcher.tidy()

    def apply(self, event: Event | None, now: int) -> list[Command]:
        """Give this walk's dispatcher somebody else's step."""
        self.world.now = now
        dispatcher = self.world.dispatcher
        commands = dispatcher.expire(now) if event is None else dispatcher.handle(event, now)
        self.world.store.apply(dispatcher.drain_changes())
        return commands

    def _note(self, event: Event | None, commands: list[Command]) -> None:
        store: Store = self.world.store
        self.past_reservations += [key for key in store.reservations if key not in self.past_reservations[-50:]]
        store.apply(self.world.dispatcher.drain_changes())
        self.trace.append((event, self.world.now, commands))
        if self.oracle.by_items and not self.rules:
            expected = self.oracle.matches(store, self.connected.keys(), commands)
            good = as_good(made_matches(commands), expected, lambda work_id: self.oracle.rank(store.work[work_id]))
            assert good, f"step {len(self.trace)}: {event}"
        check_order(self.world.dispatcher, commands)

    def _track(self, event: Event) -> None:
        if isinstance(event, AgentConnected) and event.agent_id in self.world.dispatcher.shard.agents:
            row = self.world.dispatcher.agent(event.agent_id)
            if row is not None and row.generation == event.generation:
                self.connected[event.agent_id] = event.generation
        elif isinstance(event, AgentDisconnected) and self.connected.get(event.agent_id) == event.generation:
            del self.connected[event.agent_id]
        elif isinstance(event, NodeLost):
            agents = self.world.dispatcher.shard.agents
            for agent_id in [name for name in self.connected if name in agents and agents[name].node == event.node]:
                del self.connected[agent_id]
        elif isinstance(event, PolicyChanged):
            self.oracle = Oracle(event.policy)
        for agent_id in [name for name in self.connected if name not in self.world.dispatcher.shard.agents]:
            del self.connected[agent_id]

    def _agent(self) -> str:
        return f"a{self.random.randrange(self.size[0] + 1):02}"

    def _held(self, *states: OfferState) -> ReservationRow | None:
        held = [row for row in self.world.store.reservations.values() if row.state in states]
        return self.random.choice(held) if held else None

    def _reservation(self, *states: OfferState) -> tuple[str, str]:
        """A fitting reservation with its agent; now and then a finished, foreign or unknown one."""
        row = self._held(*states)
        if row is None or self.random.random() < 0.05:
            past = self.random.choice(self.past_reservations) if self.past_reservations else "nothing.1"
            return past, self._agent()
        if self.random.random() < 0.03:
            return row.reservation_id, self._agent()
        return row.reservation_id, row.agent_id

    def _work(self) -> Event:
        random, (_, queues, skills) = self.random, self.size
        if random.random() >= 0.05 or not self.count:
            self.count += 1
        index = random.randrange(queues)
        needs = [Requirement(f"s{random.randrange(skills + 1)}", random.randint(1, 5))] if random.random() < 0.4 else []
        medium = tuple(Medium)[index % 3] if random.random() < 0.98 else Medium.VOICE
        more = random_wishes(random, self.world.now, self.size[0]) if self.rules else {}
        return WorkQueued(
            f"w{self.count}",
            f"i{self.count}",
            medium,
            f"q{index}",
            tuple(needs),
            random.choice((0, 0, 3)),
            random.choice((*NODES, "")) if self.rules else random.choice(NODES),
            **more,
        )

    def _asked(self) -> Event:
        """An item of another shard, or the same again, or that it has ended."""
        random = self.random
        token = max(1, self.handed - random.randrange(4))
        if random.random() < 0.6:
            self.handed = token = self.handed + 1
        index = random.randrange(self.size[1])
        work = WorkQueued(f"h{token}", f"ih{token}", tuple(Medium)[index % 3], f"q{index}")
        ended = random.choice((None, None, None, Outcome.ABANDONED, Outcome.CANCELLED))
        return HandoffAsked("south", token, max(0, self.handed - random.randrange(3, 9)), work, ended)

    def _answered(self) -> Event:
        leaving = [one.handoff for one in self.world.store.work.values() if one.handoff is not None]
        token = self.random.choice(leaving).token if leaving else 1
        if self.random.random() < 0.3:
            return HandoffHosted("south", token, self.random.choice(("", "s.1")))
        refused = self.random.choice(("", "", "queue_full"))
        return HandoffAnswered("south", token, refused, ended=self.random.random() < 0.5)

    def _left(self) -> Event:
        keys = list(self.world.store.work)
        return CustomerLeft(self.random.choice(keys) if keys and self.random.random() < 0.95 else "nobody")

    def _any_work(self) -> str:
        keys = list(self.world.store.work)
        held = self._held(OfferState.OFFERED) if self.rules else None
        if held is not None and self.random.random() < 0.4:
            return held.work_id
        return self.random.choice(keys) if keys and self.random.random() < 0.95 else "nobody"

    def _accept(self) -> Event:
        return OfferAccepted(*self._reservation(OfferState.OFFERED))

    def _reject(self) -> Event:
        return OfferRejected(*self._reservation(OfferState.OFFERED))

    def _joined(self) -> Event:
        return AssignmentConnected(self._reservation(OfferState.ACCEPTED)[0])

    def _ended(self) -> Event:
        states = (OfferState.CONNECTED, OfferState.CONNECTED, OfferState.ACCEPTED)
        return AssignmentEnded(self._reservation(self.random.choice(states))[0], self.random.choice(tuple(EndedBy)))

    def _wrapped(self) -> Event:
        return WrapUpFinished(*self._reservation(OfferState.WRAP_UP), disposition="sold")

    def _extended(self) -> Event:
        return WrapUpExtended(*self._reservation(OfferState.WRAP_UP), by_us=self.random.choice((5, 20)) * SECOND)

    def _parks(self) -> Event:
        until = self.random.choice((None, -1, 5, 60))
        at = None if until is None else self.world.now + until * SECOND
        return WorkParked(*self._reservation(OfferState.CONNECTED), until=at)

    def _parked_work(self) -> str:
        parked = [work.work_id for work in self.world.store.work.values() if work.parked_by is not None]
        return self.random.choice(parked) if parked and self.random.random() < 0.9 else self._any_work()

    def _offer_failed(self) -> Event:
        return OfferFailed(self._reservation(OfferState.OFFERED)[0], "busy")

    def _failed(self) -> Event:
        return AssignmentFailed(self._reservation(OfferState.ACCEPTED)[0], "no_media")

    def _presence(self) -> Event:
        presence = self.random.choice((Presence.READY,) * 6 + (Presence.NOT_READY, Presence.OFFLINE))
        return PresenceSet(self._agent(), presence, self.random.choice((None, None, "lunch")))

    def _connect(self) -> Event:
        if self.random.random() < 0.95:
            self.generation += 1
        media = self._some_media() or tuple(Medium)
        return AgentConnected(self._agent(), self.generation, self.random.choice(NODES), media)

    def _some_media(self) -> tuple[Medium, ...]:
        return tuple(medium for medium in (*reversed(Medium), Medium.CHAT) if self.random.random() < 0.7)

    def _other_media(self) -> Event:
        """A connection that reaches its agent by other media than it did."""
        agent_id = self.random.choice(list(self.connected)) if self.connected else self._agent()
        row = self.world.dispatcher.agent(agent_id)
        node = row.node if row is not None else ""
        return AgentConnected(agent_id, self.connected.get(agent_id, 0), node, self._some_media() or tuple(Medium))

    def _queued_presence(self) -> Event:
        held = self._held(OfferState.CONNECTED, OfferState.WRAP_UP)
        presence = self.random.choice((Presence.NOT_READY, Presence.READY, Presence.READY, Presence.OFFLINE, None))
        agent_id = held.agent_id if held is not None and self.random.random() < 0.7 else self._agent()
        return PresenceQueued(agent_id, presence, self.random.choice((None, "lunch")))

    def _disconnect(self) -> Event:
        agent_id = self.random.choice(list(self.connected)) if self.connected else self._agent()
        return AgentDisconnected(agent_id, self.connected.get(agent_id, 0) - (self.random.random() < 0.1))

    def _new_policy(self) -> Policy:
        policy = random_policy(self.random, self.version, *self.size)
        return with_rules(self.random, policy) if self.rules else policy

    def _policy(self) -> Event:
        self.version += 1
        new = self._new_policy()
        old = self.oracle.policy
        if self.random.random() < 0.6:  # a small edit: one agent comes, goes or changes, the queues' rules change
            agents = dict(old.agents)
            name = self._agent()
            agents.pop(name, None)
            if name in new.agents:
                agents[name] = new.agents[name]
            new = replace(new, agents=agents, units=old.units)
        return PolicyChanged(new)
