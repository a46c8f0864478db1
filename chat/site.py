"""The site as chats need it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chat.limits import ChatLimits
from chat.machine import Patience
from chat.rules import Rule
from router.vocabulary import Requirement


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """A published chat entry. `secret` proves users' identities ("": none can); `origins` may embed it.

    `hours` names the calendar by which chats are taken ("": always), `take_messages` says whether visitors may leave a
    message at other hours. `languages` maps the first part of a locale (zh of zh-CN) to what it demands of the agent.
    """

    name: str
    channel: str
    queue: str
    secret: str = field(default="", repr=False)
    origins: frozenset[str] = frozenset()
    languages: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    priority: int = 0
    rules: tuple[Rule, ...] = ()
    hours: str = ""
    take_messages: bool = False

    def demands(self, locale: str) -> tuple[Requirement, ...]:
        """What the visitor's locale demands of the agent."""
        return self.languages.get(locale.partition("-")[0].lower(), ())


@dataclass(frozen=True, slots=True)
class ChatSite:
    """`emergency` gives what all who wait in a queue are told now, in a locale.

    `agent_name` gives the name that customers see; `new_id` interaction ids; `node` this incarnation's label.

    `peers` gives where other nodes of the server are reached now, `own_origins` from where their pages come.

    `is_open`, `holiday` and `opens_at` are the calendars (config.calendar), by name and time in microseconds.
    """

    entries: Mapping[str, ChatEntry]
    agent_name: Callable[[str], str]
    new_id: Callable[[], str]
    node: str
    patience: Patience = field(default_factory=Patience)
    limits: ChatLimits = field(default_factory=ChatLimits)
    is_open: Callable[[str, int], bool] = lambda _hours, _now: True
    holiday: Callable[[str, int], str] = lambda _hours, _now: ""
    emergency: Callable[[str, str], str] = lambda _queue, _locale: ""
    opens_at: Callable[[str, int], int | None] = lambda _hours, _now: None
    peers: Callable[[], tuple[str, ...]] = tuple
    own_origins: Callable[[], frozenset[str]] = frozenset

    @property
    def origins(self) -> frozenset[str]:
        """Every origin that may embed some entry."""
        return frozenset().union(*(entry.origins for entry in self.entries.values()))
