"""Chats that came over from another shard: here they are chats like any other, whose visitors come by another node.

Room is made before the item comes: what was said is kept in this shard's database, so that any of its nodes can go on
with the chat. Afterwards the visitor's node passes on what they do (`carry_out`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, assert_never

import structlog

from chat.arriving import Arriving
from chat.conductor import ChatConductor
from chat.events import Marked, Side, Typed
from chat.files import FileDesk
from chat.ports import ChatPorts, ChatRefusedError, StoreAwayError, Tasks
from chat.runner import ChatRunner
from chat.vault import Vault
from chat.visits import FilePiece, Find, GuestChat, Leave, Look, MoreLines, News, Rate, Sign, Speak, Visit
from records.chat_files import ChatFile
from records.messages import Message
from router import events as facts
from router.commands import AnswerHandoff, Command
from router.vocabulary import Medium

log = structlog.get_logger(__name__)

# A chat that has not come by then is forgotten; what was kept of it is there if it comes after all.
COMES_S = 60.0
# Whose node asks no more for so long is not there: between two requests no time is lost.
SEAT_S = 5.0
AGAIN_S = 1.0
# So many lines at once: as long as they may be, they fit into a frame.
PAGE = 50
DRAINING = "draining"


class Guests:
    """By interaction. `others` says whether other nodes of this shard could have the visitor in place of this one."""

    def __init__(
        self,
        conductor: ChatConductor,
        ports: ChatPorts,
        files: FileDesk,
        vault: Vault,
        tasks: Tasks,
        others: Callable[[], bool],
    ) -> None:
        self._conductor = conductor
        self._ports = ports
        self._files = files
        self._arriving = Arriving(vault)
        self._tasks = tasks
        self._others = others
        self._expected: dict[str, asyncio.TimerHandle] = {}
        self._seats: dict[str, _Seat] = {}

    def __len__(self) -> int:
        return len(self._expected) + len(self._seats)

    # --- before the item comes ----------------------------------------------------------------------------------

    async def take_in(self, guest: GuestChat) -> None:
        """Make room for a chat of another shard. Raises ChatRefusedError."""
        chat_id, conductor = guest.chat.interaction_id, self._conductor
        if conductor.full or conductor.chat(chat_id) is not None or conductor.taking_up.held(chat_id) is not None:
            raise ChatRefusedError("unavailable", "there is no room for the chat")
        chat = replace(guest.chat, queue=guest.queue, agent_name=None, ended_at=None, ended_by=None, elsewhere=None)
        await self._ports.store.take_over(chat, guest.lines)
        if guest.handover is not None:
            await self._ports.store.hand_on(guest.handover)
        self._forget(chat_id)
        self._ports.contexts.chat_opened(chat_id, chat.channel, chat.name, chat.locale, guest.identity)
        if guest.data or guest.path:
            self._ports.contexts.collected(chat_id, guest.data, guest.path, chat.locale)
        later = asyncio.get_running_loop().call_later(COMES_S, self._late, chat_id)
        self._expected[chat_id] = later

    async def more(self, more: MoreLines) -> None:
        """Raises ChatRefusedError, StoreAwayError."""
        if more.interaction_id not in self._expected:
            raise ChatRefusedError("unavailable", "this chat is not expected")
        await self._ports.store.append(more.interaction_id, more.lines)

    async def take_file(self, piece: FilePiece) -> None:
        """Raises ChatRefusedError."""
        limits = self._conductor.site.limits
        await self._arriving.take(piece, limits.file_bytes, limits.uploads)

    def execute(self, command: Command) -> None:
        """What the router has committed, as far as it concerns chats that come."""
        if not isinstance(command, AnswerHandoff) or not command.first:
            return
        chat_id = command.interaction_id
        expected = self._forget(chat_id)
        if command.refused:
            if expected:
                self._ports.contexts.closed(chat_id)
                self._tasks.spawn(self._not_come(chat_id), f"guest_refused:{chat_id}")
            return
        held = self._conductor.taking_up.held(chat_id)
        if held is not None and held.terms.node == self._conductor.site.node:
            self._tasks.spawn(self._begin(chat_id, command.work_id), f"guest:{chat_id}")

    def close(self) -> None:
        """The node ends, or sends its visitors to others."""
        for timer in self._expected.values():
            timer.cancel()
        self._expected.clear()
        for chat_id in list(self._seats):
            self._rise(chat_id)

    async def _begin(self, chat_id: str, work_id: str) -> None:
        store, cause = self._ports.store, f"chat:{chat_id}"
        while not self._conductor.closing:
            try:
                chat = await store.get(chat_id)
                if chat is None:
                    self._ports.router.tell(facts.WorkCancelled(work_id, "node"), cause)
                    return
                chat = await self._conductor.taking_up.revived(chat)
                opened = facts.InteractionOpened(
                    chat_id, chat.channel, Medium.CHAT, chat.entry, self._conductor.site.node
                )
                self._ports.router.tell(opened, cause)
                await self._conductor.taking_up.take_up(chat)
            except StoreAwayError as error:
                log.warning("guest_not_begun", interaction_id=chat_id, error=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                log.info("guest_begun", interaction_id=chat_id)
                return

    async def _not_come(self, chat_id: str) -> None:
        try:
            await self._ports.store.forget(chat_id)
        except StoreAwayError as error:
            log.warning("guest_not_forgotten", interaction_id=chat_id, error=str(error))

    def _late(self, chat_id: str) -> None:
        if self._forget(chat_id):
            self._ports.contexts.closed(chat_id)

    def _forget(self, chat_id: str) -> bool:
        timer = self._expected.pop(chat_id, None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    # --- what the visitor does ----------------------------------------------------------------------------------

    async def carry_out(self, visit: Visit) -> Any:
        """What the visit says that it answers. Raises ChatRefusedError, StoreAwayError."""
        if self._conductor.closing or (self._conductor.draining and self._others()):
            raise ChatRefusedError(DRAINING, "another node has this visitor")
        chat = await self._conductor.find_kept(visit.token_hash)
        if not isinstance(chat, ChatRunner):
            raise ChatRefusedError("unknown_chat", "there is no such chat here")
        try:
            return await self._done(chat, visit)
        finally:
            self._conductor.looked_at(chat)

    async def _done(self, chat: ChatRunner, visit: Visit) -> Any:
        match visit:
            case Look():
                return await self._look(chat, visit)
            case Speak():
                if visit.file is not None:
                    return await self._say_file(chat, visit.client_id, visit.file)
                return await self._conductor.visiting.say(chat, visit.client_id, visit.text)
            case Sign():
                if visit.typing is not None:
                    chat.tell(Typed(Side.CUSTOMER, visit.typing))
                if visit.delivered or visit.read:
                    chat.tell(Marked(Side.CUSTOMER, visit.delivered, visit.read))
            case Leave():
                self._conductor.visiting.end(chat)
            case Rate():
                await self._conductor.visiting.rate(chat, visit.score)
            case Find():
                file, _ = await self._files.open(chat.chat_id, visit.file_id)
                return file
            case _:
                assert_never(visit)
        return None

    async def _say_file(self, chat: ChatRunner, client_id: str, file: ChatFile) -> Message:
        if not chat.allow():
            raise ChatRefusedError("too_fast", "too many messages, send it again in a moment")
        await self._files.check_room(chat.chat_id)
        return await chat.customer_says(client_id, "", file)

    async def _look(self, chat: ChatRunner, look: Look) -> News:
        seat = self._sit(chat)
        try:
            async with asyncio.timeout(look.wait_s):
                while chat.last <= look.after and look.version in (0, chat.version) and not (seat.over or chat.moved):
                    seat.awake.clear()
                    await seat.awake.wait()
        except TimeoutError:
            pass  # nothing new is an answer too
        finally:
            self._leave_seat(seat)
        return News(status=chat.status(), lines=(await chat.after(look.after))[:PAGE])

    def _sit(self, chat: ChatRunner) -> "_Seat":
        seat = self._seats.get(chat.chat_id)
        if seat is None or seat.chat is not chat:
            if seat is not None:
                self._rise(chat.chat_id)
            seat = self._seats[chat.chat_id] = _Seat(chat)
            chat.watch(seat.awake.set)
        seat.taken += 1
        if seat.timer is not None:
            seat.timer.cancel()
            seat.timer = None
        return seat

    def _leave_seat(self, seat: "_Seat") -> None:
        """Nobody asks just now: they may be back in a moment."""
        seat.taken -= 1
        chat_id = seat.chat.chat_id
        if seat.taken or self._seats.get(chat_id) is not seat:
            return
        if seat.chat.over or seat.chat.moved:
            self._rise(chat_id)
        else:
            seat.timer = asyncio.get_running_loop().call_later(SEAT_S, self._rise, chat_id)

    def _rise(self, chat_id: str) -> None:
        seat = self._seats.pop(chat_id, None)
        if seat is None:
            return
        if seat.timer is not None:
            seat.timer.cancel()
        seat.over = True
        seat.awake.set()
        seat.chat.unwatch(seat.awake.set)
        self._conductor.looked_at(seat.chat)


class _Seat:
    """A visitor of another shard's, as the chat sees them."""

    def __init__(self, chat: ChatRunner) -> None:
        self.chat = chat
        self.awake = asyncio.Event()
        self.over = False
        self.taken = 0
        self.timer: asyncio.TimerHandle | None = None
