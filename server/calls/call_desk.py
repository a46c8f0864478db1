"""Calls on the agents' side: what the call bar asks goes to the conductor, who is in a call goes to the hub."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, assert_never

from agents_ws import messages as m
from agents_ws.ports import Refusal
from http_api.targets_api import Availability
from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import Medium, OfferState
from server.calls.far_desk import FarDesk
from server.calls.live_calls import LiveCalls
from server.current import CurrentSite
from server.desks.availability import availability
from server.desks.call_backs import CallBack
from server.desks.help_desk import HelpDesk
from voice.asked import (
    AgentTarget,
    Asked,
    CompleteAsked,
    ConferenceAsked,
    DropAsked,
    HoldAsked,
    MuteAsked,
    NumberTarget,
    PauseAsked,
    QueueTarget,
    SwapAsked,
    Target,
    TransferAsked,
)
from voice.conductor import Conductor
from voice.events import Deny, ShowRecording
from voice.party import PartyKind, PartyState, PartyView
from voice.ports import MediaUnavailableError

_SPACING = re.compile(r"[ ./()-]")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
PHONE = "phone"
_TALKING = (OfferState.ACCEPTED, OfferState.CONNECTED)


class CallBoard(Protocol):
    """The dispatcher's read views."""

    def agent(self, agent_id: str) -> AgentRow | None: ...

    def has_room(self, agent_id: str, medium: Medium) -> bool: ...

    def work(self, work_id: str) -> WorkRow | None: ...

    def reservation(self, reservation_id: str) -> ReservationRow | None: ...

    def reservations_of(self, agent_id: str) -> tuple[ReservationRow, ...]: ...


async def _nobody(_agent_id: str, _follow_up: int) -> Refusal | None:
    return Refusal("unknown_follow_up", "nobody can be called back here")


