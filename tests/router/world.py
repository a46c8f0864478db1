"""A dispatcher with a clock, the rows that a store would have, and short words for the usual events."""

from dataclasses import dataclass, field

from router.commands import Command, Refuse, SendOffer
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AgentDisconnected,
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    OfferAccepted,
    OfferRejected,
    PresenceSet,
    WorkQueued,
    WrapUpFinished,
)
from router.invariants import check
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import AgentRow, Changes, NeighbourRow, ReservationRow, ShardImage, WorkRow
from router.vocabulary import EndedBy, Medium, Presence, Requirement, WorkState

SECOND = 1_000_000


@dataclass
class Store:
    """Rows as a store keeps them: drained changes applied to dicts."""

    agents: dict[str, AgentRow] = field(default_factory=dict)
    work: dict[str, WorkRow] = field(default_factory=dict)
    reservations: dict[str, ReservationRow] = field(default_factory=dict)
    neighbours: dict[str, NeighbourRow] = field(default_factory=dict)

    def apply(self, changes: Changes) -> None:
        self.agents.update((row.agent_id, row) for row in changes.agents)
        self.work.update((row.work_id, row) for row in changes.work)
        self.reservations.update((row.reservation_id, row) for row in changes.reservations)
        self.neighbours.update((row.shard, row) for row in changes.neighbours)
        for table, gone in (
            (self.agents, changes.agents_removed),
            (self.work, changes.work_closed),
            (self.reservations, changes.reservations_closed),
        ):
            for key in gone:
                table.pop(key, None)

    def image(self, version: str, clock: int) -> ShardImage:
        """The shard as read back; reversed, since the order of rows must not matter."""
        return ShardImage(
            agents=tuple(reversed(self.agents.values())),
            work=tuple(reversed(self.work.values())),
            reservations=tuple(reversed(self.reservations.values())),
            policy_version=version,
            applied=0,
            clock=clock,
            neighbours=tuple(reversed(self.neighbours.values())),
        )


