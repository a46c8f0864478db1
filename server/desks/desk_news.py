"""Shows agents what was committed: each command of a turn that concerns one becomes a message to their page."""

from collections.abc import Callable
from typing import Protocol

from agents_ws import messages as m
from router import events as facts
from router.commands import (
    AnswerHandoff,
    CloseWork,
    Command,
    EndWrapUp,
    JoinLegs,
    ParkWork,
    PartLegs,
    Refuse,
    SendOffer,
    ShowPresence,
    StartWrapUp,
    WithdrawOffer,
)
from router.moves import REASON_REMOVED
from router.rows import NOTHING, AgentRow, ReservationRow, Turn, WorkRow
from router.vocabulary import EndedBy, OfferState, WithdrawReason
from server.calls.call_desk import CallDesk
from server.desks.cards import Cards
from server.desks.contexts import READY_TIMEOUT_S, InteractionContext, InteractionContexts
from server.desks.drawn_offers import DrawnOffers
from server.desks.own_day import OwnDays
from server.desks.park_desk import ParkDesk
from server.desks.reach import Reach
from server.desks.target_watch import TargetWatch
from server.tasks import TaskOwner

# How long an offer waits for what its customer had before. Where SQL takes longer it goes without, and that follows:
# the phone rings for seconds, and a transaction of many may have the database just then.
PAST_S = 0.01


class Board(Protocol):
    """The dispatcher's read views."""

    def agent(self, agent_id: str) -> AgentRow | None: ...

    def node_of(self, agent_id: str) -> str: ...

    def work(self, work_id: str) -> WorkRow | None: ...

    def reservation(self, reservation_id: str) -> ReservationRow | None: ...

    def offered(self, reservation_id: str) -> bool: ...


class Page(Protocol):
    """The agents' pages (server.desks.desk.Desk)."""

    def send(self, agent_id: str, message: m.NumberedMessage) -> None: ...

    def close(self, agent_id: str, code: m.ByeCode) -> None: ...

    def page_up(self, agent_id: str) -> bool: ...


class ChatPages(Protocol):
    """Chats as pages show them (server.chats.chat_desk.ChatDesk)."""

    def elsewhere(self, work: WorkRow) -> bool: ...

    async def fetch(self, work: WorkRow) -> None: ...

    def forget(self, interaction_id: str) -> None: ...


