"""The agents of a run: they sign in and out, take breaks, and their time is written down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from router.events import AgentConnected, AgentDisconnected, PresenceSet
from router.policy import Policy
from router.rows import ShardImage
from router.vocabulary import Presence
from simulator.agenda import Agenda, AgentMove, Move
from simulator.scenario import Group, Scenario
from simulator.trace import GroupTime, intervals

REASON_BREAK = "break"

Row = tuple[int, int, int]


@dataclass(slots=True)
class Times:
    """The rows of one group's time: (start, end, weight) in dispatcher microseconds."""

    staffed: list[Row] = field(default_factory=list)
    busy: list[Row] = field(default_factory=list)
    units: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)

    def of(self, epoch_us: int) -> GroupTime:
        """The same as arrays."""
        return GroupTime(
            intervals(self.staffed, epoch_us),
            intervals(self.busy, epoch_us),
            intervals(self.units, epoch_us),
            intervals(self.held, epoch_us),
        )


@dataclass(slots=True, eq=False)
class Seat:
    """One agent. `held` are the reservations that they hold, `load` their units since `load_since`. `pause_us` is a
    break that waits for its beginning, `leaving` a shift that is over; both begin when nothing is held any more."""

    agent_id: str
    group: Group
    number: int
    times: Times
    total_units: int
    generation: int = 0
    held: set[str] = field(default_factory=set)
    load: int = 0
    load_since: int = 0
    ready: bool = False
    signed_in: bool = False
    on_break: bool = False
    leaving: bool = False
    pause_us: int | None = None
    staffed_since: int | None = None
    busy_since: int = 0


