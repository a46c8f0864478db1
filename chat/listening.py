"""Supervisors in chats: they read along, whisper to the agent who has it, or write to the visitor for the house.

Who listens lives as long as they go on reading, and no longer than the chat. What they whisper is kept in SQL, and
never shown to the visitor: it has no number among the messages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec.structs import replace

from chat.conductor import ChatConductor
from chat.events import HandedOn, Side
from chat.handing_on import in_vain, next_work, queued_again
from chat.identity import clean
from chat.ports import ChatRefusedError
from chat.runner import ChatRunner
from records.messages import Message
from records.whispers import Whisper
from router import events as facts
from router.commands import SendOffer

# Nobody's work comes before that of a supervisor who steps in.
TAKE_OVER_PRIORITY = 1_000_000


class ListenMode(StrEnum):
    """Who of the chat knows of what the supervisor says: nobody, its agent, or everybody."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


@dataclass(frozen=True, slots=True)
class Listener:
    """A supervisor (by their agent's name) in a chat."""

    agent_id: str
    name: str
    mode: ListenMode


class WhisperStore(Protocol):
    """records.whispers.Whispers, with its database errors as StoreAwayError."""

    async def add(self, whisper: Whisper) -> Whisper: ...

    async def of(self, interaction_id: str) -> tuple[Whisper, ...]: ...


class ListenNotices(Protocol):
    """The screen of the agent who has the chat."""

    def listeners(self, agent_id: str, reservation_id: str, listeners: tuple[Listener, ...]) -> None: ...

    def whispered(self, agent_id: str, reservation_id: str, whisper: Whisper) -> None: ...


