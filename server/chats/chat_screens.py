"""What agents see of chats, from whichever node: each message goes to the node that has the agent's page."""

from collections.abc import Callable

from agents_ws import messages as m
from chat.listening import Listener, ListenMode
from records.chat_files import ChatFile
from records.messages import Message
from records.whispers import Whisper

# To an agent's page, on whichever node: agent, interaction, message.
Send = Callable[[str, str, m.NumberedMessage], object]


class ChatScreens:
    """chat.ports.AgentNotices. `here` says whether a page of the agent is connected, to any node."""

    def __init__(self, send: Send, here: Callable[[str], bool], interaction_of: Callable[[str], str]) -> None:
        self._send = send
        self._here = here
        self._interaction_of = interaction_of

    def here(self, agent_id: str) -> bool:
        """Whether a page of the agent is connected now."""
        return self._here(agent_id)

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
        self._show(agent_id, reservation_id, shown)
        return self._here(agent_id)

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """The customer types, or has stopped."""
        self._show(agent_id, reservation_id, m.ChatTyping(reservation_id=reservation_id, on=on))

    def receipt(self, agent_id: str, reservation_id: str, delivered: int, read: int) -> None:
        """How far the customer is."""
        shown = m.ChatReceipt(reservation_id=reservation_id, delivered=delivered, read=read)
        self._show(agent_id, reservation_id, shown)

    def _show(self, agent_id: str, reservation_id: str, message: m.NumberedMessage) -> None:
        self._send(agent_id, self._interaction_of(reservation_id), message)


class ListenScreens:
    """chat.listening.ListenNotices. `quiet` says whether agents are not told of those who only read along."""

    def __init__(self, send: Send, quiet: Callable[[], bool], interaction_of: Callable[[str], str]) -> None:
        self._send = send
        self._quiet = quiet
        self._interaction_of = interaction_of

    def listeners(self, agent_id: str, reservation_id: str, listeners: tuple[Listener, ...]) -> None:
        """Who is in the chat."""
        shown = m.ChatListeners(reservation_id=reservation_id, listeners=self.shown(listeners))
        self._send(agent_id, self._interaction_of(reservation_id), shown)

    def whispered(self, agent_id: str, reservation_id: str, whisper: Whisper) -> None:
        """To this agent alone."""
        shown = m.ChatWhispered(reservation_id=reservation_id, whisper=whisper_of(whisper))
        self._send(agent_id, self._interaction_of(reservation_id), shown)

    def shown(self, listeners: tuple[Listener, ...]) -> tuple[m.ChatListener, ...]:
        """As agents see them."""
        quiet = self._quiet()
        return tuple(
            m.ChatListener(agent=one.agent_id, name=one.name, mode=one.mode.value)
            for one in listeners
            if not (quiet and one.mode is ListenMode.LISTEN)
        )


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
