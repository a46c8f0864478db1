"""What the store keeps of each thing: flat rows, one for an agent, a work item and a reservation, and the turn.

The dispatcher's memory is a cache of these rows; `Dispatcher.restore` rebuilds it from them.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from router.commands import Command
from router.events import Event
from router.vocabulary import EVERY_MEDIUM, Medium, OfferState, Outcome, Presence, Requirement, WorkState


class AgentRow(Struct, frozen=True, gc=False, array_like=True):
    """An agent's live state. Load is not stored: it is the sum of the agent's open reservations.

    handled_today: items offered and accepted since the day began. recent: when the last new items came (shard times,
    only as many as the agent's limit of fresh work asks for).
    `unconfirmed`: the shard was restored, and the agent's connection was not heard of since. node: where it is, or was.
    `media`: by which the agent could be reached when last heard of; of the `paused` ones they take no new work.
    `next_presence`: what comes after the work that they hold.
    """

    agent_id: str
    presence: Presence
    reason: str | None
    presence_since: int
    generation: int
    connected: bool
    idle_since: int
    grace_deadline: int | None = None
    handled_today: int = 0
    recent: tuple[int, ...] = ()
    unconfirmed: bool = False
    node: str = ""
    media: tuple[Medium, ...] = EVERY_MEDIUM
    paused: tuple[Medium, ...] = ()
    next_presence: Presence | None = None
    next_reason: str | None = None

    @property
    def takes(self) -> tuple[Medium, ...]:
        """The media of which the agent takes new work now, whatever they hold."""
        leaving = self.next_presence not in (None, Presence.READY)
        if not self.connected or self.presence is not Presence.READY or leaving:
            return ()
        return tuple(medium for medium in self.media if medium not in self.paused)


class Handoff(Struct, frozen=True, gc=False, array_like=True):
    """An item on its way to `queue` of another shard, under the token that this shard gave it there.

    ended: the customer has left (or somebody ended the item) since; the other shard is told so, and nobody offers it.
    host: of a call or chat, the node there that has made room for its customer; until there is one nothing is asked.
    """

    shard: str
    queue: str
    token: int
    ended: Outcome | None = None
    host: str = ""


class Stay(Struct, frozen=True, gc=False, array_like=True):
    """An item for which no node of another shard made room: no rule sends it to one before `until` (shard time).

    queue: the one there for which it tries again then, unless it is in another queue by that time.
    """

    queue: str
    until: int


class NeighbourRow(Struct, frozen=True, gc=False, array_like=True):
    """What a shard knows of handoffs with another one, `shard`.

    sent: the last token that it gave to an item for it. settled: that one's own tokens up to this are over and
    forgotten. verdicts: what was said to those above it, by token: "" for taken, else why not.
    """

    shard: str
    sent: int = 0
    settled: int = 0
    verdicts: tuple[tuple[int, str], ...] = ()


class WorkRow(Struct, frozen=True, gc=False, array_like=True):
    """A work item that is not closed. `resting` holds (agent, until) for agents who rejected it.

    `directed`: the one agent for whom it is kept. `ring`: how many rings of its queue hold for it. `ringed_at`:
    when its time in this queue began, from which rings count. `callback`: the customer waits at home. `tries`:
    callbacks that did not reach them. `waited_us`: for how long it had waited in this queue at its last
    boundary (router.stages): delays and patience up to it have passed. `parked_by`: the agent who parked it, until it
    is taken again; with `not_before` it is parked, since `parked_at`. `handoff`: it is leaving. `rooted`: it leaves for
    no other shard any more, as it came from one or was refused by one; `origin`: the one that has its caller on the
    line. `stays`: no node of another shard has made room for it. The others are as in WorkQueued.
    """

    work_id: str
    interaction_id: str
    medium: Medium
    queue: str
    requirements: tuple[Requirement, ...]
    priority: int
    queued_at: int
    sequence: int
    state: WorkState
    attempts: int
    node: str
    resting: tuple[tuple[str, int], ...] = ()
    directed: str | None = None
    condition: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    preferred: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    units: int | None = None
    not_before: int | None = None
    ring: int = 0
    ringed_at: int = 0
    callback: bool = False
    tries: int = 0
    waited_us: int = 0
    parked_by: str | None = None
    parked_at: int = 0
    handoff: Handoff | None = None
    rooted: bool = False
    origin: str = ""
    stays: Stay | None = None


class ReservationRow(Struct, frozen=True, gc=False, array_like=True):
    """An open reservation. `units` is what it takes of the agent's total; `deadline` of the offer or the wrap-up."""

    reservation_id: str
    work_id: str
    agent_id: str
    medium: Medium
    units: int
    state: OfferState
    offered_at: int
    deadline: int | None
    connected_at: int | None = None
    ended_at: int | None = None
    extended_us: int = 0


class Changes(Struct, frozen=True, gc=False):
    """Rows to write and to delete, in no particular order; a row is never in both."""

    agents: tuple[AgentRow, ...] = ()
    work: tuple[WorkRow, ...] = ()
    reservations: tuple[ReservationRow, ...] = ()
    work_closed: tuple[str, ...] = ()
    reservations_closed: tuple[str, ...] = ()
    agents_removed: tuple[str, ...] = ()
    neighbours: tuple[NeighbourRow, ...] = ()


NOTHING = Changes()


class Entry(Protocol):
    """A turn, or what the journal keeps of it."""

    @property
    def sequence(self) -> int: ...
    @property
    def now(self) -> int: ...
    @property
    def cause(self) -> str: ...
    @property
    def event(self) -> Event: ...
    @property
    def commands(self) -> Sequence[Command]: ...


class Turn(Struct, frozen=True, gc=False):
    """One event through the dispatcher: the unit of commit and of replay. `cause` is a free trace label."""

    sequence: int
    now: int
    cause: str
    event: Event
    commands: tuple[Command, ...]
    changes: Changes


class ShardImage(Struct, frozen=True, gc=False):
    """All of a shard as the store has it."""

    agents: tuple[AgentRow, ...]
    work: tuple[WorkRow, ...]
    reservations: tuple[ReservationRow, ...]
    policy_version: str | None
    applied: int
    clock: int
    neighbours: tuple[NeighbourRow, ...] = ()
