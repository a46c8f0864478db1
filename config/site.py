"""The site: everything that its files say, immutable. Durations are integer microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.calendar import Calendar
from ivr.flow import Flow

MEDIA = ("voice", "chat", "email")
STRATEGIES = ("best_proficiency", "longest_idle")
ROLES = ("agent", "expert", "supervisor", "operations")
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
    """A code with the title that people read: a skill, a disposition, a reason for being not ready."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """The target: `fraction` (0-1) of the interactions answered within `threshold_us`."""

    threshold_us: int
    fraction: float


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """A queue.

    `requirements` are (skill, minimum 1-10); `teams` empty means every team. `music` is a complete prompt name,
    `welcome` are prompts said once to a caller who has to wait (a bare name is in the caller's language);
    `announce_place_every_us` is 0 for never. Who gives up within `short_abandon_us` counts as a short abandon.
    """

    name: str
    title: str
    medium: str
    requirements: tuple[tuple[str, int], ...]
    strategy: str
    teams: tuple[str, ...]
    priority: int
    offer_timeout_us: int
    wrap_up_us: int
    reject_rest_us: int
    service_level: ServiceLevel
    dispositions: tuple[str, ...]
    music: str
    welcome: tuple[str, ...]
    announce_place_every_us: int
    short_abandon_us: int = 5_000_000


@dataclass(frozen=True, slots=True)
class TeamConfig:
    """A team of agents."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """An agent. `capacity` counts items of each medium, `total_units` all of them together.

    `supervises`: the teams whom a supervisor looks after; none means the own team.
    """

    agent_id: str
    display_name: str
    team: str
    role: str
    skills: Mapping[str, int]
    capacity: Mapping[str, int]
    total_units: int
    station: str
    sip_user: str
    supervises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LookUpConfig:
    """A program that flows may ask: everything below `url`. `token_variable` names a variable of the environment."""

    name: str
    url: str
    max_bytes: int
    token_variable: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A row of the channel register (渠道信息登记表). `hours` names a calendar, `owner` a team."""

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


@dataclass(frozen=True, slots=True)
class Site:
    """A whole site. The first language is the default one.

    `prompts` are the names of the files under `prompts_dir` without their ending (`en/welcome`).
    `demo_password` is "" unless this is a demo, whose accounts must not be served off loopback.
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
    not_ready_reasons: Mapping[str, Named]
    dispositions: Mapping[str, Named]
    calendars: Mapping[str, Calendar]
    channels: Mapping[str, Channel]
    flows: Mapping[str, Flow]
    prompts: frozenset[str]
    demo_password: str
    lookups: Mapping[str, LookUpConfig] = field(default_factory=dict)

    @property
    def prompts_dir(self) -> Path:
        """The folder of the prompts."""
        return self.root / "prompts"

    def is_open(self, calendar: str, now_utc_us: int) -> bool:
        """Whether the named calendar is open; the shape that the IVR machine asks for. KeyError when unknown."""
        return self.calendars[calendar].is_open(now_utc_us)

    def holiday(self, calendar: str, now_utc_us: int) -> str:
        """The title of the named calendar's holiday, "" on other days. KeyError when unknown."""
        return self.calendars[calendar].holiday(now_utc_us)
