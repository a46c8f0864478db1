"""An agent: the presence that is declared, the connection, and the units held now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from router.policy import AgentPolicy
from router.rows import AgentRow
from router.transitions import step
from router.vocabulary import EVERY_MEDIUM, Medium, Presence

if TYPE_CHECKING:
    from router.offer import Reservation
    from router.profile import Memberships, Slot

Interrupts = Mapping[Medium, tuple[Medium, ...]]
_NONE: Interrupts = {}


class AgentCause(StrEnum):
    """What moves an agent's presence."""

    CONNECTED = "connected"
    SET_READY = "set_ready"
    SET_NOT_READY = "set_not_ready"
    SET_OFFLINE = "set_offline"
    MISSED_OFFER = "missed_offer"
    LEG_FAILED = "leg_failed"
    CONNECTION_LOST = "connection_lost"
    REMOVED = "removed"


# A cause that sets an agent not-ready leaves one who already declared not-ready as they are (with their own reason).
# Missed offers and failed legs are unknown to an offline agent: signing out gives all offers back first.
AGENT_TABLE: Mapping[tuple[Presence, AgentCause], Presence] = {
    (Presence.OFFLINE, AgentCause.CONNECTED): Presence.NOT_READY,
    (Presence.OFFLINE, AgentCause.SET_READY): Presence.READY,
    (Presence.OFFLINE, AgentCause.SET_NOT_READY): Presence.NOT_READY,
    (Presence.OFFLINE, AgentCause.SET_OFFLINE): Presence.OFFLINE,
    (Presence.OFFLINE, AgentCause.REMOVED): Presence.OFFLINE,
    (Presence.NOT_READY, AgentCause.CONNECTED): Presence.NOT_READY,
    (Presence.NOT_READY, AgentCause.SET_READY): Presence.READY,
    (Presence.NOT_READY, AgentCause.SET_NOT_READY): Presence.NOT_READY,
    (Presence.NOT_READY, AgentCause.SET_OFFLINE): Presence.OFFLINE,
    (Presence.NOT_READY, AgentCause.MISSED_OFFER): Presence.NOT_READY,
    (Presence.NOT_READY, AgentCause.LEG_FAILED): Presence.NOT_READY,
    (Presence.NOT_READY, AgentCause.CONNECTION_LOST): Presence.NOT_READY,
    (Presence.NOT_READY, AgentCause.REMOVED): Presence.OFFLINE,
    (Presence.READY, AgentCause.CONNECTED): Presence.READY,
    (Presence.READY, AgentCause.SET_READY): Presence.READY,
    (Presence.READY, AgentCause.SET_NOT_READY): Presence.NOT_READY,
    (Presence.READY, AgentCause.SET_OFFLINE): Presence.OFFLINE,
    (Presence.READY, AgentCause.MISSED_OFFER): Presence.NOT_READY,
    (Presence.READY, AgentCause.LEG_FAILED): Presence.NOT_READY,
    (Presence.READY, AgentCause.CONNECTION_LOST): Presence.NOT_READY,
    (Presence.READY, AgentCause.REMOVED): Presence.OFFLINE,
}

# What moves the presence when it is declared.
DECLARED: Mapping[Presence, AgentCause] = {
    Presence.READY: AgentCause.SET_READY,
    Presence.NOT_READY: AgentCause.SET_NOT_READY,
    Presence.OFFLINE: AgentCause.SET_OFFLINE,
}