class Floor:
    """All agents of a scenario's groups. Times are the dispatcher's microseconds. `load` tells an agent's units."""

    def __init__(self, scenario: Scenario, policy: Policy, agenda: Agenda, load: Callable[[str], int]) -> None:
        self._agenda = agenda
        self._load = load
        self._times = [Times() for _ in scenario.groups]
        self._holders: dict[str, Seat] = {}
        self.seats: dict[str, Seat] = {}
        for number, group in enumerate(scenario.groups):
            for agent_id in group.plans:
                rules = policy.agents.get(agent_id)
                units = rules.total_units if rules is not None else 0
                self.seats[agent_id] = Seat(agent_id, group, number, self._times[number], units)

    def find(self, image: ShardImage) -> None:
        """Take over the agents as they are. Raises ValueError for one who is there, or has work, and is in no group."""
        holders = {row.agent_id for row in image.reservations}
        for row in image.agents:
            seat = self.seats.get(row.agent_id)
            if seat is None:
                if (row.connected and row.presence is not Presence.OFFLINE) or row.agent_id in holders:
                    raise ValueError(f"agent {row.agent_id} is there and in no group")
                continue
            seat.generation = row.generation
            seat.signed_in = row.presence is not Presence.OFFLINE
            if row.connected:
                seat.ready = row.presence is Presence.READY
                self._count_staffed(seat, image.clock)
                self._agenda.at_once.append(AgentConnected(row.agent_id, row.generation, media=row.media))

    def plan(self, epoch_us: int, from_us: int, *, found: bool) -> None:
        """Put down every move that comes at `from_us` or later; who should be there already comes then.

        `found`: the agents were found as they are, and only the moves after that time are theirs to make.
        """
        for seat in self.seats.values():
            for spell in seat.group.plans[seat.agent_id].spells:
                if spell.to_us is not None and spell.to_us <= from_us:
                    continue
                if spell.from_us > from_us or not found:
                    self._agenda.later(epoch_us + max(spell.from_us, from_us), AgentMove(seat.agent_id, Move.SIGN_IN))
                for pause in spell.breaks:
                    if pause.at_us >= from_us:
                        move = AgentMove(seat.agent_id, Move.PAUSE, pause.length_us)
                        self._agenda.later(epoch_us + pause.at_us, move)
                if spell.to_us is not None:
                    self._agenda.later(epoch_us + spell.to_us, AgentMove(seat.agent_id, Move.SIGN_OUT))

    # -- moves by the clock

    def take(self, due: AgentMove, now: int) -> None:
        """An agent's own move."""
        seat = self.seats[due.agent_id]
        match due.move:
            case Move.SIGN_IN:
                self._sign_in(seat)
            case Move.SIGN_OUT:
                if seat.signed_in:
                    seat.leaving = True
                    self._stand_back(seat, now)
            case Move.PAUSE:
                if seat.signed_in and not seat.leaving:
                    seat.on_break = True
                    seat.pause_us = due.length_us
                    self._stand_back(seat, now)
            case Move.RETURN:
                seat.on_break = False
                self._come_back(seat)
            case Move.AGAIN:
                self._come_back(seat)
            case _:
                assert_never(due.move)

    def missed(self, agent_id: str, back_at: int) -> None:
        """The agent missed an offer and is set ready again later."""
        self._agenda.later(back_at, AgentMove(agent_id, Move.AGAIN))

    def _come_back(self, seat: Seat) -> None:
        """A break that has begun meanwhile is not cut short by it."""
        if seat.signed_in and not seat.leaving and not seat.on_break:
            self._set(seat, Presence.READY)

    def _sign_in(self, seat: Seat) -> None:
        seat.leaving = False
        if not seat.signed_in:
            seat.signed_in = True
            seat.generation += 1
            self._agenda.at_once.append(AgentConnected(seat.agent_id, seat.generation))
        self._set(seat, Presence.READY)

    def _stand_back(self, seat: Seat, now: int) -> None:
        self._set(seat, Presence.NOT_READY, REASON_BREAK)
        if not seat.held:
            self._begin_absence(seat, now)

    def _begin_absence(self, seat: Seat, now: int) -> None:
        """Nothing is held: the agent goes, for good or for the break."""
        if seat.leaving:
            seat.signed_in = seat.leaving = seat.on_break = False
            seat.pause_us = None
            self._set(seat, Presence.OFFLINE)
            self._agenda.at_once.append(AgentDisconnected(seat.agent_id, seat.generation))
        elif seat.pause_us is not None:
            self._agenda.later(now + seat.pause_us, AgentMove(seat.agent_id, Move.RETURN))
            seat.pause_us = None

    def _set(self, seat: Seat, presence: Presence, reason: str | None = None) -> None:
        self._agenda.at_once.append(PresenceSet(seat.agent_id, presence, reason))

    # -- what the dispatcher says

    def show(self, agent_id: str, presence: Presence, now: int) -> None:
        """The agent's presence as it now holds."""
        seat = self.seats.get(agent_id)
        if seat is not None:
            seat.ready = presence is Presence.READY
            self._count_staffed(seat, now)

    def hold(self, seat: Seat, reservation_id: str, now: int) -> None:
        """The agent holds one more."""
        if not seat.held:
            seat.busy_since = now
        seat.held.add(reservation_id)
        self._holders[reservation_id] = seat
        self._count_load(seat, now, self._load(seat.agent_id))
        if not seat.ready:
            self._count_staffed(seat, now)

    def release(self, reservation_id: str, now: int) -> None:
        """The agent holds it no more; without effect when that was said before."""
        seat = self._holders.pop(reservation_id, None)
        if seat is None:
            return
        seat.held.remove(reservation_id)
        self._count_load(seat, now, self._load(seat.agent_id))
        if not seat.held:
            seat.times.busy.append((seat.busy_since, now, 1))
            if seat.leaving or seat.pause_us is not None:
                self._begin_absence(seat, now)
        if not seat.ready:
            self._count_staffed(seat, now)

    def _count_load(self, seat: Seat, now: int, load: int) -> None:
        if seat.load and now > seat.load_since:
            seat.times.held.append((seat.load_since, now, seat.load))
        seat.load, seat.load_since = load, now

    def _count_staffed(self, seat: Seat, now: int) -> None:
        there = seat.ready or bool(seat.held)
        if there and seat.staffed_since is None:
            seat.staffed_since = now
        elif not there and seat.staffed_since is not None:
            seat.times.staffed.append((seat.staffed_since, now, 1))
            seat.times.units.append((seat.staffed_since, now, seat.total_units))
            seat.staffed_since = None

    def finish(self, now: int, epoch_us: int) -> tuple[GroupTime, ...]:
        """The run is over: what lasts still lasts until `now`."""
        for seat in self.seats.values():
            seat.leaving, seat.pause_us, seat.ready = False, None, False
            self._count_load(seat, now, 0)
            for reservation_id in list(seat.held):
                self.release(reservation_id, now)
            self._count_staffed(seat, now)
        return tuple(times.of(epoch_us) for times in self._times)