class CallDesk:
    """One for the node. `send` is the hub's, `now` is shard time in microseconds.

    `conductor`, `call_back` and `far` (for calls of other nodes) are attached once they are built.
    """

    def __init__(
        self,
        board: CallBoard,
        current: CurrentSite,
        send: Callable[[str, m.NumberedMessage], object],
        now: Callable[[], int],
    ) -> None:
        self._board = board
        self._current = current
        self._send = send
        self.live = LiveCalls(current)
        self.help = HelpDesk(board, current, send, now)
        self.help.came = self.helped
        self._recordings: dict[str, ShowRecording] = {}
        self.conductor: Conductor | None = None
        self.call_back: CallBack = _nobody
        self.far: FarDesk | None = None

    def __len__(self) -> int:
        return len(self.live) + len(self.help)

    # --- what agents ask ----------------------------------------------------------------------------------------

    def not_talking(self, agent_id: str, reservation_id: str) -> Refusal | None:
        """A refusal unless this is a conversation of the agent's."""
        row = self._board.reservation(reservation_id)
        if row is None or row.agent_id != agent_id or row.state is not OfferState.CONNECTED:
            return Refusal("not_connected", f"reservation {reservation_id} is not a conversation of yours")
        return None

    def _not_on_the_phone(self, agent_id: str, reservation_id: str) -> Refusal | None:
        row = self._board.reservation(reservation_id)
        if row is not None and row.agent_id == agent_id and row.medium is not Medium.VOICE:
            return Refusal("not_voice", "this is only done in calls")
        return self.not_talking(agent_id, reservation_id)

    async def give_up(self, reservation_id: str) -> bool:
        """The agent does not want to wait until the customer answers; False when nobody is being called by it."""
        if self.far is not None and (work_id := self.far.far(reservation_id)) is not None:
            return await self.far.give_up(work_id, reservation_id)
        return self.conductor is not None and self.conductor.callbacks.give_up(reservation_id)

    async def digit(self, agent_id: str, reservation_id: str, digit: str) -> Refusal | None:
        """A keypad digit to the customer's side."""
        if refusal := self._not_on_the_phone(agent_id, reservation_id):
            return refusal
        if self.far is not None and (work_id := self.far.far(reservation_id)) is not None:
            return await self.far.digit(work_id, agent_id, reservation_id, digit)
        try:
            sent = self.conductor is not None and await self.conductor.send_digits(reservation_id, digit)
        except MediaUnavailableError as error:
            return Refusal("media_unavailable", error.reason)
        return None if sent else Refusal("not_connected", "there is no conversation")

    async def ask(self, agent_id: str, command: m.CallCommand) -> Refusal | None:
        """What the call bar asks, in a call of the agent's."""
        conductor = self.conductor
        if refusal := self._not_on_the_phone(agent_id, command.reservation_id):
            return refusal
        if self.far is not None and (work_id := self.far.far(command.reservation_id)) is not None:
            return await self.far.ask(work_id, agent_id, command)
        if conductor is None:
            return Refusal("not_connected", "there is no such conversation")
        asked = self._asked(agent_id, command)
        if isinstance(asked, Refusal):
            return asked
        denied = await conductor.ask(command.reservation_id, asked)
        return None if denied is None else Refusal(denied.code, denied.message)

    def _asked(self, agent_id: str, command: m.CallCommand) -> Asked | Refusal:
        match command:
            case m.Hold(on=on):
                return HoldAsked("", on)
            case m.Mute(on=on):
                return MuteAsked("", on)
            case m.Transfer():
                target = self._target(agent_id, command)
                return target if isinstance(target, Refusal) else TransferAsked("", target, command.warm)
            case m.CompleteTransfer():
                return CompleteAsked("")
            case m.Swap():
                return SwapAsked("")
            case m.Conference():
                return ConferenceAsked("")
            case m.DropParty(party=party):
                return DropAsked("", party)
            case m.PauseRecording(on=on):
                return PauseAsked("", on)
            case _:
                assert_never(command)

    def _target(self, agent_id: str, command: m.Transfer) -> Target | Refusal:
        match command.agent, command.queue, command.number:
            case str(target), None, None:
                if target == agent_id or target not in self._current.site.agents:
                    return Refusal("unknown_agent", f"there is no agent {target} to transfer to")
                free = self.availability(target) == "free"
                return AgentTarget(target) if free else Refusal("agent_unavailable", f"{target} is busy")
            case None, str(queue), None:
                known = self._current.site.queues.get(queue)
                if known is None or known.medium is not Medium.VOICE:
                    return Refusal("unknown_queue", f"no queue {queue} takes calls")
                return QueueTarget(queue)
            case None, None, str(dialled):
                number = _SPACING.sub("", dialled)
                conductor = self.conductor
                if conductor is None or not _NUMBER.fullmatch(number) or not conductor.numbers.may_dial(number):
                    return Refusal("number_not_allowed", "this number may not be called")
                return NumberTarget(number)
            case _:
                return Refusal("unclear_target", "name an agent, a queue or a number")

    async def ask_by_phone(self, agent_id: str, reservation_id: str, asked: Asked) -> Deny | None:
        """What an agent asks by the keys of a phone of this node; the call may be on another one."""
        command = by_phone(reservation_id, asked)
        if command is None:
            return Deny("not_here", "phones do not ask for this")
        refusal = await self.ask(agent_id, command)
        return None if refusal is None else Deny(refusal.code, refusal.message)

    def dialled(self, agent_id: str, text: str) -> Target | Deny:
        """Whom an agent means who dials this on their phone: a colleague or their phone, a queue, or else a number."""
        site = self._current.site
        phones = {each.sip_user: each.agent_id for each in site.agents.values() if each.sip_user}
        transfer = m.Transfer(ref=PHONE, reservation_id="", number=text)
        if text in site.agents or text in phones:
            transfer = m.Transfer(ref=PHONE, reservation_id="", agent=phones.get(text, text))
        elif text in site.queues:
            transfer = m.Transfer(ref=PHONE, reservation_id="", queue=text)
        found = self._target(agent_id, transfer)
        return Deny(found.code, found.message) if isinstance(found, Refusal) else found

    def availability(self, agent_id: str, medium: Medium = Medium.VOICE) -> Availability:
        """Whether an agent of the site could be offered a call (or a chat) now."""
        return availability(self._board, agent_id, medium)

    async def echo(self, agent_id: str, *, on: bool) -> Refusal | None:
        """The agent hears themselves back through the server, or no more; not while a call is with them."""
        held = self._board.reservations_of(agent_id)
        if on and any(row.medium is Medium.VOICE and row.state is not OfferState.WRAP_UP for row in held):
            return Refusal("in_call", "a call is with you: test before or after it")
        if self.conductor is None:
            return Refusal("media_unavailable", "there is no media yet")
        try:
            await self.conductor.browsers.echo(agent_id, on=on)
        except MediaUnavailableError as error:
            return Refusal("media_unavailable", error.reason) if on else None
        return None

    # --- what agents see ----------------------------------------------------------------------------------------

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        """Who is in the call has changed."""
        before = self.live.change(interaction_id, parties)
        for party in parties:
            if party.kind is PartyKind.AGENT and party.state is not PartyState.COMING:
                self._show(party, interaction_id)
        if not parties:
            self._recordings.pop(interaction_id, None)
        listening = {party.agent_id for party in parties if party.kind is PartyKind.SUPERVISOR}
        for agent_id in listening:
            self._send(agent_id, self._listening(agent_id, interaction_id))
        for party in before:
            if party.kind is PartyKind.SUPERVISOR and party.agent_id not in listening:
                self._send(party.agent_id, m.Listening(interaction_id=interaction_id))

    def recording(self, interaction_id: str, shown: ShowRecording) -> None:
        """How the call's recording stands has changed."""
        self._recordings[interaction_id] = shown
        for party in self.live.of(interaction_id):
            if party.kind is PartyKind.AGENT and party.state is not PartyState.COMING:
                self._show(party, interaction_id)

    def ask_supervisor(self, agent_id: str, reservation_id: str, *, on: bool) -> Refusal | None:
        """Help with work that the agent holds."""
        row = self._board.reservation(reservation_id)
        if row is None or row.agent_id != agent_id or row.state not in _TALKING:
            return Refusal("not_connected", f"reservation {reservation_id} is not work of yours")
        self.help.ask(row, on=on)
        self._show_own(row)
        return None

    def helped(self, interaction_id: str) -> None:
        """A supervisor came."""
        for reservation_id in self.help.answered(interaction_id):
            row = self._board.reservation(reservation_id)
            if row is not None:
                self._show_own(row)

    def over(self, reservation_id: str) -> None:
        """The agent's part is over."""
        self.help.over(reservation_id)

    def snapshot(self, agent_id: str) -> dict[str, Any]:
        """The fields of a snapshot that tell of calls."""
        calls: list[m.Call] = []
        for row in self._board.reservations_of(agent_id):
            work = self._board.work(row.work_id) if row.state in _TALKING else None
            if work is not None and work.interaction_id in self.live:
                calls.append(self._call(row.reservation_id, row.work_id, work.interaction_id))
        own = f"supervisor:{agent_id}"
        heard = (one for one, parties in self.live.all() if any(party.party_id == own for party in parties))
        listening = next((self._listening(agent_id, one) for one in heard), None)
        return {
            "calls": tuple(calls),
            "listening": listening,
            "help": self.help.to(agent_id),
            "asked": self.help.by(agent_id),
        }

    def _show(self, party: PartyView, interaction_id: str) -> None:
        for row in self._board.reservations_of(party.agent_id):
            if row.work_id == party.party_id and row.state in _TALKING:
                self._send(party.agent_id, self._call(row.reservation_id, row.work_id, interaction_id))

    def _show_own(self, row: ReservationRow) -> None:
        work = self._board.work(row.work_id)
        if work is not None and work.interaction_id in self.live:
            self._send(row.agent_id, self._call(row.reservation_id, row.work_id, work.interaction_id))

    def _call(self, reservation_id: str, work_id: str, interaction_id: str) -> m.Call:
        return m.Call(
            reservation_id=reservation_id,
            interaction_id=interaction_id,
            parties=self.live.shown(interaction_id, work_id, to_agent=True),
            help_asked=self.help.asks(reservation_id),
            recording=self._recording(interaction_id),
        )

    def _recording(self, interaction_id: str) -> m.Recording | None:
        shown = self._recordings.get(interaction_id)
        if shown is None:
            return None
        agent = self._current.agent(shown.by)
        return m.Recording(
            state=shown.state,
            by=shown.by or None,
            name=agent.display_name if agent else shown.by,
            until_us=shown.until,
            may_pause=shown.agents_pause and shown.state != "failed",
        )

    def _listening(self, agent_id: str, interaction_id: str) -> m.Listening:
        own = f"supervisor:{agent_id}"
        parties = self.live.shown(interaction_id, own, to_agent=False)
        mode = next((party.mode for party in parties if party.id == own), None)
        return m.Listening(interaction_id=interaction_id, mode=mode, parties=parties)


def by_phone(reservation_id: str, asked: Asked) -> m.CallCommand | None:
    """What the page would send for what a phone asks; None for what phones do not ask."""
    match asked:
        case HoldAsked(_, on):
            return m.Hold(ref=PHONE, reservation_id=reservation_id, on=on)
        case TransferAsked(_, AgentTarget(agent_id), warm):
            return m.Transfer(ref=PHONE, reservation_id=reservation_id, agent=agent_id, warm=warm)
        case TransferAsked(_, QueueTarget(queue), warm):
            return m.Transfer(ref=PHONE, reservation_id=reservation_id, queue=queue, warm=warm)
        case TransferAsked(_, NumberTarget(number), warm):
            return m.Transfer(ref=PHONE, reservation_id=reservation_id, number=number, warm=warm)
        case _:
            return None