@dataclass(slots=True, eq=False)
class Agent:
    """Live state of one agent. `held` counts items per medium, `units` is the load; both follow the reservations.

    `media` are those by which the agent can be reached while connected, `paused` those of which they take no new work.
    `next_presence` comes when nothing is held any more.

    `unconfirmed` marks an agent of a restored shard who was not heard of since: their connection may have lived on, so
    the same generation may announce itself again. `node` holds, or held, the connection. `handled_today` counts the
    offers accepted since the day began. `recent` are the times at which the last new items came, `fresh_until` the time
    before which the agent's limit of fresh work lets no other come (None: it may); that time has its timer.

    `stamp`, `counted` and `profiles` belong to matching: an entry of an older stamp is stale; `counted` are the
    media for which the profiles count the agent as present.
    """

    agent_id: str
    rules: AgentPolicy
    presence: Presence = Presence.OFFLINE
    reason: str | None = None
    presence_since: int = 0
    generation: int = 0
    connected: bool = False
    unconfirmed: bool = False
    node: str = ""
    idle_since: int = 0
    grace_deadline: int | None = None
    handled_today: int = 0
    recent: tuple[int, ...] = ()
    fresh_until: int | None = None
    media: tuple[Medium, ...] = EVERY_MEDIUM
    paused: tuple[Medium, ...] = ()
    next_presence: Presence | None = None
    next_reason: str | None = None
    removed: bool = False
    units: int = 0
    held: dict[Medium, int] = field(default_factory=dict)
    reservations: "dict[str, Reservation]" = field(default_factory=dict)
    stamp: int = 0
    counted: tuple[Medium, ...] = ()
    profiles: "dict[Slot, Memberships]" = field(default_factory=dict)

    def move(self, cause: AgentCause) -> Presence:
        """Take the step that the table gives and return the presence before it."""
        before = self.presence
        self.presence = step("agent", AGENT_TABLE, before, cause)
        return before

    @property
    def present(self) -> bool:
        """Whether the agent counts as there: signed in, and connected or expected back within the grace."""
        return self.presence is not Presence.OFFLINE and (self.connected or self.grace_deadline is not None)

    @property
    def staffs(self) -> tuple[Medium, ...]:
        """The media for which the agent counts as there: who cannot be reached by a medium cannot take its work."""
        return self.media if self.present else ()

    @property
    def ready(self) -> bool:
        """Whether the agent is ready, stays so after what they hold, and can be reached, whatever they hold."""
        return self.presence is Presence.READY and self.connected and not self.leaving

    @property
    def leaving(self) -> bool:
        """Whether the agent will no longer be ready after what they hold."""
        return self.next_presence is not None and self.next_presence is not Presence.READY

    @property
    def takes(self) -> tuple[Medium, ...]:
        """The media of which the agent takes new work now, whatever they hold."""
        if not self.ready:
            return ()
        return tuple([medium for medium in self.media if medium not in self.paused]) if self.paused else self.media

    def note_fresh(self, now: int) -> None:
        """A new item came."""
        self.prune_fresh(now)
        self.recent = (*self.recent, now)

    def prune_fresh(self, now: int) -> None:
        """Keep the times within the window, only as many as the limit asks for: the newest."""
        limit, begin = self.rules.fresh_limit, now - self.rules.fresh_window_us
        self.recent = tuple(at for at in self.recent if at > begin)[-limit:] if limit else ()

    def forget_fresh(self, at: int) -> None:
        """The item that came at this time went before it was taken."""
        if at in self.recent:
            index = self.recent.index(at)
            self.recent = self.recent[:index] + self.recent[index + 1 :]

    def fresh_end(self) -> int | None:
        """When the limit of fresh work next lets an item come; None when it was not reached when last looked at."""
        limit = self.rules.fresh_limit
        return self.recent[-limit] + self.rules.fresh_window_us if 0 < limit <= len(self.recent) else None

    def has_room(self, medium: Medium, units: int, interrupts: Interrupts = _NONE) -> bool:
        """Whether one more item of the medium reaches the agent and fits: by items of it, units, and what is held.

        `interrupts` is the policy's: which media may come on top of a held one, and so keeps out which.
        """
        if medium not in self.media or medium in self.paused:
            return False
        rules, total = self.rules, self.units + units
        if interrupts and self.reservations:
            if self.kept_out(medium, interrupts) is not None:
                return False
            total -= self.interrupted(medium, interrupts)
        return total <= rules.total_units and self.held.get(medium, 0) < rules.capacity.get(medium, 0)

    def kept_out(self, medium: Medium, interrupts: Interrupts) -> Medium | None:
        """A held medium beside which the other must not come; None when there is none."""
        for held, count in self.held.items():
            if count > 0 and held is not medium and held in interrupts and medium not in interrupts[held]:
                return held
        return None

    def interrupted(self, medium: Medium, interrupts: Interrupts) -> int:
        """The units of what is held that do not count against the medium, since it comes on top of them."""
        held = self.reservations.values()
        return sum(one.units for one in held if one.medium is not medium and medium in interrupts.get(one.medium, ()))

    def take(self, reservation: "Reservation") -> None:
        """Hold the capacity of a reservation."""
        self.reservations[reservation.reservation_id] = reservation
        self.held[reservation.medium] = self.held.get(reservation.medium, 0) + 1
        self.units += reservation.units

    def give_back(self, reservation: "Reservation") -> None:
        """Free the capacity of a reservation."""
        del self.reservations[reservation.reservation_id]
        self.held[reservation.medium] -= 1
        self.units -= reservation.units

    def open(self) -> "list[Reservation]":
        """The open reservations, oldest offer first (ties by id: a restored agent gives the same order)."""
        return sorted(self.reservations.values(), key=lambda held: (held.offered_at, held.reservation_id))

    def row(self) -> AgentRow:
        """What the store keeps."""
        return AgentRow(
            agent_id=self.agent_id,
            presence=self.presence,
            reason=self.reason,
            presence_since=self.presence_since,
            generation=self.generation,
            connected=self.connected,
            idle_since=self.idle_since,
            grace_deadline=self.grace_deadline,
            handled_today=self.handled_today,
            recent=self.recent,
            unconfirmed=self.unconfirmed,
            node=self.node,
            media=self.media,
            paused=self.paused,
            next_presence=self.next_presence,
            next_reason=self.next_reason,
        )

    def load_row(self, row: AgentRow, *, live: bool = False) -> None:
        """Take over a stored row; nobody counts as connected before they have said so again, unless it is `live`."""
        self.presence = row.presence
        self.reason = row.reason
        self.presence_since = row.presence_since
        self.generation = row.generation
        self.connected = live and row.connected
        self.unconfirmed = row.unconfirmed if live else True
        self.idle_since = row.idle_since
        self.grace_deadline = row.grace_deadline
        self.handled_today = row.handled_today
        self.recent = row.recent
        self.node = row.node
        self.media = row.media
        self.paused = row.paused
        self.next_presence = row.next_presence
        self.next_reason = row.next_reason