class Listening:
    """All chats of this node. `changed` is told the id of a chat in which somebody came, went or whispered."""

    def __init__(self, conductor: ChatConductor, store: WhisperStore, notices: ListenNotices) -> None:
        self._conductor = conductor
        self._store = store
        self._notices = notices
        self._listeners: dict[str, dict[str, Listener]] = {}
        self._whispers: dict[str, tuple[Whisper, ...]] = {}
        self.changed: Callable[[str], None] = lambda _chat_id: None

    def __len__(self) -> int:
        return len(self._listeners)

    def of(self, chat_id: str) -> tuple[Listener, ...]:
        """Who listens to this chat now."""
        return tuple(self._listeners.get(chat_id, {}).values())

    def whispers(self, chat_id: str) -> tuple[Whisper, ...]:
        """What was whispered in this chat, oldest first."""
        return self._whispers.get(chat_id, ())

    async def begin(self, chat: ChatRunner, agent_id: str, mode: ListenMode) -> None:
        """From now on, or from now on in another way. Raises ChatRefusedError."""
        self._sweep()
        serving = chat.machine.serving
        if chat.over:
            raise ChatRefusedError("chat_over", "the chat is over")
        if serving is not None and serving.agent_id == agent_id:
            raise ChatRefusedError("already_here", "this chat is yours")
        if chat.chat_id not in self._whispers:
            self._whispers[chat.chat_id] = await self._store.of(chat.chat_id)
        name = self._conductor.site.agent_name(agent_id)
        before = self._listeners.setdefault(chat.chat_id, {}).get(agent_id)
        self._listeners[chat.chat_id][agent_id] = Listener(agent_id, name, mode)
        if before is None or before.mode is not mode:
            chat.told.noted("listened", by=agent_id, mode=mode.value)
            self._show(chat)

    def end(self, chat: ChatRunner, agent_id: str) -> bool:
        """They listen no more; False when they did not."""
        held = self._listeners.get(chat.chat_id, {})
        if held.pop(agent_id, None) is None:
            return False
        if not held:
            self._listeners.pop(chat.chat_id, None)
        if not chat.over:
            chat.told.noted("listened", by=agent_id, mode="off")
        self._show(chat)
        return True

    def leave(self, chat_id: str) -> tuple[Listener, ...]:
        """The chat goes to another node: who listened to it here."""
        self._whispers.pop(chat_id, None)
        return tuple(self._listeners.pop(chat_id, {}).values())

    async def arrive(self, chat_id: str, listeners: Mapping[str, ListenMode]) -> None:
        """The chat comes from another node, with these listeners. Raises StoreAwayError."""
        if listeners:
            self._whispers[chat_id] = await self._store.of(chat_id)
            name = self._conductor.site.agent_name
            self._listeners[chat_id] = {who: Listener(who, name(who), mode) for who, mode in listeners.items()}

    async def say(self, chat: ChatRunner, agent_id: str, client_id: str, text: str) -> None:
        """To the agent by whom it is whispered, or to everybody; raises ChatRefusedError for one who only listens."""
        listener = self._listeners.get(chat.chat_id, {}).get(agent_id)
        text, serving = clean(text), chat.machine.serving
        if listener is None or listener.mode is ListenMode.LISTEN:
            raise ChatRefusedError("not_speaking", "choose whether the agent or everybody is to read it")
        if serving is None:
            raise ChatRefusedError("not_connected", "nobody has this chat now")
        if not text or len(text) > self._conductor.site.limits.text_chars:
            raise ChatRefusedError("too_long" if text else "empty", "nothing, or too much of it")
        if listener.mode is ListenMode.BARGE:
            await self._barge(chat, listener, serving.reservation_id, client_id, text)
            return
        kept = await self._store.add(
            Whisper(0, chat.chat_id, chat.last, agent_id, listener.name, serving.agent_id, text, chat.now())
        )
        self._whispers[chat.chat_id] = (*self.whispers(chat.chat_id), kept)
        self._notices.whispered(serving.agent_id, serving.reservation_id, kept)
        self.changed(chat.chat_id)

    async def _barge(
        self, chat: ChatRunner, listener: Listener, reservation_id: str, client_id: str, text: str
    ) -> Message:
        return await chat.say(
            Side.AGENT,
            agent_id=listener.agent_id,
            name=listener.name,
            reservation_id=reservation_id,
            client_id=client_id,
            text=text,
        )

    def _show(self, chat: ChatRunner) -> None:
        serving = chat.machine.serving
        if serving is not None:
            self._notices.listeners(serving.agent_id, serving.reservation_id, self.of(chat.chat_id))
        self.changed(chat.chat_id)

    def _sweep(self) -> None:
        """Chats that are over have nobody any more."""
        for chat_id in list(self._whispers.keys() | self._listeners.keys()):
            chat = self._conductor.chat(chat_id)
            if chat is None or chat.over:
                self._whispers.pop(chat_id, None)
                self._listeners.pop(chat_id, None)


async def take_over(chat: ChatRunner, agent_id: str) -> None:
    """The supervisor has the chat from now on, its agent goes to wrap-up. In the chat's own turn.

    Raises ChatRefusedError, with nothing changed.
    """
    serving = chat.machine.serving
    if serving is None:
        raise ChatRefusedError("not_connected", "nobody has this chat now")
    if serving.agent_id == agent_id:
        raise ChatRefusedError("already_here", "this chat is yours")
    work_id = next_work(chat.work_id, chat.chat_id)
    again = queued_again(chat, work_id, chat.queue, agent_id, TAKE_OVER_PRIORITY)
    answers = await chat.told.post(replace(again, taken_over=True))
    offer = next((one for one in answers if isinstance(one, SendOffer)), None)
    if offer is None:
        refused = in_vain(answers, agent_id)
        chat.told.tell(facts.WorkCancelled(work_id, f"agent:{agent_id}"))
        raise refused or ChatRefusedError("agent_unavailable", "you have no room for a chat now")
    chat.handover = None
    chat.told.noted("taken_over", by=agent_id)
    await chat.take_in(HandedOn(work_id, chat.queue, agent_id, "taken_over"))
    # Whoever asks to take over has accepted by asking.
    chat.told.tell(facts.OfferAccepted(offer.reservation_id, agent_id))
