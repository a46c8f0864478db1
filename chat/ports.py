"""What chats need of their neighbours. The server gives the real things; chat imports none of them."""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from records.chat_files import ChatFile
from records.handovers import Handover
from records.messages import Chat, Marks, Message
from router.commands import Command
from router.events import Event
from router.rows import Handoff
from router.vocabulary import Requirement


class ChatRefusedError(Exception):
    """A request has no effect. `code` is stable and public, the text is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class LeftMessage:
    """What a visitor left outside of the hours. `contact` is how they want to be answered, "" when they did not say."""

    interaction_id: str
    queue: str
    name: str
    contact: str
    locale: str
    text: str


class StoreAwayError(Exception):
    """The chats' store could not be asked; what was to be kept may or may not be there."""


class ChatStore(Protocol):
    """records.messages.Chats and records.handovers, with their database errors as StoreAwayError."""

    async def open(self, chat: Chat, first: Message) -> bool: ...

    async def find(self, token_hash: str) -> Chat | None: ...

    async def get(self, interaction_id: str) -> Chat | None: ...

    async def not_ended(self) -> tuple[Chat, ...]: ...

    async def add(self, interaction_id: str, message: Message) -> Message: ...

    async def after(self, interaction_id: str, number: int, limit: int) -> tuple[Message, ...]: ...

    async def newest(self, interaction_id: str, limit: int) -> tuple[Message, ...]: ...

    async def mark(self, interaction_id: str, marks: Marks) -> None: ...

    async def joined(self, interaction_id: str, agent_name: str) -> None: ...

    async def end(self, interaction_id: str, by: str, now: int, marks: Marks | None = None) -> None: ...

    async def rate(self, interaction_id: str, score: int, now: int) -> int: ...

    async def lodge(self, interaction_id: str, shard: str | None) -> None: ...

    async def take_over(self, chat: Chat, lines: Sequence[Message]) -> None: ...

    async def append(self, interaction_id: str, lines: Sequence[Message]) -> None: ...

    async def reopen(self, interaction_id: str) -> None: ...

    async def forget(self, interaction_id: str) -> None: ...

    async def hand_on(self, handover: Handover) -> None: ...

    async def handover(self, work_id: str) -> Handover | None: ...


class FileRecords(Protocol):
    """records.chat_files.ChatFiles, with its database errors as StoreAwayError."""

    async def find(self, interaction_id: str, file_id: str) -> ChatFile | None: ...

    async def count(self, interaction_id: str) -> int: ...


class Mailbox(Protocol):
    """Where messages are kept until somebody has seen to them."""

    async def keep(self, message: LeftMessage) -> None:
        """Raises StoreAwayError."""
        ...


class Router(Protocol):
    """The pump, as chats see it."""

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        """Decides at once; returns the commands of the turn once it is committed."""
        ...

    def tell(self, event: Event, cause: str) -> None:
        """Like `post`, for callers that need no answer."""
        ...

    def place(self, work_id: str) -> int | None:
        """1-based place among those waiting in the same queue, None when the item does not wait."""
        ...

    def directed(self, work_id: str) -> str | None:
        """The one agent for whom an open item is kept, None for all."""
        ...

    def now(self) -> int:
        """Shard time in microseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a chat asks of agents, by each work item of it; `node` is where the first one was queued.

    origin: the shard from which the chat came.
    """

    requirements: tuple[Requirement, ...] = ()
    priority: int = 0
    attributes: tuple[tuple[str, str], ...] = ()
    node: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a visitor is known: `kind` is visitor (a random id of the browser's) or user (proven by the site)."""

    kind: str
    value: str
    verified: bool


class Contexts(Protocol):
    """What is known of each live interaction; personal data is kept there and in SQL, never in the journal."""

    def chat_opened(
        self, interaction_id: str, channel: str, name: str, locale: str, identity: Identity | None
    ) -> None: ...

    def collected(self, interaction_id: str, data: Mapping[str, str], path: Sequence[str], language: str) -> None:
        """What the page told of the visitor."""
        ...

    async def acquainted(self, interaction_id: str, queue: str) -> tuple[str, ...]:
        """The agents whom the customer knows, where the queue prefers them; the last one first."""
        ...

    def closed(self, interaction_id: str) -> None: ...


class AgentNotices(Protocol):
    """The agents' screens."""

    def here(self, agent_id: str) -> bool:
        """Whether a page of the agent is connected now."""
        ...

    def message(self, agent_id: str, reservation_id: str, message: Message) -> bool:
        """A message of a chat that the agent has; True when it went to a connected page."""
        ...

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None: ...

    def receipt(self, agent_id: str, reservation_id: str, delivered: int, read: int) -> None: ...


class Estimates(Protocol):
    """Who knows how long it will take."""

    def expected_wait(self, work_id: str) -> int | None:
        """Seconds until an agent has the waiting item, None when that cannot be said."""
        ...


class Records(Protocol):
    """What the journal's projection knows of an interaction (records.interactions.Interactions)."""

    async def phase(self, interaction_id: str) -> str | None:
        """None when it was never opened, `open` or `over` as the customer's side goes."""
        ...


class Shards(Protocol):
    """The other shards, to which chats of this one go over. `node` is the one there to ask first, "" for any.

    Every method raises ChatRefusedError, `unavailable` where no node is reached.
    """

    async def lodge(
        self, chat: Chat, lines: Sequence[Message], work_id: str, shard: str, queue: str, handover: Handover | None
    ) -> str:
        """The node there that has made room for a chat, with all that was said and sent in it."""
        ...

    async def visit(self, shard: str, node: str, visit: Any) -> tuple[str, Any]:
        """What comes of what the visitor does (chat.visits), and the node that said so."""
        ...

    async def bring(self, shard: str, node: str, file: ChatFile) -> None:
        """A file of this node is there from now on."""
        ...

    async def have(self, shard: str, token_hash: str, file_id: str) -> tuple[ChatFile, Path]:
        """A file of a chat that is there, on this node's disk from now on."""
        ...


class Tasks(Protocol):
    """Who owns background tasks: each has a name, and a failure is logged and counted."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Held:
    """How the router has a chat after a restart. `reservation_id` and `agent_id` of one that an agent took.

    `work_id` is the newest of its work items, `left`: reservations of agents who were just handing it on. `handoff`: it
    is on its way to another shard.
    """

    talking: bool
    parked: bool = False
    reservation_id: str = ""
    agent_id: str = ""
    work_id: str = ""
    queue: str = ""
    directed: str = ""
    terms: Terms = Terms()
    left: tuple[str, ...] = ()
    handoff: Handoff | None = None


@dataclass(frozen=True, slots=True)
class ChatPorts:
    """The neighbours that every chat needs. `shards` is None where chats go over to no other one."""

    store: ChatStore
    router: Router
    contexts: Contexts
    notices: AgentNotices
    estimates: Estimates
    mailbox: Mailbox
    shards: Shards | None = None
