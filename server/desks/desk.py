"""The agents' side: carries out what they ask (the endpoint's Gateway); what was committed, its news show."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from msgspec.structs import replace

from agents_ws import messages as m
from agents_ws.ports import Refusal
from records.notes import Notes
from records.sessions import SignIn
from router import events as facts
from router.commands import Refuse
from router.rows import ReservationRow, WorkRow
from router.vocabulary import EndedBy, Medium, OfferState, Presence
from server.calls.call_desk import CallDesk
from server.chats.chat_desk import ChatDesk
from server.core.routing import Routing
from server.desks.cards import Cards
from server.desks.contexts import InteractionContext, InteractionContexts
from server.desks.desk_news import DeskNews
from server.desks.reach import Reach
from server.desks.target_watch import TargetWatch
from server.tasks import TaskOwner
from voice.conductor import Conductor
from voice.events import ShowRecording
from voice.party import PartyView
from voice.ports import MediaUnavailableError

log = structlog.get_logger(__name__)

ON_A_PHONE = ("phone_agent", "this agent speaks on a SIP phone")
CLOSING_US = 2_000_000


class Send(Protocol):
    """The hub."""

    def send(self, agent_id: str, message: m.NumberedMessage) -> bool: ...

    def resync(self, agent_id: str) -> None: ...

    def close(self, agent_id: str, code: m.ByeCode) -> None: ...


class Desk:
    """One for the node. `wall` gives wall-clock microseconds, for sign-in and notes."""

    def __init__(
        self,
        pump: Routing,
        cards: Cards,
        contexts: InteractionContexts,
        reach: Reach,
        sign_in: SignIn,
        notes: Notes,
        tasks: TaskOwner,
        wall: Callable[[], int],
    ) -> None:
        self._pump = pump
        self._cards = cards
        self._reach = reach
        self._sign_in = sign_in
        self._notes = notes
        self._wall = wall
        self._generation = 0
        self._page_of: dict[str, int] = {}
        self._hub: Send | None = None
        self._conductor: Conductor | None = None
        self._chats: ChatDesk | None = None
        # Attached once there is a board.
        self.targets: TargetWatch | None = None
        self.calls = CallDesk(pump.dispatcher, cards.current, self.send, pump.now)
        self.news = DeskNews(pump.dispatcher, cards, contexts, reach, self.calls, tasks, pump.now, self)

    def attach_chats(self, chats: ChatDesk) -> None:
        """As `attach`, for chats."""
        self._chats = chats
        self._cards.chat_of = chats.card
        self.news.chats, self.news.parked = chats, chats.parked

    def attach(self, hub: Send, conductor: Conductor) -> None:
        """Closes the circle: hub and conductor need the desk, and it needs them."""
        self._hub = hub
        self._conductor = self.calls.conductor = conductor

    # --- the endpoint's Gateway ---------------------------------------------------------------------------------

    async def authenticate(self, token: str) -> m.AgentIdentity | None:
        """Whose token it is; None also for an account that takes no work."""
        caller = await self._sign_in.authenticate(token, self._wall())
        return self.identity(caller.agent_id or "") if caller else None

    def identity(self, agent_id: str) -> m.AgentIdentity | None:
        """Who the agent is; None when they are none of the site's any more, and have no work to finish."""
        agent = self._cards.current.agent(agent_id)
        if agent is None or not self.belongs(agent.agent_id):
            return None
        return m.AgentIdentity(
            id=agent.agent_id,
            name=agent.display_name,
            role=agent.role,
            team=agent.team,
            station="sip" if agent.station == "sip" else "webrtc",
        )

    async def may_stay(self, agent_id: str, token: str) -> bool:
        """False ends the page. Whoever holds work finishes it first, and is offered nothing more."""
        identity = await self.authenticate(token)
        if identity is not None and identity.id == agent_id:
            return True
        if not self._pump.dispatcher.reservations_of(agent_id):
            return False
        await self.queue_presence(agent_id, Presence.NOT_READY, None)
        return True

    def belongs(self, agent_id: str) -> bool:
        """Whether the agent is one of the site's, or was, and still has work to finish."""
        return agent_id in self._cards.site.agents or bool(self._pump.dispatcher.reservations_of(agent_id))

    def site_changed(self, *, redraw: bool) -> None:
        """The files were read again: pages are drawn anew if need be, and those of agents who are gone are closed."""
        if self._hub is None:
            return
        for agent_id in list(self._page_of):
            if not self.belongs(agent_id):
                self._hub.close(agent_id, m.ByeCode.SIGNED_OUT)
            elif redraw:
                self._hub.resync(agent_id)

    async def connected(self, agent_id: str) -> int:
        """The page is there."""
        generation = self._generation = max(self._generation + 1, self._wall())
        self._page_of[agent_id] = generation
        self._reach.page(agent_id, up=True)
        await self._pump.drain()
        return generation

    async def disconnected(self, agent_id: str, generation: int) -> None:
        """That page is gone; a newer one of the same agent counts on."""
        if self._page_of.get(agent_id) != generation:
            return
        log.info("page_gone", agent_id=agent_id, generation=generation)
        del self._page_of[agent_id]
        self._reach.page(agent_id, up=False)

    def pages(self) -> tuple[str, ...]:
        """Agents whose page is connected."""
        return tuple(self._page_of)

    def held_here(self, agent_id: str) -> bool:
        """Whether the agent is in any call: their device is here. A chat goes on with them at any node."""
        board = self._pump.dispatcher
        talking = (OfferState.ACCEPTED, OfferState.CONNECTED)
        items = [board.work(row.work_id) for row in board.reservations_of(agent_id) if row.state in talking]
        return any(work is not None and work.medium is Medium.VOICE for work in items)

    def send(self, agent_id: str, message: m.NumberedMessage) -> None:
        """To their page, if it is at this node."""
        if self._hub is not None:
            self._hub.send(agent_id, message)

    def close(self, agent_id: str, code: m.ByeCode) -> None:
        """Their page is told why it is cut off."""
        if self._hub is not None:
            self._hub.close(agent_id, code)

    def send_away(self, agent_id: str) -> None:
        """Their page connects again, to another node."""
        self.close(agent_id, m.ByeCode.SHUTDOWN)

    def page_up(self, agent_id: str) -> bool:
        """Whether a page of the agent is connected."""
        return agent_id in self._page_of

    async def snapshot(self, agent_id: str) -> m.Snapshot:
        """All that the page shows."""
        if self.targets is not None:
            self.targets.watch(agent_id, None)
        board = self._pump.dispatcher
        held: list[tuple[ReservationRow, WorkRow, InteractionContext]] = []
        for before in board.reservations_of(agent_id):
            if (work := board.work(before.work_id)) is not None:
                context = await self.news.context(work.work_id, work.interaction_id)
                row = self.news.own(agent_id, before.reservation_id)  # it may have moved on while SQL was asked
                held += [(row, work, context)] if row is not None else []
        shown = self._cards.snapshot(board.agent(agent_id), self._leg_state(agent_id), held, self._pump.now())
        today = self.news.days.of(agent_id) if self.news.days is not None else m.Today()
        parked = await self.news.parked.fetched(agent_id) if self.news.parked is not None else ()
        return replace(shown, today=today, parked=parked, **self.calls.snapshot(agent_id))

    async def set_presence(self, agent_id: str, presence: str, reason: str | None) -> Refusal | None:
        """Ready, or not ready with one of the site's reasons."""
        if reason is not None and reason not in self._cards.site.not_ready_reasons:
            return Refusal("unknown_reason", f"there is no reason {reason!r}")
        return await self._post(facts.PresenceSet(agent_id, Presence(presence), reason), agent_id)

    async def queue_presence(self, agent_id: str, presence: str | None, reason: str | None) -> Refusal | None:
        """What comes when everything held is over; None takes it back."""
        if reason is not None and reason not in self._cards.site.not_ready_reasons:
            return Refusal("unknown_reason", f"there is no reason {reason!r}")
        following = None if presence is None else Presence(presence)
        return await self._post(facts.PresenceQueued(agent_id, following, reason), agent_id)

    async def pause_media(self, agent_id: str, media: tuple[Medium, ...]) -> Refusal | None:
        """Nothing new of these media for now."""
        return await self._post(facts.MediaPaused(agent_id, media), agent_id)

    async def echo_test(self, agent_id: str, on: bool) -> Refusal | None:
        """The agent hears themselves back, unless a call is with them."""
        return Refusal(*ON_A_PHONE) if self._reach.on_phone(agent_id) else await self.calls.echo(agent_id, on=on)

    async def accept(self, agent_id: str, reservation_id: str) -> Refusal | None:
        """Take the offer; an agent with a phone answers the phone."""
        row = self.news.own(agent_id, reservation_id)
        rings = row is None or row.medium is Medium.VOICE
        if rings and self._reach.on_phone(agent_id):
            return Refusal("answer_your_phone", "the phone is ringing: answer there")
        return await self._post(facts.OfferAccepted(reservation_id, agent_id), agent_id)

    async def reject(self, agent_id: str, reservation_id: str, reason: str | None) -> Refusal | None:
        """Decline the offer."""
        return await self._post(facts.OfferRejected(reservation_id, agent_id, reason), agent_id)

    async def hang_up(self, agent_id: str, reservation_id: str) -> Refusal | None:
        """End the conversation, or the call to a customer who has not answered yet."""
        if await self._given_up(agent_id, reservation_id):
            return None
        if refusal := self.calls.not_talking(agent_id, reservation_id):
            return refusal
        return await self._post(facts.AssignmentEnded(reservation_id, EndedBy.AGENT), agent_id)

    async def _given_up(self, agent_id: str, reservation_id: str) -> bool:
        row = self.news.own(agent_id, reservation_id)
        return row is not None and row.state is OfferState.ACCEPTED and await self.calls.give_up(reservation_id)

    async def call(self, agent_id: str, command: m.CallCommand) -> Refusal | None:
        """Hold, mute, transfer and the rest of the call bar; of these a chat knows the transfer."""
        row = self.news.own(agent_id, command.reservation_id)
        chats = self._chats if row is not None and row.medium is Medium.CHAT else None
        if chats is not None and isinstance(command, m.Transfer):
            return await chats.transfer(agent_id, command)
        return await self.calls.ask(agent_id, command)

    async def ask_supervisor(self, agent_id: str, reservation_id: str, on: bool) -> Refusal | None:
        """Help with work that they hold, or no more."""
        return self.calls.ask_supervisor(agent_id, reservation_id, on=on)

    async def park(self, agent_id: str, reservation_id: str, last: int, until_us: int | None) -> Refusal | None:
        """Park a chat until its customer says something."""
        if self._chats is None:
            return Refusal("not_connected", "there are no chats here")
        return await self._chats.park(agent_id, reservation_id, last, until_us)

    async def unpark(self, agent_id: str, interaction_id: str) -> Refusal | None:
        """Have a parked chat back."""
        if self.news.parked is None:
            return Refusal("not_parked", "there are no chats here")
        return self.news.parked.take_back(agent_id, interaction_id)

    async def call_back(self, agent_id: str, follow_up: int) -> Refusal | None:
        """Call a customer of the follow-ups."""
        return await self.calls.call_back(agent_id, follow_up)

    async def watch_targets(self, agent_id: str, medium: Medium | None) -> Refusal | None:
        """To whom they can hand work on, and what changes in it."""
        if self.targets is None:
            return Refusal("not_here", "nobody can be chosen here")
        self.targets.watch(agent_id, medium)
        return None

    async def send_digit(self, agent_id: str, reservation_id: str, digit: str) -> Refusal | None:
        """A keypad digit to the caller's side."""
        return await self.calls.digit(agent_id, reservation_id, digit)

    async def extend_wrap_up(self, agent_id: str, reservation_id: str, by_s: int) -> Refusal | None:
        """More time for it."""
        return await self._post(facts.WrapUpExtended(reservation_id, agent_id, by_s * 1_000_000), agent_id)

    async def finish_wrap_up(
        self, agent_id: str, reservation_id: str, disposition: str | None, note: str | None
    ) -> Refusal | None:
        """Close wrap-up. The note is kept first: it must not be lost when the node dies in between."""
        if disposition is not None and disposition not in self._cards.site.dispositions:
            return Refusal("unknown_disposition", f"there is no disposition {disposition!r}")
        row = self.news.own(agent_id, reservation_id)
        work = self._pump.dispatcher.work(row.work_id) if row and row.state is OfferState.WRAP_UP else None
        rules = self._cards.site.queues.get(work.queue) if work is not None else None
        # What its deadline closes at the next moment it may close itself: the note would be lost.
        closing = row is not None and (row.deadline or 0) - self._pump.now() < CLOSING_US
        if disposition is None and rules is not None and rules.disposition_required and not closing:
            return Refusal("disposition_required", f"queue {rules.name} wants a disposition")
        if work is not None and note and note.strip():
            await self._notes.add(work.interaction_id, agent_id, note, self._wall())
        return await self._post(facts.WrapUpFinished(reservation_id, agent_id, disposition), agent_id)

    async def chat_message(self, agent_id: str, reservation_id: str, client_id: str, text: str) -> Refusal | None:
        """Say something in a chat."""
        if self._chats is None:
            return Refusal("not_connected", "there are no chats here")
        return await self._chats.message(agent_id, reservation_id, client_id, text)

    def chat_typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """The agent types in a chat, or has stopped."""
        if self._chats is not None:
            self._chats.typing(agent_id, reservation_id, on)

    def chat_read(self, agent_id: str, reservation_id: str, number: int) -> None:
        """The agent has read up to this message of a chat."""
        if self._chats is not None:
            self._chats.read(agent_id, reservation_id, number)

    async def open_leg(self, agent_id: str, sdp: str) -> str | Refusal:
        """The browser's media leg."""
        if self._conductor is None or self._reach.on_phone(agent_id):
            return Refusal(*ON_A_PHONE)
        try:
            return await self._conductor.browsers.open(agent_id, sdp)
        except MediaUnavailableError as error:
            return Refusal("media_unavailable", error.reason)

    async def sign_out(self, agent_id: str) -> Refusal | None:
        """Presence becomes offline, the leg is closed."""
        refusal = await self._post(facts.PresenceSet(agent_id, Presence.OFFLINE), agent_id)
        if refusal is None and self._conductor is not None:
            await self._conductor.agent_gone(agent_id)
            self._reach.leg(agent_id, up=False)
        return refusal

    # --- what voice tells ---------------------------------------------------------------------------------------

    def held(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """Hold went on or off."""
        self._cards.hold(reservation_id, self._pump.now() if on else None)
        self.news.assignment(agent_id, reservation_id)

    def parties(self, interaction_id: str, parties: Sequence[PartyView]) -> None:
        """Who is in a call has changed."""
        self.calls.parties(interaction_id, parties)

    def recording(self, interaction_id: str, shown: ShowRecording) -> None:
        """How a call's recording stands has changed."""
        self.calls.recording(interaction_id, shown)

    def leg_changed(self, agent_id: str, up: bool) -> None:
        """The browser's leg is up or gone."""
        self._reach.leg(agent_id, up=up)
        self.send(agent_id, m.Leg(state="up" if up else "none"))

    def far_phone_changed(self, agent_id: str, *, registered: bool) -> None:
        """The agent's phone is registered at another node, or is no more."""
        self._reach.far_phone(agent_id, up=registered)
        self.send(agent_id, m.Leg(state=self._leg_state(agent_id)))

    def phone_changed(self, agent_id: str, *, registered: bool) -> None:
        """The agent's phone is registered or absent."""
        self._reach.registered(agent_id, up=registered)
        self.send(agent_id, m.Leg(state=self._leg_state(agent_id)))

    # --- inside -------------------------------------------------------------------------------------------------

    async def _post(self, event: facts.Event, agent_id: str) -> Refusal | None:
        for answer in await self._pump.post(event, f"agent:{agent_id}"):
            if isinstance(answer, Refuse):
                return Refusal(answer.code, answer.message)
        return None

    def _leg_state(self, agent_id: str) -> m.LegState:
        there = self._reach.leg_state(agent_id)
        if self._reach.on_phone(agent_id):
            return "phone_registered" if there else "phone_absent"
        return "up" if there else "none"