class World:
    """Drives one dispatcher; each event comes a millisecond after the last unless told otherwise."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.dispatcher = Dispatcher(policy)
        self.now = 1 * SECOND
        self.store = Store()
        self.generation = 0

    def post(self, event: Event, after: int = 1_000) -> list[Command]:
        self.now += after
        commands = self.dispatcher.handle(event, self.now)
        self.store.apply(self.dispatcher.drain_changes())
        return commands

    def wait(self, duration: int) -> list[Command]:
        """Let time pass, calling expire at each deadline as the pump does."""
        until = self.now + duration
        commands: list[Command] = []
        while (due := self.dispatcher.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            commands += self.dispatcher.expire(self.now)
            self.store.apply(self.dispatcher.drain_changes())
        self.now = until
        return commands

    def connect(self, agent_id: str) -> list[Command]:
        self.generation += 1
        return self.post(AgentConnected(agent_id, self.generation))

    def disconnect(self, agent_id: str) -> list[Command]:
        row = self.dispatcher.agent(agent_id)
        assert row is not None
        return self.post(AgentDisconnected(agent_id, row.generation))

    def ready(self, *agent_ids: str) -> list[Command]:
        commands: list[Command] = []
        for agent_id in agent_ids:
            row = self.dispatcher.agent(agent_id)
            assert row is not None
            if not row.connected:
                commands += self.connect(agent_id)
            commands += self.presence(agent_id, Presence.READY)
        return commands

    def presence(self, agent_id: str, presence: Presence, reason: str | None = None) -> list[Command]:
        return self.post(PresenceSet(agent_id, presence, reason))

    def queue(
        self,
        work_id: str,
        queue: str = "sales",
        *needs: Requirement,
        priority: int = 0,
        medium: Medium = Medium.VOICE,
        node: str = "n1",
    ) -> list[Command]:
        return self.post(WorkQueued(work_id, f"i-{work_id}", medium, queue, needs, priority, node))

    def accept(self, reservation_id: str) -> list[Command]:
        return self.post(OfferAccepted(reservation_id, self.holder(reservation_id)))

    def reject(self, reservation_id: str) -> list[Command]:
        return self.post(OfferRejected(reservation_id, self.holder(reservation_id)))

    def join(self, reservation_id: str) -> list[Command]:
        """Accept and connect."""
        return self.accept(reservation_id) + self.post(AssignmentConnected(reservation_id))

    def end(self, reservation_id: str, by: EndedBy = EndedBy.AGENT) -> list[Command]:
        return self.post(AssignmentEnded(reservation_id, by))

    def finish(self, reservation_id: str, disposition: str | None = None) -> list[Command]:
        return self.post(WrapUpFinished(reservation_id, self.holder(reservation_id), disposition))

    def leave(self, work_id: str) -> list[Command]:
        return self.post(CustomerLeft(work_id))

    def holder(self, reservation_id: str) -> str:
        row = self.dispatcher.reservation(reservation_id)
        return "" if row is None else row.agent_id

    def restored(self, policy: Policy | None = None) -> "World":
        """A new world whose dispatcher is restored from this one's rows, at this one's time."""
        other = World()
        other.now, other.generation = self.now, self.generation
        rules = policy or self.dispatcher.policy
        kept = self.store
        other.store = Store(dict(kept.agents), dict(kept.work), dict(kept.reservations), dict(kept.neighbours))
        other.dispatcher.restore(rules, self.store.image(rules.version, self.now), self.now)
        other.store.apply(other.dispatcher.drain_changes())
        return other

    def check(self) -> None:
        """Invariants hold, and the store has exactly the rows of the live state."""
        check(self.dispatcher)
        shard = self.dispatcher.shard
        assert self.store.work == {key: work.row() for key, work in shard.work.items()}
        assert self.store.reservations == {key: held.row() for key, held in shard.reservations.items()}
        assert self.store.neighbours == {key: known.row() for key, known in shard.neighbours.items()}
        for key, agent in shard.agents.items():
            if key in self.store.agents:
                assert self.store.agents[key] == agent.row()
            else:
                assert agent.presence is Presence.OFFLINE
        assert self.store.agents.keys() <= shard.agents.keys()


def offers(commands: list[Command]) -> list[tuple[str, str]]:
    """(work, agent) of each SendOffer, in order."""
    return [(command.work_id, command.agent_id) for command in commands if isinstance(command, SendOffer)]


def kinds(commands: list[Command]) -> list[str]:
    """The commands' class names, in order."""
    return [type(command).__name__ for command in commands]


def policy(
    agents: dict[str, AgentPolicy] | None = None, queues: dict[str, QueuePolicy] | None = None, version: str = "v1"
) -> Policy:
    """Two voice queues, a chat queue and three agents, unless told otherwise."""
    return Policy(
        version=version,
        queues=queues
        or {
            "sales": QueuePolicy("sales", Medium.VOICE),
            "vip": QueuePolicy("vip", Medium.VOICE, priority=10),
            "chat": QueuePolicy("chat", Medium.CHAT),
        },
        agents=agents or {name: agent(name) for name in ("ann", "bob", "cem")},
    )


def agent(
    name: str, skills: dict[str, int] | None = None, team: str = "t1", voice: int = 1, chat: int = 0, total: int = 0
) -> AgentPolicy:
    """An agent's rules; `total` 0 means what the media add up to."""
    capacity = {Medium.VOICE: voice, Medium.CHAT: chat}
    return AgentPolicy(name, team, skills or {}, capacity, total or voice + chat)


def codes(commands: list[Command]) -> list[str]:
    """What was refused, by code."""
    return [command.code for command in commands if isinstance(command, Refuse)]


def state(world: World, work_id: str) -> WorkState | None:
    """The item's state; None when it is closed."""
    row = world.dispatcher.work(work_id)
    return None if row is None else row.state


def presence(world: World, agent_id: str) -> tuple[Presence, str | None]:
    """The agent's presence and its reason."""
    row = world.dispatcher.agent(agent_id)
    assert row is not None
    return row.presence, row.reason
