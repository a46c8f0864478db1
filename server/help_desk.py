"""Agents who ask their supervisors for help, with a call or with any other work that they hold."""

from collections.abc import Callable
from typing import Protocol

from agents_ws import messages as m
from http_api.help_api import HelpRequest
from records.roles import Action, Scope
from records.sessions import Caller
from router.rows import ReservationRow, WorkRow
from router.vocabulary import Medium
from server.current import CurrentSite

SUPERVISOR = "supervisor"


class HelpBoard(Protocol):
    """The dispatcher's read views."""

    def work(self, work_id: str) -> WorkRow | None: ...

    def reservation(self, reservation_id: str) -> ReservationRow | None: ...


class HelpDesk:
    """One for the node; what is asked lives as long as the reservation. `now` in shard microseconds."""

    def __init__(
        self,
        board: HelpBoard,
        current: CurrentSite,
        send: Callable[[str, m.NumberedMessage], object],
        now: Callable[[], int],
    ) -> None:
        self._board = board
        self._current = current
        self._send = send
        self._now = now
        self._asked: dict[str, m.Help] = {}
        self._seen: dict[str, str] = {}
        # Told the reservation of each request that came, changed or went.
        self.changed: Callable[[str], None] = lambda _reservation: None

    def __len__(self) -> int:
        return len(self._asked)

    # --- agents -------------------------------------------------------------------------------------------------

    def ask(self, row: ReservationRow, *, on: bool) -> None:
        """The agent who holds this asks for help, or does not need it any more. Saying it twice changes nothing."""
        work, agent = self._board.work(row.work_id), self._current.agent(row.agent_id)
        if not on or work is None or agent is None:
            self.over(row.reservation_id)
        elif row.reservation_id not in self._asked:
            asked = m.Help(
                interaction_id=work.interaction_id,
                reservation_id=row.reservation_id,
                agent=agent.agent_id,
                name=agent.display_name,
                medium=Medium(row.medium),
                since_us=self._now(),
            )
            self._asked[row.reservation_id] = asked
            self._tell(asked)

    def answered(self, interaction_id: str) -> tuple[str, ...]:
        """A supervisor came: nobody asks any more. Returns the reservations whose agents had asked."""
        found = tuple(asked.reservation_id for asked in self._asked.values() if asked.interaction_id == interaction_id)
        for reservation_id in found:
            self.over(reservation_id)
        return found

    def over(self, reservation_id: str) -> None:
        """The reservation is over, or help is not needed any more."""
        self._seen.pop(reservation_id, None)
        asked = self._asked.pop(reservation_id, None)
        if asked is not None:
            self._tell(m.Help(**{name: getattr(asked, name) for name in _SAME}, on=False))

    def asks(self, reservation_id: str) -> bool:
        """Whether the agent waits for help with this."""
        return reservation_id in self._asked

    def by(self, agent_id: str) -> tuple[m.AskedSupervisor, ...]:
        """What this agent asks now."""
        return tuple(self._state(one, on=True) for one in self._asked.values() if one.agent == agent_id)

    def to(self, agent_id: str) -> tuple[m.Help, ...]:
        """What this supervisor is asked for now; nothing for anybody else."""
        return tuple(asked for asked in self._asked.values() if agent_id in self._supervisors(asked.agent))

    # --- supervisors --------------------------------------------------------------------------------------------

    def requests(self, scope: Scope) -> tuple[HelpRequest, ...]:
        """What the agents in reach ask, oldest first."""
        return tuple(one for _, one in self.things() if scope.covers_agent(Action.LISTEN, one.agent))

    def things(self) -> tuple[tuple[str, HelpRequest], ...]:
        """All of them with their reservations, for the board."""
        return tuple((name, self._request(one)) for name, one in self._asked.items())

    def thing(self, reservation_id: str) -> HelpRequest | None:
        """One of them, for the board."""
        asked = self._asked.get(reservation_id)
        return None if asked is None else self._request(asked)

    def acknowledge(self, reservation_id: str, caller: Caller) -> None:
        """This supervisor looks after it."""
        asked = self._asked.get(reservation_id)
        if asked is not None:
            agent = self._current.agent(caller.agent_id or "")
            self._seen[reservation_id] = agent.display_name if agent else caller.account
            self._change(asked, on=True)

    def done(self, reservation_id: str) -> None:
        """As a supervisor says."""
        self.over(reservation_id)

    # --- inside -------------------------------------------------------------------------------------------------

    def _tell(self, asked: m.Help) -> None:
        for supervisor in self._supervisors(asked.agent):
            self._send(supervisor, asked)
        self._change(asked, on=asked.on)

    def _change(self, asked: m.Help, *, on: bool) -> None:
        self._send(asked.agent, self._state(asked, on=on))
        self.changed(asked.reservation_id)

    def _request(self, asked: m.Help) -> HelpRequest:
        return HelpRequest(
            reservation_id=asked.reservation_id,
            interaction_id=asked.interaction_id,
            agent=asked.agent,
            name=asked.name,
            medium=asked.medium.value,
            since_us=asked.since_us,
            seen_by=self._seen.get(asked.reservation_id, ""),
        )

    def _state(self, asked: m.Help, *, on: bool) -> m.AskedSupervisor:
        seen_by = self._seen.get(asked.reservation_id, "")
        return m.AskedSupervisor(reservation_id=asked.reservation_id, on=on, since_us=asked.since_us, seen_by=seen_by)

    def _supervisors(self, agent_id: str) -> tuple[str, ...]:
        """Those who look after the agent's team."""
        agent = self._current.agent(agent_id)
        team = agent.team if agent else ""
        everybody = self._current.site.agents.values()
        return tuple(
            one.agent_id
            for one in everybody
            if one.role == SUPERVISOR and team in (one.supervises or (one.team,)) and one.agent_id != agent_id
        )


_SAME = ("interaction_id", "reservation_id", "agent", "name", "medium", "since_us")
