"""Chats on the agents' side: what agents ask goes to the conductor, what they are to see goes to the hub."""

from collections.abc import Callable

import structlog

from agents_ws import messages as m
from agents_ws.ports import Refusal
from chat.conductor import ChatConductor
from chat.events import Side
from chat.floor import ChatFloor
from chat.handing_on import Target
from chat.listening import Listener, Listening, ListenMode
from chat.ports import ChatRefusedError
from http_api.targets_api import Availability
from records.chat_files import ChatFile
from records.handovers import MAX_NOTE, Handover
from records.messages import Message
from records.whispers import Whisper
from router.vocabulary import Medium
from server.current import CurrentSite
from server.park_desk import ParkDesk

log = structlog.get_logger(__name__)


class ChatScreens:
    """chat.ports.AgentNotices. `send` is the hub's; `page_up` says whether a page of the agent is connected."""

    def __init__(self, send: Callable[[str, m.NumberedMessage], bool], page_up: Callable[[str], bool]) -> None:
        self._send = send
        self._page_up = page_up

    def here(self, agent_id: str) -> bool:
        """Whether a page of the agent is connected now."""
        return self._page_up(agent_id)

    def message(self, agent_id: str, reservation_id: str, message: Message) -> bool:
        """Somebody said something."""
        line = line_of(message)
        shown = m.ChatMessage(
            reservation_id=reservation_id,
            number=line.number,
            author=line.author,
            name=line.name,
            text=line.text,
            at_us=line.at_us,
            client_id=line.client_id,
            file=line.file,
        )
        self._send(agent_id, shown)
        return self._page_up(agent_id)

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """The customer types, or has stopped."""
        self._send(agent_id, m.ChatTyping(reservation_id=reservation_id, on=on))

    def receipt(self, agent_id: str, reservation_id: str, delivered: int, read: int) -> None:
        """How far the customer is."""
        self._send(agent_id, m.ChatReceipt(reservation_id=reservation_id, delivered=delivered, read=read))


class ListenScreens:
    """chat.listening.ListenNotices. `quiet` says whether agents are not told of those who only read along."""

    def __init__(self, send: Callable[[str, m.NumberedMessage], object], quiet: Callable[[], bool]) -> None:
        self._send = send
        self._quiet = quiet

    def listeners(self, agent_id: str, reservation_id: str, listeners: tuple[Listener, ...]) -> None:
        """Who is in the chat."""
        self._send(agent_id, m.ChatListeners(reservation_id=reservation_id, listeners=self.shown(listeners)))

    def whispered(self, agent_id: str, reservation_id: str, whisper: Whisper) -> None:
        """To this agent alone."""
        self._send(agent_id, m.ChatWhispered(reservation_id=reservation_id, whisper=whisper_of(whisper)))

    def shown(self, listeners: tuple[Listener, ...]) -> tuple[m.ChatListener, ...]:
        """As agents see them."""
        quiet = self._quiet()
        return tuple(
            m.ChatListener(agent=one.agent_id, name=one.name, mode=one.mode.value)
            for one in listeners
            if not (quiet and one.mode is ListenMode.LISTEN)
        )


