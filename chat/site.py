"""The site as chats need it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chat.limits import ChatLimits
from chat.machine import Patience
from router.vocabulary import Requirement


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """A published chat entry. `secret` proves users' identities ("": none can); `origins` may embed it.

    `languages` maps the first part of a locale (zh of zh-CN) to what it demands of the agent.
    """

    name: str
    channel: str
    queue: str
    secret: str = field(default="", repr=False)
    origins: frozenset[str] = frozenset()
    languages: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    priority: int = 0

    def demands(self, locale: str) -> tuple[Requirement, ...]:
        """What the visitor's locale demands of the agent."""
        return self.languages.get(locale.partition("-")[0].lower(), ())


@dataclass(frozen=True, slots=True)
class ChatSite:
    """`agent_name` gives the name that customers see; `new_id` interaction ids; `node` this incarnation's label."""

    entries: Mapping[str, ChatEntry]
    agent_name: Callable[[str], str]
    new_id: Callable[[], str]
    node: str
    patience: Patience = field(default_factory=Patience)
    limits: ChatLimits = field(default_factory=ChatLimits)

    @property
    def origins(self) -> frozenset[str]:
        """Every origin that may embed some entry."""
        return frozenset().union(*(entry.origins for entry in self.entries.values()))