class DeskNews:
    """One for the node; `days`, `chats` and `parked` once they are built."""

    def __init__(
        self,
        board: Board,
        cards: Cards,
        contexts: InteractionContexts,
        reach: Reach,
        calls: CallDesk,
        tasks: TaskOwner,
        now: Callable[[], int],
        pages: Page,
    ) -> None:
        self._board = board
        self._cards = cards
        self._contexts = contexts
        self._reach = reach
        self._calls = calls
        self._tasks = tasks
        self._now = now
        self._pages = pages
        self._offers = DrawnOffers(board, cards, contexts, now, self._away)
        # The offer that was shown ahead of the rest of its turn.
        self._shown: SendOffer | None = None
        self.days: OwnDays | None = None
        self.targets: TargetWatch | None = None
        self.parked: ParkDesk | None = None
        self.chats: ChatPages | None = None

    def own(self, agent_id: str, reservation_id: str) -> ReservationRow | None:
        """Their reservation; None for another's."""
        row = self._board.reservation(reservation_id)
        return row if row is not None and row.agent_id == agent_id else None

    def prepare(self, turn: Turn) -> None:
        """Draws the offers of a turn that is being committed."""
        for command in turn.commands:
            if isinstance(command, SendOffer) and not self._elsewhere(command.agent_id):
                self._offers.draw(command)

    def show_drawn(self, turn: Turn) -> None:
        """The offer that a turn begins with, ahead of all else, where it was drawn and nothing has changed since."""
        first = turn.commands[0] if turn.commands else None
        if isinstance(first, SendOffer) and (drawn := self._drawn(first)) is not None:
            self._pages.send(first.agent_id, drawn)
            self._shown = first

    def show(self, turn: Turn) -> None:
        """Tells the agents concerned."""
        match turn.event:
            case facts.WorkQueued(interaction_id=interaction_id):
                if not any(isinstance(command, Refuse) for command in turn.commands):
                    self._contexts.queued(interaction_id)
            case facts.HandoffAsked():
                self._came_over(turn)
            case facts.AgentConnected():
                self._moved(turn.event, refused=any(isinstance(command, Refuse) for command in turn.commands))
            case facts.AgentDisconnected() | facts.NodeLost():
                board = self._board
                self._reach.released(lambda agent_id: (row := board.agent(agent_id)) is not None and row.connected)
            case _:
                pass
        for command in turn.commands:
            self._show(command)
        if self.parked is not None:
            for command in turn.commands:
                if isinstance(command, ParkWork):
                    self._cards.forget(command.reservation_id)
                    self._calls.over(command.reservation_id)
            self.parked.show(turn)
        # Said twice (after a restart, by a leg that came back) it changes nothing, and shows nothing.
        if isinstance(turn.event, facts.AssignmentConnected) and turn.changes.reservations:
            row = self._board.reservation(turn.event.reservation_id)
            if row is not None and row.state is OfferState.CONNECTED:
                self.assignment(row.agent_id, row.reservation_id)

    def note(self, turn: Turn) -> None:
        """Whose day it changed is told them a little later."""
        if self.days is not None:
            self.days.observe(turn)
        if self.targets is not None and turn.changes is not NOTHING:
            self.targets.observe(turn)

    def _came_over(self, turn: Turn) -> None:
        for command in turn.commands:
            if isinstance(command, AnswerHandoff) and command.first and not command.refused:
                self._contexts.queued(command.interaction_id)

    def _moved(self, event: facts.AgentConnected, *, refused: bool) -> None:
        """An agent is where they came last; of two who come at once each is told again until one is the last."""
        agent_id = event.agent_id
        if event.node == self._reach.node:
            if refused:
                self._reach.refused(agent_id)
        elif not refused and not self._reach.moved(agent_id, event.media) and self._pages.page_up(agent_id):
            self._pages.close(agent_id, m.ByeCode.REPLACED)

    def _offer(self, command: SendOffer) -> None:
        if command is self._shown:
            self._shown = None
        elif (drawn := self._drawn(command)) is not None:
            self._pages.send(command.agent_id, drawn)
        else:
            self._cards.remember(command)
            self._show_undrawn(command)

    def _drawn(self, command: SendOffer) -> m.Offer | None:
        return None if self._elsewhere(command.agent_id) else self._offers.take(command)

    def _elsewhere(self, agent_id: str) -> bool:
        """Whether another node holds the agent's connection, and shows them what there is to show."""
        return self._board.node_of(agent_id) not in ("", self._reach.node)

    def _show(self, command: Command) -> None:
        match command:
            case SendOffer():
                self._offer(command)
            case WithdrawOffer(reservation_id=reservation_id, agent_id=agent_id, reason=reason):
                self._cards.forget(reservation_id)
                self._calls.over(reservation_id)
                self._pages.send(agent_id, m.OfferWithdrawn(reservation_id=reservation_id, reason=reason))
            case JoinLegs(reservation_id=reservation_id, agent_id=agent_id):
                # Where the context came late, they may be connected by then: that turn shows it.
                self.assignment(agent_id, reservation_id, (OfferState.ACCEPTED,))
            case PartLegs():
                self._cards.hold(command.reservation_id, None)
                self._calls.over(command.reservation_id)
                self._with_context(command, lambda context: self._show_ended(command, context))
                if self._board.reservation(command.reservation_id) is None:
                    self._cards.forget(command.reservation_id)
            case StartWrapUp(reservation_id=reservation_id, agent_id=agent_id):
                row, work = self.own(agent_id, reservation_id), self._board.work(command.work_id)
                if row is not None and work is not None and row.state is OfferState.WRAP_UP:
                    self._pages.send(agent_id, self._cards.wrap_up(row, work))
            case EndWrapUp(reservation_id=reservation_id, agent_id=agent_id, disposition=disposition):
                self._cards.forget(reservation_id)
                self._pages.send(agent_id, m.WrapUpEnded(reservation_id=reservation_id, disposition=disposition))
            case ShowPresence(agent_id=agent_id, reason=reason):
                self._pages.send(agent_id, self._cards.presence(command))
                if reason == REASON_REMOVED:
                    self._pages.close(agent_id, m.ByeCode.SIGNED_OUT)
            case CloseWork(interaction_id=interaction_id):
                self._drop(interaction_id)
            case _:
                return

    def _drop(self, interaction_id: str) -> None:
        self._contexts.drop(interaction_id)
        if self.chats is not None:
            self.chats.forget(interaction_id)

    def _show_undrawn(self, command: SendOffer) -> None:
        """At once when all that it shows is here. Only an offer waits for the past of the caller, and not for long."""
        if self._elsewhere(command.agent_id):
            return
        context, work = self._contexts.cached(command.interaction_id), self._board.work(command.work_id)
        if context is not None and not (work is not None and self._away(work)):
            self._show_offer(command, context)
        else:
            self._tasks.spawn(self._show_offer_soon(command), f"show:{command.interaction_id}")

    async def _show_offer_soon(self, command: SendOffer) -> None:
        context = await self.context(command.work_id, command.interaction_id, PAST_S)
        whole = context.ready.is_set()
        self._show_offer(command, context)
        if not whole:
            await context.ready.wait()
            self._show_past(command, context)

    def _show_past(self, command: SendOffer, context: InteractionContext) -> None:
        if context.history and self.own(command.agent_id, command.reservation_id) is not None:
            self._pages.send(command.agent_id, self._cards.past(command, context))

    def _with_context(self, of: PartLegs | WorkRow, show: Callable[[InteractionContext], None]) -> None:
        """At once when the caller's context is here, so that messages keep their order; else when it has been read.

        A chat of another node is fetched from there; what is over is shown as it is known here.
        """
        if isinstance(of, PartLegs) and self._elsewhere(of.agent_id):
            return
        context = self._contexts.live(of.interaction_id)
        work = None if isinstance(of, PartLegs) else self._board.work(of.work_id)
        fetched = work is not None and self._away(work)
        if context is not None and not fetched:
            show(context)
        else:
            self._tasks.spawn(self._show_later(of.work_id, of.interaction_id, show), f"show:{of.interaction_id}")

    def _away(self, work: WorkRow) -> bool:
        """Whether it is a chat that has to be fetched from its node."""
        return self.chats is not None and self.chats.elsewhere(work)

    async def _show_later(self, work_id: str, interaction_id: str, show: Callable[[InteractionContext], None]) -> None:
        show(await self.context(work_id, interaction_id))

    async def context(self, work_id: str, interaction_id: str, within_s: float = READY_TIMEOUT_S) -> InteractionContext:
        """Who the customer is, and their past if it comes in time; a chat of another node as it is there."""
        context = await self._contexts.get(interaction_id, work_id, within_s)
        work = self._board.work(work_id)
        if work is not None and self.chats is not None:
            await self.chats.fetch(work)
        if self._board.work(work_id) is None:
            self._contexts.drop(interaction_id)  # the work was closed meanwhile: nobody else will
        return context

    def _show_offer(self, command: SendOffer, context: InteractionContext) -> None:
        row = self._board.reservation(command.reservation_id)
        work = self._board.work(command.work_id)
        if row is not None and work is not None and row.state is OfferState.OFFERED:
            self._pages.send(command.agent_id, self._cards.offer(row, work, context, self._now()))

    def assignment(
        self,
        agent_id: str,
        reservation_id: str,
        states: tuple[OfferState, ...] = (OfferState.ACCEPTED, OfferState.CONNECTED),
    ) -> None:
        """Work that they have, drawn anew, if it is in one of these states."""
        row = self.own(agent_id, reservation_id)
        work = self._board.work(row.work_id) if row else None
        if work is None or self._elsewhere(agent_id):
            return

        def show(context: InteractionContext) -> None:
            now_row = self.own(agent_id, reservation_id)
            if now_row is not None and now_row.state in states:
                self._pages.send(agent_id, self._cards.assignment(now_row, work, context, self._now()))

        self._with_context(work, show)

    def _show_ended(self, command: PartLegs, context: InteractionContext) -> None:
        row = self.own(command.agent_id, command.reservation_id)
        work = self._board.work(command.work_id)
        if row is None or work is None:
            reason = WithdrawReason.ABANDONED if command.by is EndedBy.CUSTOMER else WithdrawReason.CANCELLED
            self._pages.send(command.agent_id, m.OfferWithdrawn(reservation_id=command.reservation_id, reason=reason))
            return
        ended = self._cards.assignment(row, work, context, self._now(), state="ended", by=command.by)
        self._pages.send(command.agent_id, ended)