class ChatDesk:
    """What agents ask of chats. `availability` says whether an agent could be offered a chat now."""

    def __init__(
        self, conductor: ChatConductor, current: CurrentSite, availability: Callable[[str, Medium], Availability]
    ) -> None:
        self._conductor = conductor
        self._floor = ChatFloor(conductor)
        self._current = current
        self._availability = availability
        self.parked: ParkDesk | None = None
        self.listening: Listening | None = None
        self.screens: ListenScreens | None = None

    async def message(self, agent_id: str, reservation_id: str, client_id: str, text: str) -> Refusal | None:
        """Say something."""
        try:
            await self._conductor.agent_says(agent_id, reservation_id, client_id, text)
        except ChatRefusedError as error:
            return Refusal(error.code, str(error))
        return None

    async def transfer(self, agent_id: str, command: m.Transfer) -> Refusal | None:
        """Hand the chat on to a colleague or a queue; returns when it waits there."""
        target = self._target(agent_id, command)
        if isinstance(target, Refusal):
            return target
        note = (command.note or "").strip()
        if len(note) > MAX_NOTE:
            return Refusal("too_long", f"a note has at most {MAX_NOTE} characters")
        try:
            await self._floor.hand_on(agent_id, command.reservation_id, target, note)
        except ChatRefusedError as error:
            return Refusal(error.code, str(error))
        return None

    async def park(self, agent_id: str, reservation_id: str, last: int, until_us: int | None) -> Refusal | None:
        """Park a chat of which the agent has seen everything up to `last`."""
        try:
            await self._floor.park(agent_id, reservation_id, last, until_us)
        except ChatRefusedError as error:
            return Refusal(error.code, str(error))
        return None

    def _target(self, agent_id: str, command: m.Transfer) -> Target | Refusal:
        if command.warm:
            return Refusal("not_voice", "a chat is handed on at once: write a note for the colleague")
        match command.agent, command.queue, command.number:
            case str(target), None, None:
                if target == agent_id or target not in self._current.site.agents:
                    return Refusal("unknown_agent", f"there is no agent {target} to transfer to")
                free = self._availability(target, Medium.CHAT) == "free"
                return Target(agent_id=target) if free else Refusal("agent_unavailable", f"{target} is busy")
            case None, str(queue), None:
                known = self._current.site.queues.get(queue)
                if known is None or known.medium is not Medium.CHAT:
                    return Refusal("unknown_queue", f"no queue {queue} takes chats")
                return Target(queue=queue)
            case _:
                return Refusal("unclear_target", "name an agent or a queue")

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """The agent types, or has stopped; without effect when the chat is over."""
        try:
            self._conductor.agent_types(agent_id, reservation_id, on=on)
        except ChatRefusedError as error:
            log.debug("typing_too_late", agent_id=agent_id, reason=error.code)

    def read(self, agent_id: str, reservation_id: str, number: int) -> None:
        """The agent has read; without effect when the chat is over."""
        try:
            self._conductor.agent_reads(agent_id, reservation_id, number)
        except ChatRefusedError as error:
            log.debug("reading_too_late", agent_id=agent_id, reason=error.code)

    def page(self, agent_id: str, *, up: bool) -> None:
        """The agent's page is connected or gone."""
        self._conductor.agent_page(agent_id, up=up)

    def card(self, interaction_id: str) -> m.ChatCard | None:
        """The chat as a card shows it; None for an interaction that is none, or is long over."""
        runner = self._conductor.chat(interaction_id)
        if runner is None:
            return None
        marks = runner.marks
        return m.ChatCard(
            lines=tuple(line_of(message) for message in runner.tail),
            locale=runner.locale,
            delivered=marks.customer_delivered,
            read=marks.customer_read,
            own_read=marks.agent_read,
            typing=runner.machine.typing(Side.CUSTOMER),
            handed_on=self._handed_on(runner.handover),
            listeners=self._listeners(interaction_id),
            whispers=self._whispers(interaction_id),
        )

    def _listeners(self, interaction_id: str) -> tuple[m.ChatListener, ...]:
        if self.listening is None or self.screens is None:
            return ()
        return self.screens.shown(self.listening.of(interaction_id))

    def _whispers(self, interaction_id: str) -> tuple[m.ChatWhisper, ...]:
        if self.listening is None:
            return ()
        return tuple(whisper_of(one) for one in self.listening.whispers(interaction_id))

    def _handed_on(self, handover: Handover | None) -> m.HandedOn | None:
        if handover is None:
            return None
        agent = self._current.agent(handover.by)
        name = agent.display_name if agent else ""
        return m.HandedOn(agent=handover.by, name=name, at_us=handover.at, note=handover.note)


def whisper_of(whisper: Whisper) -> m.ChatWhisper:
    """As the agent sees it."""
    return m.ChatWhisper(id=whisper.id, name=whisper.name, text=whisper.text, at_us=whisper.at, after=whisper.after)


def line_of(message: Message) -> m.ChatLine:
    """A message as agents see it."""
    own = message.author == "agent"
    return m.ChatLine(
        number=message.number,
        author=message.author,
        name=message.name,
        text=message.text,
        at_us=message.at,
        client_id=message.client_id if own else None,
        file=None if message.file is None else _file(message.file),
    )


def _file(file: ChatFile) -> m.ChatFile:
    return m.ChatFile(id=file.id, name=file.name, media_type=file.media_type, size=file.size, gone=file.gone)
