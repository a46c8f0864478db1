"""The site: everything that its files say, immutable. Durations are integer microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.calendar import Calendar
from config.calls import CallsConfig
from config.recordings import RecordingConfig
from ivr.flow import Flow
from router.expression import all_of, wanted
from router.expression_parser import parse
from router.policy import AgentPolicy, Elsewhere, Order, QueuePolicy, Strategy
from router.vocabulary import Medium, Requirement

MEDIA = ("voice", "chat", "email")
STRATEGIES = tuple(strategy.value for strategy in Strategy)
ORDERS = tuple(order.value for order in Order)
OPENINGS = ("hours", "open", "closed")
WHEN_NODE_LOST = ("end", "call_back")
ROLES = ("agent", "expert", "supervisor", "operations")
# What the pages speak; a title may be given in each of them.
PAGE_LANGUAGES = ("en", "zh-CN", "zh-TW")
STATIONS = ("webrtc", "sip")


@dataclass(frozen=True, slots=True)
class Entry:
    """A published number or user part that strangers may dial, the flow that answers and the channel it counts for.

    `web`: whether browsers may call it too.
    """

    user: str
    flow: str
    channel: str
    web: bool = True


@dataclass(frozen=True, slots=True)
class Named:
    """A code with the title that people read: a skill, a disposition, a reason for being not ready.

    `titles`: the title by language of the pages, {} when there is but one for all.
    """

    code: str
    title: str
    titles: Mapping[str, str] = field(default_factory=dict)


def label(title: str, titles: Mapping[str, str]) -> dict[str, str]:
    """Language -> text, as the pages want it."""
    return dict(titles) or {"en": title}


@dataclass(frozen=True, slots=True)
class Reason(Named):
    """Why an agent is not ready. After `limit_us` the supervisor is told; 0 for what the site says of all reasons."""

    limit_us: int = 0


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """When supervisors are told: so many items wait; somebody is not ready for so long (0: never)."""

    backlog: int = 50
    not_ready_us: int = 0


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """The target: `fraction` (0-1) of the interactions answered within `threshold_us`."""

    threshold_us: int
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig(QueuePolicy):
    """A queue: the router's rules for it, and what else the files say.

    `hours` names the calendar of its opening hours ("": always open). `opening`: "hours", or "open" or "closed"
    whatever the calendar says; the rule `closed` follows from both and the time. `music` is a complete prompt name,
    `welcome` are prompts said once to a caller who has to wait (a bare name is in the caller's language);
    `announce_place_every_us` is 0 for never. Who gives up within `short_abandon_us` counts as a short abandon.
    `backlog`: how many may wait until an alert; 0 for the site's number. `disposition_required`: no agent closes
    wrap-up without one (its deadline does). `callback_key`: a caller who waits presses it to be called back instead.
    `when_node_lost`: what becomes of a caller whose node is gone, "end" or "call_back".
    """

    title: str
    service_level: ServiceLevel
    dispositions: tuple[str, ...]
    music: str
    welcome: tuple[str, ...]
    announce_place_every_us: int
    short_abandon_us: int = 5_000_000
    backlog: int = 0
    recording: RecordingConfig = field(default_factory=RecordingConfig)
    hours: str = ""
    opening: str = "hours"
    # A prompt said once to all who wait and come, and a text (by language) shown to them; "" and {} for none.
    emergency_prompt: str = ""
    emergency_texts: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    disposition_required: bool = False
    callback_key: str = ""
    when_node_lost: str = "end"

    @property
    def demanded(self) -> tuple[Requirement, ...]:
        """The skills that it asks for, each once with the lowest grade that may do."""
        return wanted(all_of((*self.requirements, *((parse(self.condition),) if self.condition else ()))))


@dataclass(frozen=True, slots=True)
class TeamConfig:
    """A team of agents. `titles` as in Named."""

    name: str
    title: str
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig(AgentPolicy):
    """An agent: the router's rules for them, and what else the files say. `units` is what the files give.

    `supervises`: the teams whom a supervisor looks after; none means the own team.
    """

    display_name: str
    role: str
    station: str
    sip_user: str
    supervises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutingConfig:
    """routing.toml: the rules of the whole site. `units` has the media that it speaks of; see router.policy.Policy."""

    ageing_us: int = 0
    reconnect_grace_us: int = 30_000_000
    units: Mapping[Medium, int] = field(default_factory=dict)
    interrupts: Mapping[Medium, tuple[Medium, ...]] = field(default_factory=dict)
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookUpConfig:
    """A program that flows may ask: everything below `url`. `token_variable` names a variable of the environment."""

    name: str
    url: str
    max_bytes: int
    token_variable: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A row of the channel register (渠道信息登记表). `hours` names a calendar, `owner` a team.

    `backlog`: how many may wait until an alert; 0 for the site's number.
    """

    name: str
    sequence: int
    title: str
    medium: str
    access: str
    owner: str
    contact: str
    hours: str
    daily_volume: int
    customer_group: str
    backlog: int = 0
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """A canned reply: agents type its name behind a slash. In these `queues` (none: in every one).

    `texts`: language of the customer -> text, with variables in braces (config.guidance).
    """

    name: str
    title: str
    titles: Mapping[str, str]
    queues: tuple[str, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlanConfig:
    """A peak plan: a named bundle of changes, applied and taken back as one.

    `agents` and `queues`: name -> keys of the row as the files write them, which hold while the plan is applied."""

    name: str
    title: str
    titles: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    queues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Subject (`agent:anna`, `queue:orders`) -> the keys that it changes."""
        pairs = (("agent", self.agents), ("queue", self.queues))
        return {f"{kind}:{name}": keys for kind, rows in pairs for name, keys in rows.items()}


@dataclass(frozen=True, slots=True)
class Site:
    """A whole site. The first language is the default one.

    `prompts` are the names of the files under `prompts_dir` without their ending (`en/welcome`).
    `demo_password` is "" unless this is a demo, whose accounts must not be served off loopback.
    `scripts`: queue -> language -> what agents go by; `words`: what a flow calls a choice -> what pages call it.
    """

    name: str
    time_zone: str
    languages: tuple[str, ...]
    root: Path
    entries: Mapping[str, Entry]
    skills: Mapping[str, Named]
    queues: Mapping[str, QueueConfig]
    teams: Mapping[str, TeamConfig]
    agents: Mapping[str, AgentConfig]
    not_ready_reasons: Mapping[str, Reason]
    dispositions: Mapping[str, Named]
    calendars: Mapping[str, Calendar]
    channels: Mapping[str, Channel]
    flows: Mapping[str, Flow]
    prompts: frozenset[str]
    demo_password: str
    lookups: Mapping[str, LookUpConfig] = field(default_factory=dict)
    routing: RoutingConfig = RoutingConfig()
    alerts: AlertConfig = AlertConfig()
    calls: CallsConfig = field(default_factory=CallsConfig)
    plans: Mapping[str, PlanConfig] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)
    scripts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    words: Mapping[str, Named] = field(default_factory=dict)

    @property
    def prompts_dir(self) -> Path:
        """The folder of the prompts."""
        return self.root / "prompts"

    def is_open(self, calendar: str, now_utc_us: int) -> bool:
        """Whether the named calendar is open; the shape that the IVR machine asks for. KeyError when unknown."""
        return self.calendars[calendar].is_open(now_utc_us)

    def opens_at(self, calendar: str, now_utc_us: int) -> int | None:
        """When the named calendar opens next, None when it does not within a month. KeyError when unknown."""
        return self.calendars[calendar].opens_at(now_utc_us)

    def holiday(self, calendar: str, now_utc_us: int) -> str:
        """The title of the named calendar's holiday, "" on other days. KeyError when unknown."""
        return self.calendars[calendar].holiday(now_utc_us)
