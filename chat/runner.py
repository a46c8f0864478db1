"""Runs one chat: feeds its machine one event at a time, numbers and keeps its messages, and does what the machine asks.

Everything that happens to the chat goes through `tell` or `say`, so that its messages have one order without a lock.
Watchers (connections, polls) are only woken; each reads on from where it is, so that nothing is queued for anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar, assert_never

import structlog

from chat.errands import Errand, answered, carry_out
from chat.events import (
    AskPlace,
    ChatCommand,
    ChatEvent,
    Close,
    Connect,
    EndPart,
    GiveBack,
    Leave,
    PlaceKnown,
    Recall,
    ReleaseDirection,
    Said,
    ShowReceipt,
    ShowTyping,
    ShowVisitor,
    Side,
    VisitorAway,
    VisitorHere,
)
from chat.far_chat import FarChat
from chat.leaving import Leaving
from chat.limits import Bucket, ChatLimits
from chat.machine import ChatMachine, ChatState
from chat.marks import KeptMarks
from chat.messages import Line, Status
from chat.ports import ChatPorts, ChatRefusedError, StoreAwayError, Terms
from chat.shown import status_of
from chat.told import Told
from chat.transcript import Say, Transcript
from records.chat_files import ChatFile
from records.handovers import Handover
from records.messages import Author, Chat, Marks, Message
from router.errors import RoutingEndedError
from router.vocabulary import EndedBy

log = structlog.get_logger(__name__)

END_RETRY_S = 1.0
STEP_RETRY_S = 0.1
T = TypeVar("T")


class Stop:
    """The server stops; the chat lives on."""


class ChatRunner:
    """One chat. `run` returns when it is over, or after `stop`; the visitor may read and rate it all the same."""

    def __init__(
        self, chat: Chat, machine: ChatMachine, tail: Iterable[Message], ports: ChatPorts, limits: ChatLimits
    ) -> None:
        self.chat_id = chat.interaction_id
        self.token_hash = chat.token_hash
        self.visitor_name = chat.name
        self.locale = chat.locale
        self.machine = machine
        self.terms = Terms()
        self.handover: Handover | None = None
        self.agent_name = chat.agent_name
        self.rating = chat.rating
        self.version = 1
        self.address = ""
        # What all who wait in its queue are told now, "" for nothing.
        self.emergency: Callable[[str, str], str] = lambda _queue, _locale: ""
        self.told = Told(chat.interaction_id, ports.router)
        self._ports = ports
        self._limits = limits
        self._transcript = Transcript(chat.interaction_id, tail, ports.store, limits)
        self._inbox: asyncio.Queue[ChatEvent | Say | Errand | Stop] = asyncio.Queue()
        self._watchers: set[Callable[[], None]] = set()
        # Who reads along without being the visitor: woken as their pages are, and no sign that they are there.
        self.onlookers: set[Callable[[], None]] = set()
        self._marks = KeptMarks(chat.interaction_id, chat.marks, ports.store)
        self._bucket = Bucket(limits.messages_per_minute, limits.message_burst, ports.router.now())
        self.stopped = False
        self.moved = False
        # It is on its way to another shard; as that one has it, once it has.
        self.leaving: Leaving | None = None
        self.successor: FarChat | None = None

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def ports(self) -> ChatPorts:
        """The chat's neighbours."""
        return self._ports

    @property
    def work_id(self) -> str:
        """The work item by which the chat goes on."""
        return self.machine.work_id

    @property
    def queue(self) -> str:
        """The queue of that item."""
        return self.machine.queue

    @property
    def last(self) -> int:
        """The number of the last message."""
        return self.machine.last

    @property
    def watched(self) -> int:
        """How many look at the chat now."""
        return len(self._watchers)

    @property
    def over(self) -> bool:
        """Nothing more will be said."""
        return self.machine.state is ChatState.ENDED

    @property
    def tail(self) -> tuple[Message, ...]:
        """The newest messages, as many as are kept at hand."""
        return self._transcript.tail

    @property
    def marks(self) -> Marks:
        """How far both sides are."""
        customer, agent = self.machine.progress[Side.CUSTOMER], self.machine.progress[Side.AGENT]
        return Marks(customer.delivered, customer.read, agent.delivered, agent.read)

    def status(self) -> Status:
        """What the visitor's page shows."""
        return status_of(self)

    def refresh(self) -> None:
        """Something of the status has changed that is not the chat's own."""
        self._show()

    @property
    def may_rate(self) -> bool:
        """A chat that an agent took, is over, and has no rating."""
        return self.over and self.agent_name is not None and self.rating is None

    async def after(self, number: int) -> tuple[Line, ...]:
        """Messages with a greater number, in order, a page at most. Raises StoreAwayError."""
        return await self._transcript.after(number, self.last)

    def watch(self, wake: Callable[[], None]) -> None:
        """From now on `wake` is called when there is something to read."""
        self._watchers.add(wake)
        self.tell(VisitorHere())

    def unwatch(self, wake: Callable[[], None]) -> None:
        """Stop that."""
        self._watchers.discard(wake)
        if not self._watchers:
            self.tell(VisitorAway())

    def allow(self) -> bool:
        """Whether the visitor may say one more thing now; counts it if so."""
        return self._bucket.take(self.now())

    def rated(self, score: int) -> None:
        """The rating that stands."""
        self.rating = score
        self._show()

    # --- what happens -------------------------------------------------------------------------------------------

    def tell(self, event: ChatEvent) -> None:
        """Something happened to this chat."""
        if self.successor is not None:
            self.successor.tell(event)
        elif not (self.over or self.stopped):
            self._inbox.put_nowait(event)

    async def say(
        self,
        side: Side,
        *,
        agent_id: str,
        name: str,
        reservation_id: str | None,
        client_id: str,
        text: str,
        file: ChatFile | None = None,
    ) -> Message:
        """Keeps and delivers a message; returns it as it is kept. Raises ChatRefusedError."""
        if self.leaving is not None:
            await self.leaving.settled()
        if self.over or self.stopped:
            raise self._refusal()
        author: Author = "customer" if side is Side.CUSTOMER else "agent"
        said = (side, author, agent_id, name, reservation_id, client_id, text)
        return await answered(lambda reply: self._inbox.put_nowait(Say(*said, reply, file)))

    async def customer_says(self, client_id: str, text: str, file: ChatFile | None = None) -> Message:
        """The visitor says something, or has sent a file. Raises ChatRefusedError."""
        by = {"agent_id": "", "name": self.visitor_name, "client_id": client_id}
        try:
            return await self.say(Side.CUSTOMER, **by, reservation_id=None, text=text, file=file)
        except ChatRefusedError:
            if self.successor is None:
                raise
            return await self.successor.customer_says(client_id, text, file)

    async def in_turn(self, act: Callable[[], Awaitable[T]]) -> T:
        """Runs `act` in the chat's own task, after what has happened so far. Raises ChatRefusedError, as `act` may."""
        if self.over or self.stopped:
            raise self._refusal()
        return await answered(lambda reply: self._inbox.put_nowait(Errand(act, reply)))

    async def take_in(self, event: ChatEvent) -> None:
        """Something happened, told by what runs in the chat's own task."""
        await self._do_all(self.machine.handle(event, self.now()))

    def move(self) -> None:
        """Another node has it from now on; who looks at it here is to look there."""
        self.moved = True
        self.stop()
        self._wake()

    def stop(self) -> None:
        """The server stops: `run` returns, the chat waits in SQL and in the router for the next start."""
        self.stopped = True
        self._inbox.put_nowait(Stop())

    async def run(self, first: list[ChatCommand]) -> None:
        """The chat until its end; `first` is what the machine asked for already."""
        structlog.contextvars.bind_contextvars(work_id=self.work_id)
        try:
            await self._do_all(first)
            while not (self.over or self.stopped):
                try:
                    await self._step()
                except Exception:  # what nobody foresaw costs one step and a moment, not the chat
                    log.exception("chat_step_failed", chat=self.chat_id)
                    await asyncio.sleep(STEP_RETRY_S)
            await self.keep_marks()
        finally:
            self.stopped = True
            self._refuse_rest()

    # --- steps --------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        now = self.now()
        if (kept_by := self._marks.due(self.marks, now)) is not None and kept_by <= now:
            await self.keep_marks()
            kept_by = None
        first = min((each for each in (self.machine.next_deadline(), kept_by) if each is not None), default=None)
        wait_s = None if first is None else max(0, first - now) / 1e6
        try:
            async with asyncio.timeout(wait_s):
                item = await self._inbox.get()
        except TimeoutError:
            await self._do_all(self.machine.expire(self.now()))
            return
        match item:
            case Stop():
                return
            case Say():
                await carry_out(partial(self._say, item), item.reply)
            case Errand():
                await carry_out(item.act, item.reply)
            case _:
                await self._do_all(self.machine.handle(item, self.now()))

    async def _say(self, say: Say) -> Message:
        message, new = await self._keep(say)
        if new:
            await self._deliver(say.side, message)
        return message

    async def _keep(self, say: Say) -> tuple[Message, bool]:
        if not self.machine.may_speak(say.side, say.reservation_id):
            raise ChatRefusedError("not_connected", "this chat is not yours now")
        if self.last >= self._limits.messages_per_chat:
            raise ChatRefusedError("too_many_messages", "nothing more fits into this chat")
        try:
            for message in await self._transcript.missed(self.last):
                await self._deliver(Side.AGENT if message.author == "agent" else Side.CUSTOMER, message)
            return await self._transcript.keep(say, self.last + 1, self.now())
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", "the message could not be kept, send it again") from error

    async def _deliver(self, side: Side, message: Message) -> None:
        self._transcript.append(message)
        shown = False
        if (serving := self.machine.serving) is not None:
            shown = self._ports.notices.message(serving.agent_id, serving.reservation_id, message)
        await self._do_all(self.machine.handle(Said(side, message.number, shown), self.now()))
        self._wake()

    async def _do_all(self, commands: list[ChatCommand]) -> None:
        for command in commands:
            await self._do(command)

    async def _do(self, command: ChatCommand) -> None:
        match command:
            case Connect(reservation_id, agent_name):
                await self._connect(reservation_id, agent_name)
            case GiveBack(reservation_id, reason):
                await self.told.give_back(reservation_id, reason)
            case EndPart(reservation_id, reason):
                self.told.end_part(reservation_id, reason)
            case ReleaseDirection(work_id, agent_id):
                self.told.release(work_id, agent_id)
            case Recall():
                self.told.recall(self.work_id)
            case Leave():
                self.told.left(self.work_id)
            case AskPlace():
                self.tell(self.where())
            case ShowVisitor():
                self._show()
            case ShowTyping(reservation_id, agent_id, on):
                self._ports.notices.typing(agent_id, reservation_id, on)
            case ShowReceipt(reservation_id, agent_id, delivered, read):
                self._ports.notices.receipt(agent_id, reservation_id, delivered, read)
            case Close(by, outcome):
                await self._end(by, outcome)
            case _:
                assert_never(command)

    def where(self) -> PlaceKnown:
        """Place and expected wait of this moment."""
        return PlaceKnown(self._ports.router.place(self.work_id), self._ports.estimates.expected_wait(self.work_id))

    async def _connect(self, reservation_id: str, agent_name: str) -> None:
        self.agent_name = agent_name
        await self.told.connected(reservation_id)
        try:
            await self._ports.store.joined(self.chat_id, agent_name)
        except StoreAwayError as error:
            log.warning("agent_name_not_kept", error=str(error))

    async def keep_marks(self) -> None:
        """How far both sides are is kept in SQL."""
        await self._marks.keep(self.marks)

    async def _end(self, by: EndedBy, outcome: str) -> None:
        """Kept only once it is committed: of a chat whose end is kept nobody looks whether its record is closed."""
        self._show()
        try:
            await self.told.closed(outcome)
        except RoutingEndedError:
            log.warning("chat_end_not_told", chat=self.chat_id)  # whoever looks after this node's chats ends it
            return
        finally:
            self._ports.contexts.closed(self.chat_id)
        await self._keep_end(by)

    async def _keep_end(self, by: EndedBy) -> None:
        """Until it is kept, or the server stops: the next start finds the chat over in the router and ends it."""
        while True:
            try:
                marks = self.marks
                await self._ports.store.end(self.chat_id, by.value, self.now(), marks)
                return self._marks.are(marks)
            except StoreAwayError as error:
                log.warning("chat_end_not_kept", error=str(error))
            if self.stopped:
                return None
            await asyncio.sleep(END_RETRY_S)

    def _refuse_rest(self) -> None:
        while not self._inbox.empty():
            item = self._inbox.get_nowait()
            if not isinstance(item, Say | Errand | Stop):
                self.tell(item)
            elif not isinstance(item, Stop) and not item.reply.done():
                item.reply.set_exception(self._refusal())

    def _refusal(self) -> ChatRefusedError:
        if self.over:
            return ChatRefusedError("chat_over", "the chat is over")
        return ChatRefusedError("unavailable", "the server is stopping, send it again")

    def _show(self) -> None:
        self.version += 1
        self._wake()

    def _wake(self) -> None:
        for wake in (*self._watchers, *self.onlookers):
            wake()

    def now(self) -> int:
        """Shard time in microseconds."""
        return self._ports.router.now()
