"""Agents who ask their supervisors for help, with a call or with any other work that they hold.

It is asked at the node of the agent's page. Other nodes are told, and send there what their supervisors say to it.
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from agents_ws import messages as m
from http_api.help_api import HelpRequest
from records.roles import Action, Scope
from records.sessions import Caller
from router.rows import ReservationRow, WorkRow
from router.vocabulary import Medium
from server.chats.chat_homes import Peers
from server.current import CurrentSite

SUPERVISOR = "supervisor"
ASKED, STEP = "help", "help_step"


class HelpBoard(Protocol):
    """The dispatcher's read views."""

    def work(self, work_id: str) -> WorkRow | None: ...

    def reservation(self, reservation_id: str) -> ReservationRow | None: ...


class HelpDesk:
    """One for the node; what is asked lives as long as the reservation. `now` in shard microseconds.

    `attach` once there are other nodes. `came` is told an interaction to which a supervisor of another node came.
    """

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
        self._others: dict[str, dict[str, HelpRequest]] = {}
        self._peers: Peers | None = None
        self.came: Callable[[str], None] = lambda _interaction: None
        # Told the reservation of each request that came, changed or went.
        self.changed: Callable[[str], None] = lambda _reservation: None

    def __len__(self) -> int:
        return len(self._asked)

    def attach(self, peers: Peers) -> None:
        """From now on other nodes are told, and heard."""
        self._peers = peers
        peers.hear |= {ASKED: self._hear, STEP: self._hear_step}
        peers.found.append(self._found)
        peers.lost.append(self._lost)

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
        """A supervisor came: nobody asks any more. Returns the reservations of this node whose agents had asked."""
        for node in [node for node, one in self._elsewhere() if one.interaction_id == interaction_id]:
            self._step(node, "came", interaction_id)
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
        others = (_help(one, on=True) for _, one in self._elsewhere())
        return tuple(one for one in (*self._asked.values(), *others) if agent_id in self._supervisors(one.agent))

    # --- supervisors --------------------------------------------------------------------------------------------

    def requests(self, scope: Scope) -> tuple[HelpRequest, ...]:
        """What the agents in reach ask, oldest first."""
        return tuple(one for _, one in self.things() if scope.covers_agent(Action.LISTEN, one.agent))

    def things(self) -> tuple[tuple[str, HelpRequest], ...]:
        """All of them with their reservations, for the board."""
        own = ((name, self._request(one)) for name, one in self._asked.items())
        return (*own, *((one.reservation_id, one) for _, one in self._elsewhere()))

    def thing(self, reservation_id: str) -> HelpRequest | None:
        """One of them, for the board."""
        asked = self._asked.get(reservation_id)
        if asked is not None:
            return self._request(asked)
        return next((one for _, one in self._elsewhere() if one.reservation_id == reservation_id), None)

    def acknowledge(self, reservation_id: str, caller: Caller) -> None:
        """This supervisor looks after it."""
        agent = self._current.agent(caller.agent_id or "")
        name = agent.display_name if agent else caller.account
        if not self._looks_after(reservation_id, name):
            self._step(self._home(reservation_id), "acknowledge", reservation_id, name)

    def done(self, reservation_id: str) -> None:
        """As a supervisor says."""
        self._step(self._home(reservation_id), "done", reservation_id)
        self.over(reservation_id)

    # --- other nodes --------------------------------------------------------------------------------------------

    def _hear(self, node: str, body: Any) -> None:
        reservation_id, request = msgspec.convert(body, tuple[str, HelpRequest | None])
        theirs = self._others.setdefault(node, {})
        before = theirs.pop(reservation_id, None)
        if request is not None:
            theirs[reservation_id] = request
        self._relay(before, request)

    def _hear_step(self, _node: str, body: Any) -> None:
        step, subject, name = body
        match step:
            case "acknowledge":
                self._looks_after(subject, name)
            case "done":
                self.over(subject)
            case "came":
                self.came(subject)

    def _found(self, node: str) -> None:
        for reservation_id in self._asked:
            self._tell_node(node, reservation_id)

    def _lost(self, node: str) -> None:
        for one in self._others.pop(node, {}).values():
            self._relay(one, None)

    def _relay(self, before: HelpRequest | None, now: HelpRequest | None) -> None:
        """Supervisors whose page is here are told that it began, or ended; the board shows whatever changed."""
        one = now or before
        if one is None:
            return
        if before is None or now is None:
            for supervisor in self._supervisors(one.agent):
                self._send(supervisor, _help(one, on=now is not None))
        self.changed(one.reservation_id)

    def _elsewhere(self) -> list[tuple[str, HelpRequest]]:
        return [(node, one) for node, theirs in self._others.items() for one in theirs.values()]

    def _home(self, reservation_id: str) -> str:
        return next((node for node, one in self._elsewhere() if one.reservation_id == reservation_id), "")

    def _step(self, node: str, step: str, subject: str, name: str = "") -> None:
        if node and self._peers is not None:
            self._peers.tell(node, STEP, (step, subject, name))

    def _tell_node(self, node: str, reservation_id: str) -> None:
        asked = self._asked.get(reservation_id)
        if self._peers is not None:
            self._peers.tell(node, ASKED, (reservation_id, None if asked is None else self._request(asked)))

    # --- inside -------------------------------------------------------------------------------------------------

    def _tell(self, asked: m.Help) -> None:
        for supervisor in self._supervisors(asked.agent):
            self._send(supervisor, asked)
        self._change(asked, on=asked.on)

    def _change(self, asked: m.Help, *, on: bool) -> None:
        self._send(asked.agent, self._state(asked, on=on))
        self.changed(asked.reservation_id)
        for node in self._peers.reached if self._peers is not None else ():
            self._tell_node(node, asked.reservation_id)

    def _looks_after(self, reservation_id: str, name: str) -> bool:
        asked = self._asked.get(reservation_id)
        if asked is None:
            return False
        self._seen[reservation_id] = name
        self._change(asked, on=True)
        return True

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


def _help(one: HelpRequest, *, on: bool) -> m.Help:
    return m.Help(
        interaction_id=one.interaction_id,
        reservation_id=one.reservation_id,
        agent=one.agent,
        name=one.name,
        medium=Medium(one.medium),
        since_us=one.since_us,
        on=on,
    )


_SAME = ("interaction_id", "reservation_id", "agent", "name", "medium", "since_us")
