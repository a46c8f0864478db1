"""Brings visitors, agents and the router together: a directory of chats, no decisions of its own.

Visitors' requests come in by the endpoint, agents' by their own methods, the router's committed commands by `execute`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import structlog
from msgspec.structs import replace

from chat.directory import Directory
from chat.events import (
    AgentAway,
    AgentHere,
    AgentJoined,
    ChatEvent,
    Marked,
    Over,
    Requeued,
    Side,
    Typed,
)
from chat.far_chat import FarChat, FarChats
from chat.identity import clean, hash_of, token_for
from chat.limits import Buckets
from chat.lodging import Lodgings
from chat.machine import ChatState
from chat.messages import Open
from chat.opening import identity_of, queued
from chat.ports import ChatPorts, ChatRefusedError, StoreAwayError, Tasks, Terms
from chat.reception import Reception
from chat.runner import ChatRunner
from chat.site import ChatEntry, ChatSite
from chat.taking_up import TakingUp
from chat.visiting import Visiting, VisitorChat, text_of
from records.chat_files import ChatFile
from records.messages import Chat, Marks, Message
from router import events as facts
from router.commands import (
    CloseWork,
    Command,
    JoinLegs,
    ParkWork,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    WithdrawOffer,
)
from router.vocabulary import EndedBy, Medium, Outcome

log = structlog.get_logger(__name__)

PLACES_EVERY_S = 0.5
_ENDED_BY = {Outcome.ABANDONED: EndedBy.CUSTOMER, Outcome.HANDLED: EndedBy.AGENT}


class ChatConductor:
    """All chats of this node."""

    def __init__(self, site: ChatSite, ports: ChatPorts, tasks: Tasks) -> None:
        self.site = site
        self._ports = ports
        self.directory = Directory(lambda: self.site, ports, tasks)
        self.taking_up = TakingUp(self.directory, ports, lambda: self.site, tasks)
        self.far = FarChats(ports.shards, tasks)
        self.lodgings = Lodgings(self.directory, ports, self.far, tasks, self._name)
        self.taking_up.left = self.lodgings.resume
        self.visiting = Visiting(lambda: self.site.limits, ports)
        self._opens = Buckets(site.limits.opens_per_minute, site.limits.open_burst)
        self._opening: dict[str, asyncio.Lock] = {}
        self.reception = Reception(lambda: self.site, ports, self._opens)
        self._places: dict[str, asyncio.TimerHandle] = {}
        self.closing = False
        # A chat that is open and not at hand: has the node that has it let it go. False when it is over.
        # Raises ChatRefusedError where that is not possible now.
        self.fetch: Callable[[str], Awaitable[bool]] = _nowhere_else
        # Whether a chat that is kept and that the router has not open was never in a queue, as far as is known.
        self.unqueued: Callable[[str], Awaitable[bool]] = _nowhere_else
        self.draining = False

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open, for metrics and the leak test."""
        return self.directory.counts

    @property
    def full(self) -> bool:
        """Whether no more chats are taken on this node."""
        return self.closing or self.draining or self.directory.running >= self.site.limits.open_chats

    def follow(self, site: ChatSite) -> None:
        """The site was read again: it holds for chats that open from now on; those that are open stay as they began."""
        self.site = site
        self._opens.reshape(site.limits.opens_per_minute, site.limits.open_burst)

    def close(self) -> None:
        """No new chats. Those that are open stay open: they are taken up again at the next start."""
        self.closing = True
        for handle in self._places.values():
            handle.cancel()
        self._places.clear()
        self.far.close()
        for runner in self.directory.runners():
            runner.stop()

    # --- visitors -----------------------------------------------------------------------------------------------

    async def open(self, request: Open, address: str) -> tuple[VisitorChat, str]:
        """The chat (the same one for the same key) and its token. Raises ChatRefusedError."""
        entry = self.site.entries.get(request.entry)
        if entry is None:
            raise ChatRefusedError("unknown_entry", f"there is no entry {request.entry!r}")
        token = token_for(entry.secret, request.key)
        token_hash = hash_of(token)
        # One at a time for each key: a page that lost the answer asks again while the first is still being made.
        lock = self._opening.setdefault(token_hash, asyncio.Lock())
        try:
            async with lock:
                runner = self.directory.by_token.get(token_hash)
                return runner or await self._open_or_find(request, entry, token_hash, address), token
        finally:
            self._opening.pop(token_hash, None)

    async def _open_or_find(self, request: Open, entry: ChatEntry, token_hash: str, address: str) -> VisitorChat:
        """Nearly every key is new: whether it is one is found where the chat is kept, and not asked before."""
        try:
            chat, first = self._checked(request, entry, token_hash, address)
        except ChatRefusedError:  # whom nobody lets in now may have a chat all the same
            found = await self._known(request, entry, token_hash, address)
            if found is None:
                raise
            return found
        try:
            new = await self._ports.store.open(chat, first)
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", "the chat could not be opened, try again") from error
        if new:
            return await self._queue(chat, (first,), request, entry, address)
        found = await self._known(request, entry, token_hash, address)
        if found is None:
            raise ChatRefusedError("unavailable", "this chat was opened elsewhere, open it again")
        return found

    async def _known(self, request: Open, entry: ChatEntry, token_hash: str, address: str) -> VisitorChat | None:
        return await self.find_kept(token_hash, partial(self._queue_again, request, entry, address))

    async def find(self, token: str) -> VisitorChat | None:
        """The chat of that token, also one that is over; None when there is none. Raises ChatRefusedError."""
        return await self.find_kept(hash_of(token))

    def looked_at(self, chat: VisitorChat) -> None:
        """Somebody stopped looking: a chat that is over, or elsewhere, need not be at hand any more."""
        if isinstance(chat, FarChat):
            self.far.looked_at(chat)
        else:
            self.directory.looked_at(chat)

    async def find_kept(
        self, token_hash: str, again: Callable[[Chat], Awaitable[ChatRunner | None]] | None = None
    ) -> VisitorChat | None:
        """As `find`, by what is kept of the token. `again` queues one that was in no queue yet."""
        runner = self.directory.by_token.get(token_hash)
        if runner is not None:
            return runner
        try:
            chat = await self._ports.store.find(token_hash)
            chat = chat and await self.taking_up.revived(chat)
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", "the chat cannot be read now") from error
        if chat is None:
            return None
        if (runner := self.directory.by_token.get(token_hash)) is not None:
            return runner
        if chat.ended_by is None and await self.fetch(chat.interaction_id):
            taken = await self.taking_up.take_up(chat)
            if taken is None:
                raise ChatRefusedError("unavailable", "the chat is on its way to another node of the server")
            return taken
        if (runner := self.directory.by_token.get(token_hash)) is not None:
            return runner
        if chat.ended_by is None and again is not None and (runner := await again(chat)) is not None:
            return runner
        if chat.ended_by is None:
            self.taking_up.end_soon(chat)
        if (far := await self.far.find(chat)) is not None:
            return far
        # It is over, or its end is just being kept: nothing more happens to it, but it can be read and rated.
        machine = self.directory.machine(chat, chat.interaction_id, chat.queue)
        machine.end(EndedBy(chat.ended_by) if chat.ended_by else EndedBy.SYSTEM)
        return self.directory.make(chat, machine, ())

    def _checked(self, request: Open, entry: ChatEntry, token_hash: str, address: str) -> tuple[Chat, Message]:
        """A chat to be kept, with its first message. Raises ChatRefusedError."""
        self.reception.check_open(entry)
        question = text_of(request.question, self.site.limits)
        identity_of(request.user, request.visitor_id, entry)
        self._admit(address)
        now = self._ports.router.now()
        chat = Chat(
            interaction_id=self.site.new_id(),
            token_hash=token_hash,
            entry=entry.name,
            channel=entry.channel,
            queue=entry.queue,
            name=clean(request.name).replace("\n", " ")[: self.site.limits.name_chars],
            locale=request.locale,
            opened_at=now,
            marks=Marks(customer_delivered=1, customer_read=1),
            last=1,
        )
        return chat, Message(1, "customer", "", chat.name, "open", question, now)

    async def _queue_again(self, request: Open, entry: ChatEntry, address: str, chat: Chat) -> ChatRunner | None:
        """A chat whose node ended before it was in a queue: its visitor was told nothing, and opens it once more."""
        try:
            if chat.agent_name is not None or not await self.unqueued(chat.interaction_id):
                return None
            tail = await self._ports.store.newest(chat.interaction_id, self.site.limits.tail)
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", "the chat cannot be read now") from error
        log.warning("chat_queued_again", interaction_id=chat.interaction_id)
        return await self._queue(chat, tail, request, entry, address)

    async def _queue(
        self, chat: Chat, tail: tuple[Message, ...], request: Open, entry: ChatEntry, address: str
    ) -> ChatRunner:
        contexts, identity = self._ports.contexts, identity_of(request.user, request.visitor_id, entry)
        contexts.chat_opened(chat.interaction_id, chat.channel, chat.name, chat.locale, identity)
        if request.data:
            contexts.collected(chat.interaction_id, request.data, (), chat.locale)
        machine = self.directory.machine(chat, chat.interaction_id, entry.queue)
        runner = self.directory.make(chat, machine, tail)
        runner.address = address
        self.directory.addresses[address] += 1
        cause, router = f"chat:{chat.interaction_id}", self._ports.router
        router.tell(
            facts.InteractionOpened(chat.interaction_id, chat.channel, Medium.CHAT, entry.name, self.site.node), cause
        )
        machine.start(router.now())
        try:
            preferred = await contexts.acquainted(chat.interaction_id, entry.queue)
            work = replace(queued(chat, request, entry, self.site.node), preferred=preferred)
            runner.terms = Terms(work.requirements, work.priority, work.attributes, work.node)
            answers = await router.post(work, cause)
        except BaseException:  # a chat that is in no queue must not be found here as if it were
            self._drop(runner)
            raise
        commands = machine.handle(runner.where(), router.now())
        refusal = next((answer for answer in answers if isinstance(answer, Refuse)), None)
        if refusal is not None and refusal.code == "duplicate":
            self._drop(runner)
            raise ChatRefusedError("unavailable", "the chat is on its way to another node of the server")
        if refusal is not None:
            commands = machine.handle(Over(EndedBy.SYSTEM, "refused", machine.work_id), router.now())
        self.directory.start(runner, commands)
        self.places_changed(entry.queue)  # whoever goes ahead moves the others back
        if refusal is not None:
            log.error("chat_not_queued", code=refusal.code, entry=entry.name)
            raise ChatRefusedError("closed", "chats are not taken here now")
        return runner

    def _drop(self, runner: ChatRunner) -> None:
        self.directory.forget(runner)
        self.directory.addresses[runner.address] -= 1

    def _admit(self, address: str) -> None:
        limits = self.site.limits
        if self.full:
            raise ChatRefusedError("unavailable", "no more chats are taken now")
        if self.directory.addresses[address] >= limits.open_chats_per_address:
            raise ChatRefusedError("too_many_chats", "too many chats are open from this address")
        if not self._opens.take(address, self._ports.router.now()):
            raise ChatRefusedError("too_fast", "too many chats were opened from this address")

    # --- agents -------------------------------------------------------------------------------------------------

    def of_agent(self, agent_id: str, reservation_id: str) -> ChatRunner:
        """The chat that this agent has by that reservation. Raises ChatRefusedError."""
        runner = self.directory.by_reservation.get(reservation_id)
        serving = runner.machine.serving if runner else None
        if runner is None or serving is None or serving.agent_id != agent_id:
            raise ChatRefusedError("not_connected", f"reservation {reservation_id} is not a chat of yours")
        return runner

    async def agent_says(
        self, agent_id: str, reservation_id: str, client_id: str, text: str, *, file: ChatFile | None = None
    ) -> Message:
        """A text, or a file without one. Raises ChatRefusedError."""
        runner = self.of_agent(agent_id, reservation_id)
        text = text_of(text, self.site.limits) if file is None else ""
        return await runner.say(
            Side.AGENT,
            agent_id=agent_id,
            name=self.site.agent_name(agent_id),
            reservation_id=reservation_id,
            client_id=client_id,
            text=text,
            file=file,
        )

    def agent_types(self, agent_id: str, reservation_id: str, *, on: bool) -> None:
        """Raises ChatRefusedError."""
        self.of_agent(agent_id, reservation_id).tell(Typed(Side.AGENT, on))

    def agent_reads(self, agent_id: str, reservation_id: str, number: int) -> None:
        """Raises ChatRefusedError."""
        self.of_agent(agent_id, reservation_id).tell(Marked(Side.AGENT, number, number))

    def agent_page(self, agent_id: str, *, up: bool) -> None:
        """The agent's page is connected or gone."""
        event: ChatEvent = AgentHere() if up else AgentAway()
        for runner in self.directory.live.values():
            serving = runner.machine.serving
            if serving is not None and serving.agent_id == agent_id:
                runner.tell(event)

    def pages_lost(self, here: Callable[[str], bool]) -> None:
        """A node is lost with its pages; `here` says who has one at another."""
        for runner in self.directory.live.values():
            serving = runner.machine.serving
            if serving is not None and not here(serving.agent_id):
                runner.tell(AgentAway())

    def chat(self, interaction_id: str) -> ChatRunner | None:
        """A chat that is at hand."""
        return self.directory.live.get(interaction_id)

    def open_chats(self) -> tuple[ChatRunner, ...]:
        """Those that are not over, in the order in which they are at hand."""
        return tuple(runner for runner in self.directory.live.values() if not runner.over)

    # --- the router's commands ----------------------------------------------------------------------------------

    def execute(self, command: Command) -> None:
        """A committed command that concerns a chat; others are without effect here."""
        runner = self.directory.live.get(getattr(command, "interaction_id", ""))
        if runner is None:
            return
        self.lodgings.execute(command, runner)
        match command:
            case JoinLegs(reservation_id=reservation_id, agent_id=agent_id, work_id=work_id):
                self.directory.by_reservation[reservation_id] = runner
                name, here = self.site.agent_name(agent_id), self._ports.notices.here(agent_id)
                runner.tell(AgentJoined(reservation_id, agent_id, name, here, work_id))
            case PartLegs(reservation_id=reservation_id, by=by, work_id=work_id):
                self.directory.by_reservation.pop(reservation_id, None)
                runner.tell(Over(by, Outcome.HANDLED.value, work_id))
            case WithdrawOffer(reservation_id=reservation_id) | ParkWork(reservation_id=reservation_id):
                self.directory.by_reservation.pop(reservation_id, None)
            case RequeueWork(queue=queue, work_id=work_id):
                runner.tell(Requeued(work_id, queue))
                self.places_changed(queue)
            case CloseWork(outcome=Outcome.HANDED_OVER):
                self.places_changed(runner.queue)
            case CloseWork(outcome=outcome, work_id=work_id):
                runner.tell(Over(_ENDED_BY.get(outcome, EndedBy.SYSTEM), outcome.value, work_id))
                self.places_changed(runner.queue)
            case SendOffer(queue=queue):
                self.places_changed(queue)
            case _:
                return

    def _name(self, agent_id: str) -> str:
        return self.site.agent_name(agent_id)

    def places_changed(self, queue: str) -> None:
        """Those who wait are told, a little later and all at once."""
        if queue not in self._places and not self.closing:
            loop = asyncio.get_running_loop()
            self._places[queue] = loop.call_later(PLACES_EVERY_S, self._tell_places, queue)

    def _tell_places(self, queue: str) -> None:
        self._places.pop(queue, None)
        for runner in self.directory.live.values():
            if runner.queue == queue and runner.machine.state is ChatState.WAITING:
                runner.tell(runner.where())

    # --- inside -------------------------------------------------------------------------------------------------

    def emergencies_changed(self) -> None:
        """Those who wait are shown what holds now."""
        for runner in list(self.directory.live.values()):
            if runner.machine.state is ChatState.WAITING:
                runner.refresh()


def _noted(interaction_id: str, kind: str, **detail: str) -> facts.InteractionNoted:
    return facts.InteractionNoted(interaction_id, kind, tuple(sorted(detail.items())))


async def _nowhere_else(_interaction_id: str) -> bool:
    return False
